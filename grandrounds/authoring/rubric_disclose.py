"""Findings that are held back from the stem and told when they are asked for, by topic."""

from __future__ import annotations

from collections.abc import Sequence

from grandrounds.authoring.compose import visible_sentences
from grandrounds.authoring.story import is_examination
from grandrounds.records.case import Case
from grandrounds.records.parts import Disclosure, Span
from grandrounds.rubrics.vocabulary import vocabulary
from grandrounds.stem import render
from grandrounds.text import contains_phrase, words

_FEWEST_WORDS = 3
_BLOOD = ("hemoglobin", "serum", "leukocytes", "platelets", "creatinine", "white cell count")
CUES = {
    "history": (
        "history", "past", "medication", "drugs", "allergies", "family", "smoking", "habits", "symptoms",
        "before", "course", "since when",
    ),
    "examination": (
        "examination", "examine", "exam", "physical", "vital signs", "blood pressure", "temperature",
        "pulse", "auscultation", "palpation", "inspection",
    ),
    "imaging": ("imaging", "scan", "radiology"),
    "endoscopy": ("endoscopy", "scope"),
    "microbiology": ("microbiology", "cultures", "infection tests"),
    "pathology": ("biopsy", "pathology", "histology", "tissue"),
    "laboratory": (
        "laboratory", "blood tests", "bloods", "labs", "laboratory tests", "blood work", "blood results",
    ),
    "function": ("function tests", "tracing"),
}  # fmt: skip
"""The words that ask for all findings of a topic; a finding of a test is told for the test's names too."""


def disclosed(case: Case, *, whole: Sequence[Span], shown: Sequence[Span]) -> tuple[Disclosure, ...]:
    """What ``whole`` tells and ``shown`` does not, sentence by sentence in printed order."""
    last = max((piece.end for piece in shown), default=0)
    found: list[Disclosure] = []
    topic = "history"
    for span in visible_sentences(case, whole):
        if span.start < last or len(words(span.of(case.text))) < _FEWEST_WORDS:
            continue
        sentence = span.of(case.text)
        topic, ways = _topic(sentence, topic)
        cues = tuple(dict.fromkeys((*CUES[topic], *ways)))
        found.append(Disclosure(topic=topic, cues=cues, text=render(case.text, [span]), span=span))
    return tuple(found)


def _topic(sentence: str, before: str) -> tuple[str, tuple[str, ...]]:
    """The topic of a sentence and the names of its tests; without any it goes on with the one before."""
    named = [
        test
        for test in vocabulary().investigations
        if any(contains_phrase(sentence, way) for way in test.ways)
    ]
    if named:
        own = named[0]
        return own.topic, tuple(
            way for test in named if test.topic == own.topic for way in (test.name, *test.ways)
        )
    if is_examination(sentence):
        return "examination", ()
    if any(
        contains_phrase(sentence, word)
        for word in ("hemoglobin", "serum", "leukocytes", "platelets", "creatinine", "white cell count")
    ):
        return "laboratory", ()
    return before, ()
