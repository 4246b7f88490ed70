"""Volumes beside the tables: ``media/SHA256.nii.gz``, named by the hash of the NIfTI file inside.

The name survives every way of packing: whoever unpacks the file, or packs it again with another program,
can still tell that it is the volume that an item names. A release may come from anywhere, so nothing is
unpacked beyond what the volume's row claims, and no claim is believed that the packed bytes could not hold.
"""

from __future__ import annotations

import hashlib
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from grandrounds.errors import GrandRoundsError, ReleaseError
from grandrounds.records.volume import VolumeRecord

if TYPE_CHECKING:
    import numpy as np

ENDING = ".nii.gz"
MIME = "application/x-nifti"
VOLUME_KIND = "volume"

_CHUNK = 1 << 20
# Deflate makes at most 1032 bytes of one.
_LARGEST_RATIO = 1100
_COLOUR = "rgb"


def packed_path(sha256: str) -> str:
    """Where the volume named by the hash of its NIfTI file lies in a release."""
    return f"media/{sha256}{ENDING}"


def pack(data: bytes) -> bytes:
    """A NIfTI file as gzip; the same bytes on every run."""
    from grandrounds.volumes.nifti_file import deflate

    return deflate(data)


def unpack(path: Path, row: VolumeRecord) -> bytes:
    """The NIfTI file of ``row`` from its packed file at ``path``, whole and of the right hash.

    Raises ``ReleaseError``, before memory is taken for it, for a row that claims more than volumes may have
    or more than the packed bytes can hold; and for bytes that are no gzip, damaged, too many, too few, or
    not those that the row names.
    """
    size = claimed_bytes(row)
    try:
        if size > path.stat().st_size * _LARGEST_RATIO:
            raise ReleaseError(f"its row claims {size:,} bytes, which the packed file can't hold")
        made, digest = _inflated(path, size)
    except OSError as exc:
        raise ReleaseError(f"can't be read: {exc.strerror or exc}") from exc
    if digest != row.sha256:
        raise ReleaseError(f"unpacks to a file with SHA-256 {digest}, which is not its name")
    return made


def claimed_bytes(row: VolumeRecord) -> int:
    """The size of the NIfTI file that a row's shape and type give. Raises ``ReleaseError`` for a row that
    names an unknown type or more voxels than volumes may have."""
    from grandrounds.volumes.limits import DEFAULT
    from grandrounds.volumes.nifti_file import OFFSET

    try:
        voxels = DEFAULT.check_shape(row.shape, itemsize=dtype_of(row).itemsize, what="its row")
    except GrandRoundsError as exc:
        raise ReleaseError(exc.what) from exc
    return OFFSET + voxels


def dtype_of(row: VolumeRecord) -> np.dtype[Any]:
    """The type of a row's voxels. Raises ``ReleaseError`` for one that volumes don't have."""
    from grandrounds.volumes.nifti_file import DATATYPES, RGB

    known = {dtype.name: dtype for dtype in DATATYPES.values() if not dtype.names} | {_COLOUR: RGB}
    if row.dtype not in known:
        raise ReleaseError(f"its row names the unknown voxel type {row.dtype!r}")
    return known[row.dtype]


def _inflated(path: Path, size: int) -> tuple[bytes, str]:
    """What the one gzip member at ``path`` holds, exactly ``size`` bytes, and its hash."""
    made = bytearray(size)
    view = memoryview(made)
    digest = hashlib.sha256()
    engine = zlib.decompressobj(wbits=31)
    done = 0
    with path.open("rb") as handle:
        while not engine.eof:
            source = engine.unconsumed_tail or handle.read(_CHUNK)
            if not source:
                raise ReleaseError("ends before its gzip stream does")
            try:
                # One byte more than is left tells a file that unpacks to too much.
                piece = engine.decompress(source, min(_CHUNK, size - done + 1))
            except zlib.error as exc:
                raise ReleaseError(f"is no sound gzip file: {exc}") from exc
            if done + len(piece) > size:
                raise ReleaseError(f"unpacks to more than the {size:,} bytes that its row gives it")
            view[done : done + len(piece)] = piece
            digest.update(piece)
            done += len(piece)
        if engine.unused_data or handle.read(1):
            raise ReleaseError("holds more behind its gzip stream")
    if done < size:
        raise ReleaseError(f"unpacks to {done:,} of the {size:,} bytes that its row gives it")
    view.release()
    # The voxels are viewed in place; a copy of gigabytes would gain nothing.
    return cast(bytes, made), digest.hexdigest()
