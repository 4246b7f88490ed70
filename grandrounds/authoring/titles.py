"""What the title of a case report says the case was.

Titles of case reports follow few patterns: "An unusual case of X in a young woman", "X mimicking Y",
"Successful treatment of X with Z", "X: a case report". The condition is what is left when the frame is
taken away. Several readings are given, best first; the caller weighs them against the text.
"""

from __future__ import annotations

import re

from grandrounds.clinical.conditions import is_condition, is_known
from grandrounds.records.parts import Span

_ADJECTIVE = (
    r"(?:(?:very|extremely|exceedingly|highly)\s+)?(?:rare|unusual|uncommon|unique|interesting|atypical|typical|classic(?:al)?|"
    r"novel|first|new|challenging|difficult|complex|curious|peculiar|fatal|severe|successful(?:ly)?|surgical|medical|endoscopic|laparoscopic|"
    r"thoracoscopic|robotic|percutaneous|conservative|endovascular|incidental|accidental|delayed|early|late|prenatal|antenatal|"
    r"postnatal|neonatal|pa?ediatric|adult|geriatric|ultrasound|sonographic|radiologic(?:al)?|histologic(?:al)?|clinical|"
    r"isolated|reported|confirmed|proven|second|third|two|three|four|several|single|emergency|one-stage|staged|initial|direct|simultaneous|combined|spontaneous\s+resolution\s+of|recurrent\s+case\s+of)"
)
_FRAME_NOUN = (
    r"(?:case|cases|report|reports|series|presentation|presentations|manifestation|manifestations|occurrence|instance|example|"
    r"finding|findings|diagnosis|detection|discovery|recognition|identification|treatment|management|repair|closure|resection|"
    r"excision|removal|therapy|correction|reconstruction|reduction|fixation|embolization|ablation|control|"
    r"course|outcome|outcomes|imaging|evaluation|variant|form|type|episode)"
)
_OPENING = re.compile(
    rf"^(?:(?:an?|the|our)\s+)?(?:{_ADJECTIVE}\s+)*(?:{_FRAME_NOUN}(?:\s+(?:report|series))?(?:\s+and\s+{_FRAME_NOUN})?)\s+of\s+(?:(?:an?|the)\s+)?",
    re.IGNORECASE,
)
_QUALIFIERS = re.compile(rf"^(?:(?:an?|the)\s+)?(?:{_ADJECTIVE}\s+)+", re.IGNORECASE)
_ARTICLE = re.compile(r"^(?:an?|the)\s+", re.IGNORECASE)

# Where the condition ends and the setting begins.
_END = re.compile(
    r"\s+(?:mimicking|masquerading|simulating|presenting|presented|manifesting|manifested|misdiagnosed|mistaken|"
    r"diagnosed|detected|discovered|found|treated|managed|repaired|operated|located|involving|revealed|"
    r"causing|leading|resulting|following|after|during|before|while|without|with|"
    r"in|on|at|by|using|via|through|from|among|between|despite|"
    r"associated|complicated|complicating|caused|induced\s+by|secondary|due|related\s+to|attributed|successfully|as|and|"
    r"that|which|who|where|when|is|are|was|were|treatment|management|closure|repair)\b.*$",
    re.IGNORECASE,
)
# "X as the presenting sign of Y": the diagnosis is Y.
_SIGN_OF = re.compile(
    r"\s(?:as\s+(?:an?|the)\s+(?:\w+\s+){0,3}?(?:symptom|sign|manifestation|feature|presentation|complaint|clue|finding)\s+(?:of|in|to)|"
    r"revealing|unmasking|heralding|leading\s+to\s+(?:the\s+)?diagnosis\s+of|as\s+(?:an?|the)\s+\w*\s*presentation\s+of)\s+",
    re.IGNORECASE,
)
_CASE_OF = re.compile(r"\bcases?\b[^:]{0,20}\bof\b", re.IGNORECASE)
# Frames in which the condition stands elsewhere: "X: a rare cause of Y".
_ELSEWHERE = re.compile(
    rf"^(?:(?:an?|the|another)\s+)?(?:{_ADJECTIVE}\s+)*(?:cause|complication|mimic|imitator|consequence|sequela|differential|side effect|"
    r"adverse effect|association|predictor|etiology|aetiology|masquerade|approach|role|lesson|review|challenge|dilemma|pitfall)\b",
    re.IGNORECASE,
)
_GENERIC = re.compile(
    r"^(?:(?:an?|the)\s+)?(?:\w+\s+){0,4}(?:case|cases|case reports?|case series|reports?|review|literature|follow-?up|results?|"
    r"experience|considerations?|update|technique|approach|patients?)\b(?!\s+of\s+(?!the\s+literature|cases|two|three|a\s+case))",
    re.IGNORECASE,
)
_SPLIT = re.compile(r"\s*(?::|\?|\s[\u2013\u2014-]\s|\.\s+(?=[A-Z]))\s*")


def conditions_in_title(title: str) -> tuple[str, ...]:
    """The conditions a title may name, verbatim pieces of it, best first; empty when it names none."""
    return tuple(dict.fromkeys(title[span.start : span.end] for span in condition_spans(title)))


def condition_spans(title: str) -> tuple[Span, ...]:
    """The same as spans into ``title``."""
    found: list[tuple[int, Span]] = []
    for position, whole in enumerate(_segments(title)):
        area = _after_sign(title, whole)
        words = area.of(title)
        if _ELSEWHERE.match(words) or (_GENERIC.match(words) and not _OPENING.match(words)):
            continue
        span = _condition(title, area)
        if span is not None:
            found.append((_rank(title, span, position), span))
    return tuple(span for _, span in sorted(found, key=lambda each: (each[0], each[1].start)))


def _rank(title: str, span: Span, position: int) -> int:
    """Earlier segments first, but "X: an unusual case of Y" says in Y what X was."""
    framed = _CASE_OF.search(title[: span.start].rpartition(":")[2]) is not None
    return position - (2 if framed else 0)


def _after_sign(title: str, area: Span) -> Span:
    """The part after "as the presenting sign of", where a segment has one."""
    match = _SIGN_OF.search(title, area.start, area.end)
    return Span(start=match.end(), end=area.end) if match else area


def _segments(title: str) -> list[Span]:
    parts, start = [], 0
    for gap in _SPLIT.finditer(title):
        parts.append(Span(start=start, end=gap.start()))
        start = gap.end()
    parts.append(Span(start=start, end=len(title)))
    return [part for part in parts if part.end > part.start]


def _condition(title: str, area: Span) -> Span | None:
    start = area.start
    for pattern in (_OPENING, _OPENING, _QUALIFIERS, _ARTICLE):
        match = pattern.match(title[start : area.end])
        if match:
            start += match.end()
    words = title[start : area.end]
    pieces = [words[:stop].rstrip(" ,;.") for stop in _ends(words)]
    known = [piece for piece in pieces[:3] if is_known(piece)]
    named = [*known[-1:], *(piece for piece in pieces if is_condition(piece))]
    return Span(start=start, end=start + len(named[0])) if named else None


def _ends(words: str) -> list[int]:
    """Where the condition may end, nearest first, the whole last."""
    places = []
    position = 0
    while True:
        match = _END.search(words, position)
        if match is None:
            break
        if match.start() > 0:
            places.append(match.start())
        position = match.start() + 1
    return [*places, len(words)]
