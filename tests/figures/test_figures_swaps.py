"""Captions under each other's pictures are told by the words printed inside the pictures."""

from __future__ import annotations

from dataclasses import replace

from grandrounds.figures.swaps import find_swaps
from grandrounds.records.figure import FigureRow
from tests.support.figure_pictures import drawing, png
from tests.support.figures import make_figure, make_source

SOURCE = make_source(1)
PLATES = (
    ("The thoracic cage is formed by twelve ribs and the sternum.", ("Sternum", "Ribs", "Manubrium")),
    ("The femur articulates with the acetabulum of the hip bone.", ("Femur", "Acetabulum", "Ilium")),
    ("Chambers of the heart: atrium and ventricle with valves.", ("Atrium", "Ventricle", "Aorta")),
)


def plate(number: int, caption: str, words: tuple[str, ...]) -> FigureRow:
    return make_figure(SOURCE, number, picture=png(drawing(number)), caption=caption, words_inside=words)


def book(captions: tuple[int, ...]) -> list[FigureRow]:
    """Plates under the captions with these numbers."""
    return [plate(place, PLATES[told][0], PLATES[place][1]) for place, told in enumerate(captions)]


def test_a_sound_book_has_none() -> None:
    assert find_swaps(book((0, 1, 2))) == {}


def test_two_swapped_captions_are_found_and_certain() -> None:
    rows = book((1, 0, 2))
    found = find_swaps(rows)
    assert {key: (swap.other, swap.certain) for key, swap in found.items()} == {
        rows[0].evidence_id: (rows[1].evidence_id, True),
        rows[1].evidence_id: (rows[0].evidence_id, True),
    }


def test_pictures_without_words_tell_at_most_one_side() -> None:
    rows = book((1, 0, 2))
    rows[1] = replace(rows[1], words_inside=())
    assert find_swaps(rows) == {}  # two words are too few without the other side
    more = replace(rows[0], words_inside=("Sternum", "Ribs", "Thoracic cage"))
    found = find_swaps([more, *rows[1:]])
    assert [swap.certain for swap in found.values()] == [False]


def test_another_book_is_no_partner() -> None:
    one, other, _ = book((1, 0, 2))
    elsewhere = replace(other, source_id=make_source(2).source_id)
    assert find_swaps([one, elsewhere]) == {}


def test_common_words_tell_nothing() -> None:
    rows = [
        plate(
            number, f"The vertebra and its process, number {number} of the spine.", ("Vertebra", "Process")
        )
        for number in range(12)
    ]
    odd = plate(20, "A drawing of something else entirely.", ("Vertebra", "Process"))
    assert find_swaps([*rows, odd]) == {}
