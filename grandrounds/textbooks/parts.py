"""The parts of a caption that speak of one panel each: "(A) ... (B) ...", "a, ...", "Left: ...".

A marker may stand before its words ("(a) axial view, (b) coronal view") or after them ("axial (a) and
coronal (b) view"); several panels may share words ("(a, b)", "(c-e)").
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

_ONE = r"(?:[A-Za-z]|i{1,3}|iv|vi{0,3}|ix|x|\d{1,2})"
_BRACKETED = re.compile(
    rf"[(\[]\s*(?P<first>{_ONE})(?P<more>(?:\s*(?:,|&|;|and|und|et|y|[\u2010-\u2015-]|to)\s*{_ONE})*)\s*[)\]]"
)
_CLOSED = re.compile(r"(?:^|(?<=[\s.;,:]))(?P<first>[A-Za-z])(?P<more>)\)(?=\s)")
_BARE = re.compile(
    r"(?:^|(?<=[.;:!?]\s)|(?<=[.;:!?]))(?P<first>[A-Z]|[a-z])(?P<more>(?:\s?(?:,|&|and|[\u2010-\u2015-])\s?[A-Za-z](?![A-Za-z]))*)"
    r"(?=\s?[,.:)\u2013\u2014|]\s|\s(?=[A-Z0-9][a-z-]))"
)
_PLACES = re.compile(
    r"(?:^|(?<=[.;:,]\s)|(?<=\())(?P<first>(?:(?:upper|lower|top|bottom|middle|far)[\s-])?(?:left|right|top|bottom|center|centre|middle|upper|lower))"
    r"(?P<more>)(?:[\s-](?:panels?|images?|side|row|column|picture|photograph))?\s?(?:[):]|,(?=\s[a-z]))",
    re.IGNORECASE,
)
_PIECE = re.compile(rf"(?P<join>[\u2010-\u2015-]|to)?\s*(?P<one>{_ONE})")
_AFTER = re.compile(r"^\s*(?:$|[.,;:)]|and\b|und\b|et\b)")
_ROMANS = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x")
_MOST = 26


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The words about one panel: its label as printed, and where they stand in the caption."""

    label: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Marker:
    labels: tuple[str, ...]
    start: int
    end: int


def parts_of(caption: str) -> tuple[Part, ...]:
    """The parts of ``caption`` in the order of their labels; none where it tells no panels apart."""
    text = caption[:20_000]
    best: list[_Marker] = []
    bracketed = False
    for pattern in (_BRACKETED, _CLOSED, _BARE):
        markers = _in_sequence([_marker(match) for match in pattern.finditer(text)])
        if _count(markers) >= 2 and _count(markers) > _count(best):
            best, bracketed = markers, pattern is _BRACKETED
            break
    if not best:
        places = [_marker(match) for match in _PLACES.finditer(text)]
        names = [marker.labels[0] for marker in places]
        best = places if len(places) >= 2 and len(set(names)) == len(names) else []
    if not best:
        return ()
    trailing = bracketed and _trailing(text, best)
    found: dict[str, Part] = {}
    for number, marker in enumerate(best):
        if trailing:
            low = best[number - 1].end if number else _sentence_start(text, marker.start)
            start, end = low, marker.start
        else:
            start = marker.end
            end = best[number + 1].start if number + 1 < len(best) else len(text)
        start, end = _trimmed(text, start, end)
        for label in marker.labels:
            if label not in found:
                found[label] = Part(label=label, start=start, end=end)
    return tuple(list(found.values())[:_MOST])


def _marker(match: re.Match[str]) -> _Marker:
    labels = [match.group("first")]
    for piece in _PIECE.finditer(match.group("more") or ""):
        one = piece.group("one")
        if piece.group("join"):
            labels += _range(labels[-1], one)
        else:
            labels.append(one)
    return _Marker(tuple(labels), match.start(), match.end())


def _range(low: str, high: str) -> list[str]:
    if len(low) == len(high) == 1 and low.isalpha() and high.isalpha() and low < high:
        return [chr(code) for code in range(ord(low) + 1, ord(high) + 1)]
    if low.isdigit() and high.isdigit() and 0 < int(high) - int(low) <= _MOST:
        return [str(number) for number in range(int(low) + 1, int(high) + 1)]
    return [high]


def _in_sequence(markers: Sequence[_Marker]) -> list[_Marker]:
    """The markers that begin with A, a, i or 1 and count on; repeated labels add nothing."""
    for kind in ("A", "a", "i", "1"):
        names = _names(kind)
        kept: list[_Marker] = []
        expected = 0
        for marker in markers:
            known = [names.index(label) for label in marker.labels if label in names]
            if (
                len(known) == len(marker.labels)
                and known[0] == expected
                and known == list(range(expected, expected + len(known)))
            ):
                kept.append(marker)
                expected += len(known)
        if expected >= 2:
            return kept
    return []


def _names(kind: str) -> list[str]:
    if kind == "i":
        return list(_ROMANS)
    if kind == "1":
        return [str(number) for number in range(1, _MOST)]
    return [chr(ord(kind) + number) for number in range(26)]


def _count(markers: Sequence[_Marker]) -> int:
    return sum(len(marker.labels) for marker in markers)


def _trailing(text: str, markers: Sequence[_Marker]) -> bool:
    """Whether the markers stand after the words they are about."""
    first = text[: markers[0].start].strip()
    if not first:
        return False
    after = [bool(_AFTER.match(text[marker.end : marker.end + 6])) for marker in markers]
    between = [text[one.end : other.start].strip(" ,;.") for one, other in pairwise(markers)]
    return after[0] and sum(after) >= 0.5 * len(after) and all(between) and len(first) > 2


def _sentence_start(text: str, end: int) -> int:
    found = max(text.rfind(". ", 0, end), text.rfind(": ", 0, end))
    return found + 2 if found >= 0 else 0


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start] in " ,;:.)|\u2013\u2014-\t":
        start += 1
    for word in ("and ", "und ", "et "):
        if text.startswith(word, start) and start + len(word) < end:
            start += len(word)
    while end > start and text[end - 1] in " ,;([\u2013\u2014-\t":
        end -= 1
    for word in (" and", " und", " et"):
        if text.endswith(word, start, end):
            end -= len(word)
            while end > start and text[end - 1] in " ,;":
                end -= 1
    return start, end
