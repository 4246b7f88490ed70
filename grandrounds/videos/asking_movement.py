"""Does a clip move one way from frame to frame? Then positions tell the order of the frames.

A camera that pans, a probe that slides, a person who walks past. What swings back and forth (ultrasound of
the heart, of a lung that breathes) tells nothing: two frames at the same place may be from any time.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import hypot, isfinite

from grandrounds.records.clip import SCENE, ClipRow
from grandrounds.records.parts import MeasuredValue
from grandrounds.videos.asking_values import NotAsked, measured
from grandrounds.videos.wording import direction_words, frame_label

LEAST_SHARE = 0.35  # of a step's change that the shift explains; below, it may be chance
LEAST_MEAN_SHARE = 0.5  # the same of all steps; below, something else changed more
LEAST_STEP = 0.03  # of the longer side: what an eye sees without a ruler
_STRAY = 0.5  # sideways by forwards of one step, against the whole way: up to about 27 degrees
_METHOD = "shift between pictures of frames"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moves:
    """A scene that moves one way: ``x`` and ``y`` of each step in pixels (right and down are positive),
    and the direction in words."""

    steps: tuple[tuple[float, float], ...]
    direction: str

    def length(self, step: int) -> float:
        """The length of a step in pixels."""
        return hypot(*self.steps[step])


def moves_of(row: ClipRow) -> Moves | NotAsked:
    """How the scene of a clip moves, if it moves one way at every step."""
    if row.coherence != SCENE:
        return NotAsked("the frames are of several shots, so no movement joins them")
    if len({(frame.crop, frame.width, frame.height) for frame in row.frames}) > 1:
        return NotAsked("the frames are cut differently, so places in them can't be compared")
    steps = tuple((frame.motion_x, frame.motion_y) for frame in row.frames[1:])
    shares = [frame.motion_share for frame in row.frames[1:]]
    if not all(isfinite(value) for step in steps for value in step):
        return NotAsked("the movement between two frames is not known")
    if not min(shares) >= LEAST_SHARE:
        return NotAsked(f"a shift explains only {min(shares):.2f} of the change at one step")
    if sum(shares) < LEAST_MEAN_SHARE * len(shares):
        return NotAsked(f"shifts explain only {sum(shares) / len(shares):.2f} of the changes")
    least = LEAST_STEP * max(row.frames[0].width, row.frames[0].height)
    shortest = min(hypot(*step) for step in steps)
    if shortest < least:
        return NotAsked(f"the scene moves by only {shortest:.1f} pixels at one step")
    way = (sum(x for x, _ in steps), sum(y for _, y in steps))
    if not all(_along(step, way) for step in steps):
        return NotAsked("the scene does not move one way: a step leaves the direction of the others")
    return Moves(steps=steps, direction=direction_words(*way))


def shifts(row: ClipRow, moves: Moves) -> tuple[MeasuredValue, ...]:
    """The shifts of all steps as measured values."""
    found = []
    for number, (x, y) in enumerate(moves.steps):
        ends = f"from {frame_label(number)} to {frame_label(number + 1)}"
        for name, value in (("to the right", x), ("downwards", y)):
            found.append(measured(row, f"shift {name} {ends}", value, unit="px", method=_METHOD))
    return tuple(found)


def rising(values: tuple[float, ...], *, least: float) -> int:
    """1 where each value is greater than the one before by at least ``least``, -1 where smaller, else 0."""
    steps = [after - before for before, after in pairwise(values)]
    if all(step >= least for step in steps):
        return 1
    return -1 if all(step <= -least for step in steps) else 0


def _along(step: tuple[float, float], way: tuple[float, float]) -> bool:
    length = hypot(*way)
    if not length:
        return False
    forwards = (step[0] * way[0] + step[1] * way[1]) / length
    sideways = abs(step[0] * way[1] - step[1] * way[0]) / length
    return forwards > 0 and sideways <= _STRAY * forwards
