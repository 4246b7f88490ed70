"""The process that reads videos: jobs come in, readings go out as JSON, media as files (``workers``).

Decoders in C read what strangers made: the process is bounded in memory, ended when it takes too long,
and a crash costs the one video.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from grandrounds.errors import GrandRoundsError
from grandrounds.fingerprint import sha256_bytes, sha256_file
from grandrounds.videos.jobs import VideoJob, VideoReading, dump_reading, load_job
from grandrounds.videos.values import Sidecars
from grandrounds.workers.messages import unspelt
from grandrounds.workers.serving import Work, serve

if TYPE_CHECKING:
    from grandrounds.videos.transcript import Listener

_NO_MEMORY = "There was not enough memory to read it. Free some, or look at the file."
_NO_SPACE = "What was cut out of it could not be written: {}. Run again, with more space on the disk."


def main() -> None:
    """Do jobs until standard input closes."""
    serve(_work, prepare=prepare)


def run_job(job: VideoJob) -> VideoReading:
    """Do one job. Whatever goes wrong becomes a reading with a failure."""
    path = Path(unspelt(job.path))
    try:
        sha256 = sha256_file(path)
    except OSError as exc:
        failure = f"The file can't be read: {exc.strerror or exc}. Check its rights."
        return VideoReading(failure=failure, lasting=False)
    try:
        reading = _read(path, job)
    except MemoryError:
        reading = VideoReading(failure=_NO_MEMORY, lasting=False)
    except GrandRoundsError as exc:
        reading = VideoReading(failure=str(exc))
    except OSError as exc:
        reading = VideoReading(failure=_NO_SPACE.format(exc.strerror or exc), lasting=False)
    except Exception as exc:  # noqa: BLE001 - one odd file must not end the run; the row says what happened
        shown = "".join(char if char.isprintable() else "?" for char in str(exc)[:200])
        reading = VideoReading(
            failure=f"The reader failed ({type(exc).__name__}: {shown}). Please report it with the file.",
            lasting="memory" not in shown,
        )
    return replace(reading, sha256=sha256)


def _work(data: bytes) -> Work:
    job = load_job(data)
    return Work(
        do=lambda: dump_reading(run_job(job)), seconds=job.seconds, process_bytes=job.limits.process_bytes
    )


def prepare() -> None:
    """Load what every video needs. OpenCV keeps to one thread: films are read side by side, and on pictures
    as small as those that are compared its threads cost more than they bring."""
    import av  # noqa: F401
    import cv2

    import grandrounds.videos.reading  # noqa: F401

    cv2.setNumThreads(1)


def _read(path: Path, job: VideoJob) -> VideoReading:
    from grandrounds.videos.reading import read_video

    beside = Sidecars(
        subtitles=tuple(Path(unspelt(name)) for name in job.subtitles),
        poses=tuple(Path(unspelt(name)) for name in job.poses),
    )
    return read_video(
        path,
        asked=job.asked,
        sidecars=beside,
        keep=_keeper(job),
        listener=_listener(job),
        protected=job.protected,
    )


def _listener(job: VideoJob) -> Listener | None:
    """What hears words. Its key is no part of the job: it is in the settings of this process, too."""
    if job.speech is None:
        return None
    from grandrounds.lake import Lake
    from grandrounds.settings import resolve
    from grandrounds.videos.speech import Speech

    return Speech(job.speech, api_key=job.speech.key(resolve()), lake=Lake(job.lake))


def _keeper(job: VideoJob) -> Callable[[bytes], str]:
    """What hands media over: by files that are named after their bytes."""
    spool = Path(unspelt(job.spool)) if job.spool else None

    def keep(data: bytes) -> str:
        sha256 = sha256_bytes(data)
        if spool is not None and not (spool / sha256).exists():
            (spool / sha256).write_bytes(data)
        return sha256

    return keep


if __name__ == "__main__":
    main()
