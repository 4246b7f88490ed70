"""An item as the page shows it: no more than this reader may see now."""

from __future__ import annotations

import string
from collections.abc import Iterable
from dataclasses import dataclass

from grandrounds.recipe import Review
from grandrounds.records.envelope import Candidate, Draft, Revision
from grandrounds.review.computed import computed_from, options_are_computed
from grandrounds.review.criteria import criteria_of
from grandrounds.review.desk.values import Saved, Slot
from grandrounds.review.parts import BOX, QUOTE, parts_of
from grandrounds.review.web.views.diff import Change, changes
from grandrounds.review.web.views.typed import REASONS, Typed

_LETTERS = string.ascii_uppercase


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option: its letter and words, the words as edited, and whether it is the marked answer now."""

    number: int
    letter: str
    text: str
    typed: str
    right: bool
    edited_right: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Rests:
    """Something that the item rests on (see ``Part``). ``mark`` names it to the server; ``wrong`` tells
    whether this reader marked it so, ``said`` what they say is wrong."""

    kind: str
    mark: str
    role: str
    words: str
    detail: str = ""
    wrong: bool = False
    said: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rated:
    """Something to rate from 1 to 5: ``name`` is kept with the rating, ``words`` say more."""

    name: str
    words: str
    score: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemView:
    """What the template draws. With ``hidden``, nothing in it tells the answer: options are not marked, and
    answer, rationale, evidence for the answer, remarks and the way from draft to revision are left out."""

    recipe: str
    item_id: str
    content_sha256: str
    token: str
    task: str
    language: str
    hidden: bool
    stem: tuple[str, ...]
    question: str
    options: tuple[Option, ...]
    candidate: Candidate
    rests: tuple[Rests, ...]
    changes: tuple[Change, ...]
    told: tuple[str, ...]
    author: str
    criteria: tuple[Rated, ...]
    reasons: tuple[tuple[str, str], ...]
    typed: Typed
    computed: str
    options_fixed: bool
    revision: int
    seconds: float


def view(
    slot: Slot,
    *,
    policy: Review,
    typed: Typed,
    saved: Saved | None,
    draft: Draft | None,
    revised: Revision | None,
) -> ItemView:
    """What ``slot`` holds. ``draft`` and ``revised`` are the item's own, where they are known."""
    item = slot.candidate
    hidden = policy.blind_answer and typed.chosen is None
    shown = not hidden
    return ItemView(
        recipe=slot.recipe,
        item_id=item.item_id,
        content_sha256=item.content_sha256,
        token=slot.token,
        task=item.task,
        language=item.language,
        hidden=hidden,
        stem=tuple(part for part in item.stem.split("\n\n") if part.strip()),
        question=item.question,
        options=tuple(_options(item, typed, shown=shown)),
        candidate=item,
        rests=tuple(_rests(item, typed, shown=shown)),
        changes=changes(draft, revised) if shown and draft and revised else (),
        told=revised.changes if shown and revised else (),
        author="" if policy.blind_author else _author(item),
        criteria=tuple(_criteria(policy, typed)),
        reasons=tuple((reason, f"reason.{reason.replace(' ', '_')}") for reason in REASONS),
        typed=typed,
        computed=computed_from(item),
        options_fixed=options_are_computed(item),
        revision=saved.revision if saved else 0,
        seconds=saved.seconds if saved else 0.0,
    )


def _options(item: Candidate, typed: Typed, *, shown: bool) -> Iterable[Option]:
    texts = typed.edits.options or list(item.options)
    right = typed.edits.answer if typed.edits.answer is not None else item.answer
    for number, (option, text) in enumerate(zip(item.options, texts, strict=False)):
        yield Option(
            number=number,
            letter=_LETTERS[number] if number < len(_LETTERS) else str(number + 1),
            text=option,
            typed=text,
            right=shown and option == item.answer,
            edited_right=shown and text == right,
        )


def _rests(item: Candidate, typed: Typed, *, shown: bool) -> Iterable[Rests]:
    """Where the answer is hidden, pictures alone: quotes and boxes would tell it."""
    said = {f"{mark.kind}:{mark.reference}": mark.words for mark in typed.marks}
    for part in parts_of(item):
        if shown or part.kind not in {QUOTE, BOX}:
            mark = f"{part.kind}:{part.reference}"
            yield Rests(
                kind=part.kind,
                mark=mark,
                role=part.role,
                words=part.words,
                detail=part.detail,
                wrong=mark in said,
                said=said.get(mark, ""),
            )


def _criteria(policy: Review, typed: Typed) -> Iterable[Rated]:
    scores = {rating.criterion: rating.score for rating in typed.ratings}
    for each in criteria_of(policy):
        yield Rated(name=each.name, words=each.words, score=scores.get(each.name))


def _author(item: Candidate) -> str:
    made = item.authorship
    return made.model or made.author if made.author == "model" else made.author
