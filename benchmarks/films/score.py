"""How well found changes of shot meet the true ones."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from benchmarks.films.film import Change

TOLERANCE = 1
"""Frames; a dissolve is also met by a frame within it."""


@dataclass(slots=True)
class Score:
    """Changes that were found, missed and made up; of the first two, how many are cuts."""

    met: int = 0
    missed: int = 0
    false: int = 0
    cuts_met: int = 0
    cuts_missed: int = 0
    told: list[str] = field(default_factory=list)

    @property
    def f1(self) -> float:
        """1 where there is nothing to find and nothing was found."""
        total = 2 * self.met + self.missed + self.false
        return 2 * self.met / total if total else 1.0

    def add(self, other: Score) -> None:
        """Count another film's score, too."""
        self.met += other.met
        self.missed += other.missed
        self.false += other.false
        self.cuts_met += other.cuts_met
        self.cuts_missed += other.cuts_missed
        self.told += other.told


def score(changes: Iterable[Change], found: Iterable[int], *, film: str = "") -> Score:
    """Each true change takes the first found one that meets it; what is left over is false."""
    left = sorted(found)
    result = Score()
    for change in sorted(changes, key=lambda one: one.start):
        low, high = change.start - TOLERANCE, change.stop + TOLERANCE
        match = next((one for one in left if low <= one <= high), None)
        if match is not None:
            left.remove(match)
            result.met += 1
            result.cuts_met += change.hard
        else:
            result.missed += 1
            result.cuts_missed += change.hard
            result.told.append(f"{film}: missed {'cut' if change.hard else 'change'} at {change.frame}")
    result.false = len(left)
    result.told += [f"{film}: none at {one}" for one in left]
    return result
