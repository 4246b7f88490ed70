"""What a run of vLLM wrote: which lines can be trusted, and which requests have no answer yet.

Lines of vLLM 0.32: ``{"id", "custom_id", "response": {"status_code", "request_id", "body"}, "error"}``.
A request that vLLM refuses (too long, a schema it can't take) is a line with a status of 400 and ``error``
set; when the engine dies under a run, the lines of all requests that it still had are 500.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_LONGEST_REASON = 400


@dataclass(slots=True, kw_only=True)
class Output:
    """The sifted output of one run.

    ``lines`` are the trusted ones by request id, as they stand; ``missing`` are the requests without
    one; ``unknown_model`` counts lines that say there is no such model, ``ignored`` those
    that belong to no request of the run, come twice or can't be read;
    ``reason`` is what the first failed line says.
    """

    lines: dict[str, bytes] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    unknown_model: int = 0
    ignored: int = 0
    reason: str = ""


def sift(path: Path, *, wanted: Collection[str]) -> Output:
    """Read the output file of a run for the requests ``wanted``, in order. No file is an empty one."""
    made = Output()
    try:
        with path.open("rb") as handle:
            for line in handle:
                _take(line.strip(), made, wanted)
    except FileNotFoundError:
        made.reason = "vLLM ended without writing any output"
    made.missing = tuple(key for key in wanted if key not in made.lines)
    made.lines = {key: made.lines[key] for key in wanted if key in made.lines}
    return made


def _take(line: bytes, made: Output, wanted: Collection[str]) -> None:
    if not line:
        return
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        document = None
    key = document.get("custom_id") if isinstance(document, dict) else None
    if not isinstance(key, str) or key not in wanted or key in made.lines:
        made.ignored += 1
        return
    assert isinstance(document, dict)
    status, words = _status(document), said(document.get("error"))
    if status >= 500:
        made.reason = made.reason or f"{words} (status {status})"
        return
    if status == 404:
        made.unknown_model += 1
        made.reason = made.reason or words
    made.lines[key] = line


def _status(document: dict[str, Any]) -> int:
    """The line's status; a line without one is like a server's error, and is asked again."""
    response = document.get("response")
    status = response.get("status_code") if isinstance(response, dict) else None
    if isinstance(status, bool) or not isinstance(status, int):
        return 500
    return status


def said(error: Any) -> str:
    """The words of an ``error``, which is a text, or an object with the words somewhere inside."""
    while isinstance(error, dict):
        error = error.get("message") or error.get("error")
    return error[:_LONGEST_REASON] if isinstance(error, str) else ""
