"""When an article was published: electronic date first, and which date was taken."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from grandrounds.sources.formulas import local_name

# Earlier in the list wins. The second member of a `date-type` pair is the publication format.
_PREFERENCE = (
    "epub", "epreprint", "pub electronic", "epub-original", "epub-ppub", "pub", "ppub", "pub print",
    "collection", "collection electronic", "collection print", "pmc-release", "issue-pub",
    "nihms-submitted", "preprint",
)  # fmt: skip
_NEVER = frozenset(
    {"retracted", "corrected", "received", "accepted", "rev-recd", "retraction", "update", "rev-request"}
)
_MONTHS = {
    "jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "oct": 10,
    "nov": 11, "dec": 12, "spr": 3, "sum": 6, "aut": 9, "fal": 9, "win": 12,
}  # fmt: skip
_ISO = re.compile(r"^(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A publication date; ``origin`` names which it is. A day or month not said is the first."""

    day: date
    origin: str


def published(dates: list[Any], notes: list[str]) -> Published | None:
    """The publication date among ``pub-date`` elements; what can't be read is told in ``notes``."""
    found: list[tuple[int, int, Published]] = []
    for position, element in enumerate(dates):
        kind = _kind(element)
        if kind in _NEVER:
            continue
        read = _read(element, kind, notes)
        if read is not None:
            rank = _PREFERENCE.index(kind) if kind in _PREFERENCE else len(_PREFERENCE)
            found.append((rank, position, read))
    return min(found, key=lambda entry: entry[:2])[2] if found else None


def parse_iso(text: str) -> date | None:
    """A date written ``2016-01-17``, ``2016-01`` or ``2016``; ``None`` for anything else."""
    match = _ISO.match(text.strip())
    if match is None:
        return None
    year, month, day = (int(part) if part else 1 for part in match.groups())
    return _date(year, month, day)


def _kind(element: Any) -> str:
    said = element.get("pub-type") or element.get("date-type") or ""
    form = element.get("publication-format") or ""
    joined = f"{said} {form}".strip().casefold()
    return joined if joined in _PREFERENCE else said.casefold() or joined or "pub"


def _read(element: Any, kind: str, notes: list[str]) -> Published | None:
    iso = element.get("iso-8601-date")
    parts = {local_name(child): "".join(child.itertext()).strip() for child in element}
    year = parts.get("year", "")
    if not re.fullmatch(r"\d{4}", year):
        text = iso or "".join(element.itertext())
        day = parse_iso(text)
        if day is None:
            notes.append(f"The {kind} date can't be read: {' '.join(text.split())[:60]!r}.")
            return None
        return Published(day=day, origin=kind)
    month = _month(parts.get("month") or parts.get("season") or "")
    if month is None:
        day = _date(int(year), 1, 1)
        return Published(day=day, origin=f"{kind}, year only") if day else None
    said_day = parts.get("day", "")
    day = _date(int(year), month, int(said_day)) if re.fullmatch(r"\d{1,2}", said_day) else None
    if day is not None:
        return Published(day=day, origin=kind)
    if said_day:
        notes.append(f"The {kind} date has no such day: {year}-{month:02}-{said_day[:8]}.")
    first = _date(int(year), month, 1)
    return Published(day=first, origin=f"{kind}, month only") if first else None


def _month(text: str) -> int | None:
    bare = text.strip().casefold()
    if re.fullmatch(r"\d{1,2}", bare):
        return int(bare) if 1 <= int(bare) <= 12 else None
    return _MONTHS.get(bare[:3])


def _date(year: int, month: int, day: int) -> date | None:
    if not 1500 <= year <= 2200:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None
