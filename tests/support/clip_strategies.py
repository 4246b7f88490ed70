"""Clips of every kind for property tests: that move, swing, speak, bend, or do nothing that tells."""

from __future__ import annotations

from hypothesis import strategies as st

from grandrounds.records.clip import ClipPose, ClipRow
from tests.support.clip_rows import SIGHTS, STEPS, clip

WORDS = (
    *STEPS,
    *SIGHTS,
    "",
    "And so on.",
    "Second, the knee.",
    "The liver will be seen later.",
    "Step 3: we close.",
)

_SHIFT = st.floats(-60, 60, allow_nan=False).map(lambda value: round(value, 2))
_MOVE = st.tuples(_SHIFT, _SHIFT, st.sampled_from([0.1, 0.5, 0.8, 1.0]))
_CHANGE = st.sampled_from([0.0, 0.4, 2.0, 3.0, 4.5, 9.0, 40.0])
_SIGNALS = (
    ("left_knee_angle", "degrees"),
    ("right_elbow_angle", "degrees"),
    ("left_wrist_height", "body_heights"),
    ("head_height", "body_heights"),
    ("odd", "metres"),
)


@st.composite
def poses(draw: st.DrawFn, count: int) -> ClipPose:
    """A signal at each frame; now and then one that is not known, or of another number of frames."""
    signal, unit = draw(st.sampled_from(_SIGNALS))
    values = [90.0, 100.0, 130.0, 150.0, 175.0] if unit == "degrees" else [-0.3, -0.1, 0.02, 0.2, 0.5]
    number = draw(st.sampled_from([count, count, count, count, max(1, count - 1)]))
    told = draw(
        st.lists(st.sampled_from([*values, *values, float("nan")]), min_size=number, max_size=number)
    )
    if draw(st.booleans()):
        told = sorted(told, reverse=draw(st.booleans()))
    return ClipPose(
        signal=signal,
        unit=unit,
        values=tuple(told),
        repetitions=draw(st.sampled_from([None, 1, 2, 3])),
        confidence=draw(st.sampled_from([0.0, 0.5, 0.9])),
    )


@st.composite
def clips(draw: st.DrawFn) -> ClipRow:
    """A sound row of two to five frames."""
    count = draw(st.integers(2, 5))
    steady = draw(st.booleans())
    moves = [draw(_MOVE)] * (count - 1) if steady else [draw(_MOVE) for _ in range(count - 1)]
    says = draw(st.lists(st.sampled_from(WORDS), max_size=6))
    places = st.one_of(st.none(), st.integers(0, count - 1))
    natural = draw(st.booleans())
    at = [n if n < count else None for n in range(len(says))] if natural else [draw(places) for _ in says]
    return clip(
        seed=draw(st.text("abcdef", min_size=1, max_size=6)),
        count=count,
        moves=moves,
        changes=[draw(_CHANGE) for _ in range(count - 1)],
        says=[words or " " for words in says],
        at=at,
        poses=draw(st.lists(poses(count), max_size=2)),
        coherence=draw(st.sampled_from(["scene", "scene", "scene", "sequence"])),
        medical=draw(st.sampled_from([(), ("name: ultrasound",), ("words: knee", "name: MRI")])),
    )
