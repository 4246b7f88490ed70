"""The demo books are what their code makes, small, and read as their list says."""

from __future__ import annotations

import io
import re
import zipfile
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pymupdf
import pytest
import yaml
from PIL import Image

from grandrounds.demo.books import microscopy, plates, raw
from grandrounds.demo.books.atlas import atlas
from grandrounds.demo.books.sheet import lines, speaks_of
from grandrounds.demo.books.shelf import EXPECTED, FOLDER, expected, made
from grandrounds.figures.hashes import distance, perceptual_hash
from grandrounds.figures.signs import contradiction
from grandrounds.figures.statistics import statistics_of
from grandrounds.lake import Lake
from grandrounds.needs import FigureNeed
from grandrounds.paths import demo_sources
from grandrounds.records.figure import FigureRow
from grandrounds.records.source import Source
from grandrounds.sources.books import Books, read_books
from grandrounds.sources.textbook import cut
from grandrounds.sources.textbook_scan import find_ocr

HERE = demo_sources() / FOLDER
LIST = demo_sources().parent / EXPECTED
ENTRIES: dict[str, dict[str, Any]] = {
    entry["file"]: entry for entry in yaml.safe_load(LIST.read_text(encoding="utf-8"))
}
SCAN = "textbooks/troubled/scanned-page.pdf"
WITH_FIGURES = [name for name, entry in ENTRIES.items() if entry.get("figures") and name != SCAN]
OF_PAGES = [name for name in WITH_FIGURES if name.endswith(".pdf")]


# ------------------------------------------------------------------------------------------- makers


@pytest.mark.parametrize("name", [name.removeprefix(f"{FOLDER}/") for name in ENTRIES])
def test_making_again_gives_what_is_committed(name: str) -> None:
    committed, again = (HERE / name).read_bytes(), made()[name].data
    # Another version of the libraries may pack the same pages and pictures into other bytes.
    assert committed == again or _contents(name, committed) == _contents(name, again)


def test_making_twice_gives_the_same_bytes() -> None:
    assert atlas().data == atlas().data


def test_the_list_is_what_the_makers_say(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--remake-golden"):
        LIST.write_text(expected(), encoding="utf-8")
    assert LIST.read_text(encoding="utf-8") == expected()


def test_no_file_lies_in_the_folder_that_the_code_does_not_make_and_all_are_small() -> None:
    files = {path.relative_to(HERE).as_posix() for path in HERE.rglob("*") if path.is_file()}
    assert files == set(made())
    assert sum((HERE / file).stat().st_size for file in files) < 1_000_000


def test_no_two_plates_look_alike_nor_like_a_picture_of_the_case_reports() -> None:
    hashes = {name: perceptual_hash(plates.encoded(name)) for name in plates.PLATES}
    for path in sorted((demo_sources() / "case_reports").rglob("*.png")):
        if path.parent.name != "troubled":
            hashes[path.name] = perceptual_hash(path.read_bytes())
    near = FigureNeed().near_picture
    alike = [pair for pair in combinations(hashes, 2) if distance(hashes[pair[0]], hashes[pair[1]]) <= near]
    assert not alike


@pytest.mark.parametrize("name", plates.PLATES)
def test_a_plate_is_large_enough_and_has_no_text_chunk(name: str) -> None:
    with Image.open(io.BytesIO(plates.encoded(name))) as image:
        assert min(image.size) >= FigureNeed().smallest_side
        assert not {"comment", "exif", "Comment", "Description", "Title"} & set(image.info)


def test_films_are_grey_and_stained_tissue_is_not() -> None:
    for name, draw in plates.PLATES.items():
        seen = statistics_of(plates.encoded(name))
        stained = draw.__module__ == microscopy.__name__ and name != "foot-processes"
        assert (seen.chroma > 30) == (stained or draw.__module__.endswith("colours")) or name in LINES, name
        if stained:
            assert 270 <= seen.hue <= 360, name


LINES = ("uneven-beats", "spikes-and-waves", "tract-drawing")


def test_the_swapped_captions_contradict_their_pictures_and_the_right_ones_do_not() -> None:
    vessel, gland = (
        statistics_of(plates.encoded(name)) for name in ("belly-wide-aorta", "thyroid-follicles")
    )
    assert contradiction(("radiology", "ct"), gland).certain
    assert contradiction(("microscopy", "light microscopy"), vessel).certain
    assert contradiction(("radiology", "ct"), vessel) is None
    assert contradiction(("microscopy", "light microscopy"), gland) is None


def test_all_identifiers_are_reserved_ones() -> None:
    for path in sorted(HERE.glob("*.pdf")):
        text = "".join(page.get_text() for page in pymupdf.open(path))
        dois = re.findall(r"10\.\d{4,}/\S+", text)
        assert dois
        assert all(doi.startswith("10.5555/") for doi in dois)


def test_every_fault_has_a_reason_and_a_line_on_the_page() -> None:
    page = (demo_sources().parents[2] / "docs" / "demo.md").read_text(encoding="utf-8")
    for name, entry in ENTRIES.items():
        if "/troubled/" in name:
            assert entry["why"], name
            assert f"`troubled/{Path(name).name}`" in page, name


def test_the_bomb_is_small_and_claims_much() -> None:
    data = (HERE / "troubled/image-bomb.pdf").read_bytes()
    assert len(data) < 8_000
    (image,) = pymupdf.open(stream=data)[0].get_images()
    assert image[2] * image[3] == 1_600_000_000


def test_zeros_are_packed_as_zlib_would_unpack_them() -> None:
    import zlib

    assert zlib.decompress(raw.packed_zeros(3 << 24)) == bytes(3 << 24)


def test_the_locks_are_those_of_the_pdf_specification() -> None:
    shut = pymupdf.open(HERE / "troubled/encrypted.pdf")
    assert shut.needs_pass
    assert not shut.authenticate("guess")
    assert shut.authenticate("swordfish")
    assert "Nobody will read this" in shut[0].get_text()
    open_ = pymupdf.open(HERE / "troubled/no-copy.pdf")
    assert not open_.needs_pass
    assert not open_.permissions & pymupdf.PDF_PERM_COPY


def test_soft_hyphens_break_a_word_only_where_it_must() -> None:
    whole = lines("a ra\u00addio\u00adgraph", font="tiro", size=10, width=200)
    broken = lines("a ra\u00addio\u00adgraph", font="tiro", size=10, width=34)
    assert whole == ["a radiograph"]
    assert broken == ["a radio-", "graph"]


@pytest.mark.parametrize(
    ("text", "speaks"),
    [
        ("Figure 2 shows it.", True),
        ("See Fig. 2.", True),
        ("Figures 1 and 2 are of one patient.", True),
        ("Figures 2 and 7 are of one patient.", True),
        ("Figure 12 shows it.", False),
        ("Figure 2.1 shows it.", False),
        ("Table 2 says it.", False),
    ],
)
def test_the_maker_counts_mentions(text: str, *, speaks: bool) -> None:
    assert speaks_of(text, "Figure 2") is speaks


# ------------------------------------------------------------------------------------------- reading


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return Lake(str(tmp_path_factory.mktemp("lake")))


@pytest.fixture(scope="module")
def books(lake: Lake) -> Books:
    return read_books(demo_sources(), lake=lake, asked=FigureNeed(), workers=2)


def _source(books: Books, name: str) -> Source:
    (found,) = [one for one in books.sources if one.path == name]
    return found


def _figures(books: Books, name: str) -> list[FigureRow]:
    source = _source(books, name)
    return [one for one in books.figures if one.source_id == source.source_id]


@pytest.mark.parametrize("name", ENTRIES)
def test_a_file_becomes_what_the_list_says(name: str, books: Books) -> None:
    entry, source = ENTRIES[name], _source(books, name)
    assert (source.kind, source.status) == (entry["kind"], entry["status"]), source.reason
    assert entry.get("says", "") in source.reason
    if name != SCAN and "licence" in entry:
        assert source.licence == entry["licence"]
    if "pages" in entry:
        assert any(f"{entry['pages']} page" in note for note in source.notes)
    if entry.get("tables"):
        assert any(f"{entry['tables']} table" in note for note in source.notes)


@pytest.mark.parametrize("name", [name for name in ENTRIES if name != SCAN])
def test_a_book_has_the_listed_figures_and_no_others(name: str, books: Books) -> None:
    found = sorted((one.status, one.label, one.caption) for one in _figures(books, name))
    listed = sorted(
        (one["status"], one.get("label", ""), one.get("caption", ""))
        for one in ENTRIES[name].get("figures", [])
    )
    assert found == listed


@pytest.mark.parametrize("name", WITH_FIGURES)
def test_a_figure_is_read_as_listed(name: str, books: Books) -> None:
    entry = ENTRIES[name]
    for listed in entry["figures"]:
        row = _row(books, name, listed)
        assert row.origin == listed["origin"]
        assert (row.page, row.caption_page) == (listed.get("page"), listed.get("caption_page"))
        assert "".join(panel.label for panel in row.panels) == listed.get("panels", "")
        assert all(panel.pixels and panel.span for panel in row.panels)
        assert len(row.mentions) >= listed.get("mentions", 0)
        assert row.licence == listed.get("licence", entry.get("licence"))
        if "chapter" in listed:
            assert row.chapter == listed["chapter"]
        if "section" in listed:
            assert list(row.section) == listed["section"]
        if listed["status"] == "paired":
            assert row.alignment >= FigureNeed().minimum_alignment
            assert row.caption_span.of(row.text) == row.caption


@pytest.mark.parametrize("name", OF_PAGES)
def test_a_picture_is_where_the_maker_put_it_and_can_be_cut_again(
    name: str, books: Books, lake: Lake
) -> None:
    for listed in ENTRIES[name]["figures"]:
        row = _row(books, name, listed)
        if "box" in listed:
            assert _overlap(row.box, listed["box"]) >= (0.8 if row.origin == "vector" else 0.97)
            again = cut(demo_sources() / name, page=row.page, box=row.box)
            assert again.picture == lake.get_media(row.sha256)


@pytest.mark.parametrize("name", WITH_FIGURES)
def test_the_picture_is_the_plate_that_was_set(name: str, books: Books, lake: Lake) -> None:
    for listed in ENTRIES[name]["figures"]:
        if "picture" in listed:
            row = _row(books, name, listed)
            found = perceptual_hash(lake.get_media(row.sha256))
            assert distance(found, perceptual_hash(plates.encoded(listed["picture"]))) <= 2


def test_the_panels_are_the_three_pictures_in_their_order(books: Books) -> None:
    (row,) = [one for one in _figures(books, "textbooks/short-atlas.pdf") if one.panels]
    told = {panel.label: panel.span.of(row.text) for panel in row.panels}
    assert "radiograph" in told["A"]
    assert "CT" in told["B"]
    assert "granuloma" in told["C"]
    lefts = [panel.pixels[0] for panel in row.panels]
    assert lefts == sorted(lefts)
    widths = [plates.plate(name).width / plates.plate(name).height for name in _PANELS]
    for panel, wide in zip(row.panels, widths, strict=True):
        across = panel.pixels[2] - panel.pixels[0]
        assert across / row.width == pytest.approx(wide / sum(widths), abs=0.02)


_PANELS = ("chest-large-hila", "chest-small-nodules", "node-granuloma")


def test_the_scanned_page_is_read_by_ocr_or_says_what_to_install(books: Books) -> None:
    source = _source(books, SCAN)
    if not find_ocr().there:
        assert any("tesseract" in note.lower() for note in source.notes)
        pytest.skip("Tesseract is not installed: apt-get install tesseract-ocr")
    (row,) = _figures(books, SCAN)
    (listed,) = ENTRIES[SCAN]["figures"]
    assert row.read_by_ocr
    assert 0.5 < row.ocr_confidence <= 1.0
    assert row.status == "paired"
    assert row.label == listed["label"]
    assert row.caption.startswith("Frontal radiograph of the knee shows joint space narrowing")
    assert _overlap(row.box, listed["box"]) >= 0.9


def test_nothing_of_the_climbing_book_came_from_elsewhere(books: Books, lake: Lake) -> None:
    (row,) = _figures(books, "textbooks/troubled/climbing.epub")
    assert not row.sha256
    assert "passwd" in row.reason
    assert not (HERE.parent.parent / "outside.txt").exists()


def test_the_picture_that_was_taken_from_elsewhere_says_so(books: Books) -> None:
    rows = _figures(books, "textbooks/looking-into-the-belly.pdf")
    assert [row.label for row in rows if row.licence == "unknown"] == ["Figure 2.6"]
    (taken,) = [row for row in rows if row.licence == "unknown"]
    assert any("taken from elsewhere" in note for note in taken.notes)


def test_the_half_that_arrived_is_known_as_a_copy_of_the_whole(books: Books) -> None:
    whole = {row.label: row for row in _figures(books, "textbooks/short-atlas.pdf")}
    half = _figures(books, "textbooks/troubled/truncated.pdf")
    assert half
    assert all(row.family == whole[row.label].family for row in half)
    assert {row.group_id for row in half} == {row.group_id for row in whole.values()}


def _row(books: Books, name: str, listed: dict[str, Any]) -> FigureRow:
    same = [
        row
        for row in _figures(books, name)
        if (row.label, row.caption) == (listed.get("label", ""), listed.get("caption", ""))
    ]
    assert len(same) == 1
    return same[0]


def _overlap(first: tuple[float, ...], second: list[float]) -> float:
    wide = min(first[2], second[2]) - max(first[0], second[0])
    high = min(first[3], second[3]) - max(first[1], second[1])
    common = max(wide, 0.0) * max(high, 0.0)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (first, second)]
    return common / (sum(areas) - common)


def _contents(name: str, data: bytes) -> Any:
    """What a file holds, in a form that survives another version of the libraries that packed it."""
    if name.endswith((".jpg", ".png")):
        return _pixels(data)
    if name.endswith(".epub"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return {entry: _contents(entry, archive.read(entry)) for entry in archive.namelist()}
    if name.endswith(".pdf") and data.startswith(b"%PDF"):
        document = pymupdf.open(stream=data, filetype="pdf")
        if document.needs_pass:
            document.authenticate("swordfish")
        return [
            (page.get_text(), [tuple(round(edge) for edge in one["bbox"]) for one in page.get_image_info()])
            for page in document
        ]
    return data


def _pixels(data: bytes) -> tuple[tuple[int, int], list[int]]:
    """Size and a coarse look; another processor may round a sine otherwise."""
    with Image.open(io.BytesIO(data)) as image:
        small = image.convert("L").resize((12, 12), Image.Resampling.BOX)
        return image.size, (np.asarray(small).astype(int) // 16).ravel().tolist()
