"""One line of an exported queue: what a reviewer sees, and the fields to fill in.

The same line comes back on import. What it shows is compared with the item, never taken from the
line: who corrected a question in place is told so, instead of losing the correction.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from grandrounds.recipe import Review
from grandrounds.records.envelope import Candidate
from grandrounds.records.review_event import ReviewEvent, WrongMark
from grandrounds.review.checks import REVIEWER
from grandrounds.review.criteria import criteria_of
from grandrounds.review.edits import EDITABLE, Edits, told
from grandrounds.review.parts import line_of_mark, mark_of, parts_of

FORMAT = "grandrounds-review-1"
HOW = (
    "Fill in reviewer (a pseudonym) and decision: accept, reject (say reasons), edit (new values in "
    f"edits: {', '.join(EDITABLE)}), comment, or withdraw. Leave decision empty to skip. "
    "ratings: a score from 1 to 5 for any of the criteria. marks: which of the parts are wrong, each like "
    "'quote 0: what is wrong'."
)
# What a decision's content hash covers; other shown things (flags, labels) may change meanwhile.
_COMPARED = ("stem", "question", "options", "answer", "rationale", "answer_aliases")


def _one_or_many(value: Any) -> Any:
    if value is None:
        return []
    return [value] if isinstance(value, str) else value


def _scores(value: Any) -> Any:
    """Criteria without a score are not rated."""
    if not isinstance(value, dict):
        return value or {}
    return {name: score for name, score in value.items() if score not in (None, "")}


def _marks(value: Any) -> Any:
    lines = [line for line in _one_or_many(value) if not isinstance(line, str) or line.strip()]
    found = []
    for line in lines:
        mark = mark_of(line) if isinstance(line, str) else None
        if mark is None:
            raise ValueError(f"{str(line)[:80]!r} is no mark: write it like 'quote 0: what is wrong'")
        found.append(mark)
    return found


def _plain(value: Any) -> Any:
    return value.strip().lower() if isinstance(value, str) else "" if value is None else value


class Line(BaseModel):
    """A line as it comes back. Unknown keys are refused; shown keys are known but not taken.

    ``answered`` is what the reader answered before the marked answer was shown to them, by a program that
    asked for it first; ``ratings`` are scores by criterion.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    recipe: str
    item_id: str
    content_sha256: str
    reviewer: Annotated[str, BeforeValidator(_plain)] = ""
    role: Annotated[str, BeforeValidator(_plain)] = REVIEWER
    decision: Annotated[str, BeforeValidator(_plain)] = ""
    reasons: Annotated[list[str], BeforeValidator(_one_or_many)] = []
    comment: Annotated[str, BeforeValidator(lambda value: value or "")] = ""
    edits: Annotated[Edits, BeforeValidator(lambda value: value or {})] = Edits()
    ratings: Annotated[dict[str, int], BeforeValidator(_scores)] = {}
    marks: Annotated[tuple[WrongMark, ...], BeforeValidator(_marks)] = ()
    answered: Annotated[str, BeforeValidator(lambda value: value or "")] = ""
    seconds: float | None = Field(None, ge=0)
    decided_at: datetime | None = None

    format: Any = None
    how: Any = None
    task: Any = None
    stem: Any = None
    question: Any = None
    options: Any = None
    answer: Any = None
    rationale: Any = None
    answer_aliases: Any = None
    evidence: Any = None
    flags: Any = None
    media: Any = None
    labels: Any = None
    language: Any = None
    licence: Any = None
    citation: Any = None
    author: Any = None
    criteria: Any = None
    parts: Any = None
    earlier_decisions: Any = None

    @property
    def undecided(self) -> bool:
        """Whether nothing was filled in but, perhaps, the reviewer."""
        words = self.decision or self.reasons or self.comment or self.edits != Edits()
        return not (words or self.ratings or self.marks or self.answered)

    @property
    def moment(self) -> datetime | None:
        """When it was decided, in UTC; a time without a zone is taken as UTC."""
        if self.decided_at is None:
            return None
        given = self.decided_at
        return given.replace(tzinfo=UTC) if given.tzinfo is None else given.astimezone(UTC)

    def changed_in_place(self, candidate: Candidate) -> str | None:
        """Which shown field no longer says what the item says, as a sentence."""
        shown = shown_of(candidate)
        for name in _COMPARED:
            if name not in self.model_fields_set or getattr(self, name) == shown[name]:
                continue
            if name in EDITABLE:
                return (
                    f"The field {name} was changed in place: put the new value under `edits`, decide "
                    "`edit`, and leave the shown one as it was."
                )
            return (
                f"The field {name} was changed, but it can't be edited: it must stay as the source has it."
            )
        return None


def parse_line(raw: bytes) -> Line | str:
    """The line in ``raw``, or what is wrong with it as a sentence."""
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as exc:
        return f"Byte {exc.start + 1} is not UTF-8 text. Save the file as UTF-8."
    try:
        line = Line.model_validate_json(raw)
        _ = line.moment
    except ValidationError as exc:
        if exc.errors(include_url=False, include_input=False)[0]["type"] == "json_invalid":
            return f"{told(exc)}."
        return f"It does not have the shape of a decision: {_told(exc)}."
    except OverflowError:
        return "The time in decided_at is out of range."
    return line


def line_of(
    candidate: Candidate,
    *,
    reviewer: str = "",
    role: str = REVIEWER,
    policy: Review | None = None,
    earlier: Iterable[ReviewEvent] | None = None,
) -> str:
    """The line that asks about ``candidate``, without a line break. ``policy`` says what is rated, and
    whether the marked answer is hidden at first.

    ``earlier`` are the decisions an adjudicator weighs; their reviewers are not named.
    """
    line: dict[str, Any] = {
        "format": FORMAT,
        "recipe": candidate.recipe,
        "item_id": candidate.item_id,
        "content_sha256": candidate.content_sha256,
        "how": HOW,
        "reviewer": reviewer,
        "role": role,
        "decision": "",
        "reasons": [],
        "comment": "",
        "edits": {},
        "ratings": {},
        "marks": [],
        **({"answered": ""} if policy and policy.blind_answer else {}),
        "seconds": None,
        "decided_at": None,
        **shown_of(candidate),
        "criteria": [criterion.name for criterion in criteria_of(policy or Review())],
        "parts": [part.line for part in parts_of(candidate)],
    }
    if earlier is not None:
        line["earlier_decisions"] = _without_names(earlier)
    text = json.dumps(line, ensure_ascii=False, allow_nan=False)
    # JSON allows these three inside a string, but many readers take them for the end of a line.
    for char in "\u2028\u2029\x85":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text


def shown_of(candidate: Candidate) -> dict[str, Any]:
    """What a reviewer sees of ``candidate``. Media are named, not opened."""
    return {
        "task": candidate.task,
        "stem": candidate.stem,
        "question": candidate.question,
        "options": list(candidate.options),
        "answer": candidate.answer,
        "answer_aliases": list(candidate.answer_aliases),
        "rationale": candidate.rationale,
        "evidence": [{"role": found.role, "quote": found.quote} for found in candidate.evidence],
        "flags": [{"flag": found.flag, "detail": found.detail} for found in candidate.quality_flags],
        "media": [
            {"name": found.name, "label": found.label, "caption": found.caption, "sha256": found.sha256}
            for found in candidate.media
        ],
        "labels": [{"scheme": found.scheme, "path": list(found.path)} for found in candidate.labels],
        "language": candidate.language,
        "licence": candidate.licence,
        "citation": candidate.citation,
        "author": candidate.authorship.author,
    }


def _without_names(events: Iterable[ReviewEvent]) -> list[dict[str, Any]]:
    """Sorted by what was decided, so that not even the order tells who it was."""
    found = [
        {
            "decision": event.decision,
            "reasons": list(event.reasons),
            "comment": event.comment,
            "edits": json.loads(event.edits),
            "ratings": {rating.criterion: rating.score for rating in event.ratings},
            "marks": [line_of_mark(mark) for mark in event.marks],
            "answered": event.answer,
        }
        for event in events
    ]
    return sorted(found, key=lambda row: json.dumps(row, sort_keys=True))


def _told(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    if first["type"] == "extra_forbidden" and len(first["loc"]) == 1:
        return f"unknown key {str(first['loc'][0])[:60]!r}"
    return told(error)
