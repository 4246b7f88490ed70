"""Seeds and mutations for volumes: sound small files, and ways to break them."""

from __future__ import annotations

import gzip
import random
from pathlib import Path

import numpy as np

from tests.support.volumes import nifti, ramp, save, slice_dataset, write_enhanced, write_mosaic

_EXTREMES = (
    b"\xff\xff\xff\xff",
    b"\x00\x00\x00\x00",
    b"\xff\xff\xff\x7f",
    b"\x00\x00\x00\x80",
    b"\x00\xff\x00\xff",
)
_WORDS = (
    b"SQ\x00\x00\xff\xff\xff\xff",
    b"\xfe\xff\x00\xe0\xff\xff\xff\xff",
    b"NaN\\inf\\1e999 ",
    b"DICM",
    b"\xe0\x7f\x10\x00",
)


def seeds(folder: Path) -> list[bytes]:
    """Sound files of each sort that the reader knows."""
    volume = ramp((4, 8, 8))
    made = [
        save(slice_dataset(volume[0], 0, syntax=s), folder / f"{s}.dcm")
        for s in ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99")
    ]
    made += [write_enhanced(folder, volume), write_mosaic(folder, volume)]
    wide = ramp((1, 64, 64), low=0)[0].astype(np.uint16)
    for name, syntax in (("rle", "1.2.840.10008.1.2.5"), ("j2k", "1.2.840.10008.1.2.4.90")):
        data = slice_dataset(wide, 1)
        data.compress(syntax, generate_instance_uid=False)
        made.append(save(data, folder / f"{name}.dcm"))
    found = [path.read_bytes() for path in made]
    for kind in ("i2", "u1", "f4"):
        plain = nifti(np.abs(volume).astype(kind))
        found += [plain, gzip.compress(plain, mtime=0)]
    return found


def mutate(source: random.Random, sound: list[bytes]) -> bytes:
    """A broken copy of one of the files in ``sound``."""
    data = bytearray(source.choice(sound))
    for _ in range(source.choice((1, 1, 2, 4, 16))):
        # Headers are where the harm is done.
        reach = min(len(data), 1200) if source.random() < 0.7 else len(data)
        at = source.randrange(132 if source.random() < 0.8 and reach > 200 else 0, max(reach, 201)) % max(
            len(data), 1
        )
        way = source.randrange(8)
        if way == 0:
            data[at : at + 1] = bytes([source.randrange(256)])
        elif way == 1:
            data[at : at + 4] = source.choice(_EXTREMES)
        elif way == 2:
            del data[at:]
        elif way == 3:
            del data[at : at + source.randrange(1, 64)]
        elif way == 4:
            data[at:at] = data[at : at + source.randrange(1, 512)]
        elif way == 5:
            other = source.choice(sound)
            start = source.randrange(len(other))
            data[at : at + 64] = other[start : start + source.randrange(1, 256)]
        elif way == 6:
            data[at:at] = source.choice(_WORDS)
        else:
            for place in range(at, min(at + source.randrange(1, 32), len(data))):
                data[place] ^= 1 << source.randrange(8)
        if not data:
            break
    return bytes(data) or b"\0"
