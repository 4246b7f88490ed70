"""Looks at the frames that may be worth asking about, and at a few by which the film is known again: in one
pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
from PIL import Image

from grandrounds.errors import SourceError
from grandrounds.figures.hashes import hash_of
from grandrounds.needs import ClipNeed
from grandrounds.records.video import VideoFrame
from grandrounds.videos.container import pictures
from grandrounds.videos.jobs import MARKS
from grandrounds.videos.looking import Looker, look_through, may_show
from grandrounds.videos.people import PeopleFinder
from grandrounds.videos.pixels import cropped
from grandrounds.videos.values import FrameIndex, Picture, Scene

_THUMBNAIL = 320
_QUALITY = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """What was seen: the frames, in order; small pictures of those that may be shown, by number; how many
    frames could not be decoded; hashes of pictures at fixed shares of the film's length (empty where one
    could not be had); notes."""

    frames: tuple[VideoFrame, ...]
    thumbnails: dict[int, bytes] = field(repr=False)
    missing: int = 0
    marks: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def look_at(
    path: Path,
    index: FrameIndex,
    scenes: Sequence[Scene],
    numbers: Sequence[int],
    *,
    asked: ClipNeed,
    keep: Callable[[bytes], str],
) -> Looks:
    """Look at the frames ``numbers`` (rising) of a film."""
    marked = _Marked(path, index)
    people = PeopleFinder()
    looker = Looker(asked, people)
    seen: list[VideoFrame] = []
    thumbnails: dict[int, bytes] = {}
    for row, picture in look_through(numbers, index, scenes, marked.pictures, looker=looker):
        if may_show(row):
            small = _thumbnail(picture, row.crop)
            thumbnails[row.frame] = small
            seen.append(replace(row, thumbnail=keep(small)))
        else:
            seen.append(row)
    return Looks(
        frames=tuple(seen),
        thumbnails=thumbnails,
        missing=len(numbers) - len(seen),
        marks=marked.hashes(),
        notes=people.notes,
    )


class _Marked:
    """Decodes frames that are asked for, and on the way those by which the film is known again."""

    def __init__(self, path: Path, index: FrameIndex) -> None:
        self._path = path
        self._index = index
        start, length = float(index.seconds[0]), index.end_seconds - float(index.seconds[0])
        self._places = [index.at(start + length * (n + 0.5) / MARKS) for n in range(MARKS)]
        self._found: dict[int, str] = {}

    def pictures(self, frames: Sequence[int]) -> Iterator[tuple[int, Picture]]:
        """A ``looking.PictureSource``."""
        wanted = set(frames)
        near = {n for n in self._left() if frames and frames[0] <= n <= frames[-1]}
        for number, picture in pictures(self._path, self._index, sorted(wanted | near)):
            if number in near:
                self._found[number] = hash_of(Image.fromarray(picture))
            if number in wanted:
                yield number, picture

    def hashes(self) -> tuple[str, ...]:
        """The hashes at all places, those decoded now that were not passed; none where one is missing."""
        try:
            for number, picture in pictures(self._path, self._index, sorted(self._left())):
                self._found[number] = hash_of(Image.fromarray(picture))
        except SourceError:
            return ()
        return () if self._left() else tuple(self._found[place] for place in self._places)

    def _left(self) -> set[int]:
        return set(self._places) - self._found.keys()


def _thumbnail(picture: Picture, crop: Sequence[int]) -> bytes:
    inside = cropped(picture, crop)
    inside = picture if inside is None else inside
    scale = min(1.0, _THUMBNAIL / max(inside.shape[:2]))
    size = (max(1, round(inside.shape[1] * scale)), max(1, round(inside.shape[0] * scale)))
    small = cv2.resize(inside, size, interpolation=cv2.INTER_AREA) if scale < 1 else inside
    done, data = cv2.imencode(".jpg", small[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return bytes(data) if done else b""
