"""Values of other programs' files as text, numbers and moments; lenient, and plain about what can't be."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

_EXCEL_DAY_0 = datetime(1899, 12, 30, tzinfo=UTC)
_SERIAL = re.compile(r"\d{5}(?:[.,]\d+)?")
_DAY = re.compile(
    r"(?P<a>\d{1,4})(?P<mark>[-/.年])(?P<b>\d{1,2})[-/.月](?P<c>\d{1,4})日?"
    r"(?:[T ,]+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.\d+)?)?"
    r"\s*(?P<half>[AaPp][Mm])?)?"
)
_AMBIGUOUS = "The time {text!r} can be read in two ways: write it like 2026-05-31 14:30."
_NO_TIME = "The time {text!r} can't be read: write it like 2026-05-31 14:30."


def text_of(value: Any) -> str:
    """``value`` as text: several lines for a list, nothing for nothing."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "\n".join(text_of(part) for part in value)
    if isinstance(value, Mapping):
        return text_of(value.get("choices", value.get("text", value.get("rating"))))
    return str(value)


def number_of(value: Any) -> float | None:
    """``value`` as a number of seconds, with a decimal comma perhaps; ``None`` for what is none."""
    try:
        found = float(str(value).strip().replace(",", "."))
    except ValueError:
        return None
    return found if math.isfinite(found) and found >= 0 else None


def moment_of(value: Any) -> datetime | str | None:
    """The moment in ``value`` in UTC: ISO 8601, a spreadsheet's spellings, or its day number. ``None`` for
    nothing; a sentence for what can't be read, or in two ways. A time without a zone is taken as UTC."""
    text = text_of(value).strip()
    if not text:
        return None
    try:
        return _in_utc(datetime.fromisoformat(text))
    except ValueError:
        pass
    try:
        if _SERIAL.fullmatch(text):
            days = float(text.replace(",", "."))
            return _EXCEL_DAY_0 + timedelta(seconds=round(days * 86_400))
        found = _DAY.fullmatch(text)
        return _NO_TIME.format(text=text[:60]) if found is None else _from_parts(found, text)
    except (ValueError, OverflowError):
        return _NO_TIME.format(text=text[:60])


def evidence_text(evidence: Sequence[Mapping[str, Any]]) -> str:
    """The quotes an item rests on, one after the other."""
    return "\n\n".join(f"{part['role']}: {part['quote']}" for part in evidence)


def flags_text(flags: Sequence[Mapping[str, Any]]) -> str:
    """The gates' remarks, one a line."""
    return "\n".join(f"{part['flag']}: {part['detail']}" for part in flags)


def _from_parts(found: re.Match[str], text: str) -> datetime | str:
    one, two, three = (int(found[name]) for name in "abc")
    if one > 31:
        year, month, day = one, two, three
    elif three < 100:
        return _AMBIGUOUS.format(text=text[:60])
    elif found["mark"] == "." or one > 12:  # written day first wherever dots are used
        year, month, day = three, two, one
    elif two > 12 or one == two:
        year, month, day = three, one, two
    else:
        return _AMBIGUOUS.format(text=text[:60])
    hour, minute, second = (int(found[name] or 0) for name in ("hour", "minute", "second"))
    if found["half"]:
        hour = hour % 12 + (12 if found["half"].lower() == "pm" else 0)
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)


def _in_utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
