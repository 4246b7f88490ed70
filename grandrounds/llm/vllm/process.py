"""One run of a program that must end when we end."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from grandrounds.errors import ModelError

_MINDER = Path(__file__).with_name("minder.py")
_GRACE_SECONDS = 10.0  # vLLM needs about one to clean up after SIGTERM
_LAST_SECONDS = 5.0


class Process:
    """A running command with its output in ``log``. Use it in a ``with``: leaving it ends the command."""

    def __init__(
        self, command: Sequence[str], *, log: Path, folder: Path, environment: Mapping[str, str]
    ) -> None:
        minded = [sys.executable, "-I", "-S", str(_MINDER), str(_GRACE_SECONDS), *command]
        try:
            with log.open("wb") as output:
                self._minder = subprocess.Popen(  # noqa: S603 - no shell, and the program is the user's setting
                    minded,
                    cwd=folder,
                    env=dict(environment),
                    stdin=subprocess.PIPE,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        except OSError as exc:
            raise ModelError(
                f"vLLM can't be started in {folder}: {exc.strerror or exc}.",
                remedy="Check the folder's rights and free space.",
            ) from exc

    def __enter__(self) -> Process:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def wait(self, seconds: float) -> int | None:
        """The exit status, or ``None`` when it still runs after ``seconds``; over 128 is 128 + a signal."""
        try:
            return self._minder.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def end(self) -> None:
        """End the command and all that it started; returns when they are gone."""
        assert self._minder.stdin is not None
        with suppress(OSError):
            self._minder.stdin.close()
        try:
            self._minder.wait(_GRACE_SECONDS + _LAST_SECONDS)
        except subprocess.TimeoutExpired:
            self._minder.kill()
            self._minder.wait()
