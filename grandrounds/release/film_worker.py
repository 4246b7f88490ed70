"""The process that cuts frames out of films (``cutting``): jobs come in, hashes and pictures go out."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from grandrounds.errors import GrandRoundsError
from grandrounds.release.cutting import PROCESS_BYTES, CutJob, CutPicture, dump_answer, load_job
from grandrounds.workers.serving import Work, serve

if TYPE_CHECKING:
    from grandrounds.videos.values import FrameIndex, Picture


def main() -> None:
    """Do jobs until standard input closes."""
    serve(_work)


def _work(data: bytes) -> Work:
    job = load_job(data)
    return Work(
        do=lambda: dump_answer(list(cut_frames(job))), seconds=job.seconds, process_bytes=PROCESS_BYTES
    )


def cut_frames(job: CutJob) -> Iterator[CutPicture]:
    """What the file has in the place of each frame; whatever goes wrong becomes a fault."""
    path, index = Path(job.path), None
    for number, seconds, crop in job.frames:
        try:
            if job.numbered:
                index = index or _index(path)
                fault = _number_fault(index, number, seconds)
                yield CutPicture(fault=fault) if fault else _made(job, _numbered(path, index, number), crop)
            else:
                yield _made(job, _timed(path, seconds), crop)
        except (GrandRoundsError, OSError, MemoryError, ValueError, ArithmeticError) as exc:
            yield CutPicture(fault=_told(exc))


def _made(job: CutJob, picture: Picture, crop: tuple[int, ...]) -> CutPicture:
    from grandrounds.videos.pixels import cropped, packed, pixels_sha256

    inside = cropped(picture, crop)
    if inside is None:
        return CutPicture(fault="has a crop that is not within the film's picture")
    return CutPicture(pixels_sha256=pixels_sha256(inside), png=packed(inside) if job.pictures else b"")


def _number_fault(index: FrameIndex, number: int, seconds: float) -> str:
    from grandrounds.videos.container import SAME_TIME

    if not 0 <= number < len(index):
        return f"is number {number:,} of a film that has {len(index):,}"
    own = float(index.seconds[number])
    return f"is shown at {own:.3f} s in that film" if not abs(own - seconds) <= SAME_TIME else ""


def _numbered(path: Path, index: FrameIndex, number: int) -> Picture:
    from grandrounds.videos.container import pictures

    for _, picture in pictures(path, index, [number]):
        return picture
    raise ValueError("it can't be decoded")


def _timed(path: Path, seconds: float) -> Picture:
    from grandrounds.videos.container import cut

    return cut(path, seconds=seconds)


@lru_cache(maxsize=1)
def _index(path: Path) -> FrameIndex:
    """The frames of a video; the clips of one come one after the other."""
    from grandrounds.videos.container import probe

    return probe(path)[1]


def _told(exc: Exception) -> str:
    words = exc.what if isinstance(exc, GrandRoundsError) else f"{type(exc).__name__}: {exc}"
    return f"can't be cut: {' '.join(words.split())[:300].rstrip('.')}"


if __name__ == "__main__":
    main()
