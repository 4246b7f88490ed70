"""Cross-references that a stem leaves out: "(Figure 2(a))", "[12]", "as shown in Table 1".

The solver of a stem can't turn the page, so pointers to figures, tables, films and literature are
cut out as holes; what else stands in the same brackets stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from grandrounds.records.case import Mark
from grandrounds.records.parts import Span

_ANCHOR = (
    r"(?:supplementa(?:ry|l)\s+(?:material|file|figure|table|video|data|movie|appendix|information)s?|"
    r"additional\s+files?|(?:figure|fig|table|tab|video|movie|appendix|plate|supplement|scheme|panel)s?\b\.?)"
)
_LETTER = r"[A-Za-z](?:\s*[-\u2010-\u2015,]\s*[A-Za-z](?![A-Za-z]))*"
_NUMBER = rf"(?:S?\d{{1,3}}(?:\s*\({_LETTER}\)|{_LETTER}(?![A-Za-z]))?(?!\d)|[IVX]{{1,4}}\b|\({_LETTER}\)|[A-Ha-h](?![A-Za-z]))"
_MORE = r"(?:\s*(?:,|;|&|and|to|or|[-\u2010-\u2015])\s*(?:and\s+)?)"
# "Figures 1(a)-1(b) and 2(a)-2(c)", "Table 1", "Figs. 1 and 2, Table 3".
_POINTER = rf"{_ANCHOR}\s*{_NUMBER}(?:{_MORE}?(?:{_ANCHOR}\s*)?{_NUMBER})*"
# Words that only point, in brackets that hold an anchor.
_POINTING = re.compile(
    rf"{_POINTER}|{_ANCHOR}|https?://\S+|\b(?:see|also|as|shown|seen|indicated|in|and|or|to|through|the|at|of|by|with|online|available|"
    r"arrow|arrows|arrowhead|arrowheads|asterisk|asterisks|circle|star|left|right|upper|lower|top|bottom|middle|"
    r"white|black|red|yellow|blue|green|solid|dashed|open|closed|panel|panels|image|images|clip|material|data|file|"
    r"supplementary|supplemental|online|axial|coronal|sagittal|view|views|not)\b|[\s,;:.&()\u2010-\u2015-]+",
    re.IGNORECASE,
)
_HAS_ANCHOR = re.compile(rf"{_ANCHOR}", re.IGNORECASE)
_ONLY_POINTER = re.compile(
    rf"\s*(?:see\s+|as\s+(?:shown|seen)\s+in\s+|shown\s+in\s+)?(?:also\s+)?{_POINTER}\s*", re.IGNORECASE
)
_ASIDE = re.compile(
    rf"\s*,?\s*(?:as\s+(?:is\s+|was\s+)?(?:shown|seen|depicted|illustrated|demonstrated|summari[sz]ed|listed|detailed|indicated|presented|given)\s+in|"
    rf"see(?:\s+also)?)\s+(?:the\s+)?{_POINTER}\s*(?:(?=[.;:)])|,|(?=\s))",
    re.IGNORECASE,
)
_NAKED = re.compile(rf"\b(?:figure|fig|table)s?\b\.?\s*{_NUMBER}", re.IGNORECASE)
_EMPTY = re.compile(r"\s*(?:\(\s*[,;.:\u2010-\u2015-]*\s*\)|\[\s*[,;.:\u2010-\u2015-]*\s*\])")
_DEEPEST = 3
_LONGEST_BRACKET = 300


def cross_references(text: str, area: Span, marks: Sequence[Mark] = ()) -> tuple[Span, ...]:
    """The holes to cut out of ``area``: pointers in brackets or asides, reference marks, empty brackets."""
    inside = [mark for mark in marks if area.contains(mark.span)]
    holes = list(_reference_marks(text, area, inside))
    for bracket in _brackets(text, area):
        holes += _in_bracket(text, bracket, inside)
    for pattern in (_ASIDE, _EMPTY):
        holes += [
            Span(start=match.start(), end=match.end())
            for match in pattern.finditer(text, area.start, area.end)
            if match.group().strip()
        ]
    return _merged(holes)


def points_elsewhere(text: str, pieces: Iterable[Span]) -> bool:
    """Whether what is left of a sentence still names a figure or table that the solver can't see."""
    return any(_NAKED.search(text, piece.start, piece.end) for piece in pieces)


def _brackets(text: str, area: Span) -> list[Span]:
    """The outermost balanced brackets in ``area``; unbalanced or very long ones are left alone."""
    found: list[Span] = []
    opened: list[int] = []
    for position in range(area.start, area.end):
        char = text[position]
        if char in "([":
            opened.append(position)
        elif char in ")]" and opened:
            start = opened.pop()
            if not opened and position - start <= _LONGEST_BRACKET:
                found.append(Span(start=start, end=position + 1))
        if len(opened) > _DEEPEST:
            opened = opened[-1:]
    return found


def _in_bracket(text: str, bracket: Span, marks: Sequence[Mark]) -> list[Span]:
    inner = Span(start=bracket.start + 1, end=bracket.end - 1)
    if _points_only(text, inner, marks):
        return [_with_space(text, bracket)]
    holes = []
    for part in _parts(text, inner):
        if _ONLY_POINTER.fullmatch(text, part.start, part.end) and part.start > inner.start:
            holes.append(Span(start=part.start - 1, end=part.end))
    return holes


def _points_only(text: str, inner: Span, marks: Sequence[Mark]) -> bool:
    if _ONLY_POINTER.fullmatch(text, inner.start, inner.end):
        return True
    blanked = list(inner.of(text))
    marked = False
    for mark in marks:
        if mark.kind != "formula" and inner.contains(mark.span):
            marked = True
            for position in range(mark.span.start, mark.span.end):
                blanked[position - inner.start] = " "
    rest = "".join(blanked)
    if not marked and not _HAS_ANCHOR.search(rest):
        return False
    return not _POINTING.sub("", rest).strip()


def _parts(text: str, inner: Span) -> list[Span]:
    """``inner`` cut at semicolons and commas outside deeper brackets."""
    found, start, depth = [], inner.start, 0
    for position in range(inner.start, inner.end):
        char = text[position]
        depth += (char in "([") - (char in ")]")
        if char in ";," and depth == 0:
            found.append(Span(start=start, end=position))
            start = position + 1
    found.append(Span(start=start, end=inner.end))
    return found


def _reference_marks(text: str, area: Span, marks: Sequence[Mark]) -> list[Span]:
    """Literature references, with the brackets and commas that hold only such references."""
    holes = []
    for mark in marks:
        if mark.kind != "reference":
            continue
        start, end = mark.span.start, mark.span.end
        left = re.compile(r"[\[(][\s\d,;\u2010-\u2015-]*$").search(text, max(area.start, start - 40), start)
        right = re.compile(r"[\s\d,;\u2010-\u2015-]*[\])]").match(text, end, area.end)
        if left and right:
            start, end = left.start(), right.end()
        holes.append(_with_space(text, Span(start=start, end=end)))
    return holes


def _with_space(text: str, span: Span) -> Span:
    start = span.start
    while start > 0 and text[start - 1] in " \t\u00a0":
        start -= 1
    return Span(start=start, end=span.end)


def _merged(holes: Iterable[Span]) -> tuple[Span, ...]:
    found: list[Span] = []
    for hole in sorted(holes, key=lambda span: (span.start, span.end)):
        if found and hole.start <= found[-1].end:
            found[-1] = Span(start=found[-1].start, end=max(hole.end, found[-1].end))
        else:
            found.append(hole)
    return tuple(found)
