"""Captions without a picture and pictures without a caption, put together on one page or facing ones.

Pictures and captions come in one order: pairs that cross are put straight, or doubted.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations

from grandrounds.textbooks import boxes
from grandrounds.textbooks.assignment import FORBIDDEN, assign
from grandrounds.textbooks.finds import Found, worth_telling
from grandrounds.textbooks.labels import number_of, series_of
from grandrounds.textbooks.layout import BODY, HEADING, Block
from grandrounds.textbooks.matching import ABOVE, Fit
from grandrounds.textbooks.pages import Page

_LEAVE_OUT = 0.75
_CROSSED = 0.5
"""What a pair is worth, as a share, whose picture stands on the wrong side of another figure's."""
_STRAIGHT = 0.6
"""Two pairs that cross are put straight where the straight ones are worth at least this share of them."""
_AS_GOOD = 0.1
_OVERLEAF = 0.7
_UNUSUAL = 0.5
_AT_TOP = 0.3
_MOST_BETWEEN = 60

BlocksOn = Callable[[int], Sequence[Block]]
_Pages = Mapping[int, Page]


def across_pages(figures: Sequence[Found], pages: _Pages, blocks_on: BlocksOn) -> list[Found]:
    """``figures``, with captions and pictures that their page left alone put together where they fit."""
    figures = _opened(figures, pages, blocks_on)
    captions = [one for one in figures if one.caption is not None and one.page is None]
    pictures = [
        one for one in figures if one.caption is None and one.page is not None and worth_telling(one, pages)
    ]
    settled = [one for one in figures if one.caption is not None and one.page is not None]
    settled.sort(key=lambda one: one.order)
    gone: set[int] = set()
    for some_captions, some_pictures in _neighbours(captions, pictures):
        gone |= _paired(some_captions, some_pictures, settled, pages)
    return [one for one in figures if id(one) not in gone]


def _paired(
    captions: Sequence[Found], pictures: Sequence[Found], settled: Sequence[Found], pages: _Pages
) -> set[int]:
    """Give captions their pictures; the ids of the pictures that were given."""
    fits = [[_page_fit(caption, picture, pages)[0] for picture in pictures] for caption in captions]
    crossing = [
        [_crosses(caption, picture, settled, fits[row][column]) for column, picture in enumerate(pictures)]
        for row, caption in enumerate(captions)
    ]
    costs = [
        [
            1 - fit * (_CROSSED if crossed and fit > 0 else 1.0)
            for fit, crossed in zip(of_fit, of_crossing, strict=True)
        ]
        for of_fit, of_crossing in zip(fits, crossing, strict=True)
    ]
    chosen = assign(costs, leave_out=_LEAVE_OUT)
    tangled = _straightened(chosen, captions, pictures, fits)
    # found before anything is given away: the places of pictures are needed as they were
    facts = {
        row: {
            "other_page": fits[row][column],
            "order": 0.0 if crossing[row][column] or row in tangled else 1.0,
            "alternative": 0.0 if _has_nearer((row, column), chosen, captions, pictures, fits) else 1.0,
        }
        for row, column in chosen.items()
    }
    for row, column in chosen.items():
        caption, picture = captions[row], pictures[column]
        whole, side = _page_fit(caption, picture, pages)
        caption.page, caption.box, caption.atoms = picture.page, picture.box, picture.atoms
        caption.across = side
        if picture.order[0] == caption.order[0]:  # where a look at the page alone kept them apart
            facts[row]["page_fits"] = 0.0
        caption.fit = Fit(side, facts[row], whole)
    return {id(pictures[column]) for column in chosen.values()}


def _opened(figures: Sequence[Found], pages: _Pages, blocks_on: BlocksOn) -> list[Found]:
    """Take a caption at the head of a page from the picture under it where it is more likely overleaf's.

    That is where captions do not stand above their pictures in this document, and the page before ends with
    a picture that has none.
    """
    free = {
        one.page: one for one in figures if one.caption is None and one.page and worth_telling(one, pages)
    }  # the last on its page
    found: list[Found] = []
    for one in figures:
        found.append(one)
        block, before = one.caption, free.get((one.page or 0) - 1)
        if block is None or one.page is None or one.fit is None or before is None:
            continue
        if one.fit.side != ABOVE or one.fit.parts.get("side", 1.0) >= _UNUSUAL or not one.has_words:
            continue
        if not _leads(block, blocks_on(one.page), pages[one.page]):
            continue
        if _page_fit(one, before, pages)[0] < _OVERLEAF:
            continue
        alone = Found(page=one.page, box=one.box, atoms=one.atoms, order=(one.order[0], one.order[1] + 0.5))
        found.append(alone)
        one.page, one.box, one.atoms, one.fit, one.rival = None, boxes.EMPTY, [], None, 0.0
    return found


def _leads(block: Block, blocks: Sequence[Block], page: Page) -> bool:
    """Whether a page begins with ``block``: no text stands above it."""
    return block.box[1] < _AT_TOP * page.height and not any(
        other.kind in (BODY, HEADING) and other.box[3] <= block.box[1] + 2 for other in blocks
    )


def _crosses(caption: Found, picture: Found, settled: Sequence[Found], fit: float) -> bool:
    """Whether a figure that has its picture stands between, so that the labels would change places.

    ``settled`` is in order; those on the pages of caption and picture and next to them are asked.
    """
    if fit <= 0:
        return False
    first = bisect_left(settled, min(caption.order, picture.order)[0] - 1, key=_page_of)
    last = bisect_right(settled, max(caption.order, picture.order)[0] + 1, key=_page_of)
    return any(
        _before(caption, one) != (picture.order < one.order)
        for one in settled[first : min(last, first + _MOST_BETWEEN)]
    )


def _page_of(one: Found) -> int:
    return one.order[0]


def _before(first: Found, second: Found) -> bool:
    """Whether one caption comes before another: by the numbers of their labels, else as they are read."""
    one, other = first.head, second.head
    if one is not None and other is not None and one.key and series_of(one.key) == series_of(other.key):
        mine, its = number_of(one.key), number_of(other.key)
        if mine is not None and its is not None and mine != its:
            return mine < its
    return first.order < second.order


def _straightened(
    chosen: dict[int, int],
    captions: Sequence[Found],
    pictures: Sequence[Found],
    fits: Sequence[Sequence[float]],
) -> set[int]:
    """Change the pictures of pairs that cross; the captions of those that still do."""

    def cross(row: int, other: int) -> bool:
        straight = _before(captions[row], captions[other])
        return straight != (pictures[chosen[row]].order < pictures[chosen[other]].order)

    rows = sorted(chosen)
    for row, other in combinations(rows, 2):
        if not cross(row, other):
            continue
        here, there = fits[row][chosen[other]], fits[other][chosen[row]]
        now = fits[row][chosen[row]] + fits[other][chosen[other]]
        if min(here, there) > 1 - _LEAVE_OUT and here + there >= _STRAIGHT * now:
            chosen[row], chosen[other] = chosen[other], chosen[row]
    return {one for pair in combinations(rows, 2) if cross(*pair) for one in pair}


def _has_nearer(
    pair: tuple[int, int],
    chosen: Mapping[int, int],
    captions: Sequence[Found],
    pictures: Sequence[Found],
    fits: Sequence[Sequence[float]],
) -> bool:
    """Whether a picture that nobody took is as near to the caption, or such a caption to the picture."""
    row, column = pair
    apart, fit = _apart(captions[row], pictures[column]), fits[row][column]
    taken = set(chosen.values())
    others = [
        (_apart(captions[row], pictures[other]), fits[row][other])
        for other in range(len(pictures))
        if other not in taken
    ] + [
        (_apart(captions[other], pictures[column]), fits[other][column])
        for other in range(len(captions))
        if other not in chosen
    ]
    return any(far < apart or (far == apart and worth >= fit - _AS_GOOD) for far, worth in others)


def _apart(caption: Found, picture: Found) -> int:
    """Pages between a caption and a picture."""
    return abs(picture.order[0] - caption.order[0])


def _neighbours(
    captions: Sequence[Found], pictures: Sequence[Found]
) -> list[tuple[list[Found], list[Found]]]:
    """Captions and pictures in runs of pages, so that no table of costs is large."""
    numbers = sorted({one.order[0] for one in (*captions, *pictures)})
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number - runs[-1][-1] <= 1 and len(runs[-1]) < 60:
            runs[-1].append(number)
        else:
            runs.append([number])
    found = []
    for run in runs:
        inside = set(run)
        some = [one for one in captions if one.order[0] in inside][:150]
        others = [one for one in pictures if one.order[0] in inside][:150]
        if some and others:
            found.append((some, others))
    return found


def _page_fit(caption: Found, picture: Found, pages: Mapping[int, Page]) -> tuple[float, str]:
    assert caption.caption is not None
    assert picture.page is not None
    block, page = caption.caption, pages[caption.order[0]]
    apart = picture.page - caption.order[0]
    if abs(apart) > 1:
        return 1 - FORBIDDEN, ""
    if apart and not caption.has_words:
        return 1 - FORBIDDEN, ""  # a label alone stands on the page of its picture
    top, foot = block.box[1] / page.height, 1 - block.box[3] / page.height
    if apart == 0:
        return 0.42, "same page"
    other = pages[picture.page]
    if apart == -1:  # the picture ends the page before, its caption begins this one
        near = 0.3 * max(0.0, 1 - top / 0.35) + 0.3 * min(1.0, picture.box[3] / other.height / 0.8)
        return 0.28 + near, "next page"
    near = 0.25 * max(0.0, 1 - foot / 0.35) + 0.25 * max(0.0, 1 - picture.box[1] / other.height / 0.35)
    return 0.26 + near, "page before"
