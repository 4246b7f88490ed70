"""Documents to processes that may die, and what became of them; a death costs one document."""

from __future__ import annotations

import time

from pydantic import ValidationError

from grandrounds.sources.books_reading import (
    PICTURES,
    Answer,
    BookJob,
    BookReading,
    SeenPicture,
    dump_job,
    load_answer,
)
from grandrounds.workers.pool import WorkerPool, why_lost
from grandrounds.workers.process import How, Lost, WorkerProcess

_MODULE = "grandrounds.sources.books_worker"
_FRESH_AFTER = 200
"""Jobs after which a process is started anew: decoders in C keep memory."""


class BookPool(WorkerPool["_Process", BookJob, Answer]):
    """The processes of a run."""

    def __init__(self, workers: int) -> None:
        super().__init__(workers, start=_Process, do=_Process.do, failed=_failed)


class _Process:
    """A worker process that is replaced before it grows old, or when it was lost."""

    def __init__(self) -> None:
        self._worker = WorkerProcess(_MODULE)
        self._done = 0

    def do(self, job: BookJob) -> Answer:
        """The answer to a job. What an old process could not do is tried once more in a new one: an earlier
        document may have left it short of memory."""
        if self._done >= _FRESH_AFTER:
            self._renew()
        worn, begun = self._done > 0, time.monotonic()
        answer, lost = self._attempt(job)
        early = time.monotonic() - begun < job.seconds / 4
        if worn and early and (_died(lost) or _short_of_memory(answer)):
            self._renew()
            answer, lost = self._attempt(job)
        if answer is not None:
            return answer
        if job.kind == PICTURES and len(job.files) > 1:
            alone = [self._alone(job, name) for name in job.files]
            return Answer(pictures=tuple(alone))
        return _failed(job, _why(lost, job))

    def close(self) -> None:
        """End the process."""
        self._worker.close()

    def _alone(self, job: BookJob, name: str) -> SeenPicture:
        """One picture of a batch in which one ended the process."""
        single = BookJob(kind=PICTURES, files=(name,), spool=job.spool, limits=job.limits)
        answer, lost = self._attempt(single)
        if answer is not None and answer.pictures:
            return answer.pictures[0]
        return _failed(single, _why(lost, single)).pictures[0]

    def _attempt(self, job: BookJob) -> tuple[Answer | None, Lost | None]:
        answer = self._worker.ask(dump_job(job), seconds=job.seconds)
        if isinstance(answer, Lost):
            self._done = 0
            return None, answer
        self._done += 1
        try:
            return load_answer(answer), None
        except ValidationError:
            return None, Lost(how=How.DIED, cause="an answer that makes no sense")

    def _renew(self) -> None:
        self._worker.renew()
        self._done = 0


def _died(lost: Lost | None) -> bool:
    return lost is not None and lost.how is How.DIED


def _short_of_memory(answer: Answer | None) -> bool:
    reading = answer.reading if answer else None
    return reading is not None and not reading.lasting and "memory" in reading.failure


def _why(lost: Lost | None, job: BookJob) -> str:
    """What happened to a document whose process was lost, and what to do."""
    if lost is None:
        return "The reading was lost on its way. Run again."
    most = job.limits.process_bytes
    return why_lost(lost, seconds=job.seconds, process_bytes=most, remedy="split it")


def _failed(job: BookJob, why: str) -> Answer:
    if job.kind == PICTURES:
        refusal = why[0].lower() + why[1:].rstrip(".")
        return Answer(pictures=tuple(SeenPicture(refusal=refusal) for _ in job.files))
    return Answer(reading=BookReading(failure=why, lasting=False))
