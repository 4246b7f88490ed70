"""A stack of slices made into a canonical volume: every voxel as stored, rescaled exactly or not at all.

Slope and intercept that are whole numbers are applied in integers, so HU stay HU. One slope with a
fraction for all slices goes into the NIfTI header and the integers stay as stored. Slopes that differ
from slice to slice (PET) leave no choice but 32-bit reals, which the row says.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from grandrounds.volumes import canonical, nifti_file
from grandrounds.volumes.canonical import Canonical
from grandrounds.volumes.dicom_frames import Slice
from grandrounds.volumes.dicom_pixels import Frames, stored_range
from grandrounds.volumes.dicom_series import Stack
from grandrounds.volumes.geometry import Array, check_affine, lps_to_ras
from grandrounds.volumes.limits import Limits, VolumeError

_WAITING = 4
_INTEGERS = tuple(np.dtype(name) for name in ("u1", "i2", "u2", "i4", "u4", "i8"))


class UnreadableFileError(VolumeError):
    """One file's pixels can't be read; ``name`` says which."""

    def __init__(self, name: str, cause: VolumeError) -> None:
        super().__init__(f"{name}: {cause.what}", remedy=cause.remedy)
        self.name = name
        self.cause = cause


@dataclass(frozen=True, slots=True)
class Scaling:
    """How stored values become real ones: ``whole`` in integers, ``header`` by the NIfTI header,
    ``real`` in 32-bit reals, ``none``."""

    kind: str
    slope: float = 1.0
    intercept: float = 0.0


def assemble(stack: Stack, limits: Limits, hashes: dict[str, str]) -> Canonical:
    """Read the pixels of ``stack``. The hash of each file read is put into ``hashes`` by name.

    Raises ``VolumeError``; ``UnreadableFileError`` where one file is to blame.
    """
    first, line = stack.first, stack.slices[0]
    affine = lps_to_ras(stack.affine) if stack.space == "patient" else stack.affine
    check_affine(affine)
    old_shape = (first.columns, first.rows, len(line))
    times = len(stack.slices)
    colour = first.source.samples == 3 or first.source.photometric == "PALETTE COLOR"
    scaling = Scaling("none") if colour else scaling_of([item for row in stack.slices for item in row])
    kind = nifti_file.RGB if colour else _stored_kind(stack)
    limits.check_shape((*old_shape, times), itemsize=kind.itemsize, what="The series")
    if any(side > 32767 for side in old_shape):
        raise VolumeError("A side has more than 32,767 voxels.", remedy="Cut it.")
    turn = canonical.turn_for(affine, stack.space)
    dims = (times, len(line), first.rows, first.columns)
    order = (0, 3 - turn.axes[2], 3 - turn.axes[1], 3 - turn.axes[0])
    direct = order == (0, 1, 2, 3)
    file, planes = canonical.blank(dims, kind) if direct else (memoryview(b""), np.empty(dims, kind))
    low, high = _Filling(stack, limits, scaling, hashes).fill(planes, turn.reversed_axes)
    if not direct:
        moved = planes.transpose(order)
        file, planes = canonical.blank(moved.shape, kind)
        planes[...] = moved
        del moved
    file, planes = _whole(file, planes, scaling, low, high)
    made = Canonical(
        file=file,
        planes=planes if times > 1 else planes[0],
        affine=canonical.turned(affine, turn, old_shape),
        codes=canonical.codes_of(affine, stack.space),
        original_shape=(*old_shape, times) if times > 1 else old_shape,
        space=stack.space,
        turn=turn,
    )
    if scaling.kind == "header":
        made.slope, made.intercept = scaling.slope, scaling.intercept
    return made


def scaling_of(slices: list[Slice]) -> Scaling:
    """How the stored values of ``slices`` are turned into real ones."""
    pairs = {(item.slope, item.intercept) for item in slices}
    if len(pairs) > 1:
        return Scaling("real")
    ((slope, intercept),) = pairs
    if (slope, intercept) == (1.0, 0.0):
        return Scaling("none")
    if slope.is_integer() and intercept.is_integer() and abs(slope) < 2**15 and abs(intercept) < 2**31:
        return Scaling("whole", slope, intercept)
    return Scaling("header", slope, intercept)


def _stored_kind(stack: Stack) -> np.dtype[Any]:
    """The type that the stored values of all slices fit into."""
    kinds: set[np.dtype[Any]] = set()
    for item in (item for row in stack.slices for item in row):
        source = item.source
        if source.scan.pixel_tag and source.scan.pixel_tag != 0x7FE00010:
            kinds.add(np.dtype("f4" if source.bits_allocated == 32 else "f8"))
        else:
            width = max(source.bits_allocated // 8, 1)
            kinds.add(np.dtype(f"{'i' if source.signed else 'u'}{width}"))
    made: np.dtype[Any] = np.result_type(*kinds)
    pairs = {(item.slope, item.intercept) for row in stack.slices for item in row}
    if len(pairs) > 1:
        return np.dtype("f8") if made == np.dtype("f8") else np.dtype("f4")
    return made


@dataclass(slots=True)
class _Filling:
    """An array being filled with the slices of a stack, in file order."""

    stack: Stack
    limits: Limits
    scaling: Scaling
    hashes: dict[str, str]
    hashing: deque[tuple[str, Future[str]]] = field(default_factory=deque)
    frames: Frames | None = None

    def fill(self, planes: Array, reversed_axes: tuple[bool, ...]) -> tuple[int, int]:
        """Put every slice in its place; the smallest and largest stored value the scaling must expect."""
        across, down, along = (slice(None, None, -1) if flip else slice(None) for flip in reversed_axes)
        lowest, highest = _header_range(self.stack)
        measured = self.scaling.kind == "whole" and not _fits(lowest, highest, self.scaling, planes.dtype)
        seen: list[tuple[int, int]] = []
        with ThreadPoolExecutor(1) as hasher:
            for time, row in enumerate(self.stack.slices):
                slots = planes[time][along]
                for place, item in enumerate(row):
                    values = self._values(item, hasher)[down, across]
                    if measured:
                        seen.append((int(values.min()), int(values.max())))
                    self._put(slots[place], values, item)
            self._collect(0)
        if measured:
            return min(low for low, _ in seen), max(high for _, high in seen)
        return lowest, highest

    def _values(self, item: Slice, hasher: ThreadPoolExecutor) -> Array:
        source = item.source
        try:
            if self.frames is None or self.frames.source is not source:
                self.frames = Frames(source, self.limits)
                # Hashing runs beside reading; few files wait for it, so that memory stays bounded.
                self.hashing.append((source.name, hasher.submit(self.frames.sha256)))
                self._collect(_WAITING)
            values = _tile(self.frames[item.frame], item)
        except VolumeError as exc:
            self._collect(0)
            raise UnreadableFileError(source.name, exc) from exc
        if source.photometric == "MONOCHROME1":
            low, high = stored_range(source)
            values = np.subtract(low + high, values, dtype=values.dtype)
        return values

    def _collect(self, left: int) -> None:
        while len(self.hashing) > left:
            name, digest = self.hashing.popleft()
            self.hashes[name] = digest.result()

    def _put(self, slot: Array, values: Array, item: Slice) -> None:
        if self.scaling.kind == "real":
            values = values * item.slope + item.intercept
        if slot.dtype.names:
            slot = slot.view(np.uint8).reshape(*values.shape[:2], 3)
        slot[...] = values


def _tile(frame: Array, item: Slice) -> Array:
    if item.tile < 0:
        return frame
    down, across = divmod(item.tile, item.tiles)
    return frame[
        down * item.rows : (down + 1) * item.rows, across * item.columns : (across + 1) * item.columns
    ]


def _header_range(stack: Stack) -> tuple[int, int]:
    ranges = [stored_range(item.source) for row in stack.slices for item in row]
    return min(low for low, _ in ranges), max(high for _, high in ranges)


def _scaled(low: int, high: int, scaling: Scaling) -> tuple[int, int]:
    ends = sorted(int(value * scaling.slope + scaling.intercept) for value in (low, high))
    return ends[0], ends[1]


def _holds(kind: np.dtype[Any], low: int, high: int) -> bool:
    info = np.iinfo(kind)
    return bool(info.min <= low and high <= info.max)


def _fits(low: int, high: int, scaling: Scaling, kind: np.dtype[Any]) -> bool:
    """Whether scaled values fit a signed integer as wide as the stored ones."""
    if kind.kind not in "iu":
        return True
    return _holds(np.dtype(f"i{max(kind.itemsize, 2)}"), *_scaled(low, high, scaling))


def _whole(
    file: memoryview, planes: Array, scaling: Scaling, low: int, high: int
) -> tuple[memoryview, Array]:
    """Apply a whole slope and intercept: in place where the width allows, else in wider integers."""
    if scaling.kind != "whole":
        return file, planes
    slope, intercept = int(scaling.slope), int(scaling.intercept)
    if planes.dtype.kind == "f":
        planes *= slope
        planes += intercept
        return file, planes
    ends = _scaled(low, high, scaling)
    kind = next((k for k in _INTEGERS if k.kind == "i" and _holds(k, *ends)), np.dtype("i8"))
    if kind.itemsize == planes.dtype.itemsize:
        # Arithmetic modulo 2^16 is exact as long as the result fits, whatever happens in between.
        signed = planes.view(kind)
        with np.errstate(over="ignore"):
            if slope != 1:
                signed *= _wrapped(slope, kind)
            signed += _wrapped(intercept, kind)
        return file, signed
    wider, scaled = canonical.blank(planes.shape, kind)
    scaled[...] = planes
    scaled *= slope
    scaled += intercept
    return wider, scaled


def _wrapped(value: int, kind: np.dtype[Any]) -> Any:
    bits = kind.itemsize * 8
    return kind.type((value + (1 << (bits - 1))) % (1 << bits) - (1 << (bits - 1)))
