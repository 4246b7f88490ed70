"""Printed mentions of figures and tables: whole ones, unlinked ones, and ranges."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import pairwise

from grandrounds.records.case import Mark
from grandrounds.records.parts import Span
from grandrounds.sources.marked_text import MarkedText, Place

_LEAD = re.compile(
    r"(?:\b(?:Fig(?:ure)?s?\.?|Tab(?:le)?s?\.?|Supplement(?:ary|al)\s+\w+)\s*)$", re.IGNORECASE
)
_PANELS = re.compile(
    r"(?:\s?\([a-z](?:\s?[,\u2013\u2014-]\s?[a-z])*\)|[A-Ha-h](?:\s?[,\u2013\u2014-]\s?[A-Ha-h])*(?![\w]))"
)
_PLAIN = re.compile(
    r"\b(?P<word>Fig(?:ure)?s?\.?|FIG(?:URE)?S?\.?|Tables?|TABLES?|Tab\.)\s?(?P<first>S?\d{1,2})(?P<panel>[A-Ha-h](?![\w])|\s?\([a-z]\))?"
)
_MORE = re.compile(
    r"(?P<between>\s?(?:,\s?(?:and|&)\s|,|and|&|or|to|\u2013|\u2014|-)\s?)(?P<number>S?\d{1,2})(?P<panel>[A-Ha-h](?![\w])|\s?\([a-z]\))?(?![\w.%]|\s?(?:mm|cm|mg|ml|%|years?|days?))"
)
_RANGE = re.compile(r"^\s*(?:\u2013|\u2014|-|to|through)\s*$")
_NUMBER = re.compile(r"\d+")


def complete(words: MarkedText) -> None:
    """Stretch marks over the words that belong to them: "Figures" before, panel letters after."""
    text = words.text
    for place in words.places:
        if place.kind not in ("figure", "table", "supplement"):
            continue
        lead = _LEAD.search(text[max(0, place.start - 24) : place.start])
        if lead:
            place.start -= len(lead.group())
        panels = _PANELS.match(text, place.end) if place.kind == "figure" else None
        if panels and (
            text[place.end - 1].isdigit()
            or text[place.end - 1].isalpha()
            or panels.group().lstrip()[0] == "("
        ):
            place.end = panels.end()


def mark_unlinked(words: MarkedText, labels: Mapping[tuple[str, str], str]) -> None:
    """Mark mentions that the markup does not link ("see Figure 2"); ``labels`` give ids by kind, number."""
    text = words.text
    taken = sorted((place.start, place.end) for place in words.places)
    starts = [start for start, _ in taken]

    def free(start: int, end: int) -> bool:
        before = bisect_left(starts, end)  # marks hardly ever overlap one another: two tell enough
        return all(high <= start for _, high in taken[max(0, before - 2) : before])

    made: list[Place] = []
    for match in _PLAIN.finditer(text):
        kind = "table" if match.group("word")[0] in "Tt" else "figure"
        numbers = [(match.start(), match.end(), match.group("first"))]
        if match.group("word").rstrip(".").casefold().endswith("s"):
            position = match.end()
            while more := _MORE.match(text, position):
                numbers.append((more.start("number"), more.end(), more.group("number")))
                position = more.end()
        made += [
            Place(kind, start, end, labels.get((kind, number.upper()), ""))
            for start, end, number in numbers
            if free(start, end)
        ]
    words.places += made


def label_number(label: str) -> str | None:
    """The number of a printed label ("Figure 2", "Table S1"), to find unlinked mentions by."""
    match = re.search(r"\bS?\d{1,2}\b|(?<=[A-Za-z.])\d{1,2}\b", label)
    return match.group().upper() if match else None


def mentions_of(
    marks: Sequence[Mark], ids: Sequence[str], kind: str, text: str, groups: Mapping[str, Sequence[str]]
) -> dict[str, tuple[Span, ...]]:
    """Where each of ``ids`` is mentioned: itself, with its group, or between the ends of a range."""
    found: dict[str, list[Span]] = {name: [] for name in ids}
    order = {name: position for position, name in enumerate(ids)}
    relevant = [mark for mark in marks if mark.kind == kind]
    for mark in relevant:
        for name in (mark.target, *groups.get(mark.target, ())):
            if name in found:
                found[name].append(mark.span)
    for first, second in pairwise(relevant):
        between = text[first.span.end : second.span.start]
        low, high = order.get(first.target, -1), order.get(second.target, -1)
        if 0 <= low < high - 1 and len(between) < 12 and _RANGE.match(between):
            span = Span(start=first.span.start, end=second.span.end)
            for name in ids[low + 1 : high]:
                found[name].append(span)
    return {
        name: tuple(sorted(set(spans), key=lambda s: (s.start, s.end))) for name, spans in found.items()
    }
