"""Films joined of shots, whose changes of shot are known because they were made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from benchmarks.films.canvas import Picture
from benchmarks.films.shots import Shot

CUT, DISSOLVE, BLACK = "cut", "dissolve", "black"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A shot, how many frames it is seen alone, and how it began: by a cut, by ``over`` frames in which
    it and the one before are mixed (``dissolve``), or by ``over`` frames going to black and as many coming
    back (``black``)."""

    shot: Shot
    frames: int
    join: str = CUT
    over: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A true change of shot: ``start`` is the first frame that is no longer the old shot alone, ``frame``
    the first of the new one (alone, or coming out of the black), ``stop`` the first that is the new shot
    undimmed. The three are the same for a cut."""

    start: int
    frame: int
    stop: int

    @property
    def hard(self) -> bool:
        return self.start == self.stop


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """How many frames a film has, and where its shots change."""

    frames: int
    changes: tuple[Change, ...]


def truth(parts: Sequence[Part]) -> Truth:
    """Where the shots of the parts change."""
    place, changes = 0, []
    for number, part in enumerate(parts):
        if number:
            start = place
            alone = start + {CUT: 0, DISSOLVE: part.over, BLACK: 2 * part.over + _DARK}[part.join]
            first = alone - part.over if part.join == BLACK else alone
            changes.append(Change(start=start, frame=first, stop=alone))
            place = alone
        place += part.frames
    return Truth(frames=place, changes=tuple(changes))


def pictures(parts: Sequence[Part]) -> Iterator[Picture]:
    """The film's frames. A shot's own frames count on through what it is mixed into."""
    before, at = None, 0
    for part in parts:
        began = 0
        if before is not None and part.join != CUT:
            yield from _mixed(before, at, part)
            began = part.over
        for frame in range(began, began + part.frames):
            yield part.shot(frame)
        before, at = part.shot, began + part.frames


_DARK = 4  # frames that are black between going and coming


def _mixed(before: Shot, at: int, part: Part) -> Iterator[Picture]:
    shares = [(one + 1) / (part.over + 1) for one in range(part.over)]
    if part.join == DISSOLVE:
        for number, share in enumerate(shares):
            old, new = before(at + number), part.shot(number)
            yield np.asarray(cv2.addWeighted(old, 1 - share, new, share, 0))
        return
    for number, share in enumerate(shares):
        yield np.asarray(cv2.convertScaleAbs(before(at + number), alpha=1 - share))
    black = np.zeros_like(part.shot(0))
    for _ in range(_DARK):
        yield black
    for number, share in enumerate(shares):
        yield np.asarray(cv2.convertScaleAbs(part.shot(number), alpha=share))
