"""The demo books as files, and the list of what each must give."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

from grandrounds.demo.books.atlas import atlas
from grandrounds.demo.books.belly import belly
from grandrounds.demo.books.marked import head_in_section, urinary_tract, ward_picture_book
from grandrounds.demo.books.told import Made, Told
from grandrounds.demo.books.troubled import FAULTS
from grandrounds.demo.shelf import OneLine, as_yaml, outcome, write_files

FOLDER = "textbooks"
"""Where the books lie inside the demo sources."""

EXPECTED = "expected_books.yaml"
"""The list's name, beside the demo sources."""

_HEAD = """\
# What the demo books hold, and what has to become of each file.
# `python -m grandrounds.demo.books` writes this list.
#
# `status` and `kind` are those of the file's row; `says` are words of its reason, `why` what a troubled
# file is there for. A file that is read says what its row must: title, licence, language, and pages and
# tables of a PDF. Of each figure: status, label and caption, the page and box of its picture (points,
# origin top left), the page of its caption, what the picture was (`origin`), the letters of its
# panels, how many paragraphs mention it, chapter and section where they are sure, and its licence
# where that is not the book's. `picture` names the plate that it shows.
"""

#: Each book and what makes its files; one file has no folder.
_BOOKS: Mapping[str, Callable[[], Made | Mapping[str, Made]]] = {
    "short-atlas.pdf": atlas,
    "looking-into-the-belly.pdf": belly,
    "ward-picture-book.epub": ward_picture_book,
    "urinary-tract": urinary_tract,
    "head-in-section": head_in_section,
    **{f"troubled/{name}": make for name, make in FAULTS.items()},
}


@cache
def made() -> Mapping[str, Made]:
    """Every file of the demo books by its path below ``FOLDER``; drawing them takes some seconds."""
    files: dict[str, Made] = {}
    for name, make in _BOOKS.items():
        one = make()
        if isinstance(one, Made):
            files[name] = one
        else:
            files |= {f"{name}/{path}": each for path, each in one.items()}
    return files


def write_books(folder: Path) -> tuple[Path, ...]:
    """Write all files below ``folder`` and say where they are."""
    return write_files(folder, {name: one.data for name, one in made().items()})


def expected() -> str:
    """The list of what each file must give, as YAML."""
    return as_yaml(_HEAD, [_entry(name, one) for name, one in made().items()])


def _entry(name: str, one: Made) -> dict[str, Any]:
    said = outcome(f"{FOLDER}/{name}", one)
    said |= one.facts
    if one.figures:
        said["figures"] = [_figure(figure) for figure in one.figures]
    return said


def _figure(figure: Told) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for each in fields(figure):
        value = getattr(figure, each.name)
        if value != "" and value is not None and value != ():
            said[each.name] = OneLine(value) if isinstance(value, tuple) else value
    return said
