"""Clips that show the same: found fast, and exactly those that comparing every two would find."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from grandrounds.records.clip import ClipRow
from grandrounds.videos.alike import alike_clips, look_alike
from tests.support.clip_rows import clip

# Hashes that are near (one bit), far, blank, and none at all.
_HASHES = (
    "00ff00ff00ff00ff",
    "00ff00ff00ff00fe",
    "ff00ff00ff00ff00",
    "123456789abcdef0",
    "0" * 16,
    "",
    "z" * 16,
)


@st.composite
def rows(draw: st.DrawFn) -> list[ClipRow]:
    found = []
    for number in range(draw(st.integers(0, 6))):
        count = draw(st.integers(2, 5))
        made = clip(seed=f"{number}", count=count)
        told = draw(st.lists(st.sampled_from(_HASHES), min_size=count, max_size=count))
        frames = tuple(
            replace(frame, perceptual_hash=each) for frame, each in zip(made.frames, told, strict=True)
        )
        found.append(replace(made, frames=frames, video_id=draw(st.sampled_from(("one", "two", "three")))))
    return found


@given(rows(), st.integers(0, 6))
@settings(max_examples=150, deadline=None)
def test_it_finds_what_comparing_every_two_finds(made: list[ClipRow], bits: int) -> None:
    pairs = [
        (one, other)
        for one, other in combinations(range(len(made)), 2)
        if made[one].video_id != made[other].video_id and look_alike(made[one], made[other], bits=bits)
    ]
    assert alike_clips(made, bits=bits) == pairs


@given(rows())
@settings(max_examples=50, deadline=None)
def test_it_does_not_matter_which_comes_first(made: list[ClipRow]) -> None:
    for one, other in combinations(made, 2):
        assert look_alike(one, other, bits=6) == look_alike(other, one, bits=6)
