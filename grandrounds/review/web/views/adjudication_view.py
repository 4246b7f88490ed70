"""Readers' versions of an item side by side, without their names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grandrounds.records.envelope import Candidate
from grandrounds.records.review_event import EDIT, REJECT, ReviewEvent
from grandrounds.review.desk.disputes import versions
from grandrounds.review.edits import apply_edits, parse_edits
from grandrounds.review.policy import Ruling
from grandrounds.review.web.views.diff import KEPT, Piece, pieces

_FIELDS = ("question", "options", "answer", "aliases", "rationale")


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """What one reader decided; ``key`` names it to the server, ``number`` to people. ``wrong`` is
    what they say of each piece that they marked wrong, ``answer`` what they answered before they saw the
    marked one."""

    number: int
    key: str
    decision: str
    reasons: tuple[str, ...]
    comment: str
    ratings: tuple[tuple[str, int], ...]
    wrong: tuple[str, ...]
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One field as each reader would have it (nothing where they rejected the item), against what was
    asked. ``differs`` tells that they don't agree on it."""

    field: str
    asked: str
    cells: tuple[tuple[Piece, ...], ...]
    differs: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """The versions and the fields that some version changes; others are as asked in all."""

    versions: tuple[Version, ...]
    rows: tuple[Row, ...]
    decisions_differ: bool

    @property
    def answered(self) -> bool:
        """Whether somebody answered before they saw the marked answer."""
        return any(each.answer for each in self.versions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Disputed:
    """One line of the list of disputed items."""

    item_id: str
    question: str
    answer: str
    task: str
    said: tuple[tuple[str, int], ...]


def compared(item: Candidate, decisions: Sequence[ReviewEvent]) -> Compared:
    """``decisions`` on ``item`` side by side."""
    events = versions(decisions)
    made = [_made(item, event) for event in events]
    rows = []
    for field in _FIELDS:
        asked = _text(item, field)
        texts = [None if each is None else _text(each, field) for each in made]
        if all(text is None or text == asked for text in texts):
            continue
        rows.append(
            Row(
                field=field,
                asked=asked,
                cells=tuple(() if text is None else _cell(asked, text) for text in texts),
                differs=len({text for text in texts if text is not None}) > 1,
            )
        )
    return Compared(
        versions=tuple(_version(number, event) for number, event in enumerate(events, start=1)),
        rows=tuple(rows),
        decisions_differ=len({event.decision for event in events}) > 1,
    )


def disputed(ruling: Ruling) -> Disputed:
    """A disputed item in the list."""
    said = [event.decision for event in versions(ruling.decisions)]
    return Disputed(
        item_id=ruling.candidate_id,
        question=ruling.candidate.question,
        answer=ruling.candidate.answer,
        task=ruling.candidate.task,
        said=tuple((decision, said.count(decision)) for decision in dict.fromkeys(said)),
    )


def _made(item: Candidate, event: ReviewEvent) -> Candidate | None:
    if event.decision == REJECT:
        return None
    return apply_edits(item, parse_edits(event.edits)) if event.decision == EDIT else item


def _text(item: Candidate, field: str) -> str:
    if field == "options":
        return "\n".join(item.options)
    if field == "aliases":
        return "\n".join(item.answer_aliases)
    return str(getattr(item, field))


def _cell(asked: str, text: str) -> tuple[Piece, ...]:
    return pieces(asked, text) if text != asked else (Piece(kind=KEPT, words=text),)


def _version(number: int, event: ReviewEvent) -> Version:
    return Version(
        number=number,
        key=event.event_id,
        decision=event.decision,
        reasons=event.reasons,
        comment=event.comment,
        ratings=tuple((rating.criterion, rating.score) for rating in event.ratings),
        wrong=tuple(mark.words for mark in event.marks),
        answer=event.answer,
    )
