"""What was taken out is searched for in what goes out: the last gate, whatever the rules believed."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pydicom.dataelem import DataElement
from pydicom.multival import MultiValue

from grandrounds.deidentify.words import is_code, plain_words

_NAME_PARTS = re.compile(r"[\s^=,.;\\]+")
_SHORTEST_NAME = 4
_SHORTEST_TEXT = 6
_SHORTEST_DIGITS = 6
_LONGEST = 200
_MOST = 2000
_TEXT = frozenset({"AE", "CS", "LO", "LT", "SH", "ST", "UC", "UR", "UT"})
_NOT_TELLING = frozenset({"REMOVED", "UNKNOWN", "ANONYMOUS", "ANONYMIZED", "ANONYMISED"})


@dataclass(slots=True)
class Residue:
    """Identifying values that were met. They live in memory only, for one file."""

    values: set[str] = field(default_factory=set)

    def add(self, element: DataElement) -> None:
        """Remember the values of an element that goes; those of sequences too."""
        if len(self.values) < _MOST:
            self.values.update(_identifying(element, 0))

    def found_in(self, data: bytes, *, spared: frozenset[str] = frozenset()) -> int:
        """How many of the values stand in ``data``, in UTF-8, Latin-1 or UTF-16.

        ``spared`` are values that the settings retain or that stand for themselves.
        """
        return sum(
            any(form in data for form in _forms(value))
            for value in sorted(self.values)
            if value not in spared
        )


def _forms(value: str) -> set[bytes]:
    forms = {value.encode("utf-8", "surrogateescape"), value.encode("utf-16-le", "surrogatepass")}
    forms.add(value.encode("utf-16-be", "surrogatepass"))
    with contextlib.suppress(UnicodeEncodeError):
        forms.add(value.encode("latin-1"))
    return forms


def _identifying(element: DataElement, depth: int) -> Iterator[str]:
    vr, value = element.VR, element.value
    if vr == "SQ":
        if depth < 8:
            for item in value or ():
                for tag in sorted(item.keys()):
                    try:
                        inner = item[tag]
                    except Exception:  # noqa: BLE001, S112 - what can't be read was not copied either
                        continue
                    yield from _identifying(inner, depth + 1)
        return
    for text in _texts(value):
        if vr == "PN":
            yield from (
                part
                for part in _NAME_PARTS.split(text)
                if len(part) >= _SHORTEST_NAME and not _tells_nothing(part)
            )
        if vr == "UI" and (len(text) < 12 or text.startswith("1.2.840.10008.")):
            continue
        if vr in _TEXT or vr in ("PN", "UI"):
            needed = _SHORTEST_DIGITS if text.isdigit() else _SHORTEST_TEXT
            if needed <= len(text) <= _LONGEST and not _tells_nothing(text):
                yield text


def _texts(value: Any) -> Iterator[str]:
    if value is None or isinstance(value, bytes):
        return
    for one in value if isinstance(value, (MultiValue, list, tuple)) else (value,):
        yield str(one).strip(" \0")


def _tells_nothing(text: str) -> bool:
    """Listed words and terms stand in clean files too; zeros and the like stand anywhere."""
    words = [word for word in re.split(r"[^a-z0-9*]+", text.lower()) if word]
    return (
        text.upper() in _NOT_TELLING
        or len(set(text)) <= 2
        or is_code(text.upper())
        or all(word in plain_words() or len(word) <= 2 for word in words)
    )
