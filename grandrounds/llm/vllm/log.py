"""Why a run of vLLM ended badly, from its log.

vLLM logs from several processes, and the last line of a log is seldom the reason: an engine that can't
start says why in the middle, and the main process ends with "See root cause above". Messages of pydantic
quote the input; that part is left out, because a reason is shown where evidence must not be.
"""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

_MOST_BYTES = 400_000  # of the log's end; a traceback of every process fits many times
_LONGEST = 400
_TAIL_LINES = 8

#: ``(EngineCore pid=1) ERROR 11-22 00:40:10 [core.py:95] `` before what is said
_PREFIX = re.compile(r"^(\([^)]* pid=\d+\) )?((DEBUG|INFO|WARNING|ERROR|CRITICAL) \S+ \S+ \[[^\]]*\] ?)?")
_ERROR = re.compile(r"^[A-Za-z_][\w.]*(Error|Exception|Interrupt|Exit)\b:? ?")
_USAGE = re.compile(r"^\S+: error: ")
_QUOTED = re.compile(r",? input_value=.*$")
_STARTED = ("Reading batch from", "Running batch", "Supported tasks:")
_POINTS_UP = "See root cause above"


def reason(log: Path, *, code: int) -> str:
    """One line: the error that ended the run, as far as the log tells, and how it ended."""
    lines = _lines(log)
    errors = [position for position, line in enumerate(lines) if _ERROR.match(line) or _USAGE.match(line)]
    telling = [position for position in errors if _POINTS_UP not in lines[position]]
    if not telling:
        return _ended(code)
    # Where the last error only points up, the first one is the cause of all.
    chosen = telling[-1] if errors[-1] == telling[-1] else telling[0]
    return f"{_said(lines, chosen)} ({_ended(code)})"


def tail(log: Path) -> str:
    """The log's last lines, for a message that must show something."""
    lines = [_QUOTED.sub("", line) for line in _lines(log) if line.strip()]
    return "\n".join(line[:_LONGEST] for line in lines[-_TAIL_LINES:])


def reached_input(log: Path) -> bool:
    """Whether the engine had started, and the run got as far as reading its requests."""
    return any(sign in line for line in _lines(log) for sign in _STARTED)


def _said(lines: list[str], position: int) -> str:
    """The error at ``position``; pydantic says on the next two lines what is wrong with what."""
    words = lines[position]
    if "validation error" in words:
        words = " ".join([words, *(line.strip() for line in lines[position + 1 : position + 3])])
    return _QUOTED.sub("]", words)[:_LONGEST]


def _ended(code: int) -> str:
    if code <= 128:
        return f"vLLM ended with status {code}"
    try:
        name = signal.Signals(code - 128).name
    except ValueError:
        return f"vLLM ended with status {code}"
    hint = "; most often the machine ran out of memory" if name == "SIGKILL" else ""
    return f"vLLM was ended by {name}{hint}"


def _lines(log: Path) -> list[str]:
    try:
        with log.open("rb") as handle:
            size = handle.seek(0, os.SEEK_END)
            handle.seek(max(0, size - _MOST_BYTES))
            text = handle.read().decode("utf-8", "replace")
    except OSError:
        return []
    return [_printable(_PREFIX.sub("", line)) for line in text.splitlines()]


def _printable(line: str) -> str:
    return "".join(char if char.isprintable() else " " for char in line).rstrip()
