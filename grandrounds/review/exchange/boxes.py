"""What every format gives people to fill in and to look at, said once; each format says it its own way.

What a recipe has rated stands in numbered boxes, since other programs allow few letters in names. Which
number is which criterion goes with every item, so a recipe that changes meanwhile mixes up nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from grandrounds.recipe import Review
from grandrounds.review.criteria import criteria_of
from grandrounds.review.edits import EDITABLE
from grandrounds.review.exchange.filled import EDITED, LISTS, Filled, line_of, listed, reasons_of
from grandrounds.review.exchange.texts import evidence_text, flags_text

DECISIONS = ("accept", "edit", "reject")
RATINGS = tuple(f"rating_{number}" for number in range(1, 10))
"""A recipe names nine criteria at most."""
NAMES = ("decision", "reasons", "comment", *EDITED, *RATINGS, "marks", "answered")
FIELDS = (
    ("stem", "What the solver sees"),
    ("question", "Question"),
    ("options", "Options"),
    ("answer", "Answer"),
    ("answer_aliases", "Other names of the answer"),
    ("rationale", "Rationale"),
    ("evidence", "Evidence"),
    ("flags", "Remarks of the gates"),
    ("parts", "What can be marked wrong"),
)
"""What is shown of an item, with its titles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """Something to fill in: one of ``DECISIONS``, text, or a score from 1 to 5."""

    name: str
    title: str
    kind: Literal["decision", "text", "score"] = "text"


def boxes_for(policy: Review) -> tuple[Box, ...]:
    """The boxes of each item of a recipe, in their order."""
    own = "Your own answer, if you gave one before you saw the marked one"
    return (
        Box(name="decision", title="Decision", kind="decision"),
        Box(name="reasons", title="Reasons to reject, one a line"),
        Box(name="comment", title="Comment"),
        *(Box(name=name, title=name.replace("_", " ").capitalize()) for name in EDITED),
        *(
            Box(name=name, title=f"{each.name.replace('_', ' ')}, from 1 (not at all) to 5", kind="score")
            for name, each in zip(RATINGS, criteria_of(policy), strict=False)
        ),
        Box(name="marks", title="Marked wrong, one a line, like quote 0: what is wrong"),
        *([Box(name="answered", title=own)] if policy.blind_answer else []),
    )


def texts_of(line: Mapping[str, Any]) -> dict[str, str]:
    """What is shown of an item, as text by the names of ``FIELDS``."""
    return {
        "stem": line["stem"],
        "question": line["question"],
        "options": listed(line["options"], lettered=True),
        "answer": line["answer"],
        "answer_aliases": listed(line["answer_aliases"], lettered=False),
        "rationale": line["rationale"],
        "evidence": evidence_text(line["evidence"]),
        "flags": flags_text(line["flags"]),
        "parts": listed(line["parts"], lettered=False),
    }


def present(line: Mapping[str, Any]) -> dict[str, str]:
    """The present values of what can be edited, by box: what a program shows in it to begin with."""
    return {
        f"edited_{name}": listed(line[name], lettered=False) if name in LISTS else line[name]
        for name in EDITABLE
        if line[name]
    }


def filled_line(
    boxes: Mapping[str, str],
    *,
    criteria: Any,
    ids: Mapping[str, str],
    shown: Mapping[str, Any],
    reviewer: str,
    role: str,
    **more: Any,
) -> bytes:
    """The line of a review file for what somebody filled in. ``criteria`` are those that came with the
    item; ``more`` are ``seconds`` and ``decided_at`` (see ``Filled``)."""
    names = dict(zip(RATINGS, _names_in(criteria), strict=False))
    return line_of(
        Filled(
            ids=ids,
            shown=shown,
            reviewer=reviewer,
            role=role,
            decision=boxes.get("decision", ""),
            reasons=reasons_of(boxes.get("reasons", "")),
            comment=boxes.get("comment", ""),
            edits={name: boxes.get(f"edited_{name}", "") for name in EDITABLE},
            ratings={names.get(name, name): boxes[name] for name in RATINGS if name in boxes},
            marks=boxes.get("marks", ""),
            answered=boxes.get("answered", ""),
            **more,
        )
    )


def json_list(values: Iterable[Any]) -> Iterator[str]:
    """The values, one a line, as one JSON list."""
    before = "["
    for value in values:
        yield before + json.dumps(value, ensure_ascii=False)
        before = ","
    yield "]" if before == "," else "[]"


def _names_in(criteria: Any) -> list[str]:
    """The names in a list, or in the JSON of one."""
    if isinstance(criteria, str):
        try:
            criteria = json.loads(criteria)
        except (ValueError, RecursionError):
            return []
    return [str(name) for name in criteria] if isinstance(criteria, list) else []
