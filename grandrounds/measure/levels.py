"""Names of vertebral levels: their order, their neighbours, and whether positions agree with it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

import numpy as np

from grandrounds.measure import citations
from grandrounds.measure.axes import Point
from grandrounds.measure.measurement import (
    FEW_VOXELS,
    SHAPE,
    Doubt,
    Measurement,
    Quantity,
    measured,
    not_measurable,
)

ORDER: tuple[str, ...] = (
    *(f"C{n}" for n in range(1, 8)),
    *(f"T{n}" for n in range(1, 14)),
    *(f"L{n}" for n in range(1, 7)),
    "S",
    "Co",
)
"""Levels from head to tail. T13, L6 are variants that most people lack; T12 and L5 may be absent too."""

_RANK = {name: rank for rank, name in enumerate(ORDER)}
_OPTIONAL = frozenset({"T12", "T13", "L5", "L6"})
_NAME = re.compile(r"^(?:vertebrae?[ _-]*)?([CTLS])[ _-]?(\d{1,2})?$", re.IGNORECASE)


def level_of(name: str) -> str | None:
    """The level that a label's name means (``vertebrae_L1`` is L1, ``S1`` is S), or ``None``."""
    plain = name.strip()
    if plain.casefold() in ("sacrum", "s"):
        return "S"
    if plain.casefold() in ("coccyx", "co", "cocc"):
        return "Co"
    match = _NAME.match(plain)
    if not match:
        return None
    letter, number = match[1].upper(), match[2]
    if letter == "S":
        return "S" if number is None or 1 <= int(number) <= 5 else None
    level = f"{letter}{int(number)}" if number else ""
    return level if level in _RANK else None


def rank(level: str) -> int:
    """The place of a level from the head, 0 for C1. Raises ``KeyError`` for other names."""
    return _RANK[level]


def consecutive(levels: Iterable[str]) -> bool:
    """Whether the levels, sorted, leave none out. T13 and L6 need not exist, nor T12 and L5."""
    ranks = sorted({_RANK[level] for level in levels})
    return all(
        ORDER[missing] in _OPTIONAL for low, high in pairwise(ranks) for missing in range(low + 1, high)
    )


def neighbours(level: str, present: Iterable[str]) -> tuple[str | None, str | None]:
    """The next level towards the head and towards the tail among those present."""
    ranks = sorted({_RANK[one] for one in present} - {_RANK[level]})
    above = [one for one in ranks if one < _RANK[level]]
    below = [one for one in ranks if one > _RANK[level]]
    return ORDER[above[-1]] if above else None, ORDER[below[0]] if below else None


def level_order(centres: Mapping[str, Point]) -> Measurement:
    """Whether body centres (world mm) follow one another from head to tail as their names say.

    ``ordered`` when every level lies beyond the one before it along the local course of the spine, and the
    whole runs downwards; ``disordered`` otherwise, with the first wrong pair among the inputs. Works for
    curved spines: each step is compared with the course from two levels above to two below.
    """
    method = "steps between neighbouring centres run along the spine's course"
    levels = sorted(centres, key=lambda level: _RANK[level])
    if len(levels) < 2:
        doubt = Doubt(FEW_VOXELS, f"{len(levels)} level is visible; an order needs two")
        return not_measurable("level_order", "word", doubt, method=method, source=citations.DEFINITION)
    wrong = _first_wrong(levels, np.array([centres[level] for level in levels], dtype=np.float64))
    doubts: tuple[Doubt, ...] = ()
    if not consecutive(levels):
        doubts = (Doubt(SHAPE, f"levels are missing between {levels[0]} and {levels[-1]}"),)
    return measured(
        "level_order",
        "disordered" if wrong else "ordered",
        "word",
        doubts=doubts,
        method=method,
        source=citations.DEFINITION,
        inputs=(Quantity("levels", " ".join(levels)), Quantity("first_wrong", wrong)),
    )


def _first_wrong(levels: Sequence[str], points: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> str:
    if points[-1][2] >= points[0][2]:
        return f"{levels[0]} {levels[-1]}"
    steps = np.diff(points, axis=0)
    for at, step in enumerate(steps):
        course = points[min(at + 3, len(points) - 1)] - points[max(at - 2, 0)]
        if step @ course <= 0:
            return f"{levels[at]} {levels[at + 1]}"
    return ""
