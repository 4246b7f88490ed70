"""What the engines' tests give to workers."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grandrounds.errors import SourceError


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """Something to do: ``what`` names it, ``folder`` is where workers leave notes, ``data`` is luggage."""

    number: int
    what: str = "square"
    folder: Path = Path()
    data: bytes = b""


def run(errand: Errand) -> Any:
    """Does what the errand says."""
    return _DEEDS[errand.what](errand)


def _note(errand: Errand) -> int:
    """Leave a note; how many notes there are for this errand, this one included."""
    with (errand.folder / str(errand.number)).open("a") as handle:
        handle.write(f"{os.getpid()}\n")
    return len((errand.folder / str(errand.number)).read_text().splitlines())


def _raise(errand: Errand) -> None:
    raise ValueError(f"no square of {errand.number}")


def _refuse(errand: Errand) -> None:
    raise SourceError(f"{errand.number}.xml is empty.", remedy="Look at it.")


def _die(errand: Errand) -> None:
    _note(errand)
    os.kill(os.getpid(), signal.SIGKILL)


def _die_once(errand: Errand) -> int:
    if _note(errand) == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return errand.number


def _leave(errand: Errand) -> None:
    _note(errand)
    os._exit(0)


def _hang(errand: Errand) -> None:
    _note(errand)
    time.sleep(600)


_DEEDS: dict[str, Callable[[Errand], Any]] = {
    "square": lambda errand: errand.number**2,
    "pid": lambda errand: (errand.number, os.getpid()),
    "grow": lambda errand: errand.data * 2,
    "lock": lambda errand: threading.Lock(),
    "raise": _raise,
    "refuse": _refuse,
    "note": _note,
    "die": _die,
    "die once": _die_once,
    "leave": _leave,
    "hang": _hang,
}
