"""Which caption belongs to which picture: the best choice for a whole page, not one pair after another."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from grandrounds.textbooks import boxes
from grandrounds.textbooks.atoms import Atom
from grandrounds.textbooks.groups import Group
from grandrounds.textbooks.layout import CAPTION, TABLE_CAPTION, Block
from grandrounds.textbooks.values import Box

BELOW, ABOVE, RIGHT, LEFT, ELSEWHERE = "below", "above", "right", "left", "elsewhere"
"""Where a caption stands, seen from its picture."""

_FARTHEST = 170.0
_TOUCHING = 4.0
_MOST_TRIED = 14
_MOST_STEPS = 40_000
_LEAST = {CAPTION: 0.3, TABLE_CAPTION: 0.55}
_UNCLAIMED = 0.55
"""What a page loses for pictures that no caption takes, as a share of one pair's worth."""


@dataclass(frozen=True, slots=True)
class Fit:
    """How well a caption and a group go together on one page: named parts, 0 to 1, and the whole."""

    side: str
    parts: Mapping[str, float]
    whole: float


@dataclass(frozen=True, slots=True)
class Pair:
    """A caption (its number among the page's) with its group and why."""

    caption: int
    group: Group
    fit: Fit


@dataclass(slots=True)
class Sides:
    """On which side of its pictures a document puts its captions, counted while it is read."""

    counts: Counter[str] = field(default_factory=Counter)

    def share(self, side: str) -> float:
        """How usual ``side`` is here, 0 to 1; below is what most books do."""
        start = {BELOW: 1.2, ABOVE: 0.35, RIGHT: 0.3, LEFT: 0.3}
        total = sum(self.counts.values()) + sum(start.values())
        most = max((self.counts[one] + start[one]) for one in start)
        return (self.counts[side] + start[side]) / max(most, 0.4 * total)


def pairs_of(
    captions: Sequence[Block],
    groups: Sequence[Group],
    atoms: Sequence[Atom],
    walls: Sequence[Block],
    *,
    sides: Sides,
) -> list[Pair]:
    """The choice of disjoint groups for captions that is best for the page as a whole."""
    tried: list[list[Pair]] = []
    for number, caption in enumerate(captions):
        fits = [
            Pair(number, group, fit)
            for group in groups
            if (fit := fit_of(caption, group, atoms, walls, sides=sides)) is not None
        ]
        fits.sort(
            key=lambda pair: (
                -pair.fit.whole - _mass(pair.group, atoms, len(captions)),
                sorted(pair.group.members),
            )
        )
        tried.append(fits[:_MOST_TRIED])
    return _best(tried, atoms, len(captions))


def fit_of(
    caption: Block,
    group: Group,
    atoms: Sequence[Atom],
    walls: Sequence[Block],
    *,
    sides: Sides,
) -> Fit | None:
    """How well ``caption`` goes with ``group``; ``None`` where it can't be its caption."""
    if boxes.share_inside(caption.box, group.box) > 0.3:
        return None
    side, apart, overlap = _relation(caption.box, group.box)
    if side == ELSEWHERE or apart > _FARTHEST:
        return None
    gap = boxes.between(caption.box, group.box)
    blocked = 0
    for wall in walls:
        if wall is caption or boxes.share_inside(wall.box, group.box) > 0.7:
            continue
        common = boxes.common(wall.box, gap)
        if boxes.width(common) > 8 and boxes.height(common) > 3:
            blocked += 1
    crossed = sum(
        number not in group.members
        and boxes.shared(atom.box, gap) > 0.3 * min(boxes.area(atom.box), boxes.area(gap) or 1)
        for number, atom in enumerate(atoms)
    )
    if blocked + crossed > 2:
        return None
    parts = {
        "distance": 1 / (1 + (max(0.0, apart - 6) / 45) ** 2),
        "overlap": overlap,
        "aligned": _aligned(caption.box, group.box, side),
        "side": sides.share(side) if caption.kind == CAPTION else 1.0 if side == ABOVE else 0.3,
        "clear": 1.0 if not blocked + crossed else 0.35 if blocked + crossed == 1 else 0.1,
    }
    whole = (
        0.32 * parts["distance"]
        + 0.22 * parts["overlap"]
        + 0.1 * parts["aligned"]
        + 0.2 * parts["side"]
        + 0.16 * parts["clear"]
    )
    whole *= 0.85 + 0.15 * max(0.0, 1 - max(0.0, group.apart - 18) / 50)
    if parts["clear"] < 1:
        whole *= 0.75
    if caption.kind == CAPTION:
        if all(atoms[number].texty for number in group.members):
            whole *= 0.7
        elif all(atoms[number].ruled for number in group.members):
            whole *= 0.92
    elif not all(atoms[number].ruled for number in group.members):
        whole *= 0.8  # a table is seldom a picture
    return Fit(side, parts, whole) if whole >= _LEAST[caption.kind] else None


def _relation(caption: Box, figure: Box) -> tuple[str, float, float]:
    """Side, distance and overlap of ``caption`` as seen from ``figure``."""
    down, across = boxes.gap_y(caption, figure), boxes.gap_x(caption, figure)
    if down >= -_TOUCHING and across < 0:
        overlap = boxes.overlap_x(caption, figure)
        if overlap >= 0.15:
            return (BELOW if caption[1] >= figure[1] else ABOVE), max(0.0, down), overlap
    if across > -6 and down < 0:
        overlap = boxes.overlap_y(caption, figure)
        if overlap >= 0.4 and across < 60:
            return (RIGHT if caption[0] > figure[0] else LEFT), max(0.0, across), overlap
    return ELSEWHERE, max(down, across, 0.0), 0.0


def _aligned(caption: Box, figure: Box, side: str) -> float:
    if side in (BELOW, ABOVE):
        left = abs(caption[0] - figure[0])
        middle = abs((caption[0] + caption[2]) - (figure[0] + figure[2])) / 2
        inside = max(0.0, figure[0] - caption[0]) + max(0.0, caption[2] - figure[2])
        return max(0.0, 1 - min(left, middle, inside + 8) / 60, 0.8 if _within(figure, caption) else 0.0)
    top, foot = abs(caption[1] - figure[1]), abs(caption[3] - figure[3])
    middle = abs((caption[1] + caption[3]) - (figure[1] + figure[3])) / 2
    return max(0.0, 1 - min(top, foot, middle) / 80)


def _within(figure: Box, caption: Box) -> bool:
    """Whether the caption runs over the whole width of the figure, and farther."""
    return caption[0] <= figure[0] + 4 and caption[2] >= figure[2] - 4


def _mass(group: Group, atoms: Sequence[Atom], captions: int) -> float:
    """What a group adds by taking pictures along: its share of all that the page shows."""
    total = sum(_weight(atom) for atom in atoms) or 1.0
    return _UNCLAIMED * max(1, captions) * sum(_weight(atoms[number]) for number in group.members) / total


def _weight(atom: Atom) -> float:
    return math.sqrt(boxes.area(atom.box)) * (
        0.05 if atom.texty else 0.15 if atom.weak or atom.ruled else 1.0
    )


def _best(tried: Sequence[Sequence[Pair]], atoms: Sequence[Atom], captions: int) -> list[Pair]:
    """Branch and bound over all captions; a bound on its steps keeps hostile pages from taking for ever."""
    worth = [[pair.fit.whole + _mass(pair.group, atoms, captions) for pair in some] for some in tried]
    order = sorted(range(len(tried)), key=lambda one: (-max(worth[one], default=0.0), one))
    hopes = [0.0] * (len(order) + 1)
    for place in range(len(order) - 1, -1, -1):
        hopes[place] = hopes[place + 1] + max(worth[order[place]], default=0.0)
    best_value = -1.0
    best: list[Pair] = []
    steps = 0

    def visit(place: int, value: float, taken: frozenset[int], chosen: list[Pair]) -> None:
        nonlocal best_value, best, steps
        steps += 1
        if value > best_value + 1e-9:
            best_value, best = value, list(chosen)
        if place == len(order) or steps > _MOST_STEPS or value + hopes[place] <= best_value + 1e-9:
            return
        for pair, gain in zip(tried[order[place]], worth[order[place]], strict=True):
            if not taken & pair.group.members:
                chosen.append(pair)
                visit(place + 1, value + gain, taken | pair.group.members, chosen)
                chosen.pop()
        visit(place + 1, value, taken, chosen)

    visit(0, 0.0, frozenset(), [])
    return sorted(best, key=lambda pair: pair.caption)
