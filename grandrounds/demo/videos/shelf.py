"""The demo films as files, and the list of what must come of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from grandrounds.demo.shelf import OneLine, as_yaml, outcome, write_files
from grandrounds.demo.videos.made import Made
from grandrounds.demo.videos.sound import SOUND
from grandrounds.demo.videos.troubled import FAULTS

FOLDER = "videos"
"""Where the films lie inside the demo sources."""

EXPECTED = "expected_videos.yaml"
"""The list's name, beside the demo sources."""

RESERVED = "troubled/all-rights-reserved/LICENSE.txt"
_RESERVED_TEXT = b"Copyright 2024 the Imaginary Film Company. All rights reserved.\n"

_HEAD = """\
# What the demo films hold, and what has to come of each file.
# `python -m grandrounds.demo.videos` writes this list.
#
# `status` and `kind` are those of the file's row; `says` are words of its reason, `why` what a troubled
# file is there for. Of a film that is read: `frames`, the first frame of each new shot (`cuts`; `gradual`
# are those that fade in), stretches of frames that are pages of text (`slides`), how many cues are heard
# and where they stand (`origin`), by how many seconds they are moved (`offset`), how often a movement is
# repeated (`repetitions`, by its signal), ways that what is seen goes (`moves`), how many steps the words
# number (`steps`), verdicts that some frames must have, `licence` and `language` where they
# are not those of the rest, and the film whose group it must be in (`same_group`). Frames count from 0.
"""

FILMS: Mapping[str, Callable[[], Made]] = {
    **SOUND,
    **{f"troubled/{name}": make for name, make in FAULTS.items()},
}
"""Each film by its path below ``FOLDER``, and what makes it."""


@cache
def film(name: str) -> Made:
    """The film of this path below ``FOLDER``."""
    return FILMS[name]()


def files(name: str) -> Mapping[str, bytes]:
    """A film and the files beside it, by path below ``FOLDER``."""
    one = film(name)
    stem = name.rpartition(".")[0]
    return {name: one.data, **{f"{stem}{ending}": data for ending, data in one.beside.items()}}


def write_films(folder: Path) -> tuple[Path, ...]:
    """Write all files below ``folder`` and say where they are."""
    every = {RESERVED: _RESERVED_TEXT}
    for name in FILMS:
        every |= files(name)
    return write_files(folder, every)


def expected() -> str:
    """The list of what each file must give, as YAML."""
    return as_yaml(_HEAD, [_entry(name, film(name)) for name in FILMS])


def _entry(name: str, one: Made) -> dict[str, Any]:
    said = outcome(f"{FOLDER}/{name}", one)
    said |= {"beside": sorted(one.beside)} if one.beside else {}
    for key, value in one.facts.items():
        said[key] = OneLine(value) if isinstance(value, list) else value
    return said
