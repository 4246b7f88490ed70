"""What a run of vLLM wrote: which lines can be trusted, and which requests have no answer yet.

A request that vLLM refuses (too long, a schema it can't take) is a line with a status of 400; when the
engine dies under a run, vLLM ends well and the lines of all requests that it still had are 500.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from grandrounds.llm.files.lines import loads, read_answer


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


def status(document: Any) -> int:
    """The status of an output line; a line without one is like a server's error, and is asked again."""
    response = document.get("response") if isinstance(document, dict) else None
    code = response.get("status_code") if isinstance(response, dict) else None
    if isinstance(code, bool) or not isinstance(code, int):
        return 500
    return code


def _take(line: bytes, made: Output, wanted: Collection[str]) -> None:
    if not line:
        return
    document = loads(line)
    key = document.get("custom_id") if isinstance(document, dict) else None
    if not isinstance(key, str) or key not in wanted or key in made.lines:
        made.ignored += 1
        return
    code = status(document)
    if code >= 500:
        made.reason = made.reason or read_answer(line).words
        return
    if code == 404:
        made.unknown_model += 1
        made.reason = made.reason or read_answer(line).words
    made.lines[key] = line
