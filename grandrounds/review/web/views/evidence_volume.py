"""A volume as a reader sees it: what a viewer needs to know, pictures that the solver sees, boxes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from grandrounds.records.envelope import Candidate
from grandrounds.records.parts import Locator
from grandrounds.records.volume import VolumeRecord
from grandrounds.review.web.views.evidence_pictures import PictureShown, pictures_of
from grandrounds.volumes.pictures_draw import colour_of

MOST_AT_ONCE = 96 << 20
"""Bytes of a volume that the browser loads without being asked to."""

_AXES = {0: "sagittal", 1: "coronal", 2: "axial"}


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxShown:
    """A box by its place among the item's, from 0: half-open voxels, a name (empty where it would tell the
    answer), a role, a colour."""

    number: int
    name: str
    role: str
    voxels: tuple[int, ...]
    colour: tuple[int, int, int]
    label: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cited:
    """A slice that the item rests on or shows: ``place`` is the voxel in which all three planes meet."""

    axis: int
    index: int
    place: tuple[int, int, int]
    role: str
    words: str
    media: str = ""

    @property
    def plane(self) -> str:
        """``sagittal``, ``coronal`` or ``axial``."""
        return _AXES[self.axis]


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskShown:
    """A mask: its media and the labels in it that have names. None of it is there when blind."""

    media: str
    bytes: int
    labels: tuple[tuple[int, str, tuple[int, int, int]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumePane:
    """The pane of a volume. ``axes`` are those across which it has pictures, axial first. ``start`` is
    where the planes meet at first. ``at_once`` tells whether it is small enough to be loaded unasked."""

    media: str
    bytes: int
    shape: tuple[int, ...]
    spacing: tuple[float, ...]
    modality: str
    intensity: str
    space: str
    axes: tuple[int, ...]
    start: tuple[int, int, int]
    times: tuple[float, ...]
    time_unit: str
    pictures: tuple[PictureShown, ...]
    cited: tuple[Cited, ...]
    boxes: tuple[BoxShown, ...]
    masks: tuple[MaskShown, ...]
    at_once: bool
    reason: str
    citation: str
    blind: bool
    kind: str = "volume"
    template: str = "evidence/volume.html"

    def told(self) -> dict[str, Any]:
        """What the viewer's script is told, as JSON-able values."""
        return {
            "media": self.media,
            "bytes": self.bytes,
            "shape": self.shape,
            "spacing": self.spacing,
            "space": self.space,
            "intensity": self.intensity,
            "axes": self.axes,
            "start": self.start,
            "times": self.times,
            "timeUnit": self.time_unit,
            "cited": [asdict(cited) for cited in self.cited],
            "boxes": [asdict(box) for box in self.boxes],
            "masks": [asdict(mask) for mask in self.masks],
            "atOnce": self.at_once,
        }


def volume_pane(
    volume: VolumeRecord, masks: Sequence[VolumeRecord], candidate: Candidate, *, blind: bool
) -> VolumePane:
    """The pane of a volume. Blind, boxes have no names, those of options and answer are left out, and so
    are masks: any of them could tell the answer."""
    shape = (*volume.shape[:3], *(1 for _ in range(3 - len(volume.shape))))
    sides = (int(shape[0]), int(shape[1]), int(shape[2]))
    boxes = boxes_of(candidate, blind=blind)
    cited = _cited(candidate, sides, blind=blind)
    return VolumePane(
        media=volume.sha256 or "",
        bytes=volume.bytes,
        shape=volume.shape,
        spacing=volume.spacing,
        modality=volume.modality or "",
        intensity=volume.intensity,
        space=volume.space,
        axes=axes_of(sides),
        start=_start(sides, cited, boxes),
        times=volume.time_values,
        time_unit=volume.time_unit,
        pictures=pictures_of(candidate),
        cited=cited,
        boxes=boxes,
        masks=() if blind else tuple(_mask(mask, boxes) for mask in masks),
        at_once=volume.bytes <= MOST_AT_ONCE,
        reason=volume.reason,
        citation=volume.citation or candidate.citation,
        blind=blind,
    )


def boxes_of(candidate: Candidate, *, blind: bool) -> tuple[BoxShown, ...]:
    """The item's boxes, each with a colour of its own that slices and viewer share."""
    return tuple(
        BoxShown(
            number=number,
            name="" if blind else box.name,
            role=box.role,
            voxels=box.voxels,
            colour=colour_of(number),
            label=box.label,
        )
        for number, box in enumerate(candidate.boxes)
        if not blind or box.role in ("asked", "shown")
    )


def axes_of(shape: Sequence[int]) -> tuple[int, ...]:
    """The axes across which a volume has pictures (not lines), axial first."""
    made = []
    for axis in (2, 1, 0):
        others = [shape[other] for other in range(3) if other != axis]
        if not (min(others) == 1 and 1 in shape and shape[axis] != 1):
            made.append(axis)
    return tuple(made)


def _mask(mask: VolumeRecord, boxes: Sequence[BoxShown]) -> MaskShown:
    """A mask; structures that have a box have the box's colour."""
    own = {box.label: box.colour for box in reversed(boxes)}
    return MaskShown(
        media=mask.sha256 or "",
        bytes=mask.bytes,
        labels=tuple(
            (label.value, label.name, own.get(label.value, colour_of(label.value)))
            for label in mask.labels
            if label.value
        ),
    )


def _cited(candidate: Candidate, shape: tuple[int, int, int], *, blind: bool) -> tuple[Cited, ...]:
    found: list[Cited] = []
    if not blind:
        for evidence in candidate.evidence:
            if evidence.evidence_id == candidate.evidence_id:
                found += _place(evidence.locator, shape, role=evidence.role, words=evidence.quote)
    for media in candidate.media:
        if media.kind == "image" and media.locator is not None:
            words = media.label or media.caption
            found += _place(media.locator, shape, role="shown", words=words, media=media.sha256)
    once: dict[tuple[int, int], Cited] = {}
    for cited in found:
        known = once.setdefault((cited.axis, cited.index), cited)
        if cited.media and not known.media:
            once[cited.axis, cited.index] = replace(known, media=cited.media)
    return tuple(once.values())


def _place(
    locator: Locator, shape: tuple[int, int, int], *, role: str, words: str, media: str = ""
) -> list[Cited]:
    """The slice that a locator names, when the volume has it."""
    axis, index, box = locator.slice_axis, locator.slice_index, locator.box
    if locator.kind != "voxel_box" or axis not in _AXES or index is None or not 0 <= index < shape[axis]:
        return []
    middle = [side // 2 for side in shape]
    if len(box) == 6:
        middle = [min(max(int((box[n] + box[n + 3] - 1) / 2), 0), side - 1) for n, side in enumerate(shape)]
    middle[axis] = index
    place = (middle[0], middle[1], middle[2])
    return [Cited(axis=axis, index=index, place=place, role=role, words=words, media=media)]


def _start(
    shape: tuple[int, int, int], cited: Sequence[Cited], boxes: Sequence[BoxShown]
) -> tuple[int, int, int]:
    for box in boxes:
        if box.role == "asked" and len(box.voxels) == 6:
            low, high = box.voxels[:3], box.voxels[3:]
            i, j, k = (
                min(max((a + b - 1) // 2, 0), side - 1) for a, b, side in zip(low, high, shape, strict=True)
            )
            return i, j, k
    if cited:
        return cited[0].place
    return shape[0] // 2, shape[1] // 2, shape[2] // 2
