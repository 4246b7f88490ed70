"""Reading what is painted on a page leaves nothing behind, however often it is done."""

from __future__ import annotations

import sys
from pathlib import Path

import pymupdf
import pytest

from grandrounds.sources.textbook_blocks import painted
from grandrounds.sources.textbook_page import interpret, page_of
from tests.support.pdf_pages import Book, picture

ROUNDS = 40


@pytest.fixture
def drawn(tmp_path: Path) -> Path:
    """A page with words, words of one letter, a picture and 300 coloured pieces."""
    book = Book()
    book.words(60, 60, "A Fictional Map of Pain", size=18)
    book.words(60, 90, "A")
    book.image((150, 120, 450, 320), picture(1))
    for number in range(300):
        x, y = 60 + 20 * (number % 20), 400 + 20 * (number // 20)
        shade = number / 300
        book.page.draw_rect(pymupdf.Rect(x, y, x + 12, y + 9), color=(shade, 0, 1 - shade), width=1)
    return book.save(tmp_path / "drawn.pdf")


def test_blocks_come_in_the_order_of_painting_with_box_words_and_kind(drawn: Path) -> None:
    with pymupdf.open(drawn) as document:
        blocks = painted(interpret(document, 1).text)

    assert [block[5] for block in blocks] == list(range(len(blocks)))
    assert {block[6] for block in blocks} == {0, 1, 3}
    assert "A Fictional Map of Pain\n" in [block[4] for block in blocks]
    assert all(block[0] <= block[2] and block[1] <= block[3] for block in blocks)


def test_blocks_that_are_let_go_are_gone(drawn: Path) -> None:
    with pymupdf.open(drawn) as document:
        text = interpret(document, 1).text
        painted(text)
        before = sys.getallocatedblocks()
        for _ in range(ROUNDS):
            blocks = painted(text)
        count = len(blocks)
        del blocks
        left = sys.getallocatedblocks() - before

    assert count > 300
    # Python keeps some freed numbers for the next; a block that stayed would leave an object a round, or seven.
    assert left < ROUNDS * count / 10, f"{left} objects left after {ROUNDS} rounds of {count} blocks"


def test_blocks_that_are_kept_stay_sound(drawn: Path) -> None:
    with pymupdf.open(drawn) as document:
        text = interpret(document, 1).text
        first = painted(text)
        for _ in range(ROUNDS):
            assert painted(text) == first
    words = [block[4] for block in first]
    first.clear()
    assert all(isinstance(one, str) and one for one in words)


def test_shapes_are_kept_in_columns_and_come_out_as_they_were(drawn: Path) -> None:
    with pymupdf.open(drawn) as document:
        interpreted = interpret(document, 1)
        shapes = page_of(interpreted, most_shapes=20_000).shapes
        painted_boxes = {block[:4] for block in interpreted.blocks() if block[6] == 3}

    assert len(shapes) == len(list(shapes)) >= 300
    assert {shape.box for shape in shapes} == painted_boxes, "no box lost a digit"
    assert len({shape.color for shape in shapes}) > 100
    assert [shape.order for shape in shapes] == sorted(shape.order for shape in shapes)
