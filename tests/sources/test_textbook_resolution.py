"""How finely a figure is drawn: as its pictures are stored, and never so coarse that words blur."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pymupdf
import pytest
from PIL import Image

from grandrounds.sources.textbook import cut, read_pdf
from grandrounds.textbooks.values import ReadFigure
from tests.support.pdf_pages import Book, picture

_CAPTION = "Figure 1. The valve of the first case and of the second, from before and from behind."


def _figure(book: Book, path: Path) -> ReadFigure:
    book.caption(100, 385, [_CAPTION])
    saved = book.save(path)
    figures = read_pdf(saved, ocr=False).figures
    assert len(figures) == 1, figures
    again = cut(saved, page=1, box=figures[0].box)
    assert again.picture == figures[0].picture, "a figure cut again has other bytes"
    return figures[0]


def _pixels(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def _pair(size: tuple[int, int]) -> Book:
    """Two pictures of so many pixels, each 180 by 120 points, side by side."""
    book = Book()
    book.image((100, 250, 280, 370), picture(1, size=size, kind="PNG"))
    book.image((290, 250, 470, 370), picture(2, size=size, kind="PNG"))
    return book


def test_two_pictures_over_one_caption_keep_their_own_pixels(tmp_path: Path) -> None:
    figure = _figure(_pair((300, 200)), tmp_path / "a.pdf")
    assert figure.origin == "mixed" and figure.dpi == pytest.approx(120, abs=2)
    drawn = _pixels(figure.picture)
    for stored, left in ((picture(1, size=(300, 200), kind="PNG"), True), (picture(2, kind="PNG"), False)):
        inner = _pixels(stored)[10:150, 10:280]
        places = range(8, 14) if left else range(drawn.shape[1] - 296, drawn.shape[1] - 284)
        gaps = [
            np.abs(drawn[top : top + 140, place : place + 270].astype(int) - inner).max()
            for place in places
            for top in range(8, 13)
            if drawn[top : top + 140, place : place + 270].shape == inner.shape
        ]
        assert min(gaps) == 0, "the pixels were interpolated"


def test_pixels_are_not_made_up_where_a_picture_has_few(tmp_path: Path) -> None:
    assert _figure(_pair((200, 133)), tmp_path / "a.pdf").dpi == pytest.approx(80, abs=2)


def test_very_fine_pictures_together_are_drawn_at_300_dots(tmp_path: Path) -> None:
    assert _figure(_pair((1500, 1000)), tmp_path / "a.pdf").dpi == pytest.approx(300, abs=2)


@pytest.mark.parametrize(("size", "least", "most"), [(12.0, 78, 110), (6.0, 150, 180), (2.0, 198, 202)])
def test_words_over_coarse_pictures_are_drawn_large_enough(
    tmp_path: Path, size: float, least: float, most: float
) -> None:
    book = _pair((200, 133))
    book.words(110, 270, "left valve", size=size)
    assert least <= _figure(book, tmp_path / "a.pdf").dpi <= most


def test_a_slanted_line_over_a_picture_is_drawn_at_200_dots_and_a_frame_is_not(tmp_path: Path) -> None:
    framed, pointed = _pair((200, 133)), _pair((200, 133))
    framed.page.draw_rect((120, 270, 160, 300), color=(1, 0, 0))
    pointed.page.draw_line((120, 270), (160, 300), color=(1, 0, 0))
    assert _figure(framed, tmp_path / "framed.pdf").dpi == pytest.approx(80, abs=2)
    assert _figure(pointed, tmp_path / "pointed.pdf").dpi == pytest.approx(200, abs=2)


def test_a_small_picture_in_a_drawing_does_not_make_the_drawing_coarse(tmp_path: Path) -> None:
    book = Book()
    book.page.draw_circle((285, 310), 60, color=(0, 0, 0))
    for x in range(100, 470, 30):
        book.page.draw_line((x, 250), (x + 20, 370), color=(0, 0, 0))
    book.image((250, 280, 320, 340), picture(1, size=(60, 50)))
    assert _figure(book, tmp_path / "a.pdf").dpi == pytest.approx(200, abs=2)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_part_of_a_picture_is_cut_alike_where_the_whole_was_read_before(
    tmp_path: Path, kind: str
) -> None:
    source = pymupdf.open()
    source.new_page(width=400, height=300).insert_image(
        (0, 0, 400, 300), stream=picture(1, size=(1600, 1200), kind=kind)
    )
    book = Book()
    for number, shown in ((1, pymupdf.Rect(0, 0, 400, 300)), (2, pymupdf.Rect(103, 57, 303, 207))):
        if number == 2:
            book.new_page()
        wide, tall = 0.6 * shown.width, 0.6 * shown.height
        book.page.show_pdf_page(
            pymupdf.Rect(100.3, 100.4, 100.3 + wide, 100.4 + tall), source, 0, clip=shown
        )
        book.words(110, 130, f"wall {number}", size=14)
        book.caption(100, 115 + tall, [f"Figure {number}. The wall of the valve, seen from before."])
    path = book.save(tmp_path / "a.pdf")
    figures = read_pdf(path, ocr=False).figures
    assert [one.label for one in figures] == ["Figure 1", "Figure 2"]
    for one in figures:
        assert one.page is not None and one.origin == "mixed"
        assert cut(path, page=one.page, box=one.box).picture == one.picture


def test_an_illustration_of_a_scanned_page_is_cut_alike_whatever_was_read_before(tmp_path: Path) -> None:
    page = Image.new("L", (875, 1240), 245)
    page.paste(Image.open(io.BytesIO(picture(3, size=(460, 520)))).convert("L"), (210, 350))
    out = io.BytesIO()
    page.save(out, "JPEG", quality=80)
    book = Book()
    book.image((0.0705, 0, 594.93, 842), out.getvalue())
    path = book.save(tmp_path / "scan.pdf")
    (figure,) = read_pdf(path, ocr=False).figures
    assert figure.page == 1 and figure.picture
    assert cut(path, page=1, box=figure.box).picture == figure.picture
