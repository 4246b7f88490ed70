"""Many pictures in one, for a person's glance: tiles with captions; one tile a label of a mask."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from grandrounds.records.volume import Window
from grandrounds.volumes import pictures_draw as draw
from grandrounds.volumes.geometry import Array
from grandrounds.volumes.pictures import BoxMark, Picture, Shown, boxes_on, labels_on, slice_picture
from grandrounds.volumes.pictures_draw import Pixels, colour_of
from grandrounds.volumes.pictures_plane import PictureError
from grandrounds.volumes.pictures_windows import default_window, preset_for

TILE, MOST_TILES = 224, 64
_GAP = 4
_BONE = "bone"
_THICK = 1.8  # slices that much thicker than wide are looked at as they were taken


@dataclass(frozen=True, kw_only=True)
class Montage:
    """Tiles in rows. ``left_out`` are pictures that did not fit."""

    pixels: Pixels = field(repr=False, compare=False)
    tiles: int
    left_out: int = 0

    @cached_property
    def png(self) -> bytes:
        """The PNG file."""
        return draw.png(self.pixels)

    @property
    def width(self) -> int:
        """Pixels in a row."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Pixels in a column."""
        return int(self.pixels.shape[0])


def montage(
    pictures: Sequence[Picture],
    captions: Sequence[str],
    *,
    tile: int = TILE,
    most: int = MOST_TILES,
    columns: int | None = None,
) -> Montage:
    """The pictures side by side, each reduced to fit a square of ``tile`` pixels, its caption below (two
    lines, cut). At most ``most`` tiles; the last line says how many more there are.

    Raises ``PictureError`` where there are no pictures, or not one caption a picture.
    """
    if not pictures or len(pictures) != len(captions):
        raise PictureError(f"{len(pictures)} pictures and {len(captions)} captions make no montage.")
    shown = min(len(pictures), most)
    across = min(columns or math.ceil(math.sqrt(shown * 1.4)), shown)
    down = math.ceil(shown / across)
    step_x, step_y = tile + _GAP, tile + 2 * draw.TEXT_HEIGHT + _GAP
    more = len(pictures) - shown
    made = np.zeros(
        (down * step_y + _GAP + (draw.TEXT_HEIGHT if more else 0), across * step_x + _GAP, 3), np.uint8
    )
    for number in range(shown):
        x, y = _GAP + number % across * step_x, _GAP + number // across * step_y
        small = draw.fitted(draw.in_colour(pictures[number].pixels), tile)
        high, wide = small.shape[:2]
        left, top = x + (tile - wide) // 2, y + (tile - high) // 2
        made[top : top + high, left : left + wide] = small
        for line, words in enumerate(_lines(captions[number], tile)):
            part = made[y + tile + line * draw.TEXT_HEIGHT :, x : x + tile]
            draw.text(part, words, x=0, y=0, plate=False)
    if more:
        draw.text(made, f"... and {more} more", x=_GAP, y=made.shape[0], plate=False)
    return Montage(pixels=made, tiles=shown, left_out=more)


def label_montage(
    volume: Shown,
    labels: Array,
    marks: Sequence[BoxMark],
    *,
    window: Window | None = None,
    tile: int = TILE,
) -> Montage:
    """One tile a label: the slice of its largest area, tinted, with its box, its name and the numbers.

    Each mark needs its ``label``. Vertebrae are shown from the side, the rest from below, but for volumes
    of thick slices, which are shown as they were taken. Raises like ``montage``.
    """
    pictures, captions = [], []
    for number, mark in enumerate(marks[:MOST_TILES]):
        picture = label_picture(
            volume, labels, mark, window=window, colour=mark.colour or colour_of(number), smallest=tile
        )
        pictures.append(picture)
        spans = " ".join(f"{mark.box[axis]}:{mark.box[axis + 3]}" for axis in range(3))
        where = f"{'ijk'[picture.axis]}={picture.index}"
        captions.append(f"{mark.name or 'label'} ({mark.label})\n{spans} {where}")
    made = montage(pictures, captions, tile=tile)
    left_out = len(marks) - len(pictures)
    return Montage(pixels=made.pixels, tiles=made.tiles, left_out=left_out)


def label_picture(
    volume: Shown,
    labels: Array,
    mark: BoxMark,
    *,
    window: Window | None = None,
    colour: tuple[int, int, int] | None = None,
    axis: int | None = None,
    smallest: int | None = None,
) -> Picture:
    """The slice in which a label has most voxels, its voxels tinted and its box drawn, with lines that are
    still there when the picture is reduced to ``smallest`` pixels.

    Raises ``PictureError`` for a mark without a label, or whose box holds no voxel of it.
    """
    if mark.label is None:
        raise PictureError(f"The box {mark.name!r} names no label.", remedy="Give its value in the mask.")
    tint = colour or mark.colour or colour_of(mark.label)
    if axis is None:
        axis = _best_axis(volume, mark.name)
    within = tuple(slice(mark.box[n], mark.box[n + 3]) for n in range(3))
    part = np.asarray(labels[within] == mark.label)
    areas = part.sum(axis=tuple(n for n in range(part.ndim) if n != axis))
    if not areas.size or not areas.max():
        raise PictureError(f"The box of {mark.name!r} holds no voxel of label {mark.label}.")
    index = mark.box[axis] + int(np.argmax(areas))
    shown = window or default_window(volume.record, volume.data, [mark.name])
    picture = slice_picture(volume, axis=axis, index=index, window=shown)
    picture = labels_on(picture, labels, colours={mark.label: tint}, only={mark.label})
    thickness = math.ceil(max(picture.width, picture.height) / smallest) if smallest else None
    return boxes_on(picture, [BoxMark(name="", box=mark.box, colour=tint)], thickness=thickness)


def _best_axis(volume: Shown, name: str) -> int:
    steps = volume.spacing
    shape = volume.data.shape[:3]
    if 1 in shape:
        return int(np.argmin(shape))
    if max(steps) > _THICK * min(steps):
        return int(np.argmax(steps))
    return 0 if preset_for(name).window.name == _BONE and _spinal(name) else 2


def _spinal(name: str) -> bool:
    plain = name.casefold()
    return "vertebra" in plain or "sacrum" in plain or (len(plain) <= 3 and plain[:1] in "ctls")


def _lines(caption: str, width: int) -> list[str]:
    """At most two lines that fit; what does not is cut."""
    most = max(1, width // draw.text_width("x"))
    found: list[str] = []
    for line in caption.split("\n"):
        found += [line[start : start + most] for start in range(0, len(line), most)] or [""]
    return found[:2]
