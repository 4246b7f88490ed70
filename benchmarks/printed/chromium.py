"""Prints HTML with headless Chromium, many files by one browser, spoken to over its own pipe."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
_FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-extensions")


class MissingBrowser(SystemExit):
    """No Chromium to print with."""


def find() -> str:
    """The browser's program: ``GRANDROUNDS_CHROMIUM``, or the first of the usual names that is there."""
    asked = os.environ.get("GRANDROUNDS_CHROMIUM")
    found = asked or next((path for name in NAMES if (path := shutil.which(name))), None)
    if not found:
        raise MissingBrowser("no Chromium found: install it, or name it in GRANDROUNDS_CHROMIUM")
    return found


def _pipe() -> tuple[int, int]:
    """A pipe whose numbers are none of those that the shell is to give away."""
    ends = os.pipe()
    high = fcntl.fcntl(ends[0], fcntl.F_DUPFD, 10), fcntl.fcntl(ends[1], fcntl.F_DUPFD, 10)
    for end in ends:
        os.close(end)
    return high


class Browser:
    """One running browser; ``with Browser() as browser: browser.print_pdf(path)``."""

    def __enter__(self) -> Browser:
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        read_by_it, self._write = _pipe()
        self._read, written_by_it = _pipe()
        command = [find(), *_FLAGS, "--remote-debugging-pipe", f"--user-data-dir={self._profile.name}"]
        # The protocol's pipe is file descriptors 3 and 4, which the shell puts there.
        shell = ["bash", "-c", f'exec "$@" 3<&{read_by_it} 4>&{written_by_it}', "bash", *command]
        self._process = subprocess.Popen(
            shell,
            pass_fds=(read_by_it, written_by_it),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(read_by_it)
        os.close(written_by_it)
        self._number, self._waiting = 0, b""
        target = self._ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self._ask("Page.enable", session=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._ask("Browser.close")
        self._process.wait(timeout=20)
        os.close(self._read)
        os.close(self._write)
        self._profile.cleanup()

    def print_pdf(self, html: Path) -> bytes:
        """The file, printed on the pages that its style asks for, without tags."""
        self._ask("Page.navigate", session=True, url=html.resolve().as_uri())
        while self._next().get("method") != "Page.loadEventFired":
            pass
        asked = {"preferCSSPageSize": True, "printBackground": True, "generateTaggedPDF": False}
        return base64.b64decode(self._ask("Page.printToPDF", session=True, **asked)["data"])

    def _ask(self, method: str, *, session: bool = False, **given: Any) -> dict[str, Any]:
        self._number += 1
        message = {"id": self._number, "method": method, "params": given}
        if session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != self._number:
            pass
        if "error" in answer:
            raise RuntimeError(f"the browser refused {method}: {answer['error']}")
        return dict(answer["result"])

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._waiting:
            piece = os.read(self._read, 1 << 20)
            if not piece:
                raise RuntimeError("the browser has gone")
            self._waiting += piece
        message, _, self._waiting = self._waiting.partition(b"\0")
        return dict(json.loads(message))
