"""Reading NIfTI-1 and NIfTI-2 files (.nii, .nii.gz): header by the standard's rules, voxels within limits.

Which affine counts: the sform where its code is above 0, else the qform where its code is; where both
are 0 the file does not say how it lies in the patient, and only its spacing is used. Nothing that the
header claims is allocated before it is held against the limits and the size of the file.
"""

from __future__ import annotations

import hashlib
import math
import re
import struct
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from grandrounds.volumes.geometry import Affine
from grandrounds.volumes.limits import Limits, VolumeError
from grandrounds.volumes.nifti_file import DATATYPES

_MILLIMETRES = {0: 1.0, 1: 1000.0, 2: 1.0, 3: 0.001}
_TIME = {
    8: ("s", 1.0),
    16: ("s", 1e-3),
    24: ("s", 1e-6),
    32: ("Hz", 1.0),
    40: ("ppm", 1.0),
    48: ("rad/s", 1.0),
}
_CHUNK = 1 << 20
_MOST_EXTENSIONS = 16 << 20
_MOST_TRAILING = 16 << 20
_LARGEST_RATIO = 1100  # deflate can't expand more
_ONE_FILE = "Convert the two to a single .nii file, with nibabel: nib.save(nib.load('x.hdr'), 'x.nii')."
_REMEDY = "Write the file again from its source."
_LABEL = re.compile(
    rb"<Label\s[^>]{0,200}?Key=\"(-?\d{1,9})\"[^>]{0,300}>\s{0,20}"
    rb"(?:<!\[CDATA\[(.{0,200}?)\]\]>|([^<]{0,200}))\s{0,20}</Label>",
    re.DOTALL,
)


@dataclass(slots=True, kw_only=True)
class NiftiHeader:
    """What a NIfTI header says. ``codes`` are those of sform and qform; ``affine`` leads to RAS mm."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    offset: int
    affine: Affine
    origin: str
    slope: float
    intercept: float
    intent: int
    time_unit: str
    time_step: float
    label_names: dict[int, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class NiftiFile:
    """A file's header, its voxels as a flat array in the file's order, and the hash of its bytes."""

    header: NiftiHeader
    stored: Any
    sha256: str


class _Stream:
    """The bytes of a file, inflated where it is gzip; hashed on the way; bounded."""

    def __init__(self, path: Path, size: int) -> None:
        self._handle = path.open("rb", buffering=0)
        self._digest = hashlib.sha256()
        self._buffer = bytearray()
        self.size = size
        first = self._raw(_CHUNK)
        self.packed = first[:2] == b"\x1f\x8b"
        self._engine = zlib.decompressobj(wbits=31) if self.packed else None
        self._pending = first

    def read(self, count: int) -> bytes:
        """The next ``count`` bytes, or fewer where the file ends."""
        target = bytearray(count)
        return bytes(target[: self.readinto(memoryview(target))])

    def readinto(self, target: memoryview) -> int:
        """Fill ``target``; the answer is how many bytes there were."""
        done = 0
        while done < len(target):
            piece = self._next(min(len(target) - done, _CHUNK))
            if not piece:
                break
            target[done : done + len(piece)] = piece
            done += len(piece)
        return done

    def finish(self) -> str:
        """Read what is left, so that the checksum is verified and the hash whole; and close."""
        left = _MOST_TRAILING
        while left > 0 and (piece := self._next(_CHUNK)):
            left -= len(piece)
        while self._raw(_CHUNK):
            pass
        self.close()
        return self._digest.hexdigest()

    def close(self) -> None:
        """Close the file."""
        self._handle.close()

    def _raw(self, count: int) -> bytes:
        piece = self._handle.read(count)
        self._digest.update(piece)
        return piece

    def _next(self, most: int) -> bytes:
        if self._engine is None:
            if self._pending:
                piece, self._pending = self._pending[:most], self._pending[most:]
                return piece
            return self._raw(most)
        while True:
            if self._engine.eof:
                # Several gzip members may follow one another (RFC 1952, 2.2).
                rest = self._engine.unused_data or self._raw(_CHUNK)
                if not rest.lstrip(b"\0"):
                    return b""
                self._engine = zlib.decompressobj(wbits=31)
                self._pending = rest
            source = self._pending or self._raw(_CHUNK)
            if not source:
                raise VolumeError("The gzip stream ends too early.", remedy="Copy the file again.")
            piece = self._engine.decompress(source, most)
            self._pending = self._engine.unconsumed_tail
            if piece:
                return piece


def read_nifti(path: Path, limits: Limits) -> NiftiFile:
    """Read the file at ``path``. Raises ``VolumeError`` saying what is wrong with it."""
    try:
        size = path.stat().st_size
        stream = _Stream(path, size)
    except OSError as exc:
        raise VolumeError(
            f"The file can't be read: {exc.strerror or exc}.", remedy="Check its rights."
        ) from exc
    try:
        header = _header(stream)
        needed = limits.check_shape(header.shape, itemsize=header.dtype.itemsize, what="The header")
        _check_claim(needed, header, stream)
        stored = bytearray(needed)
        got = stream.readinto(memoryview(stored))
        if got < needed:
            raise VolumeError(
                f"The file holds {got:,} of the {needed:,} bytes of voxels that its header claims.",
                remedy="It was cut short; copy it again.",
            )
        return NiftiFile(header=header, stored=np.frombuffer(stored, header.dtype), sha256=stream.finish())
    except zlib.error as exc:
        raise VolumeError(f"The gzip stream is damaged: {exc}.", remedy="Copy the file again.") from exc
    except OSError as exc:
        raise VolumeError(
            f"The file can't be read: {exc.strerror or exc}.", remedy="Check its disk."
        ) from exc
    finally:
        stream.close()


def _check_claim(needed: int, header: NiftiHeader, stream: _Stream) -> None:
    most = stream.size * _LARGEST_RATIO if stream.packed else stream.size - header.offset
    if needed > most:
        raise VolumeError(
            f"The header claims {needed:,} bytes of voxels; {stream.size:,} bytes can't hold them.",
            remedy="It was cut short, or its header lies; copy it again.",
        )


def _header(stream: _Stream) -> NiftiHeader:
    head = stream.read(348)
    if len(head) < 348:
        raise VolumeError(
            f"The header has {len(head)} of 348 bytes.", remedy="It was cut short; copy it again."
        )
    order = next((o for o in "<>" if struct.unpack(o + "i", head[:4])[0] in (348, 540)), "")
    if not order:
        raise VolumeError("The file is no NIfTI: its header size is wrong.", remedy=_REMEDY)
    if struct.unpack(order + "i", head[:4])[0] == 540:
        head += stream.read(540 - 348)
        if len(head) < 540:
            raise VolumeError("The header is cut short.", remedy="Copy the file again.")
        made = _second(head, order)
    else:
        made = _first(head, order)
    gap = made.offset - len(head)
    if not 0 <= gap <= _MOST_EXTENSIONS:
        raise VolumeError(f"The voxels are said to begin at byte {made.offset:,}.", remedy=_REMEDY)
    between = stream.read(gap)
    if len(between) < gap:
        raise VolumeError("The file ends before its voxels.", remedy="Copy the file again.")
    made.label_names = _names(between)
    return made


def _first(head: bytes, order: str) -> NiftiHeader:
    if head[344:348] != b"n+1\0":
        raise VolumeError("The voxels are in a second file (.hdr and .img).", remedy=_ONE_FILE)
    unpack = struct.Struct
    dims = unpack(order + "8h").unpack_from(head, 40)
    intent, code, bits = unpack(order + "3h").unpack_from(head, 68)
    sides = unpack(order + "8f").unpack_from(head, 76)
    offset, slope, intercept = unpack(order + "3f").unpack_from(head, 108)
    qform, sform = unpack(order + "2h").unpack_from(head, 252)
    numbers = unpack(order + "18f").unpack_from(head, 256)
    start = int(offset) if math.isfinite(offset) else 0
    return _made(
        order,
        dims,
        intent,
        code,
        bits,
        sides,
        max(start, 352),
        slope,
        intercept,
        qform,
        sform,
        numbers,
        head[123],
    )


def _second(head: bytes, order: str) -> NiftiHeader:
    if head[4:8] != b"n+2\0":
        raise VolumeError("The voxels are in a second file (.hdr and .img).", remedy=_ONE_FILE)
    unpack = struct.Struct
    code, bits = unpack(order + "2h").unpack_from(head, 12)
    dims = unpack(order + "8q").unpack_from(head, 16)
    sides = unpack(order + "8d").unpack_from(head, 104)
    (offset,) = unpack(order + "q").unpack_from(head, 168)
    slope, intercept = unpack(order + "2d").unpack_from(head, 176)
    qform, sform = unpack(order + "2i").unpack_from(head, 344)
    numbers = unpack(order + "18d").unpack_from(head, 352)
    (units,) = unpack(order + "i").unpack_from(head, 500)
    (intent,) = unpack(order + "i").unpack_from(head, 504)
    return _made(
        order,
        dims,
        intent,
        code,
        bits,
        sides,
        max(int(offset), 544),
        slope,
        intercept,
        qform,
        sform,
        numbers,
        units & 0xFF,
    )


def _made(  # noqa: PLR0917 - the fields of the header, in its order
    order: str,
    dims: tuple[int, ...],
    intent: int,
    code: int,
    bits: int,
    sides: tuple[float, ...],
    offset: int,
    slope: float,
    intercept: float,
    qform: int,
    sform: int,
    numbers: tuple[float, ...],
    units: int,
) -> NiftiHeader:
    dtype = DATATYPES.get(code)
    if dtype is None or dtype.kind == "c":
        raise VolumeError(f"Voxels of the data type {code} are not read.", remedy="Convert the file.")
    if bits not in (0, dtype.itemsize * 8):
        raise VolumeError(
            f"Data type {code} has {dtype.itemsize * 8} bits, the header says {bits}.", remedy=_REMEDY
        )
    shape = _shape(dims)
    scale = _MILLIMETRES.get(units & 7, 1.0)
    affine, origin, notes = _affine(sides, qform, sform, numbers, scale)
    unit, factor = _TIME.get(units & 0x38, ("", 1.0))
    step = float(sides[4]) * factor if len(shape) > 3 and math.isfinite(sides[4]) else 0.0
    scaled = slope != 0 and math.isfinite(slope) and math.isfinite(intercept)
    return NiftiHeader(
        shape=shape,
        dtype=dtype if dtype.names else dtype.newbyteorder("<" if order == "<" else ">"),
        offset=offset,
        affine=affine,
        origin=origin,
        slope=float(slope) if scaled else 1.0,
        intercept=float(intercept) if scaled else 0.0,
        intent=intent,
        time_unit=unit,
        time_step=step,
        notes=notes,
    )


def _shape(dims: tuple[int, ...]) -> tuple[int, ...]:
    """Three or four sides. Trailing sides of 1 are dropped; one vector axis counts as the fourth."""
    rank = dims[0]
    if not 1 <= rank <= 7:
        raise VolumeError(f"The header says {rank} dimensions.", remedy=_REMEDY)
    sides = [int(side) for side in dims[1 : rank + 1]]
    while len(sides) > 3 and sides[-1] == 1:
        sides.pop()
    while len(sides) > 4 and 1 in sides[3:]:
        sides.pop(3 + sides[3:].index(1))
    sides += [1] * (3 - len(sides))
    if len(sides) > 4:
        raise VolumeError(f"Volumes of {len(sides)} dimensions are not read.", remedy="Split the file.")
    return tuple(sides)


def _affine(
    sides: tuple[float, ...], qform: int, sform: int, numbers: tuple[float, ...], scale: float
) -> tuple[Affine, str, list[str]]:
    """The affine in mm, where it comes from (``sform``, ``qform``, ``none``), and remarks."""
    notes: list[str] = []
    from_q = _from_quaternion(sides, numbers[:6]) if qform > 0 else None
    if sform > 0:
        made = np.eye(4)
        made[:3] = np.asarray(numbers[6:], dtype=np.float64).reshape(3, 4)
        origin = "sform"
        if from_q is not None and np.isfinite(from_q).all() and np.isfinite(made).all():
            apart = float(np.abs(made - from_q)[:3, :3].max()), float(np.abs(made - from_q)[:3, 3].max())
            if apart[0] > 0.01 or apart[1] > 0.1:
                notes.append("The sform and the qform differ; the sform was used.")
    elif from_q is not None:
        made, origin = from_q, "qform"
    else:
        steps = [side if math.isfinite(side) and side > 0 else 1.0 for side in sides[1:4]]
        made, origin = np.diag([*steps, 1.0]), "none"
    made[:3] *= scale
    if scale != 1.0:
        notes.append(f"Lengths were given in units of {scale:g} mm.")
    return made, origin, notes


def _from_quaternion(sides: tuple[float, ...], numbers: tuple[float, ...]) -> Affine:
    """The affine of a qform (nifti1.h, method 2). NaN where the numbers are no rotation."""
    b, c, d = (float(value) for value in numbers[:3])
    squared = 1.0 - (b * b + c * c + d * d)
    if not squared > -1e-5:  # also true for NaN
        return np.full((4, 4), np.nan)
    a = math.sqrt(max(squared, 0.0))
    turn = np.array(
        [
            [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
            [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
            [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
        ]
    )
    made = np.eye(4)
    handed = -1.0 if sides[0] < 0 else 1.0
    made[:3, :3] = turn * np.asarray([sides[1], sides[2], sides[3] * handed], dtype=np.float64)
    made[:3, 3] = numbers[3:6]
    return made


def _names(between: bytes) -> dict[int, str]:
    """Label names from a header extension (the Caret label table, as TotalSegmentator writes it)."""
    if not between[:1] or between[0] == 0:
        return {}
    found = {}
    for key, quoted, bare in _LABEL.findall(between):
        name = clean_name((quoted or bare).decode("utf-8", "replace"))
        if name:
            found[int(key)] = name
    return found


def clean_name(text: str) -> str:
    """A label's name as it is stored: printable, trimmed, at most 80 characters."""
    plain = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(plain.split())[:80]


def claimed_bytes(path: Path) -> int:
    """The bytes of voxels that a file's header claims; 0 where the header can't be read."""
    stream: _Stream | None = None
    try:
        stream = _Stream(path, path.stat().st_size)
        header = _header(stream)
        return math.prod(header.shape) * header.dtype.itemsize
    except (VolumeError, OSError, zlib.error):
        return 0
    finally:
        if stream is not None:
            stream.close()


def header_of(data: bytes) -> NiftiHeader:
    """The header of a single-file NIfTI-1 in memory. Raises ``VolumeError`` when it is none."""
    order = "<" if data[:4] == b"\x5c\x01\0\0" else ">"
    if len(data) < 352:
        raise VolumeError("The file is too short to be a NIfTI.", remedy=_REMEDY)
    return _first(data[:348], order)
