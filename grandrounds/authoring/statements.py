"""Sentences that state a diagnosis, and what they state.

Each pattern is a way in which case reports say it ("was diagnosed with X", "histopathology confirmed
X", "we report a case of X"), with a weight: how often such a sentence names the case's own final
diagnosis rather than a history, a suspicion or a disease in general.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from grandrounds.clinical.conditions import is_condition, is_known
from grandrounds.records.case import Case, Section
from grandrounds.records.parts import Span
from grandrounds.text import sentences

_LEAD = r"(?:(?:an?|the|this|our|her|his|their)\s+)?(?:(?:rare|unusual|unique|first|typical|classic|interesting|severe|mild)\s+)*"
_SURELY = r"(?:(?:finally|eventually|then|subsequently|clinically|therefore|thus|also|later|ultimately|hence)\s+)?"
_TISSUE = r"(?:histolog\w*|histopatholog\w*|patholog\w*|biops\w+|cytolog\w*|immunohistochemi\w*|autopsy|cultures?|serolog\w*|frozen[- ]section\w*)"

# The condition follows the cue.
_AFTER: tuple[tuple[re.Pattern[str], float], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), weight)
    for pattern, weight in (
        (
            r"\b(?:final|definitive|definite|pathological|histological|histopathological|clinical)\s+diagnosis\s+(?:was|is|of)\s+(?:that\s+of\s+)?",
            3.0,
        ),
        (
            r"\bdiagnosis\s+(?:was|is)\s+(?!made|confirmed|established|based|difficult|not|delayed|often|usually|supported|reached)(?:that\s+of\s+)?",
            2.5,
        ),
        (
            rf"\b(?:was|were|been|is)\s+{_SURELY}diagnosed\s+(?:with|as|to\s+have|as\s+having)\s+(?:having\s+)?",
            2.5,
        ),
        (
            rf"\bwe\s+{_SURELY}(?:diagnosed|made\s+(?:the|a)\s+diagnosis\s+of)\s+(?!with\b|as\b|this\b|the\s+(?:patient|case)\b|him\b|her\b)",
            2.5,
        ),
        (r"\bdiagnosed\s+(?:this|the)\s+(?:case|patient|lesion|tumou?r)\s+(?:as|with)\s+", 2.5),
        (r"\bdiagnosis\s+of\s+", 2.0),
        (
            r"\bmet\s+(?:\w+\s+){0,3}?criteria\s+(?:for|of)\s+|\bcriteria\s+(?:for|of)\s+(?=[^.;]{3,80}\bwere\s+(?:met|fulfilled))",
            2.2,
        ),
        (
            rf"\b{_TISSUE}\b[^.;]{{0,80}}?\b(?:revealed|showed|demonstrated|disclosed|confirmed|indicated|yielded|proved)\s+(?:the\s+\w+\s+to\s+be\s+)?",
            2.2,
        ),
        (
            r"\b(?:confirmed|established|proved|proven|verified)\s+(?:to\s+be\s+|as\s+|the\s+presence\s+of\s+)?(?!the\s+diagnosis)",
            1.5,
        ),
        (
            r"\b(?:consistent|compatible|in\s+keeping|keeping)\s+with\s+(?:the\s+diagnosis\s+of\s+|a\s+diagnosis\s+of\s+|that\s+of\s+)?",
            1.9,
        ),
        (r"\b(?:diagnostic|pathognomonic)\s+of\s+", 2.3),
        (r"\b(?:characteristic|typical)\s+of\s+", 1.2),
        (r"\b(?:found|determined|proved|known|turned\s+out)\s+to\s+(?:be|have)\s+", 1.9),
        (r"\b(?:revealed|showed|demonstrated|disclosed|identified|indicated)\s+", 0.7),
        (
            r"\b(?:report|present|describe|presenting|reporting|reported)\s+(?:here\s+)?(?:on\s+)?(?:an?|the|our|two|three|first|\d+)?\s*(?:\w+\s+){0,3}?(?:case|cases|patient|occurrence|presentation)s?\s+(?:of|with)\s+(?:an?\s+\d+[- ]\w+[- ]\w+\s+\w+\s+with\s+)?",
            2.0,
        ),
        (r"\b(?:in\s+)?(?:this|our|the\s+present)\s+case\s+of\s+", 1.5),
        (
            r"\b(?:presented|presenting|admitted|referred|developed|developing|suffer(?:ed|ing)|sustained)\s+(?:to\s+[^.;]{3,60}?\s+)?(?:with|for|from)?\s*(?:features\s+of\s+)?",
            0.5,
        ),
        (r"\b(?:had|has|have|having)\s+", 0.3),
    )
)
# The condition stands before the cue, as the subject of the sentence.
_BEFORE: tuple[tuple[re.Pattern[str], float], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), weight)
    for pattern, weight in (
        (rf"\s(?:was|were)\s+{_SURELY}diagnosed\b(?!\s+(?:with|as)\b)", 2.5),
        (rf"\s(?:was|were)\s+{_SURELY}(?:confirmed|established|proven|proved)\b", 2.2),
        (rf"\s(?:was|were)\s+{_SURELY}(?:recogni[sz]ed|identified|found|revealed)\b", 1.4),
        (r"\s(?:was|were)\s+(?:treated|cured|managed)\b|\s(?:responded|settled)\b", 1.0),
    )
)
_AGAINST = re.compile(
    r"\b(?:differential|most\s+likely|likely|suspected|suspicion|presumed|presumptive|provisional|possible|possibly|probable|initial(?:ly)?|working|"
    r"rule[ds]?\s+out|excluded?|exclude|unlikely|no\s+evidence|not\s+consistent|misdiagnos\w*|previously|prior|history|known|"
    r"years?\s+(?:ago|earlier|before|previously)|family|family's|mother|father|thought\s+to\s+be|considered|instead|negative\s+for|without|absence)\b",
    re.IGNORECASE,
)
_LONG_AGO = re.compile(
    r"\b(?:years?|months?|decades?)\s+(?:ago|earlier|before|previously|prior)\b|\bin\s+(?:\w+\s+)?(?:19|20)\d\d\b",
    re.IGNORECASE,
)
_OR = re.compile(r"\s*(?:,|or\b)\s*(?:or\b|an?\b|and/or\b)", re.IGNORECASE)
_OR_BEFORE = re.compile(r"\bor\b", re.IGNORECASE)
_STOP = re.compile(
    r"[.;:()\[\]]|,\s|\s(?:and\s+(?:was|were|the|he|she|a\s+\w+\s+was)|was|were|is|are|has|had|who|which|that|with|without|based|by|"
    r"after|following|because|since|when|where|while|at|on|from|for|in|using|via|but|so|as|made|confirmed|associated|caused|"
    r"secondary|due|presenting|presented|complicated|diagnosed|detected|discovered|found|seen|treated|managed|located|situated|involving|causing|occurring|arising|mimicking|leading|requiring|affecting|developing|extending|resulting|confirmed|related|rather|then|upon|through|according|between|during|within|under|and)\b"
)
_FRAME = re.compile(
    rf"^{_LEAD}(?:(?:case|cases|features|evidence|presence|picture|diagnosis|form|type|presentation)\s+of\s+)?(?:an?\s+|the\s+)?",
    re.IGNORECASE,
)

_STOPS_TRIED = 4
_LONGEST_PHRASE = 14

_PLACE_WEIGHT = {
    "diagnosis": 1.5,
    "presentation": 1.0,
    "investigations": 1.0,
    "treatment": 0.9,
    "outcome": 0.8,
    "history": 0.5,
    "examination": 0.7,
    "abstract": 1.1,
    "conclusion": 0.9,
    "background": 0.6,
    "discussion": 0.4,
    "other": 0.5,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A condition that a sentence states, and how much the statement weighs."""

    phrase: str
    sentence: Span
    section: str
    weight: float


def statements(case: Case) -> tuple[Statement, ...]:
    """Every statement of a condition in the case's sections, in reading order."""
    return tuple(found for section in case.own_sections() for found in _in_section(case.text, section))


def _in_section(text: str, section: Section) -> Iterator[Statement]:
    place = _PLACE_WEIGHT.get(section.kind)
    if place is None:
        return
    for sentence in sentences(text, section.span):
        for cue, phrase, weight in (*_following(text, sentence), *_preceding(text, sentence)):
            doubt = _doubt(text, sentence, cue=cue, phrase=phrase)
            yield Statement(
                phrase=phrase.of(text),
                sentence=sentence,
                section=section.kind,
                weight=weight * place * doubt,
            )


def _following(text: str, sentence: Span) -> Iterator[tuple[Span, Span, float]]:
    for pattern, weight in _AFTER:
        for cue in pattern.finditer(text, sentence.start, sentence.end):
            phrase = _phrase(text, cue.end(), sentence.end)
            if phrase is not None:
                yield Span(start=cue.start(), end=cue.end()), phrase, weight


def _preceding(text: str, sentence: Span) -> Iterator[tuple[Span, Span, float]]:
    for pattern, weight in _BEFORE:
        cue = pattern.search(text, sentence.start, sentence.end)
        phrase = _phrase(text, sentence.start, cue.start()) if cue else None
        if cue and phrase is not None:
            yield Span(start=sentence.start, end=cue.end()), phrase, weight


def _doubt(text: str, sentence: Span, *, cue: Span, phrase: Span) -> float:
    """What a statement loses when it is a history, a suspicion or one of several possibilities."""
    before = (
        text[max(sentence.start, cue.start - 60) : cue.end]
        if cue.start > sentence.start
        else text[cue.start : cue.end]
    )
    after = text[phrase.end : min(sentence.end, phrase.end + 90)]
    factor = 0.25 if _AGAINST.search(before) else 1.0
    if _LONG_AGO.search(text[sentence.start : sentence.end]):
        factor *= 0.25
    return factor * (0.5 if _OR.match(after) or _OR_BEFORE.search(text[cue.end : phrase.end]) else 1.0)


def _phrase(text: str, start: int, end: int) -> Span | None:
    """The condition that begins at ``start``: the shortest piece up to a stop that names one.

    A longer piece is taken where the terminology knows it whole ("granulomatosis with polyangiitis").
    """
    frame = _FRAME.match(text[start:end])
    start += frame.end() if frame else 0
    found: Span | None = None
    for piece in _pieces(text, start, end):
        if is_known(piece.of(text)):
            return piece
        if found is None and is_condition(piece.of(text)):
            found = piece
    return found


def _pieces(text: str, start: int, end: int) -> Iterator[Span]:
    """The pieces from ``start`` to each of the next stops, shortest first."""
    position = start
    for _ in range(_STOPS_TRIED):
        stop = _STOP.search(text, position, end)
        piece = text[start : stop.start() if stop else end].strip(" ,")
        if len(piece.split()) > _LONGEST_PHRASE:
            return
        if piece:
            first = text.index(piece, start)
            yield Span(start=first, end=first + len(piece))
        if stop is None:
            return
        position = stop.end()
