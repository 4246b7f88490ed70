"""What people say of licences in a source folder: in a ``LICENSE`` beside the files, in a ``SOURCES.md``.

    provenance = Provenance.of(walk(folder).files)
    provenance.licence_of("studies/ct.nii.gz")           None where nobody speaks of it
    provenance.settle(name, own=Licence(), said=None)    the columns of its row

From low to high: a licence's text in the nearest folder; the nearest note, where it names the file; what
the file says of itself; ``sources.yaml``. Whoever speaks and is not understood, or does not know,
leaves it unknown: nobody below is asked then. It is read anew each time and is no part of what is kept of a
reading, so a licence that is added later makes nothing to be read again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TypeVar

from grandrounds.sources.folder import FoundFile
from grandrounds.sources.licence_names import compatible
from grandrounds.sources.licence_texts import MAXIMUM_BYTES, of_text
from grandrounds.sources.licences import UNKNOWN, Licence
from grandrounds.sources.source_notes import NAME, Note, read_note

FILE, NOTE, DOCUMENT, RULES, NONE = "licence file", NAME, "document", "sources.yaml", "none"
"""Who said a licence: the values of ``Source.licence_origin``."""

_LICENCE_FILE = re.compile(r"(?:LICEN[CS]E|COPYING)(?:\.txt|\.md)?", re.IGNORECASE)
_MAXIMUM_NOTE = 1024 * 1024
_BEHIND = {True: ":", False: ": "}  # a note's evidence begins with its line
_Kind = TypeVar("_Kind")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What was said of a file's licence beside it, and who said so: ``FILE`` or ``NOTE``."""

    licence: Licence
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """The columns of a source about its licence, and notes on whoever else spoke or was not understood."""

    licence: str
    evidence: str
    origin: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Provenance:
    """The notes and licences of a source folder, by the folder that they lie in."""

    notes: Mapping[str, tuple[str, Note]]
    texts: Mapping[str, tuple[str, Licence]]

    @classmethod
    def of(cls, files: Iterable[FoundFile]) -> Provenance:
        """Read the notes and licences among ``files``. One that can't be read leaves licences unknown."""
        notes: dict[str, tuple[str, Note]] = {}
        texts: dict[str, tuple[str, Licence]] = {}
        for file in sorted(files, key=lambda one: one.name):
            own = file.name.rpartition("/")[2]
            if file.outside:
                continue
            if own == NAME:
                notes[file.folder] = (file.name, _note(file))
            elif _LICENCE_FILE.fullmatch(own):
                found = (file.name, _licence(file))
                texts[file.folder] = _both(texts[file.folder], found) if file.folder in texts else found
        return cls(notes, texts)

    def licence_of(self, name: str) -> Licence | None:
        """The licence that is said beside the file ``name`` (a path inside the source folder); ``unknown``
        with a note where it is not clear, ``None`` where nobody speaks of the file."""
        told = self.told(name)
        return told.licence if told else None

    def told(self, name: str) -> Told | None:
        """As ``licence_of``, with who says so."""
        texts = _nearest(self.texts, name)
        noted = _nearest(self.notes, name)
        said = noted[1].about(_inside(name, noted[0])) if noted else None
        if noted and said is not None:
            licence = _from(noted[0], said)
            if texts and UNKNOWN not in (licence.spdx, texts[1].spdx):
                licence = _with_other(licence, texts)
            return Told(licence=licence, origin=NOTE)
        return Told(licence=_from(texts[0], texts[1]), origin=FILE) if texts else None

    def settle(self, name: str, *, own: Licence, said: str | None) -> Settled:
        """What stands in the row of the file ``name``: ``own`` is what the file says of itself, ``said``
        what ``sources.yaml`` says."""
        if said:
            notes = (
                [f"The file itself says {own.spdx}; {RULES} says {said}."] if _differs(own, said) else []
            )
            return Settled(
                licence=said,
                evidence=f"{RULES}: {said}",
                origin=NONE if said == UNKNOWN else RULES,
                notes=tuple(notes),
            )
        told = self.told(name)
        if own.spdx != UNKNOWN or own.evidence:
            notes = []
            if told and own.spdx != UNKNOWN and not compatible(told.licence.spdx, own.spdx):
                notes = _disagreement(own, told)
            origin = NONE if own.spdx == UNKNOWN else DOCUMENT
            return Settled(licence=own.spdx, evidence=own.evidence, origin=origin, notes=tuple(notes))
        if told is None:
            return Settled(licence=UNKNOWN, evidence="", origin=NONE)
        licence = told.licence
        return Settled(
            licence=licence.spdx,
            evidence=licence.evidence,
            origin=NONE if licence.spdx == UNKNOWN else told.origin,
            notes=(licence.note,) if licence.note else (),
        )


def _differs(own: Licence, said: str) -> bool:
    return own.spdx not in (UNKNOWN, said)


def _disagreement(own: Licence, told: Told) -> list[str]:
    if told.licence.spdx == UNKNOWN:
        return []
    beside = told.licence
    return [f"The file itself says {own.spdx}, which was taken; {beside.evidence!r} says {beside.spdx}."]


def _nearest(kept: Mapping[str, tuple[str, _Kind]], name: str) -> tuple[str, _Kind] | None:
    """What is kept for the file's folder, or for the nearest one above."""
    folder = name
    while folder:
        folder = folder.rpartition("/")[0]
        if folder in kept:
            return kept[folder]
    return None


def _inside(name: str, note: str) -> str:
    """The path of a file relative to the folder of a note."""
    return name[len(note) - len(NAME) :]


def _from(place: str, licence: Licence) -> Licence:
    """With the file that says so in evidence and note."""
    return replace(
        licence,
        evidence=f"{place}{_BEHIND[place.endswith(NAME)]}{licence.evidence}" if licence.evidence else "",
        note=f"{place}: {licence.note}" if licence.note else "",
    )


def _with_other(licence: Licence, texts: tuple[str, Licence]) -> Licence:
    place, other = texts
    if compatible(other.spdx, licence.spdx):
        return licence
    return replace(licence, note=f"{place} says {other.spdx}; the note that names the file was taken.")


def _both(one: tuple[str, Licence], other: tuple[str, Licence]) -> tuple[str, Licence]:
    """Two licence files in one folder: the same licence, or nobody knows which."""
    if one[1].spdx == other[1].spdx:
        return one
    return one[0], Licence(note=f"{other[0]} lies beside it and is another licence, or not understood.")


def _note(file: FoundFile) -> Note:
    text, trouble = _text(file, _MAXIMUM_NOTE)
    return Note(trouble=trouble) if trouble else read_note(text)


def _licence(file: FoundFile) -> Licence:
    text, trouble = _text(file, MAXIMUM_BYTES)
    return Licence(note=trouble) if trouble else _recognised(text)


@lru_cache(maxsize=64)
def _recognised(text: str) -> Licence:
    """One text lies in many folders."""
    return of_text(text)


def _text(file: FoundFile, limit: int) -> tuple[str, str]:
    """The text of a file, or why it can't be read."""
    if file.trouble:
        return "", file.trouble
    if file.size > limit:
        return "", f"It has {file.size:,} bytes, more than the {limit:,} that are read."
    try:
        return file.path.read_bytes().decode("utf-8"), ""
    except OSError as exc:
        return "", f"It can't be read: {exc.strerror or exc}."
    except UnicodeDecodeError:
        return "", "It is not UTF-8."
