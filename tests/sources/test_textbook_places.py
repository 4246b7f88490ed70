"""Where things stand in a PDF: captions overleaf, sections of two columns, labels out of order."""

from __future__ import annotations

from pathlib import Path

import pytest

from grandrounds.needs import FigureNeed
from grandrounds.sources.textbook import read_pdf
from grandrounds.textbooks.values import ReadBook, ReadFigure
from tests.support.pdf_pages import BODY, Book, picture

LEAST = FigureNeed().minimum_alignment
LEFT, RIGHT = (50.0, 288.0), (308.0, 545.0)


def _by_label(book: ReadBook) -> dict[str, ReadFigure]:
    return {one.label: one for one in book.figures}


def _overleaf(tmp_path: Path) -> ReadBook:
    """Figure 2 ends a page, its caption begins the next; there, a picture has no caption, and a caption no
    picture."""
    book = Book()
    book.body((60, 60, 535, 120), f"The wall is in Figure 1, the gut in Figure 2. {BODY}")
    book.image((150, 150, 450, 380), picture(1))
    book.caption(150, 395, ["Figure 1. Radiograph of the thickened wall at rest."])
    book.body((60, 440, 535, 520))
    book.new_page()
    book.body((60, 60, 535, 280), BODY * 5)
    book.image((87, 300, 417, 760), picture(2))
    book.new_page()
    book.caption(60, 72, ["Figure 2. Upright film of the gut, with ladders of fluid in it."])
    book.image((177, 131, 327, 281), picture(3))
    book.body((60, 295, 535, 345), BODY)
    book.caption(60, 365, ["Figure 3. A barium column that nobody put into this book."])
    book.body((60, 390, 535, 470))
    book.new_page()
    book.image((150, 80, 450, 300), picture(4))
    book.caption(150, 315, ["Figure 4. Section of the liver with bands of fibres."])
    book.body((60, 345, 535, 420))
    return read_pdf(book.save(tmp_path / "a.pdf"), ocr=False)


def test_a_caption_overleaf_is_not_taken_for_the_picture_under_it(tmp_path: Path) -> None:
    found = _by_label(_overleaf(tmp_path))
    assert (found["Figure 2"].page, found["Figure 2"].caption_page) == (2, 3)
    assert found["Figure 2"].box[1] == pytest.approx(300, abs=1) and found["Figure 2"].alignment >= LEAST
    assert found["Figure 1"].alignment >= LEAST and found["Figure 4"].alignment >= LEAST


def test_a_caption_without_picture_is_never_sure_of_another_ones(tmp_path: Path) -> None:
    other = _by_label(_overleaf(tmp_path))["Figure 3"]
    assert other.page != 2 and other.alignment < LEAST


@pytest.mark.parametrize("more", [False, True])
def test_a_pair_across_pages_is_doubted_where_another_picture_is_as_near(
    tmp_path: Path, more: bool
) -> None:
    book = Book()
    book.body((60, 60, 535, 280), BODY * 5)
    book.image((60, 500, 280, 760), picture(1))
    if more:
        book.image((320, 500, 535, 760), picture(2))
        book.words(298, 640, "and")
    book.new_page()
    book.caption(60, 72, ["Figure 1. Upright film of the gut, with ladders of fluid."])
    book.body((60, 120, 535, 320))
    for one in read_pdf(book.save(tmp_path / "a.pdf"), ocr=False).figures:
        if one.status == "paired":
            assert (one.alignment < LEAST) is more and one.page == 1


def _two_columns(tmp_path: Path, *, outline: bool) -> ReadBook:
    book = Book()
    for (x0, x1), names in ((LEFT, ("The Film", "The Echo")), (RIGHT, ("The Heart", "The Lung"))):
        for number, name in enumerate(names):
            top = 70 + 370 * number
            book.words(x0, top, name, size=15)
            book.body((x0, top + 10, x1, top + 130), BODY * 2)
            seed = number + (2 if x0 > 300 else 0) + 1
            book.image((x0 + 20, top + 150, x1 - 20, top + 300), picture(seed))
            book.caption(x0, top + 312, [f"Figure {seed}. A picture of what {name.lower()} is about."])
    if outline:
        names = ["The Film", "The Echo", "The Heart", "The Lung"]
        book.document.set_toc([[1, "All", 1], *([2, name, 1] for name in names)])
        for entry in book.document.get_toc(simple=False):
            xref = entry[3]["xref"]
            book.document.xref_set_key(xref, "Dest", f"[{book.page.xref} 0 R /Fit]")
            book.document.xref_set_key(xref, "A", "null")
    return read_pdf(book.save(tmp_path / "a.pdf"), ocr=False)


@pytest.mark.parametrize("outline", [True, False])
def test_a_figure_stands_under_the_heading_before_it_in_its_own_column(
    tmp_path: Path, outline: bool
) -> None:
    found = _by_label(_two_columns(tmp_path, outline=outline))
    assert {label: one.section[-1] for label, one in found.items()} == {
        "Figure 1": "The Film",
        "Figure 2": "The Echo",
        "Figure 3": "The Heart",
        "Figure 4": "The Lung",
    }


def test_a_paragraph_larger_than_the_captions_is_no_heading(tmp_path: Path) -> None:
    book = Book()
    book.words(60, 60, "Two Pictures", size=18)
    book.body(
        (60, 80, 535, 125),
        "Figure 1 is the vessel, and it is wide. Figure 2 is the gland, cut and stained.",
    )
    for number in (1, 2):
        top = 140 + 330 * (number - 1)
        book.image((158, top, 438, top + 220), picture(number))
        words = "A caption that says more than the text of this page, line after line, as captions do"
        book.caption(80, top + 235, [f"Figure {number}. {words},", f"{words},", f"{words}."])
    first, second = read_pdf(book.save(tmp_path / "a.pdf"), ocr=False).figures
    assert first.section == second.section == ("Two Pictures",)
    assert [len(first.mentions), len(second.mentions)] == [1, 1]


def test_a_figure_of_full_width_may_be_overtaken_by_one_of_a_column(tmp_path: Path) -> None:
    book = Book()
    for number in range(4):
        if number:
            book.new_page()
        label = (1, 3, 2, 4)[number]
        right = 545 if label == 2 else 288
        book.image((50, 70, right, 250), picture(label))
        book.caption(
            50, 265, [f"Figure {label}. A picture of the {('head', 'neck', 'back', 'foot')[label - 1]}."]
        )
        book.body((50, 300, 288, 500))
        book.body((308, 300, 545, 500))
    found = read_pdf(book.save(tmp_path / "a.pdf"), ocr=False).figures
    assert all(one.alignment >= LEAST for one in found)


@pytest.mark.parametrize("others_from_left", [False, True])
def test_figures_side_by_side_may_be_numbered_from_the_right(
    tmp_path: Path, others_from_left: bool
) -> None:
    book = Book()
    for page in range(3):
        if page:
            book.new_page()
        for place, (x0, x1) in enumerate((LEFT, RIGHT)):
            straight = others_from_left and page != 1
            number = 2 * page + (place + 1 if straight else 2 - place)
            book.image((x0, 70, x1, 250), picture(number))
            book.caption(x0, 265, [f"Figure {number}. A picture of the part number {number * 11}."])
        book.body((50, 300, 545, 420))
    found = _by_label(read_pdf(book.save(tmp_path / "a.pdf"), ocr=False))
    doubted = {label for label, one in found.items() if one.alignment < LEAST}
    assert doubted == ({"Figure 3", "Figure 4"} if others_from_left else set())
