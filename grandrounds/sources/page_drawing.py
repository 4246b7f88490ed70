"""Single pages of PDF files, drawn in a process of their own: a file that crashes it costs a page."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from threading import Lock

from grandrounds.errors import SourceError
from grandrounds.workers.process import Lost, WorkerProcess
from grandrounds.workers.serving import Work, serve

_SECONDS = 20.0
_PROCESS_BYTES = 4 << 30
_SCALE = struct.Struct("<d")
_DRAWN, _FAULT = b"P", b"E"


class PageDrawer:
    """Draws pages, one at a time; its process is started when it is first asked."""

    def __init__(self) -> None:
        self._process: WorkerProcess | None = None
        self._lock = Lock()

    def draw(self, path: Path, *, page: int, dpi: int) -> tuple[bytes, float]:
        """Page ``page`` (from 1) as PNG, and its pixels a point. Raises ``SourceError``."""
        question = json.dumps({"path": str(path), "page": page, "dpi": dpi}).encode()
        with self._lock:
            if self._process is None:
                self._process = WorkerProcess(__name__)
            answer = self._process.ask(question, seconds=_SECONDS)
        if isinstance(answer, Lost):
            raise SourceError(
                f"Page {page} of {path.name} can't be drawn: {answer.cause or answer.how}.",
                remedy="Look at the file itself.",
            )
        if answer[:1] != _DRAWN:
            raise SourceError(answer[1:].decode("utf-8", "replace"), remedy="Look at the file itself.")
        (scale,) = _SCALE.unpack_from(answer, 1)
        return answer[1 + _SCALE.size :], float(scale)

    def close(self) -> None:
        """End the process."""
        with self._lock:
            if self._process is not None:
                self._process.close()
                self._process = None


def _work(data: bytes) -> Work:
    asked = json.loads(data)
    return Work(
        do=lambda: _drawn(Path(str(asked["path"])), int(asked["page"]), int(asked["dpi"])),
        seconds=_SECONDS,
        process_bytes=_PROCESS_BYTES,
    )


def _drawn(path: Path, page: int, dpi: int) -> bytes:
    from grandrounds.sources.textbook_view import page_pictures

    try:
        made = next(iter(page_pictures(path, [page], dpi=dpi)))
        (width,) = struct.unpack_from(">I", made.picture, 16)
        return _DRAWN + _SCALE.pack(width / made.width) + made.picture
    except SourceError as error:
        return _FAULT + error.what.encode()
    except Exception as error:  # noqa: BLE001  (MuPDF's own exceptions share no base)
        return _FAULT + f"The page can't be drawn: {type(error).__name__}.".encode()


if __name__ == "__main__":
    serve(_work)
