"""The worker that reads books, but files whose bytes ask for it end it, stall it or eat memory."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from pathlib import Path

from grandrounds.sources import books_worker
from grandrounds.sources.books_reading import Answer, BookJob, BookReading, dump_answer, load_job
from grandrounds.workers.messages import unspelt
from grandrounds.workers.serving import Work, serve


def work_of(data: bytes) -> Work:
    job = load_job(data)
    return Work(do=lambda: answer(job), seconds=job.seconds, process_bytes=job.limits.process_bytes)


def answer(job: BookJob) -> bytes:
    told = b"".join(Path(unspelt(name)).read_bytes()[-200:] for name in job.files)
    if b"ODD CRASH" in told:
        ctypes.string_at(0)
    if b"ODD KILL" in told:
        os.kill(os.getpid(), signal.SIGKILL)
    if b"ODD SLEEP" in told:
        (Path(unspelt(job.spool)) / "half").write_bytes(b"half a picture")
        time.sleep(600)
    if b"ODD EAT" in told:
        try:
            bytearray(3 << 30)
        except MemoryError:
            failed = BookReading(failure="There was not enough memory to read it.", lasting=False)
            return dump_answer(Answer(reading=failed))
    if b"ODD NONSENSE" in told:
        return b"no json"
    return dump_answer(books_worker.run_job(job))


if __name__ == "__main__":
    serve(work_of)
