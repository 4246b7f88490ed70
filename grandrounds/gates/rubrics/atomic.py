"""Gate ``atomic``: a criterion asks for one thing that can be seen in an answer."""

from __future__ import annotations

import re
from collections.abc import Iterator

from grandrounds.gates.gate import Findings, Gate, Looked, found, shortened
from grandrounds.records.parts import Criterion
from grandrounds.text import words

_VERB = (
    r"(?:advis|recommend|nam|warn|plan|order|perform|giv|start|stop|explain|tell|ask|refer|treat|mention|identif|diagnos|"
    r"request|prescrib|conclud|avoid|monitor|arrang|speak|base|rel[iy]|put)(?:e?s|ies|ing|ed?)?"
)
_TWO = re.compile(
    rf";|\bas\s+well\s+as\b|\band\s+also\b|\band/or\b|\b(?:and|or)\s+(?:also\s+)?{_VERB}\b", re.IGNORECASE
)
_JOINED = re.compile(r"\s(?:and|or)\s|;", re.IGNORECASE)
# Names of conditions have joints of their own ("granulomatosis with ...", "foot and mouth disease").
_NAMES = ("diagnosis", "wrong_diagnosis")


def look(at: Looked) -> Findings:
    """Refuse criteria of several sentences, several demands, several things, or too many words."""
    limit = at.recipe.gates.rubric.words
    return found(*(problem for each in at.revision.rubric for problem in _problems(each, limit)))


def _problems(each: Criterion, limit: int) -> Iterator[str]:
    named = f"The criterion {shortened(each.text)!r}"
    if len(words(each.text)) > limit:
        yield f"{named} has {len(words(each.text))} words, more than {limit}."
    if re.search(r"[.!?]\s+[A-Z]", each.text):
        yield f"{named} has several sentences."
    if _TWO.search(each.text):
        yield f"{named} asks for several things."
    if each.kind not in _NAMES and any(
        _JOINED.search(way) for term in each.terms for way in term.split("|")
    ):
        yield f"{named} has a term that joins several things."


GATE = Gate(name="atomic", look=look)
