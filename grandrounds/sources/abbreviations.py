"""Abbreviations that a text defines itself: "long form (LF)" and "LF (long form)".

The matching is that of Schwartz and Hearst (Pacific Symposium on Biocomputing 2003, pages 451-462):
the letters of the short form are found from right to left in the words before the bracket, the
first one at the beginning of a word. Written anew from the paper's description.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from grandrounds.text import sentences

_BRACKETS = re.compile(r"\(([^()\[\]]{1,120})\)")
_LISTED = re.compile(r"^\s*(?P<short>[^\s:=,;]{2,15})\s*[:=,;\u2013]\s*(?P<long>\S.{2,120}?)\s*\.?\s*$")
_NOT_SHORT = re.compile(
    r"^(?:figs?|figures?|tables?|see|p|n|e\.g|i\.e|case|cases|step|grade|stage|type|[ivx]+|[a-z])\b",
    re.IGNORECASE,
)


def find_definitions(text: str) -> tuple[tuple[str, str], ...]:
    """The (short form, long form) pairs that ``text`` defines, in order, each short form once."""
    found: dict[str, str] = {}
    for sentence in sentences(text):
        words = sentence.of(text)
        for match in _BRACKETS.finditer(words):
            before = words[max(0, match.start() - 300) : match.start()]
            pair = _pair(before.rstrip(), match.group(1).strip())
            if pair and pair[0] not in found:
                found[pair[0]] = pair[1]
    return tuple(found.items())


def listed(line: str) -> tuple[str, str] | None:
    """The pair of a line of a list of abbreviations ("AEF: aortoenteric fistula")."""
    match = _LISTED.match(line)
    return (match.group("short"), match.group("long")) if match else None


def merge(*groups: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """All pairs as ``short=long``; the first definition of a short form wins."""
    merged: dict[str, str] = {}
    for group in groups:
        for short, long in group:
            if short and long and "=" not in short:
                merged.setdefault(short, long)
    return tuple(f"{short}={long}" for short, long in merged.items())


def _pair(before: str, inside: str) -> tuple[str, str] | None:
    inside = re.split(r"[;,]", inside, maxsplit=1)[0].strip()
    if is_short_form(inside):
        long = best_long_form(inside, before)
        if long is not None:
            return inside, long
    # The other way round: "LF (long form)".
    short = before.rsplit(None, 1)[-1] if before else ""
    if is_short_form(short) and short.upper() == short and " " in inside:
        long = best_long_form(short, inside)
        if long is not None and len(long) >= 0.6 * len(inside):
            return short, long
    return None


def is_short_form(text: str) -> bool:
    """Whether ``text`` may be a short form: 2 to 10 characters, at most 2 words, a capital in it."""
    if not 2 <= len(text) <= 10 or len(text.split()) > 2 or not text[0].isalnum():
        return False
    if _NOT_SHORT.match(text) or text[0].isdigit():
        return False
    return any(char.isupper() for char in text) and sum(char.isalpha() for char in text) >= 2


def best_long_form(short: str, before: str) -> str | None:
    """The shortest run of words at the end of ``before`` whose letters spell ``short``; or ``None``."""
    letters = [char.casefold() for char in short if char.isalnum()]
    count = len(letters)
    words = before.split()
    window = " ".join(words[-min(count + 5, count * 2) :])
    lowered = window.casefold()
    if len(lowered) != len(window):
        return None  # a letter that folds to two would move all places
    place = len(window) - 1
    for index in range(count - 1, -1, -1):
        while place >= 0 and not (
            lowered[place] == letters[index] and (index or place == 0 or not lowered[place - 1].isalnum())
        ):
            place -= 1
        if place < 0:
            return None
        place -= 1
    start = window.rfind(" ", 0, place + 2) + 1
    long = window[start:].strip(" ,;:\"'\u201c\u201d")
    if (
        short.casefold() in long.casefold().split()
        or len(long) <= len(short)
        or "(" in long
        or "." in long[:-1].replace(". ", ".")
    ):
        return None
    return long
