"""Whether the labels of a document's figures stand in order, and which disorder is a printer's habit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations

from grandrounds.textbooks import boxes
from grandrounds.textbooks.alignment import in_sequence
from grandrounds.textbooks.finds import Found
from grandrounds.textbooks.labels import number_of, series_of
from grandrounds.textbooks.values import Box

_EXCUSED = 0.8
_WIDER = 1.6
_MOST_BLAMED = 200
_MOST_ON_PAGE = 40


def in_place(figures: Sequence[Found]) -> list[float]:
    """Whether each label stands in its place of the sequence: 1, 0, or 0.8 where printing explains it.

    Floats left and right of one text are numbered from top to bottom, whatever is read first: the order in
    which more labels stand in their place is the document's. A figure over the whole width is often
    overtaken by one of a single column, and floats side by side may be numbered from the right.
    """
    best: list[float] = []
    read: list[int] = []
    for downwards in (False, True):
        order = list(range(len(figures)))
        if downwards:
            order.sort(key=lambda one: (figures[one].order[0], round(figures[one].box[1]), one))
        values = [0.0] * len(order)
        for place, value in zip(order, in_sequence([_key(figures[one]) for one in order]), strict=True):
            values[place] = value
        if not best or sum(values) > sum(best):
            best, read = values, order
    blamed = [number for number, value in enumerate(best) if value == 0.0]
    if not 0 < len(blamed) <= _MOST_BLAMED:
        return best
    places = {number: place for place, number in enumerate(read)}
    from_right = _from_right(figures)
    labels = [(series_of(_key(one)), number_of(_key(one)) or ()) for one in figures]
    for number in blamed:
        others = list(_out_of_order(number, labels, places))
        if others and all(_excused(figures[number], figures[other], from_right) for other in others):
            best[number] = _EXCUSED
    return best


def _key(one: Found) -> str:
    return one.head.key if one.head is not None else ""


def _numbered_before(first: Found, second: Found) -> bool | None:
    """Whether a label comes before another by its number; ``None`` where they can't be compared."""
    one, other = number_of(_key(first)), number_of(_key(second))
    if one is None or other is None or one == other or series_of(_key(first)) != series_of(_key(second)):
        return None
    return one < other


def _out_of_order(
    number: int, labels: Sequence[tuple[str, tuple[float, ...]]], places: dict[int, int]
) -> Iterator[int]:
    """The figures of one series that stand on the wrong side of figure ``number``."""
    series, mine = labels[number]
    for other, (its_series, its) in enumerate(labels):
        if (
            series == its_series
            and its
            and its != mine
            and (mine < its) != (places[number] < places[other])
        ):
            yield other


def _excused(first: Found, second: Found, from_right: bool) -> bool:
    """Whether two figures out of order were floated past one another."""
    if _side_by_side(first, second):
        return from_right
    widths = sorted(boxes.width(_extent(one)) for one in (first, second))
    return abs((first.page or 0) - (second.page or 0)) <= 1 and widths[1] > _WIDER * widths[0]


def _extent(one: Found) -> Box:
    """Picture and caption, where both are on one page."""
    if one.caption is None or one.caption.page != one.page:
        return one.box
    return boxes.union((one.box, one.caption.box))


def _side_by_side(first: Found, second: Found) -> bool:
    return first.page == second.page and boxes.overlap_y(first.box, second.box) > 0.5


def _from_right(figures: Sequence[Found]) -> bool:
    """Whether figures side by side are numbered from the right as often as from the left."""
    on_page: dict[int | None, list[Found]] = defaultdict(list)
    for one in figures:
        on_page[one.page].append(one)
    right = left = 0
    for some in on_page.values():
        for first, second in combinations(some[:_MOST_ON_PAGE], 2):
            before = _numbered_before(first, second) if _side_by_side(first, second) else None
            if before is not None:
                if before == (first.box[0] < second.box[0]):
                    left += 1
                else:
                    right += 1
    return right >= left
