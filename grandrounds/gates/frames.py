"""What gates find in the pictures of a clip: plain values, so that no gate decodes them again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from grandrounds.errors import GrandRoundsError
from grandrounds.fingerprint import sha256_bytes
from grandrounds.gates.pictures import GetPicture
from grandrounds.records.clip import ClipFrame, ClipRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Framed:
    """What is wrong with the pictures of a clip's frames, as sentences; nothing where all are as told."""

    problems: tuple[str, ...] = ()


def look_at_frames(row: ClipRow, get_picture: GetPicture) -> Framed:
    """Fetch, decode and check the picture of each frame. Never raises for what the bytes hold."""
    return Framed(
        problems=tuple(
            f"The picture of frame {place} {fault}."
            for place, frame in enumerate(row.frames, start=1)
            for fault in _faults(frame, get_picture)
        )
    )


def _faults(frame: ClipFrame, get_picture: GetPicture) -> Iterator[str]:
    import numpy as np

    from grandrounds.figures.hashes import hash_of
    from grandrounds.figures.pixels import decoded
    from grandrounds.videos.pixels import pixels_sha256

    try:
        data = get_picture(frame.sha256)
    except (GrandRoundsError, OSError, KeyError) as exc:
        yield f"can't be had: {exc}"
        return
    if sha256_bytes(data) != frame.sha256:
        yield "is not the one that its hash names"
        return
    image = decoded(data)
    if image is None:
        yield "can't be decoded"
        return
    if image.size != (frame.width, frame.height):
        yield f"is {image.width} x {image.height} pixels, not {frame.width} x {frame.height}"
    elif pixels_sha256(np.asarray(image)) != frame.pixels_sha256:
        yield "has other pixels than the frame that was cut"
    elif hash_of(image) != frame.perceptual_hash:
        yield "has another perceptual hash than its row says"
