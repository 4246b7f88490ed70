"""The pictures of a fact's key slices: drawn the same way by an author and by whoever checks a release.

Nothing in a picture or its caption may give the answer away. Boxes are drawn without names. The window goes
by all structures that a question, its boxes and its options name together, so that it is the same whichever
of them is right.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from grandrounds.imaging.fact import Fact, KeySlice
from grandrounds.records.parts import Locator
from grandrounds.records.scan import Scan
from grandrounds.records.volume import VolumeRecord, Window
from grandrounds.volumes.instances import instance_at

if TYPE_CHECKING:
    from grandrounds.volumes.pictures import Picture, Shown

PLANES = ("sagittal", "coronal", "axial")
_PATIENT = "patient"
_HOUNSFIELD = "hu"


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnSlice:
    """A key slice as a picture.

    ``caption`` says plane, index and window; ``locator`` is of the whole slice.
    """

    shown: KeySlice
    picture: Picture
    caption: str
    locator: Locator


def draw(fact: Fact, scan: Scan, volume: Shown) -> tuple[DrawnSlice, ...]:
    """The fact's key slices, in order. ``volume`` is the scan's image, opened.

    Raises ``PictureError`` for a slice or box that the volume does not have.
    """
    from grandrounds.volumes.pictures import default_window

    if not fact.slices:
        return ()
    window = default_window(scan.volume, volume.data, names_in_play(fact, scan))
    return tuple(_drawn(shown, scan, volume, window) for shown in fact.slices)


def names_in_play(fact: Fact, scan: Scan) -> tuple[str, ...]:
    """The names of all structures that the fact has boxes of or takes options from, sorted."""
    referred = (scan.structure(origin.reference) for origin in fact.wrong if origin.reference)
    names = {box.name for box in fact.boxes} | {row.name for row in referred if row is not None}
    return tuple(sorted(name for name in names if name))


def slice_locator(volume: VolumeRecord, shown: KeySlice, box: tuple[int, ...] = ()) -> Locator:
    """Where a key slice lies; ``box`` is what it shows there, the whole slice where none is given."""
    instance = instance_at(volume, shown.index)
    if instance is not None and instance.axis != shown.axis:
        instance = None
    return Locator(
        kind="voxel_box",
        slice_axis=shown.axis,
        slice_index=shown.index,
        sop_instance_uid=instance.sop_instance_uid if instance else None,
        box=tuple(float(edge) for edge in box or whole_slice(volume, shown)),
    )


def slice_source(volume: VolumeRecord, shown: KeySlice) -> str:
    """The source that a key slice came from: its own file where there is one a slice."""
    instance = instance_at(volume, shown.index)
    if instance is not None and instance.axis == shown.axis and instance.source_id:
        return instance.source_id
    return volume.source_ids[0]


def whole_slice(volume: VolumeRecord, shown: KeySlice) -> tuple[int, ...]:
    """The half-open box of all voxels of a slice."""
    start, stop = [0, 0, 0], list(volume.shape[:3])
    start[shown.axis], stop[shown.axis] = shown.index, shown.index + 1
    return (*start, *stop)


def crosses(box: tuple[int, ...], shown: KeySlice) -> bool:
    """Whether a slice goes through a half-open box."""
    return box[shown.axis] <= shown.index < box[shown.axis + 3]


def _drawn(shown: KeySlice, scan: Scan, volume: Shown, window: Window | None) -> DrawnSlice:
    from grandrounds.volumes.pictures import BoxMark, boxes_on, slice_picture

    picture = slice_picture(volume, axis=shown.axis, index=shown.index, window=window)
    rows = (scan.structure(structure_id) for structure_id in shown.draws)
    marks = [BoxMark(name="", box=row.box) for row in rows if row is not None and crosses(row.box, shown)]
    return DrawnSlice(
        shown=shown,
        picture=boxes_on(picture, marks, names=False) if marks else picture,
        caption=_caption(shown, scan.volume, window, boxes=len(marks)),
        locator=slice_locator(scan.volume, shown),
    )


def _caption(shown: KeySlice, volume: VolumeRecord, window: Window | None, *, boxes: int) -> str:
    said = [f"{PLANES[shown.axis].capitalize()} slice {shown.index}"]
    if volume.space != _PATIENT:
        said = ["The image"] if volume.shape[shown.axis] == 1 else [f"Slice {shown.index}"]
    if window is not None:
        unit = " HU" if volume.intensity == _HOUNSFIELD else ""
        name = f"{window.name} window" if window.name else "window"
        said.append(f"{name}, center {window.center:g}{unit}, width {window.width:g}{unit}")
    if boxes:
        said.append("a box outlined" if boxes == 1 else f"{boxes} boxes outlined")
    return "; ".join(said)
