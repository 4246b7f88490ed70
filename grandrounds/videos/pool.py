"""Videos to processes that may die, and what became of them: one process a video, so that a death costs
that video alone and none leaves anything behind for the next."""

from __future__ import annotations

from pydantic import ValidationError

from grandrounds.videos.jobs import VideoJob, VideoReading, dump_job, load_reading
from grandrounds.workers.pool import WorkerPool, why_lost
from grandrounds.workers.process import Lost, WorkerProcess

_MODULE = "grandrounds.videos.worker"


class VideoPool(WorkerPool[WorkerProcess, VideoJob, VideoReading]):
    """The processes of a run."""

    def __init__(self, workers: int) -> None:
        super().__init__(
            workers,
            start=lambda: WorkerProcess(_MODULE),
            do=_read,
            failed=lambda _, why: _failed(why),
        )


def _read(process: WorkerProcess, job: VideoJob) -> VideoReading:
    """The reading of a video; the process ends with it."""
    reading = _asked(process, job)
    process.renew()
    return reading


def _asked(process: WorkerProcess, job: VideoJob) -> VideoReading:
    answer = process.ask(dump_job(job), seconds=job.seconds)
    if isinstance(answer, Lost):
        most = job.limits.process_bytes
        return _failed(why_lost(answer, seconds=job.seconds, process_bytes=most, remedy="cut it"))
    try:
        return load_reading(answer)
    except ValidationError:
        return _failed("The reading was lost on its way. Run again.")


def _failed(why: str) -> VideoReading:
    return VideoReading(failure=why, lasting=False)
