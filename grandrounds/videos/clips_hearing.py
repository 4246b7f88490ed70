"""Which words belong to which frames: cues in the video's own seconds, their frames, a clip's words.

A cue belongs to the frames that lie within a window of it, and is said of the one nearest to its middle
(the *stressed* one; of two as near, the first).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grandrounds.records.clip import ClipCue
from grandrounds.records.parts import Span
from grandrounds.videos.transcript import cues_kept, timed
from grandrounds.videos.values import FrameIndex, Words

_SLACK = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A cue as it is heard in the video: its place in ``Words.cues``, seconds, words."""

    place: int
    start: float
    end: float
    text: str

    @property
    def middle(self) -> float:
        """The middle of its time."""
        return (self.start + self.end) / 2

    def distance(self, seconds: float) -> float:
        """How many seconds a time lies before or behind it; 0 within."""
        return max(self.start - seconds, seconds - self.end, 0.0)


def heard(words: Words, index: FrameIndex, offset: float) -> tuple[Heard, ...]:
    """The cues that are heard within the video, in order of time."""
    found = []
    for place in cues_kept(words, index, offset=offset):
        start, end, text = timed(words, place, index, offset=offset)
        found.append(Heard(place=place, start=start, end=end, text=text))
    return tuple(sorted(found, key=lambda cue: (cue.start, cue.end, cue.place)))


def frames_of(cue: Heard, seconds: Sequence[float], *, window: float) -> tuple[tuple[int, ...], int | None]:
    """The places in ``seconds`` (times of frames) that lie in the window of a cue, and the stressed one."""
    near = tuple(at for at, moment in enumerate(seconds) if cue.distance(moment) <= window + _SLACK)
    if not near:
        return (), None
    return near, min(near, key=lambda at: (cue.distance(seconds[at]), abs(seconds[at] - cue.middle), at))


def clip_words(
    places: Sequence[int],
    words: Words,
    index: FrameIndex,
    *,
    offset: float,
    seconds: Sequence[float],
    window: float,
) -> tuple[str, tuple[ClipCue, ...]]:
    """What is said in a clip, a line a cue, and its cues: for a ``ClipRow`` of a ``PlannedClip``.

    ``places`` are the plan's cues, ``seconds`` the times of its frames, ``window`` the need's
    ``window_seconds``.
    """
    lines: list[str] = []
    cues = []
    at = 0
    for place in places:
        start, end, text = timed(words, place, index, offset=offset)
        near, stressed = frames_of(
            Heard(place=place, start=start, end=end, text=text), seconds, window=window
        )
        cues.append(
            ClipCue(
                span=Span(start=at, end=at + len(text)),
                start_seconds=start,
                end_seconds=end,
                frames=near,
                stressed=stressed,
            )
        )
        lines.append(text)
        at += len(text) + 1
    return "\n".join(lines), tuple(cues)
