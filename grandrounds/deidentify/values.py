"""Values: whether they are what their kind says, and what they become."""

from __future__ import annotations

import datetime
import re
import struct
from collections.abc import Sequence
from functools import cache
from typing import Any


def _words(*lines: str) -> frozenset[str]:
    return frozenset(word for line in lines for word in line.split())


_NUMBER = re.compile(r"\s*[+-]?(?:\d{1,40}(?:\.\d{0,40})?|\.\d{1,40})(?:[eE][+-]?\d{1,4})?\s*\Z")
_INTEGER = re.compile(r"\s*[+-]?\d{1,12}\s*\Z")
_DATE = re.compile(r"(\d{4})\.?(\d{2})\.?(\d{2})\Z")
_TIME = re.compile(r"(?:[01]\d|2[0-3])(?:[0-5]\d(?:[0-5]\d|60)?(?:\.\d{1,6})?)?\Z")
_DATETIME = re.compile(r"(\d{8})((?:[01]\d|2[0-3])(?:[0-5]\d(?:[0-5]\d(?:\.\d{1,6})?)?)?)?([+-]\d{4})?\Z")
_ZONE = re.compile(r"[+-](?:0\d|1[0-4])[0-5]\d\Z")
_AGE = re.compile(r"(\d{3})([DWMY])\Z")
_OLDEST = 90  # years: older people are few enough to be found (HIPAA safe harbour, 45 CFR 164.514(b)(2))
_TEXT_RUN = re.compile(rb"[A-Za-z^ ]{6,}")
_TEXT_RUN_IN_LISTS = re.compile(rb"[A-Za-z^]{9,}")
_SCHEMES = _words(
    "DCM SCT SRT SNM3 UCUM LN RADLEX FMA UMLS NCIt MA UBERON BARI NDC RXNORM I10 I9",
    "99TOTALSEG",
)
_CODE = re.compile(r"[A-Za-z0-9.{}\[\]/%^*'-]{1,16}\Z")


def as_list(value: Any) -> list[Any]:
    """An element's value as a list; empty where there is none."""
    if value is None or (isinstance(value, (str, bytes)) and not value):
        return []
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        return list(value)
    return [value]


def are_numbers(vr: str, values: Sequence[Any]) -> bool:
    """Whether values are numbers and nothing is written in their bytes."""
    if vr in ("DS", "IS"):
        pattern = _NUMBER if vr == "DS" else _INTEGER
        return all(pattern.match(str(getattr(value, "original_string", value))) for value in values)
    if not all(isinstance(value, (int, float)) for value in values):
        return False
    return not _spells_text(vr, values)


def _spells_text(vr: str, values: Sequence[Any]) -> bool:
    """Whether the numbers' bytes read as letters: a way to hide text that no reader of numbers sees."""
    letter = {"US": "H", "SS": "h", "UL": "I", "SL": "i", "FL": "f", "FD": "d", "UV": "Q", "SV": "q"}.get(
        vr
    )
    if letter is None or len(values) > 65_536:
        return False
    pattern = _TEXT_RUN if len(values) <= 16 else _TEXT_RUN_IN_LISTS
    try:
        return any(pattern.search(struct.pack(f"{order}{len(values)}{letter}", *values)) for order in "<>")
    except (struct.error, OverflowError):
        return True


def is_time(vr: str, value: str) -> bool:
    """Whether a date, time, date-time or zone is written as the standard says."""
    text = value.strip()
    if vr == "DA":
        return _date(text) is not None
    if vr == "TM":
        return _TIME.match(text) is not None
    if vr == "DT":
        match = _DATETIME.match(text)
        return match is not None and _date(match[1]) is not None
    return _ZONE.match(text) is not None


def shifted(vr: str, value: str, days: int) -> str | None:
    """A date or date-time moved ``days`` into the past; times stay. ``None`` where it can't be moved."""
    text = value.strip()
    if not is_time(vr, text):
        return None
    if vr == "TM":
        return text
    found = _date(text if vr == "DA" else text[:8])
    if found is None:
        return None
    try:
        moved = found - datetime.timedelta(days=days)
    except OverflowError:
        return None
    return f"{moved.year:04d}{moved.month:02d}{moved.day:02d}" + ("" if vr == "DA" else text[8:])


def age(value: str) -> str | None:
    """An age as the standard writes it, at most 90 years; ``None`` for what is none."""
    match = _AGE.match(value.strip())
    if match is None:
        return None
    return f"{_OLDEST:03d}Y" if match[2] == "Y" and int(match[1]) > _OLDEST else match[0]


def is_registered(uid: str) -> bool:
    """Whether a UID is one of the standard's own (SOP classes, syntaxes, context groups): no instance."""
    from pydicom._uid_dict import UID_dictionary

    return uid in UID_dictionary


def code_meaning(scheme: str, code: str) -> str | None:
    """The standard's meaning of a code, where the installed dictionary has it."""
    return _meanings().get((scheme, code))


def is_code_value(scheme: str, code: str) -> bool:
    """Whether scheme and code are of a published terminology and look like its codes.

    A code that the dictionary does not have must be digits with at most four letters, as
    terminologies write them, so that it can't spell a name.
    """
    if scheme not in _SCHEMES:
        return False
    if code_meaning(scheme, code) is not None:
        return True
    if scheme == "UCUM":
        return _CODE.match(code) is not None and len(code) <= 10 and not re.search(r"[A-Z][a-z]{2}", code)
    return re.fullmatch(r"[A-Z]{0,3}-?[0-9A-F]{4,5}|RID\d{1,6}|C\d{7}|\d{4,18}", code) is not None


def is_scheme(scheme: str) -> bool:
    """Whether a coding scheme designator is of a published terminology."""
    return scheme in _SCHEMES


@cache
def _meanings() -> dict[tuple[str, str], str]:
    try:
        from pydicom.sr._concepts_dict import concepts
    except ImportError:  # another release keeps it elsewhere: then meanings are cleaned like other texts
        return {}
    found: dict[tuple[str, str], str] = {}
    every: Any = concepts  # its annotation is narrower than what it holds
    for scheme, words in every.items():
        for codes in words.values():
            for code, (meaning, _) in codes.items():
                found.setdefault((scheme, code), meaning)
    return found


def _date(text: str) -> datetime.date | None:
    match = _DATE.match(text)
    if match is None:
        return None
    try:
        return datetime.date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return None
