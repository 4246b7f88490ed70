"""Each frame that is looked at gets a verdict: kept, or why it is left out, with what was measured.

    for row, picture in look_through(wanted, index, scenes, pictures, looker=Looker(asked, PeopleFinder())):
        ...

All frames of a scene share one crop and one usual sharpness, taken from a few of them spread over it. What
is dear (faces, reading text) is done last, on frames that would be kept; others are only glanced at, so
that no thumbnail shows a face. Frames of a scene are judged in order of time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

import numpy as np
from PIL import Image

from grandrounds.figures.hashes import distance, hash_of
from grandrounds.needs import ClipNeed
from grandrounds.records.video import KEPT, VideoFrame
from grandrounds.videos.area import area_share, medical_area
from grandrounds.videos.people import PeopleFinder
from grandrounds.videos.people_text import is_slide, text_rows
from grandrounds.videos.quality import (
    Box,
    Grey,
    Measures,
    blur_fault,
    change_of,
    cropped,
    grey_of,
    is_frozen,
    light_fault,
    looks_alike,
    measure,
    small_of,
)
from grandrounds.videos.values import FrameIndex, Picture, Scene

SAMPLED = 5
"""Frames of a scene by which its crop and usual sharpness are judged."""

FACE, NAME = "face", "name"
_ENOUGH = 3  # frames before a scene has a usual sharpness
_LEAST_LIGHT = ("black", "blank")
_UNSHOWN = (FACE, NAME, "slide")

PictureSource = Callable[[Sequence[int]], Iterator[tuple[int, Picture]]]
"""Decodes frames by number, rising: ``container.pictures`` of a film."""


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """A frame of the scene that was looked at: its row and small grey crop."""

    row: VideoFrame
    small: Grey


@dataclass(slots=True, eq=False)
class _SceneView:
    """What is known of the scene that is looked at."""

    number: int
    crop: Box
    shape: tuple[int, ...]
    sampled: bool = False
    details: list[float] = field(default_factory=list)
    grey: Grey | None = None
    before: _Seen | None = None
    kept: list[_Seen] = field(default_factory=list)
    faced: bool = False

    def add(self, measures: Measures) -> None:
        """Count a frame for the scene's usual sharpness, if there is enough light in it."""
        if not light_fault(measures)[0]:
            self.details.append(measures.detail)

    @property
    def usual_detail(self) -> float | None:
        return float(np.median(self.details)) if len(self.details) >= _ENOUGH else None


class Looker:
    """Judges the frames of one film, in order of time."""

    def __init__(self, asked: ClipNeed, people: PeopleFinder | None) -> None:
        self._asked = asked
        self._people = people or PeopleFinder(faces=None, rows=None)
        self._view: _SceneView | None = None

    def begin_scene(self, number: int, sample: Sequence[Picture]) -> None:
        """Take the crop and the usual sharpness of a scene from a few of its frames, spread over it."""
        view = _SceneView(number=number, crop=medical_area(sample), shape=sample[0].shape)
        if len(sample) > 1:
            for picture in (one for one in sample if one.shape == view.shape):
                grey = cropped(grey_of(picture), view.crop)
                view.add(measure(grey, small_of(grey)))
        view.sampled = len(sample) > 1
        self._view = view

    def look(
        self, frame: int, seconds: float, scene: int, picture: Picture, crop: Sequence[int] | None = None
    ) -> VideoFrame:
        """The row of a frame.

        A scene that was not begun takes ``crop``, else that of its first frame alone, and judges sharpness
        by the frames it had so far.
        """
        view = self._view
        if view is None or view.number != scene or view.shape != picture.shape:
            box = medical_area([picture]) if crop is None else (crop[0], crop[1], crop[2], crop[3])
            view = self._view = _SceneView(number=scene, crop=box, shape=picture.shape)
        whole = grey_of(picture)
        grey = cropped(whole, view.crop)
        small = small_of(grey)
        measures = measure(grey, small)
        if not view.sampled:
            view.add(measures)
        row = VideoFrame(
            frame=frame,
            seconds=seconds,
            scene=scene,
            verdict=KEPT,
            crop=view.crop,
            medical_area=area_share(view.crop, picture),
            sharpness=measures.sharpness,
            brightness=measures.brightness,
            contrast=measures.contrast,
            motion=change_of(view.grey, grey) if view.grey is not None else 0.0,
            perceptual_hash=hash_of(Image.fromarray(cropped(picture, view.crop))),
        )
        row = self._judged(row, picture, whole, measures, small)
        seen = _Seen(row, small)
        view.grey, view.before = grey, seen
        if row.verdict == KEPT:
            view.kept.append(seen)
        return row

    def _judged(
        self, row: VideoFrame, picture: Picture, whole: Grey, measures: Measures, small: Grey
    ) -> VideoFrame:
        """The row with its verdict, by the cheapest test that leaves the frame out."""
        verdict, reason = light_fault(measures)
        if verdict in _LEAST_LIGHT:
            return replace(row, verdict=verdict, reason=reason)
        repeat = self._repeat(row, small)
        if repeat is not None:
            return repeat
        rows = text_rows(whole)
        if is_slide(whole, rows):
            verdict, reason = "slide", f"{len(rows)} rows of text on an even ground"
        elif not verdict:
            verdict, reason = self._area_fault(row)
        if not verdict:
            verdict, reason = blur_fault(measures, self._view.usual_detail if self._view else None)
        if verdict:
            return replace(row, verdict=verdict, reason=reason, faces=self._glanced(picture))
        return self._of_people(row, picture, whole, rows)

    def _repeat(self, row: VideoFrame, small: Grey) -> VideoFrame | None:
        """The row of a frame that shows what one before it does; with that one's people, if any."""
        view = self._view
        assert view is not None
        before = view.before
        if before is not None and is_frozen(before.small, small):
            reason = f"the same picture as frame {before.row.frame}"
            return replace(row, verdict="frozen", reason=reason, faces=_people_of(before.row))
        for other in reversed(view.kept):
            apart = distance(other.row.perceptual_hash, row.perceptual_hash)
            if apart <= self._asked.near_frame and looks_alike(other.small, small):
                reason = f"like frame {other.row.frame} ({apart} of 64 bits differ, and no part much)"
                return replace(row, verdict="duplicate", reason=reason, faces=other.row.faces)
        return None

    def _area_fault(self, row: VideoFrame) -> tuple[str, str]:
        x0, y0, x1, y1 = row.crop
        if row.medical_area < self._asked.smallest_area:
            return "small_area", f"the picture proper covers {row.medical_area:.0%} of the frame"
        if min(x1 - x0, y1 - y0) < self._asked.smallest_side:
            return "small_area", f"the picture proper is {x1 - x0} x {y1 - y0} pixels"
        return "", ""

    def _glanced(self, picture: Picture) -> int:
        return len(self._people.glance(picture))

    def _of_people(self, row: VideoFrame, picture: Picture, whole: Grey, rows: Sequence[Box]) -> VideoFrame:
        """The row with faces and words, and the verdict that follows where the recipe refuses people."""
        refuse = self._asked.people == "refuse"
        people = self._people
        if refuse and not people.sees_faces:
            return replace(row, verdict=FACE, reason="faces could not be looked for")
        view = self._view
        assert view is not None
        # A person seen before is likely still there, and may only have gone farther away.
        faces = people.faces(picture, closely=view.faced)
        view.faced = view.faced or bool(faces)
        if faces and refuse:
            return replace(row, verdict=FACE, reason=_faces_told(faces), faces=len(faces))
        reading = people.names(whole, rows)
        reason = _faces_told(faces) if faces else ""
        told = " and ".join(reading.telling) or (reading.unread and "text that could not be read")
        if told:
            reason = "; ".join(part for part in (reason, f"it shows {told}") if part)
        if told and refuse:
            return replace(row, verdict=NAME, reason=reason, faces=len(faces))
        return replace(row, reason=reason, faces=len(faces), words=reading.words)


def look_through(
    wanted: Sequence[int],
    index: FrameIndex,
    scenes: Sequence[Scene],
    pictures: PictureSource,
    *,
    looker: Looker,
) -> Iterator[tuple[VideoFrame, Picture]]:
    """Look at the ``wanted`` frames, scene by scene: each one's row, with its picture.

    At most six pictures are in memory. Of a scene with more, five spread over it are decoded first for
    its crop, and once more in their turn. Frames that can't be decoded, or lie in no scene, are left out.
    """
    firsts = [scene.first for scene in scenes]
    for place, group in groupby(
        wanted, key=lambda frame: int(np.searchsorted(firsts, frame, side="right"))
    ):
        if not place:
            continue
        number, stop = scenes[place - 1].number, scenes[place - 1].stop
        frames = [frame for frame in group if frame < stop]
        if len(frames) <= SAMPLED + 1:
            held = list(pictures(frames))
            sample = [picture for _, picture in held]
        else:
            held = None
            sample = [picture for _, picture in pictures(_spread(frames, index))]
        if not sample:
            continue
        looker.begin_scene(number, sample)
        del sample
        for frame, picture in held if held is not None else pictures(frames):
            yield looker.look(frame, float(index.seconds[frame]), number, picture), picture


def may_show(row: VideoFrame) -> bool:
    """Whether a thumbnail of the frame may be shown: it has no face, no name, and is no page of text."""
    return not row.faces and row.verdict not in _UNSHOWN


def _spread(frames: Sequence[int], index: FrameIndex) -> list[int]:
    """Five frames spread over a scene; of two neighbours a keyframe rather, which is cheap to decode."""
    places = np.linspace(0, len(frames) - 1, SAMPLED).round().astype(int).tolist()
    chosen = set()
    for place in places:
        near = [frames[other] for other in (place, place - 1, place + 1) if 0 <= other < len(frames)]
        chosen.add(next((frame for frame in near if index.keyframe[frame]), near[0]))
    return sorted(chosen)


def _people_of(row: VideoFrame) -> int:
    """Faces on a frame, for one that shows the same; 1 for a name, so that it isn't shown either."""
    return row.faces or int(row.verdict in (FACE, NAME))


def _faces_told(faces: Sequence[Box]) -> str:
    largest = max(box[3] - box[1] for box in faces)
    number = "a face" if len(faces) == 1 else f"{len(faces)} faces"
    return (
        f"{number}, the largest {largest} pixels high"
        if len(faces) > 1
        else f"{number}, {largest} pixels high"
    )
