"""A stack of slices made into a canonical volume: every voxel as stored, rescaled exactly or not at all.

Slope and intercept that are whole numbers are applied in integers, so HU stay HU. One slope with a
fraction for all slices goes into the NIfTI header and the integers stay as stored. Slopes that differ
from slice to slice (PET) leave no choice but 32-bit reals, which the row says.
"""

from __future__ import annotations

import math
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np

from grandrounds.errors import LakeError
from grandrounds.volumes import canonical, nifti_file
from grandrounds.volumes.canonical import Media, MediaStore, Outline
from grandrounds.volumes.dicom_frames import Slice
from grandrounds.volumes.dicom_pixels import Buffers, Frames, stored_range
from grandrounds.volumes.dicom_series import Stack
from grandrounds.volumes.geometry import Affine, Array, Reorientation, check_affine, lps_to_ras
from grandrounds.volumes.limits import Limits, VolumeError

_WAITING = 4
_BLOCK = 1 << 20
_BLOCKS = 3
_WORTH_THREADS = 16 << 20
"""Volumes of fewer bytes are hashed and written at once: threads take longer to start and to change."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """How a stack becomes a canonical volume, as far as the headers tell. ``stored`` is the type of the
    stored values, ``kind`` that of the volume, ``None`` where only the pixels tell."""

    stack: Stack
    dims: tuple[int, ...]
    order: tuple[int, ...]
    turn: Reorientation
    scaling: Scaling
    stored: np.dtype[Any]
    kind: np.dtype[Any] | None
    affine: Affine
    codes: str

    @property
    def bytes(self) -> int:
        """Bytes of stored values."""
        return math.prod(self.dims) * self.stored.itemsize

    @property
    def streams(self) -> bool:
        """Whether the volume can be written slice by slice, without ever being held whole."""
        return self.order == (0, 1, 2, 3) and self.kind is not None

    def outline(self, kind: np.dtype[Any]) -> Outline:
        """The volume without its voxels."""
        times, count, rows, columns = self.dims
        old_shape = (columns, rows, count)
        shape = tuple(self.dims[n] for n in self.order)[::-1]
        made = Outline(
            shape=shape if times > 1 else shape[:3],
            dtype=kind,
            affine=canonical.turned(self.affine, self.turn, old_shape),
            codes=self.codes,
            original_shape=(*old_shape, times) if times > 1 else old_shape,
            space=self.stack.space,
            turn=self.turn,
        )
        if self.scaling.kind == "header":
            made.slope, made.intercept = self.scaling.slope, self.scaling.intercept
        return made


def store_volume(
    stack: Stack, limits: Limits, hashes: dict[str, str], lake: MediaStore
) -> tuple[Outline, str]:
    """Read the pixels of ``stack`` and store the canonical volume: its outline, and its hash.

    The hash of each file read is put into ``hashes`` by name. Slices that lie along the volume's last
    axis are written as they are read, so that no memory is needed for the whole. Raises ``VolumeError``;
    ``UnreadableFileError`` where one file is to blame; ``LakeError`` where the lake can't be written.
    """
    plan = _planned(stack, limits)
    with ExitStack() as ends:
        threads = plan.bytes >= _WORTH_THREADS
        hasher = ends.enter_context(ThreadPoolExecutor(1)) if threads else None
        across, down, along = plan.turn.reversed_axes
        filling = _Filling(limits, plan.scaling, hashes, hasher, (_way(down), _way(across)))
        if plan.streams:
            return _stream(plan, filling, lake, backwards=along)
        outline, file = _whole_volume(plan, filling, backwards=along)
        file[: nifti_file.OFFSET] = outline.header()
        # The lake writes and hashes any buffer; a copy into bytes gains nothing.
        return outline, lake.put_media(cast(bytes, file))


def _way(backwards: bool) -> slice:
    return slice(None, None, -1) if backwards else slice(None)


def _planned(stack: Stack, limits: Limits) -> _Plan:
    first, line = stack.first, stack.slices[0]
    affine = lps_to_ras(stack.affine) if stack.space == "patient" else stack.affine
    check_affine(affine)
    times = len(stack.slices)
    colour = first.source.samples == 3 or first.source.photometric == "PALETTE COLOR"
    everything = [item for row in stack.slices for item in row]
    scaling = Scaling("none") if colour else scaling_of(everything)
    stored = nifti_file.RGB if colour else _stored_kind(everything)
    dims = (times, len(line), first.rows, first.columns)
    limits.check_shape(dims[::-1], itemsize=stored.itemsize, what="The series")
    if any(side > 32767 for side in dims[1:]):
        raise VolumeError("A side has more than 32,767 voxels.", remedy="Cut it.")
    turn = canonical.turn_for(affine, stack.space)
    low, high = _header_range(everything)
    kind: np.dtype[Any] | None = stored
    if scaling.kind == "whole":
        kind = scaled_kind(stored, scaling, low, high) if _fits(low, high, scaling, stored) else None
    return _Plan(
        stack=stack,
        dims=dims,
        order=(0, 3 - turn.axes[2], 3 - turn.axes[1], 3 - turn.axes[0]),
        turn=turn,
        scaling=scaling,
        stored=stored,
        kind=kind,
        affine=affine,
        codes=canonical.codes_of(affine, stack.space),
    )


def _stream(plan: _Plan, filling: _Filling, lake: MediaStore, *, backwards: bool) -> tuple[Outline, str]:
    """Write the volume slice by slice, in the order of the file."""
    assert plan.kind is not None
    outline = plan.outline(plan.kind)
    ordered = [item for row in plan.stack.slices for item in row[_way(backwards)]]
    plane = plan.dims[2:]
    count = min(max(1, _BLOCK // (math.prod(plane) * plan.stored.itemsize)), len(ordered))
    media = lake.new_media()
    try:
        media.write(memoryview(outline.header()))
        with _Writer(media, threaded=filling.hasher is not None) as writer:
            for start in range(0, len(ordered), count):
                block = writer.block((count, *plane), plan.stored)
                items = ordered[start : start + count]
                for slot, item in zip(block, items, strict=False):
                    filling.put(slot, item)
                writer.write(scaled(block[: len(items)], plan.scaling, plan.kind))
        filling.finish()
        return outline, media.keep()
    except OSError as exc:
        raise LakeError(
            f"A volume can't be written: {exc.strerror or exc}.", remedy="Check free space and rights."
        ) from exc
    finally:
        media.drop()


class _Writer:
    """Writes blocks beside the reading of the next ones, or at once where ``threaded`` is false."""

    def __init__(self, media: Media, *, threaded: bool) -> None:
        self._media = media
        self._pool = ThreadPoolExecutor(1) if threaded else None
        self._blocks: list[Array] = []
        self._pending: deque[Future[None]] = deque()

    def __enter__(self) -> _Writer:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=kind is not None)
        while self._pending and kind is None:
            self._pending.popleft().result()

    def block(self, shape: tuple[int, ...], kind: np.dtype[Any]) -> Array:
        """Memory to fill; it is used again once what was written from it is written."""
        if len(self._blocks) < (_BLOCKS if self._pool else 1):
            self._blocks.append(np.empty(shape, kind))
        elif self._pool:
            self._blocks.append(self._blocks.pop(0))
            self._pending.popleft().result()
        return self._blocks[-1]

    def write(self, block: Array) -> None:
        """Write ``block`` after those before it."""
        piece = block.reshape(-1).view(np.uint8).data
        if self._pool is None:
            self._media.write(piece)
        else:
            self._pending.append(self._pool.submit(self._media.write, piece))


def _whole_volume(plan: _Plan, filling: _Filling, *, backwards: bool) -> tuple[Outline, memoryview]:
    """The volume in memory: where its axes change places, or its type depends on its values."""
    direct = plan.order == (0, 1, 2, 3)
    file, planes = (
        canonical.blank(plan.dims, plan.stored)
        if direct
        else (memoryview(b""), np.empty(plan.dims, plan.stored))
    )
    seen: list[tuple[int, int]] = []
    for time, row in enumerate(plan.stack.slices):
        for slot, item in zip(planes[time][_way(backwards)], row, strict=True):
            values = filling.put(slot, item)
            if plan.kind is None:
                seen.append((int(values.min()), int(values.max())))
    filling.finish()
    if not direct:
        moved = planes.transpose(plan.order)
        file, planes = canonical.blank(moved.shape, plan.stored)
        planes[...] = moved
        del moved
    low, high = min((one for one, _ in seen), default=0), max((one for _, one in seen), default=0)
    kind = plan.kind or scaled_kind(plan.stored, plan.scaling, low, high)
    if kind.itemsize == planes.dtype.itemsize:
        scaled(planes, plan.scaling, kind)
    else:
        file, wider = canonical.blank(planes.shape, kind)
        wider[...] = planes
        _multiply(wider, plan.scaling)
    return plan.outline(kind), file


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


def _stored_kind(slices: list[Slice]) -> np.dtype[Any]:
    """The type that the stored values of all slices fit into."""
    kinds: set[np.dtype[Any]] = set()
    for item in slices:
        source = item.source
        if source.scan.pixel_tag and source.scan.pixel_tag != 0x7FE00010:
            kinds.add(np.dtype("f4" if source.bits_allocated == 32 else "f8"))
        else:
            width = max(source.bits_allocated // 8, 1)
            kinds.add(np.dtype(f"{'i' if source.signed else 'u'}{width}"))
    made: np.dtype[Any] = np.result_type(*kinds)
    pairs = {(item.slope, item.intercept) for item in slices}
    if len(pairs) > 1:
        return np.dtype("f8") if made == np.dtype("f8") else np.dtype("f4")
    return made


@dataclass(slots=True)
class _Filling:
    """Planes being filled with the pixels of slices; their files are hashed on the way, beside the
    reading where there is a ``hasher``. ``ways`` are the directions of rows and columns."""

    limits: Limits
    scaling: Scaling
    hashes: dict[str, str]
    hasher: ThreadPoolExecutor | None
    ways: tuple[slice, slice]
    hashing: deque[tuple[Frames, Future[str]]] = field(default_factory=deque)
    frames: Frames | None = None
    buffers: Buffers = field(default_factory=Buffers)

    def put(self, slot: Array, item: Slice) -> Array:
        """Put the pixels of ``item`` into ``slot``; the answer is the stored values, for now."""
        values = self._values(item)[self.ways]
        if self.scaling.kind == "real":
            slot[...] = values * item.slope + item.intercept
        elif slot.dtype.names:
            slot.view(np.uint8).reshape(*values.shape[:2], 3)[...] = values
        else:
            slot[...] = values
        return values

    def finish(self) -> None:
        """Wait for the hashes."""
        self._collect(0)

    def _values(self, item: Slice) -> Array:
        source = item.source
        try:
            if self.frames is None or self.frames.source is not source:
                self._let_go()
                self.frames = Frames(source, self.limits, self.buffers)
                self._hash(self.frames)
            values = _tile(self.frames[item.frame], item)
        except VolumeError as exc:
            self._collect(0)
            raise UnreadableFileError(source.name, exc) from exc
        if source.photometric == "MONOCHROME1":
            low, high = stored_range(source)
            values = np.subtract(low + high, values, dtype=values.dtype)
        return values

    def _hash(self, frames: Frames) -> None:
        if self.hasher is None:
            self.hashes[frames.source.name] = frames.sha256()
        else:
            self.hashing.append((frames, self.hasher.submit(frames.sha256)))

    def _let_go(self) -> None:
        """Make room for another file: few wait for their hash, so that memory stays bounded."""
        if self.hasher is None and self.frames is not None:
            self.buffers.give(self.frames.buffer)
        self._collect(_WAITING)

    def _collect(self, left: int) -> None:
        """Take the hashes of all files but the last ``left``; nothing looks at their buffers any more."""
        while len(self.hashing) > left:
            frames, digest = self.hashing.popleft()
            self.hashes[frames.source.name] = digest.result()
            if frames is not self.frames:
                self.buffers.give(frames.buffer)


def _tile(frame: Array, item: Slice) -> Array:
    if item.tile < 0:
        return frame
    down, across = divmod(item.tile, item.tiles)
    return frame[
        down * item.rows : (down + 1) * item.rows, across * item.columns : (across + 1) * item.columns
    ]


def _header_range(slices: list[Slice]) -> tuple[int, int]:
    ranges = [stored_range(item.source) for item in slices]
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


def scaled_kind(kind: np.dtype[Any], scaling: Scaling, low: int, high: int) -> np.dtype[Any]:
    """The type of the values after scaling, for stored ones from ``low`` to ``high``."""
    if scaling.kind != "whole" or kind.kind == "f":
        return kind
    ends = _scaled(low, high, scaling)
    return next((k for k in _INTEGERS if k.kind == "i" and _holds(k, *ends)), np.dtype("i8"))


def scaled(planes: Array, scaling: Scaling, kind: np.dtype[Any]) -> Array:
    """``planes`` with a whole slope and intercept applied, as ``kind``: in place where the width allows."""
    if scaling.kind != "whole":
        return planes
    if planes.dtype.kind == "f":
        made = planes
    elif kind.itemsize == planes.dtype.itemsize:
        made = planes.view(kind)
    else:
        made = planes.astype(kind)
    _multiply(made, scaling)
    return made


def _multiply(planes: Array, scaling: Scaling) -> None:
    """Apply a whole slope and intercept in place. Arithmetic modulo 2^n is exact as long as the result
    fits, whatever happens in between."""
    whole = planes.dtype.kind != "f"
    slope, intercept = int(scaling.slope), int(scaling.intercept)
    with np.errstate(over="ignore"):
        if slope != 1:
            planes *= _wrapped(slope, planes.dtype) if whole else slope
        if intercept:
            planes += _wrapped(intercept, planes.dtype) if whole else intercept


def _wrapped(value: int, kind: np.dtype[Any]) -> Any:
    bits = kind.itemsize * 8
    return kind.type((value + (1 << (bits - 1))) % (1 << bits) - (1 << (bits - 1)))
