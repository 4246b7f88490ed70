"""A worker that does what it is told, good or bad (tests.workers)."""

from __future__ import annotations

import ctypes
import os
import time

from grandrounds.workers.serving import Work, serve


def work_of(data: bytes) -> Work:
    order = data.decode()

    def do() -> bytes:
        if order == "crash":
            ctypes.string_at(0)
        elif order == "exit":
            os._exit(3)
        elif order == "sleep":
            time.sleep(600)
        elif order == "print":
            os.write(1, b"noise on standard output")
        elif order == "eat":
            try:
                return str(len(bytearray(2 << 30))).encode()
            except MemoryError:
                return b"not enough memory"
        elif order == "pid":
            return str(os.getpid()).encode()
        return data

    return Work(do=do, seconds=30.0, process_bytes=1 << 30)


if __name__ == "__main__":
    serve(work_of)
