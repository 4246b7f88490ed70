"""Where a slice's voxels stand in its picture: radiological display, square millimetres.

In patient space the patient's right is on the left of axial and coronal pictures, anterior is on the left
of sagittal ones, superior (or anterior, in axial ones) is on top. As canonical indices grow towards right,
anterior and superior, all three are the array's axes run backwards. In image space (radiographs) nothing
is turned. Letters are those of the nearest world axes: an oblique grid is shown as it is stored.

A picture is never interpolated. Where it has more pixels than voxels the nearest voxel is repeated; where
it has fewer, a pixel is the mean of its voxels (labels: the nearest one). ``Plane.resampling`` says which.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from grandrounds.errors import GrandRoundsError

Indices = npt.NDArray[np.intp]
Voxel = tuple[int, int, int]
VoxelBox = tuple[int, ...]
"""Half-open: start i, j, k, stop i, j, k."""

SHORTEST, LONGEST = 256, 1024
"""Pixels that the longer side of a picture has, about at least and at most."""

_IN_PLANE = {0: (1, 2), 1: (0, 2), 2: (0, 1)}  # the axes across and down the picture
_ENDS = (("L", "R"), ("P", "A"), ("I", "S"))  # at low and high indices of i, j, k
_OPPOSITE = {"R": "L", "L": "R", "A": "P", "P": "A", "H": "F", "F": "H", "I": "S", "S": "I"}
EXACT, REPEATED, NEAREST, MEAN = "as stored", "repeated", "nearest", "mean"


class PictureError(GrandRoundsError):
    """A picture that can't be drawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rectangle:
    """Half-open in pixels, x to the right and y down from the top left."""

    x0: int
    y0: int
    x1: int
    y1: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """A slice of a volume of ``shape`` and its picture's pixels.

    ``axis`` and ``index`` name the slice. ``turned`` tells that the axes run backwards in the picture. A
    pixel is ``mm_per_pixel`` wide and high. ``left`` ... ``bottom`` are the patient's directions (letters
    R L A P S I, on radiographs DICOM's, such as H), empty where they are not known.
    """

    axis: int
    index: int
    time: int
    shape: Voxel
    spacing: tuple[float, float, float]
    turned: bool
    width: int
    height: int
    mm_per_pixel: float
    left: str
    right: str
    top: str
    bottom: str

    @property
    def across(self) -> int:
        """The array axis that runs along the picture's rows."""
        return _IN_PLANE[self.axis][0]

    @property
    def down(self) -> int:
        """The array axis that runs along the picture's columns."""
        return _IN_PLANE[self.axis][1]

    @property
    def pixels_per_voxel(self) -> tuple[float, float]:
        """Across and down."""
        across, down = self.spacing[self.across], self.spacing[self.down]
        return _tidy(across / self.mm_per_pixel), _tidy(down / self.mm_per_pixel)

    @property
    def resampling(self) -> str:
        """What a pixel is: ``as stored`` (a voxel each), ``repeated`` (each voxel the same whole number of
        times), ``nearest`` (the voxel below the pixel's centre), ``mean`` (of the pixel's voxels, along the
        axes that have fewer pixels than voxels; along the other the nearest)."""
        both = self.pixels_per_voxel
        if min(both) < 1.0:
            return MEAN
        if any(ratio != round(ratio) for ratio in both):
            return NEAREST
        return EXACT if both == (1.0, 1.0) else REPEATED

    def columns(self) -> Indices:
        """The voxel index along ``across`` for each pixel of a row."""
        return _nearest(self.width, self.shape[self.across], self.pixels_per_voxel[0], self.turned)

    def rows(self) -> Indices:
        """The voxel index along ``down`` for each pixel of a column."""
        return _nearest(self.height, self.shape[self.down], self.pixels_per_voxel[1], self.turned)

    def to_pixel(self, voxel: Sequence[float]) -> tuple[int, int]:
        """The pixel (x, y) over the centre of ``voxel`` (i, j, k), projected on the slice.

        Raises ``PictureError`` for a voxel outside the volume.
        """
        place = []
        sides = (self.across, self.width), (self.down, self.height)
        for (axis, pixels), ratio in zip(sides, self.pixels_per_voxel, strict=True):
            side = self.shape[axis]
            if not -0.5 <= voxel[axis] < side - 0.5 + 1e-9:
                raise PictureError(
                    f"The voxel {tuple(voxel)} is outside a volume of {self.shape}.",
                    remedy="Give canonical indices i, j, k.",
                )
            along = side - 1 - voxel[axis] if self.turned else voxel[axis]
            place.append(min(max(math.floor(_tidy((along + 0.5) * ratio)), 0), pixels - 1))
        return place[0], place[1]

    def to_voxel(self, x: int, y: int) -> Voxel:
        """The voxel (i, j, k) that the pixel (x, y) shows. Raises ``PictureError`` outside the picture."""
        if not (0 <= x < self.width and 0 <= y < self.height):
            raise PictureError(
                f"The pixel ({x}, {y}) is outside a picture of {self.width} x {self.height}."
            )
        voxel = [self.index] * 3
        voxel[self.across] = int(self.columns()[x])
        voxel[self.down] = int(self.rows()[y])
        return voxel[0], voxel[1], voxel[2]

    def crosses(self, box: VoxelBox) -> bool:
        """Whether the slice lies within the half-open voxel box."""
        return box[self.axis] <= self.index < box[self.axis + 3]

    def rectangle(self, box: VoxelBox) -> Rectangle:
        """The pixels that show voxels of the box (cut to the volume); at least one.

        Raises ``PictureError`` for a box that is empty or wholly outside.
        """
        if len(box) != 6:
            raise PictureError("A box has six numbers: start i, j, k, stop i, j, k.")
        x0, x1 = self._span(self.columns(), self.across, box, 0)
        y0, y1 = self._span(self.rows(), self.down, box, 1)
        return Rectangle(x0=x0, y0=y0, x1=x1, y1=y1)

    def _span(self, shown: Indices, axis: int, box: VoxelBox, place: int) -> tuple[int, int]:
        start, stop = max(box[axis], 0), min(box[axis + 3], self.shape[axis])
        if start >= stop:
            raise PictureError(
                f"The box {tuple(box)} is empty or outside a volume of {self.shape}.",
                remedy="A box is half-open: start i, j, k, stop i, j, k.",
            )
        hit = np.flatnonzero((shown >= start) & (shown < stop))
        if len(hit):
            return int(hit[0]), int(hit[-1]) + 1
        middle = [0.0, 0.0, 0.0]  # fewer pixels than voxels, and the box fell between two
        middle[axis] = (start + stop - 1) / 2
        pixel = self.to_pixel(middle)[place]
        return pixel, pixel + 1


def plane(
    shape: Sequence[int],
    spacing: Sequence[float],
    *,
    axis: int,
    index: int,
    time: int = 0,
    space: str = "patient",
    directions: Sequence[str] = (),
) -> Plane:
    """The picture's plane for slice ``index`` across ``axis``. ``directions`` are those of an image's rows
    and columns (DICOM's PatientOrientation), used in image space only.

    Raises ``PictureError`` for a slice that the volume does not have.
    """
    if axis not in _IN_PLANE:
        raise PictureError(f"{axis} is no axis of a volume.", remedy="Axes are 0 (i), 1 (j) and 2 (k).")
    frames = shape[3] if len(shape) > 3 else 1
    if not (0 <= index < shape[axis] and 0 <= time < frames):
        raise PictureError(
            f"A volume of {tuple(shape)} has no slice {index} across axis {axis} at time {time}.",
            remedy="Indices are those of the canonical array, from 0.",
        )
    sides = (int(shape[0]), int(shape[1]), int(shape[2]))
    steps = (float(spacing[0]), float(spacing[1]), float(spacing[2]))
    across, down = _IN_PLANE[axis]
    wide, high = sides[across] * steps[across], sides[down] * steps[down]
    pixel = _pixel_size(max(wide, high), min(steps[across], steps[down]))
    turned = space == "patient"
    left, right, top, bottom = _letters(axis, across, down, turned=turned, directions=directions)
    return Plane(
        axis=axis,
        index=index,
        time=time,
        shape=sides,
        spacing=steps,
        turned=turned,
        width=_pixels(wide, pixel),
        height=_pixels(high, pixel),
        mm_per_pixel=pixel,
        left=left,
        right=right,
        top=top,
        bottom=bottom,
    )


def _pixel_size(longest: float, finest: float) -> float:
    """The finest voxel side divided by a whole number; larger only where the picture would be too large."""
    if longest / finest > LONGEST + 1e-6:
        return longest / LONGEST
    return finest / max(1, math.ceil(SHORTEST * finest / longest - 1e-9))


def _pixels(millimetres: float, pixel: float) -> int:
    return min(max(1, math.floor(millimetres / pixel + 0.5 + 1e-9)), LONGEST)


def _letters(
    axis: int, across: int, down: int, *, turned: bool, directions: Sequence[str]
) -> tuple[str, str, str, str]:
    if turned:
        return _ENDS[across][1], _ENDS[across][0], _ENDS[down][1], _ENDS[down][0]
    if axis != 2 or len(directions) < 2:
        return "", "", "", ""
    right, bottom = str(directions[0]), str(directions[1])
    return _reversed(right), right, _reversed(bottom), bottom


def _reversed(letters: str) -> str:
    turned = "".join(_OPPOSITE.get(letter, "") for letter in letters.upper())
    return turned if len(turned) == len(letters) else ""


def _nearest(pixels: int, side: int, ratio: float, turned: bool) -> Indices:
    found = np.minimum(np.floor((np.arange(pixels) + 0.5) / ratio).astype(np.intp), side - 1)
    return np.asarray(side - 1 - found if turned else found)


def _tidy(value: float) -> float:
    """Whole numbers that division has missed by a hair."""
    whole = float(round(value))
    return whole if abs(value - whole) < 1e-6 * max(1.0, abs(whole)) else value
