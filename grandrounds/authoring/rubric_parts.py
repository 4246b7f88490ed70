"""What the rules of rubrics read: a case's sentences by what the solver sees, and what a rule finds in them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from grandrounds.authoring.compose import visible_sentences
from grandrounds.authoring.diagnosis import Diagnosis
from grandrounds.clinical.distinctive import base, is_distinctive
from grandrounds.clinical.terminology import Terminology
from grandrounds.records.case import Case
from grandrounds.records.parts import Criterion, Evidence, Locator, Span
from grandrounds.rubrics.kinds import with_id
from grandrounds.rubrics.matching import SHARE, find_said
from grandrounds.text import sentences, words

_STORY = (
    "presentation",
    "history",
    "examination",
    "investigations",
    "diagnosis",
    "treatment",
    "outcome",
    "other",
)
_SAID_OF_IT = ("discussion", "conclusion", "abstract")
_MARKUP = re.compile(
    r"\s*\((?:see\s+)?(?:figs?\.?|figures?|tables?|video)[^)]*\)|\s*\[[\d,\s\u2013-]+\]", re.IGNORECASE
)
ANSWER_ROLE = "answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a rule found: a criterion in the making. ``said`` is the sentence of the reference answer that
    earns it (empty where a good answer just doesn't do the wrong thing), ``quotes`` where it stands."""

    kind: str
    axis: str
    points: int
    text: str
    terms: tuple[str, ...]
    rule: str
    quotes: tuple[Span, ...]
    said: str = ""


@dataclass(frozen=True)
class Reading:
    """A case cut for a consultation: what is visible, what came after, what the report says of it all."""

    case: Case
    diagnosis: Diagnosis
    pieces: tuple[Span, ...]

    @cached_property
    def visible(self) -> tuple[Span, ...]:
        """The sentences that the solver sees."""
        return visible_sentences(self.case, self.pieces)

    @cached_property
    def hidden(self) -> tuple[Span, ...]:
        """The sentences of the patient's story that come after what the solver sees."""
        last = self.pieces[-1].end if self.pieces else 0
        return tuple(
            sentence
            for section in self.case.own_sections()
            if section.kind in _STORY
            for sentence in sentences(self.case.text, section.span)
            if sentence.start >= last
        )

    @cached_property
    def said_of_it(self) -> tuple[Span, ...]:
        """The sentences in which the report looks back; those of several patients' reports say too little."""
        return tuple(
            sentence
            for section in self.case.own_sections()
            if section.kind in _SAID_OF_IT
            for sentence in sentences(self.case.text, section.span)
        )

    @cached_property
    def visible_text(self) -> str:
        """All that the solver sees, as one text."""
        return "\n\n".join(span.of(self.case.text) for span in self.visible)

    @cached_property
    def hidden_text(self) -> str:
        """All that came after, as one text."""
        return "\n\n".join(span.of(self.case.text) for span in self.hidden)

    def printed(self, span: Span) -> str:
        """A sentence without references to figures, in single spaces."""
        return " ".join(_MARKUP.sub("", span.of(self.case.text)).split())

    def names_diagnosis(self, phrase: str) -> bool:
        """Whether a phrase is the diagnosis, a relative of it, or shares a word that tells it."""
        names = (self.diagnosis.name, *self.diagnosis.aliases)
        terminology = Terminology.load()
        own = {base(word) for name in names for word in words(name) if is_distinctive(word)}
        told = {base(word) for word in words(phrase) if is_distinctive(word)}
        return bool(own & told) or any(terminology.related(phrase, name) for name in names)


def matches(
    reading: Reading, spans: Sequence[Span], pattern: re.Pattern[str]
) -> Iterator[tuple[Span, re.Match[str]]]:
    """Every match of ``pattern`` in the printed form of each sentence."""
    for span in spans:
        for match in pattern.finditer(reading.printed(span)):
            yield span, match


def criterion_of(found: Found, case: Case) -> Criterion:
    """The criterion that a finding makes."""
    evidence = tuple(
        Evidence(
            role=ANSWER_ROLE,
            source_id=case.source_id,
            evidence_id=case.evidence_id,
            quote=span.of(case.text),
            locator=Locator.chars(span),
        )
        for span in found.quotes
    )
    return with_id(
        Criterion(
            criterion_id="",
            text=found.text,
            axis=found.axis,
            points=found.points,
            kind=found.kind,
            terms=found.terms,
            rule=found.rule,
            evidence=evidence,
        )
    )


def is_asserted(text: str, phrase: str, *, share: float = SHARE) -> bool:
    """Whether a text says a condition of the patient without denying or only weighing it."""
    return any(not said.denied and not said.weighed for said in find_said(text, (phrase,), share=share))
