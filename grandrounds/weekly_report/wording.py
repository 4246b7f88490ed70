"""Numbers, dates and text from data as a page says them."""

from __future__ import annotations

import re
from datetime import date, timedelta

from grandrounds.weeks import Week

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
)  # fmt: skip
_SECRETS = re.compile(r"(https?://)(?:[^\s/@]*@)?([^\s?#]*)(?:[?#]\S*)?", re.IGNORECASE)
_PLAIN = {"entry": "entries", "study": "studies", "series": "series"}
_RETIRED = {
    "retracted": "article retracted",
    "revised": "article revised",
    "licence": "licence withdrawn",
    "gone": "gone from the feed",
    "refused": "refused by a gate or its readers",
    "remade": "made anew",
}
_REFUSED = {
    "retracted": "retracted",
    "removed": "removed by the feed",
    "licence": "licence not allowed",
    "language": "other language",
    "not_a_case": "not a case report",
    "too_large": "too large",
    "malformed": "malformed",
    "gone": "not there any more",
    "forbidden": "forbidden by its server",
    "unreachable": "could not be reached",
}


def plain(text: str, most: int = 300) -> str:
    """``text`` from anywhere as one line: what does not print (control characters, marks that turn the
    direction of text, half characters) becomes a space, and no more than ``most`` characters stay."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text[: most * 4]).split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def told(text: str, most: int = 300) -> str:
    """``plain``, and addresses without what may be a key: user, query and fragment."""
    return plain(_SECRETS.sub(r"\1\2", text[: most * 8]), most)


def spaced(name: str) -> str:
    """A name of data as words: ``diagnosis_open`` is ``diagnosis open``."""
    return plain(name.replace("_", " "), 60) or "not named"


def retired_words(reason: str) -> str:
    """Why an item was retired."""
    return _RETIRED.get(reason, spaced(reason))


def refused_words(reason: str) -> str:
    """Why a record was refused."""
    return _REFUSED.get(reason, spaced(reason))


def number(value: float, digits: int = 0) -> str:
    """``12,345``, with a real minus sign."""
    return f"{value:,.{digits}f}".replace("-", "−")


def change(value: float, digits: int = 0) -> str:
    """A number with its sign; ``±0`` for none."""
    shown = f"{value:+,.{digits}f}".replace("-", "−")
    return shown if any(char in "123456789" for char in shown) else "±0"


def share(part: float, whole: float) -> str:
    """``part`` of ``whole`` in per cent; never 0% or 100% of what is neither none nor all."""
    if not whole:
        return "none"
    percent = 100 * part / whole
    if 0 < percent < 1:
        return "under 1%"
    return "over 99%" if 99 < percent < 100 else f"{percent:.0f}%"


def count(amount: int, noun: str) -> str:
    """``1 item``, ``2 items``."""
    return f"{amount:,} {noun if amount == 1 else plural(noun)}"


def be(amount: int, *, now: bool = False) -> str:
    """``was`` or ``were``; ``is`` or ``are``."""
    return ("is" if now else "was") if amount == 1 else ("are" if now else "were")


def duration(minutes: float) -> str:
    """A stretch of work."""
    if minutes < 120:
        return count(max(1, round(minutes)), "minute")
    return f"{number(minutes / 60, 1)} hours"


def plural(noun: str) -> str:
    """More than one of ``noun``."""
    if noun in _PLAIN:
        return _PLAIN[noun]
    return noun + ("es" if noun.endswith(("s", "x", "ch", "sh")) else "s")


def listed(words: list[str]) -> str:
    """``a, b and c``."""
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1] if words else ""


def day(value: date) -> str:
    """``23 November 2026``, in no locale."""
    return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"


def span_of(week: Week) -> str:
    """The days of a week: ``16 to 22 November 2026``."""
    first, last = week.monday, week.after.monday - timedelta(days=1)
    if first.year != last.year:
        return f"{day(first)} to {day(last)}"
    if first.month != last.month:
        return f"{first.day} {_MONTHS[first.month - 1]} to {day(last)}"
    return f"{first.day} to {day(last)}"


def age(days: float | None) -> str:
    """An age in the unit that tells it best."""
    if days is None:
        return "not known"
    if days < 61:
        return f"{number(days, 0 if days == int(days) else 1)} {'day' if days == 1 else 'days'}"
    if days < 730:
        return f"{days / 30.44:.0f} months"
    return f"{days / 365.25:.1f} years"
