"""Makes rows of planned clips: pictures cut out and packed, movements measured, words put together, and the
stretch of film that they are from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from grandrounds.errors import SourceError
from grandrounds.fingerprint import sha256_text
from grandrounds.needs import ClipNeed
from grandrounds.records.clip import ClipFrame, ClipRow
from grandrounds.records.video import VideoFrame
from grandrounds.videos import motion
from grandrounds.videos.clips_hearing import clip_words
from grandrounds.videos.container import SAME_TIME, pictures, probe
from grandrounds.videos.pixels import cropped, packed, pixels_sha256
from grandrounds.videos.repack import Repacker
from grandrounds.videos.values import FrameIndex, Movement, Picture, PlannedClip, Words

_AT_ONCE = 24
"""Clips whose frames are decoded in one pass: of each a picture is in memory."""

_STOOD_STILL = Movement(change=0.0, x=0.0, y=0.0, share=0.0)


class ClipMaker:
    """Makes the clips of one video. ``notes`` say what could not be made, and why."""

    def __init__(
        self,
        path: Path,
        index: FrameIndex,
        looked: Sequence[VideoFrame],
        *,
        words: Words,
        offset: float,
        asked: ClipNeed,
        keep: Callable[[bytes], str],
    ) -> None:
        self.notes: list[str] = []
        self._path = path
        self._index = index
        self._seen = {frame.frame: frame for frame in looked}
        self._words = words
        self._offset = offset
        self._asked = asked
        self._keep = keep
        self._repacker = Repacker(path, index)

    def clips(self, plans: Sequence[PlannedClip]) -> Iterator[tuple[PlannedClip, ClipRow]]:
        """The bare rows of planned clips, in their order, each with its plan; those whose pictures can't be
        had are left out. Frames are decoded in one pass for many clips."""
        for begin in range(0, len(plans), _AT_ONCE):
            some = plans[begin : begin + _AT_ONCE]
            made = self._cut_out(some)
            for planned, frames in zip(some, made, strict=True):
                if len(frames) == len(planned.frames):
                    yield planned, self._row(planned, frames)
                else:
                    self.notes.append(
                        f"The clip from {planned.start_seconds:.2f} s was given up: "
                        "a frame can't be decoded again."
                    )

    def _cut_out(self, plans: Sequence[PlannedClip]) -> list[list[ClipFrame]]:
        """The frames of each plan, as far as they can be decoded."""
        made: list[list[ClipFrame]] = [[] for _ in plans]
        held: dict[int, Picture] = {}
        numbers = sorted({number for planned in plans for number in planned.frames})
        for number, picture in pictures(self._path, self._index, numbers):
            inside = cropped(picture, self._seen[number].crop)
            if inside is None:
                continue
            bare = self._frame(number, inside)
            for place, planned in enumerate(plans):
                if number not in planned.frames:
                    continue
                before = made[place][-1].scene if made[place] else None
                moved = _movement(held.get(place), inside, same=before == bare.scene)
                made[place].append(
                    replace(
                        bare,
                        change=moved.change,
                        motion_x=moved.x,
                        motion_y=moved.y,
                        motion_share=moved.share,
                    )
                )
                held[place] = inside
                if number == planned.frames[-1]:
                    del held[place]
        return made

    def _frame(self, number: int, picture: Picture) -> ClipFrame:
        """A frame that nothing came before."""
        seen = self._seen[number]
        return ClipFrame(
            frame=number,
            seconds=float(self._index.seconds[number]),
            end_seconds=self._index.end_of(number),
            scene=seen.scene,
            sha256=self._keep(packed(picture)),
            pixels_sha256=pixels_sha256(picture),
            crop=seen.crop,
            width=picture.shape[1],
            height=picture.shape[0],
            sharpness=seen.sharpness,
            perceptual_hash=seen.perceptual_hash,
            change=0.0,
            motion_x=0.0,
            motion_y=0.0,
            motion_share=0.0,
        )

    def _row(self, planned: PlannedClip, frames: Sequence[ClipFrame]) -> ClipRow:
        text, cues = clip_words(
            planned.cues,
            self._words,
            self._index,
            offset=self._offset,
            seconds=[frame.seconds for frame in frames],
            window=self._asked.window_seconds,
        )
        film, mime, note = self._film(planned, frames)
        return ClipRow(
            evidence_id="",
            source_id="",
            source_sha256="",
            video_id="",
            group_id="",
            start_seconds=planned.start_seconds,
            end_seconds=planned.end_seconds,
            coherence=planned.coherence,
            sequence=planned.sequence,
            frames=tuple(frames),
            text=text,
            text_sha256=sha256_text(text),
            text_origin=self._words.origin if cues else "none",
            cues=cues,
            poses=planned.poses,
            clip_sha256=self._keep(film) if film else "",
            clip_mime=mime,
            language="",
            licence="unknown",
            notes=(note,) if note else (),
        )

    def _film(self, planned: PlannedClip, frames: Sequence[ClipFrame]) -> tuple[bytes, str, str]:
        """The stretch of film, its type, and a note where there is none. It goes along only if the very
        pixels come out of it again."""
        try:
            first = min(planned.frames[0], self._index.at(planned.start_seconds))
            last = max(planned.frames[-1], self._index.at(planned.end_seconds))
            film, mime = self._repacker.stretch(first, last)
            if not _comes_out(film, frames):
                raise SourceError("Other pixels come out of it.")
        except SourceError as exc:
            return b"", "", f"The stretch of film could not be copied: {exc.what}"
        return film, mime, ""


def _movement(before: Picture | None, after: Picture, *, same: bool) -> Movement:
    """How a frame came from the one before; across a cut only by how much they differ."""
    if before is None:
        return _STOOD_STILL
    if before.shape != after.shape:
        height, width = after.shape[:2]
        smaller = cv2.resize(before, (width, height), interpolation=cv2.INTER_AREA)
        before = np.asarray(smaller, dtype=np.uint8)
    moved = motion.between(before, after)
    return moved if same else Movement(change=moved.change, x=0.0, y=0.0, share=0.0)


def _comes_out(film: bytes, frames: Sequence[ClipFrame]) -> bool:
    """Whether the frames can be cut from a stretch of film, pixel for pixel."""
    _, index = probe(film)
    places = {index.at(frame.seconds + SAME_TIME): frame for frame in frames}
    if any(abs(float(index.seconds[at]) - frame.seconds) > SAME_TIME for at, frame in places.items()):
        return False
    found = 0
    for at, picture in pictures(film, index, sorted(places)):
        inside = cropped(picture, places[at].crop)
        found += inside is not None and pixels_sha256(inside) == places[at].pixels_sha256
    return found == len(frames)
