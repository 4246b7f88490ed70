"""What the ledger's tests share: answers ready to be filed, and programs that use a ledger."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from grandrounds.llm.answer import ModelAnswer
from grandrounds.llm.ledger import Filed
from grandrounds.llm.request import ModelRequest
from tests.conftest import ROOT

GOOD = '{"diagnosis": "measles", "quotes": []}'
OTHER_GOOD = '{"diagnosis": "mumps", "quotes": []}'


def filed(request: ModelRequest, status: str = "ok", text: str = "", **changes: Any) -> Filed:
    """An answer to ``request``, ready to be filed."""
    values: dict[str, Any] = {
        "request_id": request.request_id,
        "status": status,
        "text": text or (GOOD if status == "ok" else "no"),
        "parsed": '{"diagnosis":"measles","quotes":[]}' if status == "ok" else "",
        "finish_reason": "stop",
        "model": "stub-1",
        "prompt_tokens": 7,
        "completion_tokens": 3,
        "seconds": 0.25,
        "attempts": 2,
        "cost": 0.125,
        "error": "" if status == "ok" else "words",
    }
    return Filed(
        request=request, answer=ModelAnswer(**{**values, **changes}), backend="http://localhost/v1"
    )


def python(code: str, *arguments: str) -> str:
    """What a Python program writes, errors included."""
    ended = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return ended.stdout + ended.stderr


def start(program: str, *arguments: str) -> subprocess.Popen[str]:
    """A Python program (a module's name, or code) that runs beside the test."""
    what = ["-c", program] if "\n" in program else ["-m", program]
    return subprocess.Popen(
        [sys.executable, "-u", *what, *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
