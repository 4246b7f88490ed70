"""What the key points of a clip tell: a quantity of the body that only grows, or that comes and goes."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from math import isfinite

from grandrounds.records.clip import ClipPose, ClipRow
from grandrounds.records.parts import MeasuredValue
from grandrounds.videos.asking_movement import rising
from grandrounds.videos.asking_values import NotAsked, measured
from grandrounds.videos.wording import frame_label

LEAST_STEP = {"degrees": 15.0, "body_heights": 0.05}
"""What an eye sees between two frames, by unit."""
LEAST_CONFIDENCE = 0.6
_LEAST_RANGE = 2.0  # steps: less is no repetition
_OUTER = 1 / 3  # of the range at either end, in which a frame shows a turning point
_METHOD = "key points"
_ABOVE = {"wrist": "the hips", "hip": "the ankles", "head": "the ankles", "ankle": "the other ankle"}
"""What heights are counted from, by the point: see ``videos.pose_signals``."""
_BENT, _BENT_MARGIN = 120.0, 15.0  # degrees
_RAISED_MARGIN = 0.06  # body heights above and below the hips
_UNITS = {"degrees": "degrees", "body_heights": "body heights"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A signal in words: what it is, what it does when it grows or shrinks, what doing both is called."""

    name: str
    larger: str
    smaller: str
    movement: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rises:
    """A signal that only grows (``sign`` 1) or shrinks (-1) from frame to frame."""

    pose: ClipPose
    sign: int

    @property
    def comparative(self) -> str:
        """How it differs from the frame before."""
        quantity = quantity_of(self.pose)
        return quantity.larger if self.sign > 0 else quantity.smaller


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeats:
    """A movement of which the frames show ``count`` whole repetitions; ``turns`` are the places of frames
    that show it at its ends."""

    pose: ClipPose
    count: int
    turns: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class States:
    """A state of the body (``words``: "the left knee bent ...") and the places of the frames that show
    it."""

    pose: ClipPose
    words: str
    places: tuple[int, ...]


def rises_of(row: ClipRow) -> Rises | NotAsked:
    """The signal that changes most surely one way, if one does."""
    found = []
    for pose in _usable(row):
        sign = rising(pose.values, least=LEAST_STEP[pose.unit])
        if sign:
            smallest = min(abs(b - a) for a, b in zip(pose.values, pose.values[1:], strict=False))
            found.append((-smallest / LEAST_STEP[pose.unit], pose.signal, Rises(pose=pose, sign=sign)))
    if not found:
        return NotAsked("no signal of the key points grows or shrinks at every step")
    return min(found, key=lambda each: each[:2])[2]


def repeats_of(row: ClipRow) -> Repeats | NotAsked:
    """The movement whose repetitions the frames show, each of them."""
    counted = [pose for pose in _usable(row) if pose.repetitions is not None]
    if not counted:
        return NotAsked("no key points tell of repetitions")
    sure = [pose for pose in counted if pose.confidence >= LEAST_CONFIDENCE]
    if not sure:
        best = max(pose.confidence for pose in counted)
        return NotAsked(f"repetitions are counted with a confidence of only {best:.2f}")
    found = []
    for pose in sure:
        turns = _turns(pose)
        if turns and len(turns) - 1 == 2 * (pose.repetitions or 0):
            found.append(
                (-pose.confidence, pose.signal, Repeats(pose=pose, count=len(turns) // 2, turns=turns))
            )
    if not found:
        return NotAsked("the frames do not show each of the repetitions from one end to the other and back")
    return min(found, key=lambda each: each[:2])[2]


def states_of(row: ClipRow) -> States | NotAsked:
    """The state that the most confident signal is in at some frames, and surely not at the others."""
    found = []
    reasons = ["no key points tell of a joint that is bent or a hand that is raised"]
    for pose in _usable(row):
        state = _state(pose)
        if state is None:
            continue
        words, above, margin, high = state
        clear = all(abs(value - above) >= margin for value in pose.values)
        places = tuple(place for place, value in enumerate(pose.values) if (value > above) == high)
        if pose.confidence < LEAST_CONFIDENCE:
            reasons.append(f"{pose.signal} is known with a confidence of only {pose.confidence:.2f}")
        elif not clear:
            reasons.append(f"{pose.signal} is neither one nor the other at a frame")
        elif not 0 < len(places) < len(pose.values):
            reasons.append(f"{pose.signal} is the same at all frames")
        else:
            found.append((-pose.confidence, pose.signal, States(pose=pose, words=words, places=places)))
    return min(found, key=lambda each: each[:2])[2] if found else NotAsked(reasons[-1])


def quantity_of(pose: ClipPose) -> Quantity:
    """A signal in words: ``left_knee_angle`` is the angle at the left knee."""
    part, _, kind = pose.signal.rpartition("_")
    words = part.replace("_", " ")
    if kind == "angle" and words:
        return Quantity(
            name=f"the angle at the {words} (180 degrees: straight)",
            larger="larger",
            smaller="smaller",
            movement=f"the {words} bending and straightening",
        )
    if kind == "height" and words:
        above = _ABOVE.get(_joint(pose), "the ground")
        return Quantity(
            name=f"the {words}",
            larger=f"higher above {above}",
            smaller=f"less high above {above}",
            movement=f"the {words} going up and down",
        )
    told = pose.signal.replace("_", " ")
    return Quantity(
        name=f"the {told}",
        larger="larger",
        smaller="smaller",
        movement=f"the {told} growing and shrinking",
    )


def reading_words(pose: ClipPose, place: int) -> str:
    """What a signal reads at a frame, as a clause with its unit."""
    name, value = quantity_of(pose).name, pose.values[place]
    if pose.unit == "degrees":
        return f"{name} measures {value:.0f} degrees"
    above = _ABOVE.get(_joint(pose), "the ground") if pose.signal.endswith("_height") else ""
    if not above:
        return f"{name} measures {value:.2f} {_UNITS[pose.unit]}"
    return f"{name} is {abs(value):.2f} {_UNITS[pose.unit]} {'above' if value >= 0 else 'below'} {above}"


def values(row: ClipRow, pose: ClipPose) -> tuple[MeasuredValue, ...]:
    """The signal at each frame as measured values."""
    told = pose.signal.replace("_", " ")
    return tuple(
        measured(row, f"{told} at {frame_label(place)}", value, unit=pose.unit, method=_METHOD)
        for place, value in enumerate(pose.values)
    )


def _state(pose: ClipPose) -> tuple[str, float, float, bool] | None:
    """A signal's state in words, the value that parts it from its opposite, how far from that is sure, and
    whether it lies above; ``None`` for signals without such."""
    part, _, kind = pose.signal.rpartition("_")
    words, joint = part.replace("_", " "), _joint(pose)
    if kind == "angle" and joint in ("knee", "elbow", "hip"):
        return f"the {words} bent to an angle of less than {_BENT:.0f} degrees", _BENT, _BENT_MARGIN, False
    if kind == "height" and joint == "wrist":
        return f"the {words} higher than the hips", 0.0, _RAISED_MARGIN, True
    return None


def _joint(pose: ClipPose) -> str:
    """The part of the body that a signal is of, without its side: ``knee`` of ``left_knee_angle``."""
    return pose.signal.rpartition("_")[0].rpartition("_")[2]


def _usable(row: ClipRow) -> list[ClipPose]:
    return [
        pose
        for pose in row.poses
        if pose.unit in LEAST_STEP
        and pose.signal.strip("_")
        and len(pose.values) == len(row.frames)
        and all(isfinite(value) for value in pose.values)
    ]


def _turns(pose: ClipPose) -> tuple[int, ...]:
    """Places of frames at the ends of a movement, one a turn.

    None where it ends at the other end than it began, is too small to be seen, or where a frame shows it
    turned half-way: some would count that.
    """
    low, high = min(pose.values), max(pose.values)
    outer = _OUTER * (high - low)
    if high - low < _LEAST_RANGE * LEAST_STEP[pose.unit]:
        return ()
    ends = [
        value >= high - outer if not low + outer < value < high - outer else None for value in pose.values
    ]
    runs = [(end, next(group)[0]) for end, group in groupby(enumerate(ends), key=lambda each: each[1])]
    half = any(
        end is None and (not 0 < number < len(runs) - 1 or runs[number - 1][0] == runs[number + 1][0])
        for number, (end, _) in enumerate(runs)
    )
    turns = [(end, place) for end, place in runs if end is not None]
    whole = len(turns) >= 3 and turns[0][0] == turns[-1][0] and not half
    return tuple(place for _, place in turns) if whole else ()
