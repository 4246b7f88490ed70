"""PDFs that are broken or made to do harm: a row with status and reason, and the run goes on."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from grandrounds.lake import Lake
from grandrounds.needs import FigureNeed
from grandrounds.records.source import Source
from grandrounds.sources.books import Books, read_books
from grandrounds.sources.books_reading import BookLimits
from tests.support import hostile_pdfs as hostile
from tests.support.books import pdf, picture, write

READ, FAILED = "read", "failed"
MADE: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "copying allowed": (lambda: hostile.encrypted(copying=True), READ, ""),
    "copying forbidden": (lambda: hostile.encrypted(copying=False), FAILED, "copy"),
    "password": (lambda: hostile.encrypted(user="secret", copying=True), FAILED, "password"),
    "no fonts": (hostile.no_fonts, READ, ""),
    "outline cycle": (hostile.outline_cycle, READ, ""),
    "javascript": (hostile.javascript, READ, ""),
    "page cycle": (hostile.page_cycle, FAILED, "page"),
    "form cycle": (hostile.form_cycle, READ, ""),
    "deep nesting": (hostile.deep_nesting, "", ""),
    "page of 14400": (lambda: hostile.huge_page(14_400), READ, ""),
    "page of 2000000": (lambda: hostile.huge_page(2_000_000), "", ""),
    "image bomb": (hostile.image_bomb, "", ""),
    "header only": (lambda: b"%PDF-1.7\n", FAILED, ""),
    "garbage": (lambda: b"%PDF-1.4\n" + bytes(range(256)) * 64, FAILED, ""),
    "attached to nothing": (lambda: hostile.raw([b"<</Type/Catalog>>"]), FAILED, "page"),
}


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Books:
    """All of them in one folder, with a sound document among them."""
    base = tmp_path_factory.mktemp("hostile")
    for name, (make, _, _) in MADE.items():
        write(base / "in" / f"{name}.pdf", make())
    write(base / "in/sound.pdf", pdf(figure=picture(size=(400, 300))))
    begun = time.monotonic()
    made = read_books(base / "in", lake=Lake(str(base / "lake")), asked=FigureNeed())
    assert time.monotonic() - begun < 300
    assert not list((base / "lake/incoming/books").glob("*"))
    return made


@pytest.mark.parametrize("name", MADE)
def test_a_hostile_document_is_a_row_with_status_and_reason(books: Books, name: str) -> None:
    _, status, words = MADE[name]
    (source,) = [one for one in books.sources if one.path == f"{name}.pdf"]
    assert source.status in (READ, FAILED)
    assert status in ("", source.status), source.reason
    assert words in source.reason
    assert (source.status == READ) == (not source.reason)
    assert "Please report" not in source.reason
    assert source.status == READ or source.reason.endswith(".")


def test_the_sound_document_among_them_is_read(books: Books) -> None:
    (source,) = [one for one in books.sources if one.path == "sound.pdf"]
    rows = [row for row in books.figures if row.source_id == source.source_id]
    assert [(row.label, row.status) for row in rows] == [("Figure 1", "paired")]


def test_a_document_cut_at_any_place_is_read_or_refused(tmp_path: Path) -> None:
    whole = pdf(3, figure=picture(size=(400, 300)))
    for number in range(24):
        write(tmp_path / f"in/{number:02}.pdf", whole[: max(5, len(whole) * (number + 1) // 25)])
    made = read_books(tmp_path / "in", lake=Lake(str(tmp_path / "lake")), asked=FigureNeed())
    assert len(made.sources) == 24
    for source in made.sources:
        assert source.status in (READ, FAILED)
        assert source.status == READ or ("report" not in source.reason and len(source.reason) > 20)


def rows_of(tmp_path: Path, name: str, data: bytes, **given: object) -> Source:
    write(tmp_path / "in" / name, data)
    books = read_books(
        tmp_path / "in",
        lake=Lake(str(tmp_path / "lake")),
        asked=FigureNeed(),
        **given,  # type: ignore[arg-type]
    )
    return next(source for source in books.sources if source.path == name)


@pytest.mark.slow
def test_five_thousand_pages_are_read_and_one_more_is_refused(tmp_path: Path) -> None:
    source = rows_of(tmp_path, "a.pdf", hostile.many_pages(5_000))
    assert source.status == READ, source.reason
    assert any("5,000 pages" in note for note in source.notes)
    refused = rows_of(tmp_path, "b.pdf", hostile.many_pages(5_001))
    assert refused.status == FAILED and "5,001" in refused.reason.replace("5001", "5,001")


@pytest.mark.slow
def test_instructions_without_end_are_ended_in_time_and_memory(tmp_path: Path) -> None:
    limits = BookLimits(seconds=20.0, process_bytes=1 << 30)
    source = rows_of(tmp_path, "a.pdf", hostile.content_bomb(), limits=limits)
    assert source.status in (READ, FAILED)
    assert source.status == READ or source.reason


def test_the_shared_bad_input_is_as_its_list_says(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "textbooks" / "bad-input"
    books = read_books(folder, lake=Lake(str(tmp_path / "lake")), asked=FigureNeed(), ocr=False)
    assert {source.path: source.status for source in books.sources} == {
        "T02-01_001_document-catalog-No-document-catalog.pdf": FAILED,
        "T02-02_002_page-tree-kids-links-recursive.pdf": FAILED,
        "T02-02_005_page-tree-no-kids.pdf": FAILED,
        "T02-02_007_page-tree-wrong-count.pdf": FAILED,
        "T03_001_no-cross-reference-table.pdf": READ,
        "corruptionOneByteMissing.pdf": READ,
        "encryption_openpassword.pdf": FAILED,
        "invalid.pdf": FAILED,
        "libreoffice-writer-password.pdf": FAILED,
        "minimal_test.pdf": FAILED,
        "no_contents.pdf": READ,
    }
    for source in books.sources:
        assert ("password" in source.reason) == ("password" in source.path)
        assert source.status == READ or (source.reason and "report" not in source.reason)
