"""Pictures of canonical volumes: a slice as PNG, boxes and labels drawn on it, three mid-slices.

    seen = slice_picture(volume, axis=2, index=40, window=default_window(record, volume.data, ["liver"]))
    seen = boxes_on(labels_on(seen, mask.stored), [BoxMark(name="liver", box=row.box)])
    seen.png, seen.plane.to_pixel((i, j, k)), seen.plane.to_voxel(x, y)

How voxels lie in a picture is ``pictures_plane``; windows are ``pictures_windows``; many in one are
``pictures_montage``. Everything here is pure: the same voxels give the same bytes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from grandrounds.records.volume import VolumeRecord, Window
from grandrounds.volumes import pictures_draw as draw
from grandrounds.volumes.geometry import Affine, Array, spacing
from grandrounds.volumes.pictures_draw import Colour, Pixels, colour_of
from grandrounds.volumes.pictures_plane import PictureError, Plane, VoxelBox, plane
from grandrounds.volumes.pictures_windows import PRESETS, Preset, apply, default_window, finite, preset_for

_OPACITY = 0.4


class Shown(Protocol):
    """What a picture needs of a volume; ``grandrounds.volumes.volume.Volume`` has it, ``Voxels`` too.

    ``data`` is indexed [i, j, k(, time)] in real units. ``record`` (the evidence row) tells image space and
    windows; without it, patient space is taken.
    """

    @property
    def data(self) -> Array: ...  # noqa: D102 - see the class

    @property
    def affine(self) -> Affine: ...  # noqa: D102

    @property
    def spacing(self) -> tuple[float, float, float]: ...  # noqa: D102

    @property
    def record(self) -> VolumeRecord | None: ...  # noqa: D102


@dataclass(frozen=True, slots=True, kw_only=True)
class Voxels:
    """An array and its affine, where there is no file in a lake."""

    data: Array = field(repr=False)
    affine: Affine
    record: VolumeRecord | None = None

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Voxel distances in mm along i, j, k."""
        return spacing(self.affine)


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxMark:
    """A box to be drawn: half-open voxels (start i, j, k, stop i, j, k), a name, a colour (by place in the
    list where none is given) and the value that its structure has in the mask, where it has one."""

    name: str
    box: VoxelBox
    colour: Colour | None = None
    label: int | None = None


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A drawn slice. ``window`` is in the volume's own units, ``None`` for colour. ``pixels`` are those of
    the PNG, rows x columns (x 3)."""

    plane: Plane
    window: Window | None
    pixels: Pixels = field(repr=False, compare=False)

    @cached_property
    def png(self) -> bytes:
        """The PNG file: 8-bit grey or RGB."""
        return draw.png(self.pixels)

    @property
    def width(self) -> int:
        """Pixels in a row."""
        return self.plane.width

    @property
    def height(self) -> int:
        """Pixels in a column."""
        return self.plane.height

    @property
    def mm_per_pixel(self) -> float:
        """Width and height of a pixel."""
        return self.plane.mm_per_pixel

    @property
    def resampling(self) -> str:
        """What a pixel is: see ``Plane.resampling``."""
        return self.plane.resampling

    @property
    def axis(self) -> int:
        """The array axis across which slices are counted: 0 sagittal, 1 coronal, 2 axial."""
        return self.plane.axis

    @property
    def index(self) -> int:
        """The slice's index along that axis."""
        return self.plane.index

    @property
    def left(self) -> str:
        """The patient's direction at the left edge: a letter, empty where it is not known."""
        return self.plane.left

    @property
    def right(self) -> str:
        """The direction at the right edge."""
        return self.plane.right

    @property
    def top(self) -> str:
        """The direction at the top."""
        return self.plane.top

    @property
    def bottom(self) -> str:
        """The direction at the bottom."""
        return self.plane.bottom


def slice_picture(
    volume: Shown, *, axis: int, index: int, window: Window | None = None, time: int = 0
) -> Picture:
    """The slice ``index`` across ``axis`` (0 sagittal, 1 coronal, 2 axial), radiological, square pixels.

    ``window`` is in real units; ``None`` takes ``default_window``'s. Raises ``PictureError`` for a slice
    that the volume does not have and for an array that is no volume.
    """
    data, record = volume.data, volume.record
    if data.ndim not in (3, 4) or 0 in data.shape:
        raise PictureError(
            f"An array of shape {data.shape} is no volume.", remedy="Give three or four axes."
        )
    place = plane(
        data.shape,
        volume.spacing,
        axis=axis,
        index=index,
        time=time,
        space=record.space if record else "patient",
        directions=record.patient_directions if record else (),
    )
    if window is None:
        window = default_window(record, data)
    elif not window.width > 0:
        raise PictureError(f"A window of width {window.width:g} shows nothing.", remedy="Give one above 0.")
    whole = data[..., time] if data.ndim == 4 else data
    values = _across(whole, axis, index)
    if data.dtype.names:
        colours = [_resampled(np.asarray(values[name], np.float64), place) for name in ("R", "G", "B")]
        made = np.floor(np.stack(colours, axis=2) + 0.5).astype(np.uint8)
        return Picture(plane=place, window=None, pixels=made)
    assert window is not None
    real = np.abs(values) if np.iscomplexobj(values) else values
    shown = _resampled(finite(np.asarray(real, np.float64), window), place)
    return Picture(plane=place, window=window, pixels=apply(shown, window))


def labels_on(
    picture: Picture,
    labels: Array,
    *,
    colours: Mapping[int, Colour] | None = None,
    only: Collection[int] | None = None,
    opacity: float = _OPACITY,
) -> Picture:
    """The picture with the voxels of a label map (the volume's grid, 0 is nothing) tinted.

    ``colours`` by label; others get ``colour_of`` the label. ``only`` these labels. Raises ``PictureError``
    for a map of another shape.
    """
    place = picture.plane
    if tuple(labels.shape[:3]) != place.shape:
        raise PictureError(
            f"The label map has the shape {tuple(labels.shape)}, the picture's volume {place.shape}.",
            remedy="Give the mask of the same image.",
        )
    whole = labels[..., min(place.time, labels.shape[3] - 1)] if labels.ndim == 4 else labels
    shown = _across(whole, place.axis, place.index)[np.ix_(place.columns(), place.rows())].T
    pixels = draw.in_colour(picture.pixels)
    for value in sorted(int(found) for found in np.unique(shown) if found):
        if only is not None and value not in only:
            continue
        colour = (colours or {}).get(value, colour_of(value))
        there = shown == value
        tinted = pixels[there] * (1.0 - opacity) + np.asarray(colour, np.float64) * opacity
        pixels[there] = np.floor(tinted + 0.5).astype(np.uint8)
    return replace(picture, pixels=pixels)


def boxes_on(
    picture: Picture, boxes: Iterable[BoxMark], *, names: bool = True, thickness: int | None = None
) -> Picture:
    """The picture with the outlines of the boxes that its slice crosses; the outline lies on the box's
    outermost pixels. ``names`` writes each box's name above it. ``thickness`` in pixels goes by the
    picture's size where none is given.

    Raises ``PictureError`` for a crossed box that is empty or outside the volume.
    """
    pixels = draw.in_colour(picture.pixels)
    thick = thickness or max(1, round(max(picture.width, picture.height) / 400))
    crossed = [
        (mark, mark.colour or colour_of(number))
        for number, mark in enumerate(boxes)
        if picture.plane.crosses(mark.box)
    ]
    places = [picture.plane.rectangle(mark.box) for mark, _ in crossed]
    for place, (_, colour) in zip(places, crossed, strict=True):
        draw.outline(pixels, place, colour, thickness=thick)
    for place, (mark, colour) in zip(places, crossed, strict=True):
        if names and mark.name:
            above = place.y0 - draw.TEXT_HEIGHT
            draw.text(pixels, mark.name, x=place.x0, y=above if above >= 0 else place.y1, colour=colour)
    return replace(picture, pixels=pixels)


def letters_on(picture: Picture) -> Picture:
    """The picture with the patient's directions at its edges."""
    pixels = draw.in_colour(picture.pixels)
    x, y = picture.width // 2, picture.height // 2
    for letters, at_x, at_y in (
        (picture.left, 1, y - 6),
        (picture.right, picture.width - 1 - draw.text_width(picture.right), y - 6),
        (picture.top, x - 3, 0),
        (picture.bottom, x - 3, picture.height),
    ):
        draw.text(pixels, letters, x=at_x, y=at_y)
    return replace(picture, pixels=pixels)


def mid_slices(
    volume: Shown,
    *,
    mask: Array | None = None,
    boxes: Sequence[BoxMark] = (),
    window: Window | None = None,
    at: Sequence[float] | None = None,
    time: int = 0,
) -> tuple[Picture, ...]:
    """Axial, coronal and sagittal pictures with labels tinted, boxes and directions drawn.

    They meet in the voxel ``at``; without it in the middle of what ``mask`` or ``boxes`` hold, or of the
    volume. A radiograph or a single slice gives its one picture.
    """
    shape = volume.data.shape[:3]
    centre = at if at is not None else _middle(shape, mask, boxes)
    if window is None:
        window = default_window(volume.record, volume.data, [mark.name for mark in boxes])
    colours = {
        mark.label: mark.colour or colour_of(n) for n, mark in enumerate(boxes) if mark.label is not None
    }
    made = []
    for axis in (2, 1, 0):
        others = [shape[other] for other in range(3) if other != axis]
        if min(others) == 1 and 1 in shape and shape[axis] != 1:
            continue  # a line, not a picture
        index = min(max(round(centre[axis]), 0), shape[axis] - 1)
        picture = slice_picture(volume, axis=axis, index=index, window=window, time=time)
        if mask is not None:
            picture = labels_on(picture, mask, colours=colours)
        made.append(letters_on(boxes_on(picture, boxes)))
    return tuple(made)


def _across(whole: Any, axis: int, index: int) -> Any:
    """The slice as a view. (``np.take`` would bring the whole array into C order first.)"""
    return whole[(slice(None),) * axis + (index,)]


def _middle(shape: Sequence[int], mask: Array | None, boxes: Sequence[BoxMark]) -> tuple[float, ...]:
    if boxes:
        low = [min(mark.box[axis] for mark in boxes) for axis in range(3)]
        high = [max(mark.box[axis + 3] for mark in boxes) for axis in range(3)]
        return tuple((a + b - 1) / 2 for a, b in zip(low, high, strict=True))
    found: list[float] = []
    for axis in range(3):
        hit = np.flatnonzero(_profile(mask, axis)) if mask is not None else np.empty(0)
        found.append((hit[0] + hit[-1]) / 2 if len(hit) else (shape[axis] - 1) / 2)
    return tuple(found)


def _profile(mask: Array, axis: int) -> Any:
    """Which slices across ``axis`` hold any label."""
    return np.asarray(mask != 0).any(axis=tuple(other for other in range(mask.ndim) if other != axis))


def _resampled(values: Any, place: Plane) -> Any:
    """The slice's values (across x down) as rows x columns of the picture."""
    across, down = place.pixels_per_voxel
    first = _along(values, place.columns(), across, place.turned)
    return _along(first.T, place.rows(), down, place.turned)


def _along(values: Any, shown: Any, ratio: float, turned: bool) -> Any:
    """The first axis brought to as many places as ``shown`` has: nearest, or means where they are fewer."""
    if ratio >= 1.0:
        return values[shown]
    side, pixels = len(values), len(shown)
    ordered = values[::-1] if turned else values
    starts = np.clip(np.floor(np.arange(pixels) / ratio + 0.5).astype(np.intp), 0, side - 1)
    stops = np.clip(np.floor(np.arange(1, pixels + 1) / ratio + 0.5).astype(np.intp), starts + 1, side)
    sums = np.concatenate([np.zeros((1, *ordered.shape[1:])), np.cumsum(ordered, axis=0)])
    return (sums[stops] - sums[starts]) / (stops - starts)[:, None]


__all__ = [
    "BoxMark",
    "PRESETS",
    "Picture",
    "PictureError",
    "Preset",
    "Shown",
    "Voxels",
    "boxes_on",
    "default_window",
    "labels_on",
    "letters_on",
    "mid_slices",
    "preset_for",
    "slice_picture",
]
