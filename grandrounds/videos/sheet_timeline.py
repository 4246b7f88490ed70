"""The line of time on a contact sheet: the film from left to right, with what was found in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grandrounds.records.video import KEPT, VideoCue, VideoFrame
from grandrounds.videos.sheet_drawing import (
    CUE,
    DARK,
    GREY,
    PALE,
    SHADES,
    Canvas,
    clip_colour,
    clock,
    colour_of,
)
from grandrounds.videos.values import CutsFound, FrameIndex, Scene

_LANE = 14
_MOST_LANES = 8
_BETWEEN = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Draws strips, one below the other; each gives where the next may begin. ``left`` and ``right`` bound
    them, names stand at ``margin``."""

    canvas: Canvas
    index: FrameIndex
    margin: int
    left: int
    right: int

    def scenes(self, y: int, scenes: Sequence[Scene], cuts: CutsFound) -> int:
        """Scenes with their numbers, cuts between them; gradual ones hatched."""
        self._name(y + 3, "scenes and cuts")
        for place, scene in enumerate(scenes):
            begin, stop = self._at_frame(scene.first), self._at(self.index.end_of(scene.stop - 1))
            self.canvas.box(begin, y, max(stop, begin + 1), y + 26, SHADES[place % 2])
            if stop - begin > 22:
                self.canvas.text((begin + stop) // 2, y + 5, str(place + 1), DARK, size=13, middle=True)
        for cut in cuts.cuts:
            if cut.start_seconds < cut.seconds:
                self.canvas.hatched(self._at(cut.start_seconds), y, self._at(cut.seconds), y + 26)
            self.canvas.box(self._at(cut.seconds) - 1, y - 4, self._at(cut.seconds) + 1, y + 30, DARK)
        return y + 26 + _BETWEEN

    def frames(self, y: int, frames: Sequence[VideoFrame]) -> int:
        """Frames that were looked at, in the colour of what became of them; kept ones are taller."""
        self._name(y + 2, "frames looked at")
        self.canvas.box(self.left, y, self.right, y + 22, PALE)
        for frame in sorted(frames, key=lambda one: one.verdict == KEPT):
            top = y + (3 if frame.verdict == KEPT else 11)
            x = self._at(frame.seconds)
            self.canvas.box(x, top, x + 2, y + 20, colour_of(frame.verdict))
        return y + 22 + _BETWEEN

    def clips(self, y: int, clips: Sequence[Sequence[int]]) -> int:
        """Clips with the times of their frames; those that overlap lie in lanes."""
        lanes = self._lanes(clips)
        bottom = y + _LANE * max(1, 1 + max(lanes, default=0)) + 8
        self._name(y + 2, "clips")
        self.canvas.box(self.left, y, self.right, bottom, PALE)
        for number, (clip, lane) in enumerate(zip(clips, lanes, strict=True)):
            places, middle = [self._at_frame(frame) for frame in clip], y + 4 + _LANE * lane + _LANE // 2
            self.canvas.box(
                places[0], middle - 2, max(places[-1], places[0] + 4), middle + 2, clip_colour(number)
            )
            for x in places:
                self.canvas.box(x - 2, middle - 6, x + 2, middle + 6, clip_colour(number))
        return bottom + _BETWEEN

    def words(self, y: int, cues: Sequence[VideoCue]) -> int:
        """When something is said."""
        self._name(y + 2, "words")
        self.canvas.box(self.left, y, self.right, y + 22, PALE)
        for cue in cues:
            x = self._at(cue.start_seconds)
            self.canvas.box(x, y + 5, max(self._at(cue.end_seconds) - 1, x + 2), y + 17, CUE)
        return y + 22 + _BETWEEN

    def times(self, y: int) -> int:
        """Five times along the line."""
        start, end = float(self.index.seconds[0]), self.index.end_seconds
        for share in range(5):
            seconds = start + (end - start) * share / 4
            self.canvas.text(
                self._at(seconds),
                y,
                clock(seconds),
                GREY,
                size=13,
                middle=0 < share < 4,
                right=share == 4,
            )
        return y + 26

    def _lanes(self, clips: Sequence[Sequence[int]]) -> list[int]:
        """The lane of each clip: the first that is free where it begins."""
        ends: list[int] = []
        lanes = []
        for clip in clips:
            begin, end = self._at_frame(clip[0]), self._at_frame(clip[-1])
            lane = next((n for n, taken in enumerate(ends) if taken + 5 < begin), len(ends))
            if lane == len(ends):
                ends.append(end)
            ends[lane] = max(ends[lane], end)
            lanes.append(lane % _MOST_LANES)
        return lanes

    def _name(self, y: int, words: str) -> None:
        self.canvas.text(self.margin, y, words, GREY, size=14)

    def _at_frame(self, frame: int) -> int:
        return self._at(float(self.index.seconds[frame]))

    def _at(self, seconds: float) -> int:
        start, end = float(self.index.seconds[0]), self.index.end_seconds
        share = (seconds - start) / (end - start) if end > start else 0.0
        return self.left + round(min(max(share, 0.0), 1.0) * (self.right - self.left))
