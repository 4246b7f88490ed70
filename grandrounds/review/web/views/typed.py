"""What a reader has filled in: read from the form, kept while they type, made into a verdict."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from grandrounds.fingerprint import canonical
from grandrounds.records.envelope import Candidate
from grandrounds.records.review_event import ACCEPT, EDIT, REJECT, Rating, ReviewEvent, WrongMark
from grandrounds.review.checks import LONGEST_ANSWER, LONGEST_WORDS
from grandrounds.review.desk.values import Verdict
from grandrounds.review.edits import Edits, parse_edits
from grandrounds.review.parts import KINDS
from grandrounds.review.words import fault_in_text

REASONS = (
    "wrong answer",
    "more than one right answer",
    "answer given away",
    "cannot be answered from what is shown",
    "evidence does not support it",
    "picture or volume unfit",
    "badly worded",
    "clinically unimportant",
    "outdated",
    "points to a person",
)
"""Reasons to reject, as they are stored, whatever language the page speaks. The page's words for the
first are under ``reason.wrong_answer`` and so on."""

_T = TypeVar("_T")
PANELS = ("edit", "reject")
_MOST_MARKS = 200
_LONGEST = 24 * 3600.0
_BREAKS = re.compile(r"\r\n?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """The form. ``edits`` holds only fields that differ from the item's; ``chosen`` is the answer that the
    reader gave before the marked one was shown (``None``: not yet); ``panel`` is what stands open."""

    edits: Edits = field(default_factory=Edits)
    reasons: tuple[str, ...] = ()
    comment: str = ""
    ratings: tuple[Rating, ...] = ()
    marks: tuple[WrongMark, ...] = ()
    chosen: str | None = None
    panel: str = ""

    @property
    def edited(self) -> bool:
        """Whether anything of the item is changed."""
        return self.edits != Edits()

    def as_body(self) -> str:
        """As it is kept, with one spelling only; ``chosen`` is kept beside it, where nothing changes it."""
        value = {
            "edits": self.edits.model_dump(exclude_none=True),
            "reasons": list(self.reasons),
            "comment": self.comment,
            "ratings": [[each.criterion, each.score] for each in self.ratings],
            "marks": [[each.kind, each.reference, each.words] for each in self.marks],
            "panel": self.panel,
        }
        return canonical(value).decode("utf-8")

    def verdict(self, decision: str, *, seconds: float | None) -> Verdict:
        """The decision with all that goes with it. Whoever accepts a changed item accepts it as edited."""
        if decision in {ACCEPT, EDIT}:
            decision = EDIT if self.edited or decision == EDIT else ACCEPT
        return Verdict(
            decision=decision,
            reasons=self.reasons if decision == REJECT else (),
            comment=self.comment,
            edits=self.edits.as_json() if decision == EDIT else "{}",
            ratings=self.ratings,
            marks=self.marks,
            answer=self.chosen or "",
            seconds=seconds,
        )


def from_form(pairs: Iterable[tuple[str, str]], candidate: Candidate, *, before: Typed | None) -> Typed:
    """The form as it was sent. ``before`` is what was kept: whether an answer was chosen is never the
    form's to say. Unknown fields are passed over."""
    given: dict[str, list[str]] = {}
    for name, value in pairs:
        given.setdefault(name, []).append(_BREAKS.sub("\n", value))
    one = {name: values[-1] for name, values in given.items()}
    return Typed(
        edits=_edits(given, one, candidate),
        reasons=tuple(dict.fromkeys(each for each in given.get("reason", []) if each.strip())),
        comment=one.get("comment", "").strip("\n"),
        ratings=tuple(_ratings(given)),
        marks=tuple(_marks(given.get("mark", []), one)),
        chosen=before.chosen if before else None,
        panel=one.get("panel", "") if one.get("panel") in PANELS else "",
    )


def from_body(body: str, *, answer: str | None = None) -> Typed:
    """What ``as_body`` wrote, with the answer kept beside it; what can't be read counts as not typed."""
    try:
        value: dict[str, Any] = json.loads(body)
        return Typed(
            edits=Edits.model_validate(value.get("edits", {})),
            reasons=tuple(str(each) for each in value.get("reasons", [])),
            comment=str(value.get("comment", "")),
            ratings=tuple(
                Rating(criterion=str(name), score=int(score)) for name, score in value["ratings"]
            ),
            marks=tuple(
                WrongMark(kind=str(kind), reference=str(which), words="".join(map(str, words)))
                for kind, which, *words in value["marks"]
            ),
            # Earlier versions kept it in here.
            chosen=str(value["chosen"]) if answer is None and value.get("chosen") is not None else answer,
            panel=str(value.get("panel", "")),
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return Typed(chosen=answer)


def from_event(event: ReviewEvent) -> Typed:
    """The form of a decision that was taken back: nothing has to be typed twice. Its answer is not the
    form's to say."""
    return Typed(
        edits=parse_edits(event.edits),
        reasons=event.reasons,
        comment=event.comment,
        ratings=event.ratings,
        marks=event.marks,
        panel={EDIT: "edit", REJECT: "reject"}.get(event.decision, ""),
    )


def answer_of(chosen: str, candidate: Candidate) -> str | None:
    """The answer in what a reader sent before they saw the marked one: an option, letter for letter, or
    words where there are none to choose from. ``None`` when it is no answer."""
    if not candidate.options:
        text = _plain(chosen)
        fit = fault_in_text(str(text), name="The answer", limit=LONGEST_ANSWER) is None
        return str(text) if text and fit else None
    return next((option for option in candidate.options if _plain(option) == _plain(chosen)), None)


def seconds_of(text: str) -> float:
    """Seconds on screen as the page counted them: no number is none, a day is the most."""
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return min(max(value, 0.0), _LONGEST) if math.isfinite(value) else 0.0


def _edits(given: Mapping[str, list[str]], one: Mapping[str, str], candidate: Candidate) -> Edits:
    """Only what differs. The answer of a question with options is the field that is marked right."""
    options = given.get("option", []) if len(given.get("option", [])) == len(candidate.options) else []
    answer = one.get("answer")
    if options and "right" in one:
        place = _number(one["right"])
        answer = options[place] if place is not None and place < len(options) else None
    aliases = None
    if "aliases" in one:
        aliases = [line.strip() for line in one["aliases"].split("\n") if line.strip()]
    return Edits(
        question=_new(one.get("question"), candidate.question),
        options=_new(options or None, list(candidate.options)),
        answer=_new(answer, candidate.answer),
        rationale=_new(one.get("rationale"), candidate.rationale),
        answer_aliases=_new(aliases, list(candidate.answer_aliases)),
    )


def _new(value: _T | None, old: _T) -> _T | None:
    return None if value is None or _plain(value) == _plain(old) else value


def _plain(value: object) -> object:
    """As a text field gives it back: browsers send line breaks of one kind and none at the end."""
    if isinstance(value, str):
        return _BREAKS.sub("\n", value).strip()
    return [_plain(each) for each in value] if isinstance(value, list) else value


def _ratings(given: Mapping[str, Sequence[str]]) -> Iterable[Rating]:
    for name, values in given.items():
        score = _number(values[-1])
        if name.startswith("rating:") and score is not None and 1 <= score <= 5:
            yield Rating(criterion=name.removeprefix("rating:")[:200], score=score)


def _marks(given: Sequence[str], one: Mapping[str, str]) -> Iterable[WrongMark]:
    """What is wrong with each stands in a field of its own."""
    for each in dict.fromkeys(given[:_MOST_MARKS]):
        kind, _, reference = each.partition(":")
        if kind in KINDS and reference:
            words = " ".join(one.get(f"wrong:{each}", "").split())
            yield WrongMark(kind=kind, reference=reference[:200], words=words[:LONGEST_WORDS])


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else None
