"""Neighbouring frames of which two differ far more than the others: which two it is can then be asked.

Frames that are spread evenly over a scene differ by much the same, and no step stands out. What was
measured between frames that were looked at one after the other tells where one does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise

from grandrounds.records.clip import SCENE
from grandrounds.records.video import KEPT, VideoFrame
from grandrounds.videos.clips_candidate import Candidate, Ground
from grandrounds.videos.clips_choice import SHORTEST_GAP

LEAD = 1.7
"""How many times the second greatest step the greatest must be: more than the question asks for, because
both are measured anew on the pictures of the clip."""

_NOISE = 2.0  # grey values
_FEWEST = 4  # three pairs to choose from
_SCORE = 1.5


def by_jump(ground: Ground, looked: Sequence[VideoFrame]) -> Iterator[Candidate]:
    """Runs of kept frames that were looked at one after the other, with one step that leads clearly."""
    for _, together in groupby(looked, key=lambda frame: (frame.scene, frame.verdict == KEPT)):
        frames = list(together)
        if frames[0].verdict != KEPT:
            continue
        for size in range(ground.asked.most_frames, max(_FEWEST, ground.asked.least_frames) - 1, -1):
            for start in range(len(frames) - size + 1):
                run = frames[start : start + size]
                lead = _lead(run)
                if lead >= LEAD and _apart(run):
                    score = _SCORE + min(lead, 2 * LEAD) / 10 + 0.1 * size
                    yield Candidate(frames=tuple(run), coherence=SCENE, score=score, fills=True)


def _lead(run: Sequence[VideoFrame]) -> float:
    """How many times the second greatest step of a run the greatest is; 0 where all is noise."""
    steps = sorted((frame.motion for frame in run[1:]), reverse=True)
    return steps[0] / steps[1] if steps[1] >= _NOISE else 0.0


def _apart(run: Sequence[VideoFrame]) -> bool:
    """Whether neighbours of a run stand apart in time. They may look much the same: that is what makes the
    one step stand out."""
    return all(after.seconds - before.seconds >= SHORTEST_GAP - 1e-9 for before, after in pairwise(run))
