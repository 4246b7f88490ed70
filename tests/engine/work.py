"""What the engines' tests give to workers."""

from __future__ import annotations

import os
import signal
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from grandrounds.errors import SourceError


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """Something to do: ``what`` names it, ``folder`` is where workers leave notes."""

    number: int
    what: str = "square"
    folder: Path = Path()


def run(errand: Errand) -> int:
    """Does what the errand says; the square of its number is the result."""
    deed = _DEEDS.get(errand.what)
    if deed is not None:
        deed(errand)
    return errand.number**2


def pid(_: int) -> int:
    time.sleep(0.02)
    return os.getpid()


def blob(size: int) -> bytes:
    return b"x" * size


def length(data: bytes) -> int:
    return len(data)


def unsendable(_: int) -> object:
    return threading.Lock()


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


def _die_once(errand: Errand) -> None:
    if _note(errand) == 1:
        os.kill(os.getpid(), signal.SIGKILL)


def _hang(errand: Errand) -> None:
    _note(errand)
    time.sleep(600)


def _leave(errand: Errand) -> None:
    os._exit(0)


_DEEDS = {"raise": _raise, "refuse": _refuse, "die": _die, "die once": _die_once, "hang": _hang,
          "note": _note, "leave": _leave}  # fmt: skip
