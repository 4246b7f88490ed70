"""Geometry of pages: what hangs together, what is read first, who belongs to whom."""

from __future__ import annotations

import io
from itertools import permutations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from grandrounds.textbooks import boxes, png
from grandrounds.textbooks.alignment import agreement, alignment, in_sequence
from grandrounds.textbooks.assignment import assign
from grandrounds.textbooks.grid import blobs, connected
from grandrounds.textbooks.gutters import panels_in
from grandrounds.textbooks.ordering import reading_order

_BOX = st.tuples(st.integers(0, 500), st.integers(0, 500), st.integers(1, 60), st.integers(1, 60)).map(
    lambda one: (float(one[0]), float(one[1]), float(one[0] + one[2]), float(one[1] + one[3]))
)


@given(st.lists(_BOX, min_size=1, max_size=80))
def test_every_box_is_in_one_part_and_parts_are_apart(found: list[boxes.Box]) -> None:
    parts = connected(found, distance=3.0)
    assert sorted(one for part in parts for one in part) == list(range(len(found)))
    for part in parts:
        for other in parts:
            if part is not other:
                assert min(boxes.gap(found[a], found[b]) for a in part for b in other) > 0.0


@given(st.lists(_BOX, min_size=49, max_size=70))
def test_boxes_that_overlap_are_never_parted_on_the_grid(found: list[boxes.Box]) -> None:
    name = {one: number for number, part in enumerate(connected(found, distance=3.0)) for one in part}
    for a, first in enumerate(found):
        for b, second in enumerate(found[:a]):
            if boxes.shared(first, second) > 0:
                assert name[a] == name[b]


def test_what_lies_within_a_frame_does_not_hang_on_it() -> None:
    frame, inside = (0.0, 0.0, 200.0, 200.0), (80.0, 80.0, 120.0, 120.0)
    assert connected([frame, inside], distance=4.0, hollow=[True, False]) == [[0], [1]]
    assert connected([frame, inside], distance=4.0) == [[0, 1]]


def test_connected_ink_is_found() -> None:
    mask = np.zeros((10, 10), dtype=bool)
    mask[1:3, 1:4] = mask[6:9, 5:9] = True
    assert sorted(blobs(mask)) == [(1, 1, 4, 3, 6), (5, 6, 9, 9, 12)]


@given(st.lists(st.lists(st.integers(0, 20), min_size=3, max_size=3), min_size=3, max_size=3))
def test_an_assignment_is_the_cheapest(costs: list[list[int]]) -> None:
    answer = assign([[float(cost) for cost in row] for row in costs], leave_out=1000.0)
    best = min(sum(costs[row][column] for row, column in enumerate(one)) for one in permutations(range(3)))
    assert sum(costs[row][column] for row, column in answer.items()) == best
    assert len(set(answer.values())) == 3


def test_a_pair_that_costs_more_than_none_is_left_out() -> None:
    assert assign([[0.2, 0.9], [0.9, 0.9]], leave_out=0.5) == {0: 0}
    assert assign([], leave_out=1.0) == {}


def test_columns_are_read_one_after_the_other_and_a_heading_across_them_first() -> None:
    title, left, left_2 = (50, 40, 550, 60), (50, 80, 290, 300), (50, 310, 290, 700)
    right, right_2 = (310, 80, 550, 200), (310, 210, 550, 700)
    found = [right, left_2, title, right_2, left]
    assert [found[one] for one in reading_order(found)] == [title, left, left_2, right, right_2]
    mirrored = [found[one] for one in reading_order(found, right_to_left=True)]
    assert mirrored == [title, right, right_2, left, left_2]


@given(st.lists(_BOX, max_size=40))
def test_reading_order_holds_every_box_once(found: list[boxes.Box]) -> None:
    assert sorted(reading_order(found)) == list(range(len(found)))


def test_a_label_out_of_place_is_alone_to_blame_but_two_swapped_both_are() -> None:
    assert in_sequence([f"figure:{n}" for n in (1, 2, 9, 3, 4)]) == [1, 1, 0, 1, 1]
    assert in_sequence([f"figure:{n}" for n in (1, 3, 2, 4)]) == [1, 0, 0, 1]
    assert in_sequence(["figure:1", "figure:s1", "figure:2"]) == [1, 1, 1]


def test_confidence_falls_with_each_reason_against() -> None:
    sound = {
        "distance": 1.0,
        "overlap": 1.0,
        "side": 1.0,
        "clear": 1.0,
        "typography": 1.0,
        "only": 1.0,
        "sequence": 1.0,
    }
    assert alignment(sound) == 1.0
    for name in ("sequence", "clear", "only", "distance"):
        assert alignment({**sound, name: 0.0}) < 0.9
    assert alignment({**sound, "sequence": 0.0}) < 0.6
    assert alignment({}) == 0.0


def test_captions_that_agree_with_what_is_said_of_others_are_doubted() -> None:
    heart, knee = {"heart", "valve", "mitral"}, {"knee", "meniscus", "joint"}
    assert agreement([heart, knee], [heart, knee]) == [1.0, 1.0]
    swapped = agreement([knee, heart], [heart, knee])
    assert all(one is not None and one < 0.5 for one in swapped)


def test_panels_in_one_picture_are_parted_at_empty_bands() -> None:
    random = np.random.default_rng(4)
    sheet = np.full((200, 410), 255, np.uint8)
    sheet[:, :200], sheet[:, 210:] = (
        random.integers(0, 200, (200, 200)),
        random.integers(0, 200, (200, 200)),
    )
    assert len(panels_in(sheet, 2)) == 2
    (x0, _, x1, _), (x2, _, x3, _) = panels_in(sheet, 2)
    assert abs(x0) <= 2 and abs(x1 - 200) <= 3 and abs(x2 - 210) <= 3 and abs(x3 - 410) <= 2
    assert panels_in(random.integers(0, 255, (200, 300)).astype(np.uint8), 2) == []


@given(st.integers(1, 40), st.integers(1, 40), st.booleans())
def test_png_gives_the_same_pixels_back(width: int, height: int, colour: bool) -> None:
    shape = (height, width, 3) if colour else (height, width)
    pixels = np.random.default_rng(width * 41 + height).integers(0, 256, shape, dtype=np.uint8)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(png.encode(pixels)))), pixels)
    grey = np.repeat(pixels[..., :1] if colour else pixels[..., None], 3, axis=2)
    assert png.without_colour(grey).ndim == 2
