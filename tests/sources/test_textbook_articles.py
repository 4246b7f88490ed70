"""The PDF reader on articles and books nobody here wrote, against what their JATS or SOURCES.md says."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from functools import cache
from pathlib import Path

import pytest
from lxml import etree

from grandrounds.errors import SourceError
from grandrounds.sources.textbook import cut, read_pdf
from grandrounds.textbooks.values import ReadBook


@cache
def _read(path: Path) -> ReadBook:
    return read_pdf(path, ocr=False)


def _plain(text: str) -> str:
    return re.sub(r"\W+", " ", text.casefold()).strip()


def _said(path: Path) -> dict[str, str]:
    """Label and caption of every figure of a JATS file."""
    root = etree.parse(str(path), etree.XMLParser(resolve_entities=False, no_network=True))
    return {
        "".join(one.find("label").itertext()): " ".join("".join(one.find("caption").itertext()).split())
        if one.find("caption") is not None
        else ""
        for one in root.iter("fig")
    }


def _articles(shared_data: Path) -> list[Path]:
    found = sorted(shared_data.glob("case*reports/hindawi/*/fulltext.pdf"))
    if not found:
        pytest.skip("no article has its PDF beside its JATS")
    return found


def test_every_figure_and_caption_of_the_jats_is_found_in_the_pdf(shared_data: Path) -> None:
    total = 0
    for path in _articles(shared_data):
        said = _said(path.with_suffix(".xml"))
        found = {one.label: one for one in _read(path).figures}
        assert set(found) == set(said), path.parent.name
        for label, caption in said.items():
            total += 1
            figure = found[label]
            assert figure.picture and figure.page and figure.box, f"{path.parent.name} {label}"
            if caption:
                near = SequenceMatcher(
                    None, _plain(caption), _plain(figure.caption), autojunk=False
                ).ratio()
                assert near >= 0.9, f"{path.parent.name} {label}: {figure.caption}"
                assert figure.status == "paired" and figure.alignment >= 0.6
            else:
                assert figure.status == "label_only" and not figure.caption
            assert figure.mentions or path.parent.name == "PMC4736323", f"{path.parent.name} {label}"
    assert total == 38


def test_an_article_without_figures_gives_none(shared_data: Path) -> None:
    paths = [one for one in _articles(shared_data) if one.parent.name == "PMC4735928"]
    assert paths and _read(paths[0]).figures == ()


def test_pictures_are_cut_again_byte_for_byte(shared_data: Path) -> None:
    path = next(one for one in _articles(shared_data) if one.parent.name == "PMC4738724")
    for figure in _read(path).figures[:2]:
        assert figure.page is not None
        assert cut(path, page=figure.page, box=figure.box).picture == figure.picture


def test_licence_and_identifier_are_what_the_article_states(shared_data: Path) -> None:
    for path in _articles(shared_data)[:3]:
        book = _read(path)
        assert "Creative Commons Attribution License" in book.licence_words
        assert [one.scheme for one in book.identifiers] == ["doi"]


def test_captions_in_the_text_find_pictures_that_bear_only_a_label(shared_data: Path) -> None:
    book = _read(shared_data / "textbooks/papers/trials-15-486-provisional.pdf")
    found = {one.label: one for one in book.figures if one.label}
    assert {label: one.caption_page for label, one in found.items()} == {
        "Figure 1": 9, "Figure 2": 11, "Figure 3": 11, "Figure 4": 12, "Figure 5": 12,
    }  # fmt: skip
    assert {label: found[label].page for label in ("Figure 1", "Figure 2", "Figure 3", "Figure 4")} == {
        "Figure 1": 27, "Figure 2": 28, "Figure 3": 29, "Figure 4": 30,
    }  # fmt: skip
    assert any(one.status == "no_caption" and one.page == 31 for one in book.figures)


@pytest.mark.parametrize(("name", "page"), [("trials-16-1-1", 10), ("trials-16-1-50", 3)])
def test_two_column_papers_have_their_one_captioned_figure(shared_data: Path, name: str, page: int) -> None:
    found = [one for one in _read(shared_data / f"textbooks/papers/{name}.pdf").figures if one.label]
    assert [(one.label, one.status, one.page) for one in found] == [("Figure 1", "paired", page)]


def test_text_without_pictures_gives_no_figures(shared_data: Path) -> None:
    for name in ("layout/multicolumn", "layout/pdflatex-outline", "guidelines/va-adjuvants-guideline"):
        assert _read(shared_data / f"textbooks/{name}.pdf").figures == ()
    image = _read(shared_data / "textbooks/layout/pdflatex-image.pdf").figures
    assert [(one.status, one.mime, one.width) for one in image] == [("no_caption", "image/jpeg", 300)]


def test_bad_files_are_refused_with_a_remedy_or_read_with_a_note(shared_data: Path) -> None:
    read = set()
    for path in sorted((shared_data / "textbooks/bad-input").glob("*.pdf")):
        try:
            read_pdf(path, ocr=False)
            read.add(path.name)
        except SourceError as error:
            assert path.name in str(error) and error.remedy  # noqa: PT017
    assert read == {
        "T03_001_no-cross-reference-table.pdf",
        "corruptionOneByteMissing.pdf",
        "no_contents.pdf",
    }


def test_scanned_pages_never_crash_and_an_illustration_is_found(shared_data: Path) -> None:
    for name in ("linn", "skew", "rotated_skew"):
        assert _read(shared_data / f"textbooks/scanned/{name}.pdf").pages_without_text == 1
    found = _read(shared_data / "textbooks/scanned/c03-29.pdf").figures
    assert len(found) == 1 and found[0].box[2] < 170  # the woodcut at the left, not the page
