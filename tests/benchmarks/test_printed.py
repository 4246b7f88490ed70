"""Printed books: the truth that is read from the page is true, and nothing of it is left for readers."""

from __future__ import annotations

import shutil
from pathlib import Path

import pymupdf
import pytest

from benchmarks.printed import chromium, fiction, typeset
from benchmarks.printed.chapters import Figure
from benchmarks.printed.layouts import LAYOUTS, by_name, in_edition
from benchmarks.printed.readers import plain
from benchmarks.printed.score import alike, iou, score
from benchmarks.printed.setting import set_book

SHOWN = ("two_columns", "panels", "turned", "caption_next_page")


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not any(shutil.which(name) for name in chromium.NAMES):
        pytest.skip("no Chromium here to print with")
    folder = tmp_path_factory.mktemp("printed")
    typeset.print_layouts([by_name(name) for name in SHOWN], folder)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("layout", SHOWN)
def test_the_true_boxes_are_where_the_pictures_are(printed: Path, layout: str) -> None:
    (truth,) = typeset.load(printed / layout)
    assert len(truth.figures) == 12

    with pymupdf.open(printed / layout / truth.pdf) as document:
        assert document.page_count == truth.pages
        for figure in truth.figures:
            page = document[figure.page - 1]
            shown = [
                tuple(pymupdf.Rect(one["bbox"]) * page.rotation_matrix) for one in page.get_image_info()
            ]
            for box in figure.pictures:
                assert max(iou(box, one) for one in shown) > 0.98, figure.id


@pytest.mark.slow
@pytest.mark.parametrize("layout", SHOWN)
def test_the_true_captions_are_what_is_printed_there(printed: Path, layout: str) -> None:
    (truth,) = typeset.load(printed / layout)
    with pymupdf.open(printed / layout / truth.pdf) as document:
        for figure in truth.figures:
            page = document[figure.caption_page - 1]
            place = pymupdf.Rect(figure.caption_box) * page.derotation_matrix
            read = page.get_text(clip=pymupdf.Rect(place.x0 - 1, place.y0 - 1, place.x1 + 1, place.y1 + 1))
            assert alike(read, f"{figure.label} {figure.caption}") > 0.97, figure.id


@pytest.mark.slow
def test_nothing_that_tells_the_truth_is_left_in_what_readers_get(printed: Path) -> None:
    for layout in SHOWN:
        path = printed / layout / "fiction.pdf"
        with pymupdf.open(path) as document:
            objects = "".join(document.xref_object(k) for k in range(1, document.xref_length()))
            assert "truth.invalid" not in objects
            assert not document.get_toc()
            catalog = document.pdf_catalog()
            for name in ("StructTreeRoot", "Names", "Dests"):
                assert document.xref_get_key(catalog, name) == ("null", "null")
            for page in document:
                assert page.get_links() == []
                assert list(page.annots()) == []


@pytest.mark.slow
def test_pages_stored_sideways_are_read_as_they_are_seen(printed: Path) -> None:
    with pymupdf.open(printed / "turned" / "fiction.pdf") as document:
        assert {page.rotation for page in document} == {0, 90}
        assert {(round(page.rect.width), round(page.rect.height)) for page in document} == {(842, 595)}


@pytest.mark.slow
def test_plain_extraction_finds_pictures_but_not_captions_of_the_next_page(printed: Path) -> None:
    (truth,) = typeset.load(printed / "caption_next_page")
    shares = score(truth, plain(printed / "caption_next_page" / truth.pdf)).shares()

    assert (shares["box"], shares["caption"]) == (1.0, 0.0)


@pytest.mark.slow
def test_printing_again_says_the_same(printed: Path, tmp_path: Path) -> None:
    typeset.print_layouts([by_name("panels")], tmp_path)

    once, again = printed / "panels" / "truth.json", tmp_path / "panels" / "truth.json"
    assert once.read_text() == again.read_text()


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda one: one.name)
def test_fiction_is_the_same_each_time_and_no_two_captions_of_a_book_are_alike(layout) -> None:
    chapters = fiction.chapters(layout.name, layout.wanted)
    figures = [figure for chapter in chapters for figure in chapter.figures]

    assert [one.caption for one in figures] == [
        one.caption for chapter in fiction.chapters(layout.name, layout.wanted) for one in chapter.figures
    ]
    assert len({one.caption for one in figures}) == len(figures) >= 12
    for figure in figures:
        for panel in figure.panels:
            assert panel.caption in figure.caption


def test_another_edition_is_another_book_in_other_sizes() -> None:
    layout = by_name("two_columns")
    first, second = (fiction.chapters("two_columns", layout.wanted, edition=k) for k in (1, 2))
    captions = [{one.caption for chapter in book for one in chapter.figures} for book in (first, second)]

    assert not captions[0] & captions[1]
    assert in_edition(layout, 1) == layout
    other = in_edition(layout, 2)
    assert (other.page, other.margin, other.css) != (layout.page, layout.margin, layout.css)
    assert other.columns == layout.columns


def test_all_layouts_together_hold_150_fictional_figures() -> None:
    made = [fiction.chapters(one.name, one.wanted) for one in LAYOUTS]

    assert sum(len(chapter.figures) for chapters in made for chapter in chapters) >= 150
    assert len(LAYOUTS) >= 12


def test_every_picture_and_every_caption_is_a_link_while_it_is_printed() -> None:
    layout = by_name("panels")
    chapters = fiction.chapters(layout.name, layout.wanted)
    book = set_book(chapters, layout)

    figures: list[Figure] = [figure for chapter in chapters for figure in chapter.figures]
    assert set(book.figures) == {one.id for one in figures}
    for figure in figures:
        assert book.html.count(f'/caption/{figure.id}"') == 1
        for number in range(len(figure.pictures)):
            assert f'/picture/{figure.id}/{number}"' in book.html
