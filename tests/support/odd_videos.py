"""The worker that reads videos, but files whose bytes ask for it end it, stall it or eat memory."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from pathlib import Path

from grandrounds.videos import worker
from grandrounds.videos.jobs import VideoJob, dump_reading, load_job
from grandrounds.workers.messages import unspelt
from grandrounds.workers.serving import Work, serve


def work_of(data: bytes) -> Work:
    job = load_job(data)
    return Work(do=lambda: answer(job), seconds=job.seconds, process_bytes=job.limits.process_bytes)


def answer(job: VideoJob) -> bytes:
    told = Path(unspelt(job.path)).read_bytes()[-200:]
    if b"ODD CRASH" in told:
        ctypes.string_at(0)
    if b"ODD KILL" in told:
        os.kill(os.getpid(), signal.SIGKILL)
    if b"ODD SLEEP" in told:
        (Path(unspelt(job.spool)) / "half").write_bytes(b"half a picture")
        time.sleep(600)
    if b"ODD EAT" in told:
        bytearray(job.limits.process_bytes)
    if b"ODD NONSENSE" in told:
        return b"no json"
    return dump_reading(worker.run_job(job))


if __name__ == "__main__":
    serve(work_of)
