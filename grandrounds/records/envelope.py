"""The envelope that every authored row carries, and the four tables that carry it.

A draft becomes a revision, a revision that passes every gate a candidate, an accepted candidate an
item. All four have the same columns for the task itself; each stage adds its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from grandrounds.fingerprint import content_id, sha256_value
from grandrounds.records.parts import (
    Authorship,
    ChainStep,
    Criterion,
    Disclosure,
    Evidence,
    Flag,
    Label,
    MeasuredValue,
    Media,
    OptionOrigin,
    ReviewSummary,
    Span,
    StructureBox,
    Turn,
    Vote,
)

OK = "ok"
ITEM_ID_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What drafts, revisions, candidates and items have in common.

    ``stem`` is what the solver sees before the question; ``visible_spans`` are the pieces of the
    source's stored text that it was made of, in order. ``options`` is empty for open questions;
    before the final shuffle the answer stands first. ``answer_index`` is 0-based. ``group_id`` is
    what splits must not cut (patient, article, book, video). ``subject`` names what is asked about where
    one piece of evidence gives several items of a task (a structure, a measurement); the answer computes
    again from the evidence, task and subject. ``boxes``, ``measurements``, ``chain`` (criterion to
    finding) and ``turns`` (stages asked before) are those of items made from volumes. ``rubric`` is what
    answers to an open consultation are marked by, ``disclosures`` what is told only when it is asked for.
    """

    recipe: str
    task: str
    evidence_id: str
    source_id: str
    group_id: str
    subject: str = ""
    stem: str
    question: str
    options: tuple[str, ...] = ()
    option_origins: tuple[OptionOrigin, ...] = ()
    answer: str
    answer_index: int | None = None
    answer_aliases: tuple[str, ...] = ()
    rationale: str = ""
    visible_spans: tuple[Span, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    media: tuple[Media, ...] = ()
    boxes: tuple[StructureBox, ...] = ()
    measurements: tuple[MeasuredValue, ...] = ()
    chain: tuple[ChainStep, ...] = ()
    turns: tuple[Turn, ...] = ()
    rubric: tuple[Criterion, ...] = ()
    disclosures: tuple[Disclosure, ...] = ()
    labels: tuple[Label, ...] = ()
    language: str
    licence: str
    citation: str = ""
    protected: bool = False
    source_published: date | None = None
    authorship: Authorship
    quality_flags: tuple[Flag, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft(Envelope):
    """Stage one. ``status`` is ``ok`` or the reason's kind: ``no_diagnosis``, ``no_stem``,
    ``no_distractors``, ``nothing_to_ask`` (the evidence holds nothing that the task asks about),
    ``no_outcome`` (it does not say what was done and what became of it), ``no_rubric`` (too little of it
    can be marked), ``refused``, ``truncated``, ``unparsable``, ``failed``, ``not_local``, ``waiting``,
    ``dropped`` (the revision's own verdict)."""

    draft_id: str
    status: str = OK
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision(Envelope):
    """Stage two: the draft revised against the recipe's criteria; ``changes`` says what and why."""

    revision_id: str
    draft_id: str
    status: str = OK
    reason: str = ""
    changes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate(Envelope):
    """A revision that passed every gate, options shuffled by its id."""

    item_id: str
    revision_id: str
    draft_id: str
    content_sha256: str
    votes: tuple[Vote, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Item(Envelope):
    """An accepted candidate with its split, dates and review summary: one row of a release.

    ``available_from`` is the day of the first release that held it (none in a preview);
    ``candidate_id`` differs from ``item_id`` only where a reviewer edited the content.
    """

    item_id: str
    candidate_id: str
    revision_id: str
    draft_id: str
    content_sha256: str
    split: str
    reviewed: bool
    review: ReviewSummary
    votes: tuple[Vote, ...] = ()
    available_from: date | None = None
    retired_at: date | None = None
    retired_reason: str | None = None


def item_id(row: Envelope) -> str:
    """The content id of a row: what the solver is asked and what is right, nothing else.

    Options are sorted first, so the id does not depend on their order and can decide it.
    """
    return content_id("item", _identity(row))


def content_sha256(row: Envelope) -> str:
    """Hash of everything a reviewer judges: the identity, the rationale and the evidence.

    A review event names this hash; when it changes, the item is asked again.
    """
    return sha256_value(
        [
            _identity(row),
            row.rationale,
            list(row.answer_aliases),
            *_computed(row),
            *_disclosed(row),
            [[e.role, e.source_id, e.quote, e.locator.start, e.locator.end] for e in row.evidence],
        ]
    )


def _computed(row: Envelope) -> list[object]:
    """What a reviewer judges besides in items made from volumes; nothing for others."""
    if not (row.boxes or row.measurements or row.chain or row.turns):
        return []
    return [
        [[box.role, box.name, box.origin, list(box.voxels)] for box in row.boxes],
        [[value.name, value.number, value.word, value.unit, value.status] for value in row.measurements],
        [[step.kind, step.words, step.number, step.word, step.unit] for step in row.chain],
        [[turn.stage, turn.question, list(turn.options), turn.answer] for turn in row.turns],
    ]


def _disclosed(row: Envelope) -> list[object]:
    """What is told when it is asked for; nothing where all is told at once."""
    if not row.disclosures:
        return []
    return [[[told.topic, list(told.cues), told.text, _place(told.span)] for told in row.disclosures]]


def _marked(row: Envelope) -> list[object]:
    """What answers are marked by; nothing for items without a rubric, so these keep their ids."""
    if not row.rubric:
        return []
    return [
        [
            [each.criterion_id, each.text, each.axis, each.points, each.kind, list(each.terms)]
            + [[e.source_id, e.quote, e.locator.start, e.locator.end] for e in each.evidence]
            for each in row.rubric
        ],
        [[told.topic, list(told.cues), told.text] for told in row.disclosures],
    ]


def _place(span: Span) -> list[int]:
    return [span.start, span.end]


def _identity(row: Envelope) -> list[object]:
    return [
        ITEM_ID_VERSION,
        row.recipe,
        row.task,
        row.stem,
        row.question,
        sorted(row.options),
        row.answer,
        sorted(media.sha256 for media in row.media),
        row.source_id,
        *_marked(row),
    ]
