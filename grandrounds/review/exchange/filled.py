"""What somebody filled in in another program, made into a line of a review file.

Every format is turned into the same lines, so decisions pass the same guards wherever they were made.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from string import ascii_uppercase
from typing import Any, TypeAlias

from grandrounds.review.edits import EDITABLE
from grandrounds.review.exchange.texts import number_of

Numbered: TypeAlias = tuple[int, bytes | str]
"""A place in a file with the line made of it (bytes), or a sentence that says what is wrong there."""

LISTS = ("options", "answer_aliases")
EDITED = tuple(f"edited_{name}" for name in EDITABLE)
SHOWN = ("task", "stem", "question", "options", "answer", "rationale", "answer_aliases")
IDS = ("recipe", "item_id", "content_sha256")
NOTHING = "[]"
"""What to write for an empty list: an empty box leaves a field as it is."""

_LETTERED = re.compile(r"([A-Z])[.):] ?(.*)")
_DECISIONS = {
    "accepted": "accept", "yes": "accept", "ok": "accept", "接受": "accept", "通过": "accept",
    "rejected": "reject", "no": "reject", "拒绝": "reject", "不通过": "reject",
    "edited": "edit", "修改": "edit", "withdrawn": "withdraw", "撤回": "withdraw", "评论": "comment",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """One person's answer about one item. ``shown`` is what the file shows of the item, as it came back;
    ``edits`` the boxes for new values, by field, as text; ``ratings`` scores by criterion; ``marks`` a line
    for each piece that is marked wrong."""

    ids: Mapping[str, str]
    shown: Mapping[str, Any] = field(default_factory=dict)
    reviewer: str = ""
    role: str = ""
    decision: str = ""
    reasons: Sequence[str] = ()
    comment: str = ""
    edits: Mapping[str, str] = field(default_factory=dict)
    ratings: Mapping[str, str] = field(default_factory=dict)
    marks: str = ""
    answered: str = ""
    seconds: float | None = None
    decided_at: datetime | None = None


def line_of(filled: Filled) -> bytes:
    """The line of a review file that says the same. A box that repeats the shown value is no edit."""
    line: dict[str, Any] = {name: filled.ids.get(name, "") for name in IDS}
    line |= {name: value for name, value in filled.shown.items() if name in SHOWN}
    edits = {}
    for name, text in filled.edits.items():
        value = _value(name, text)
        if value is not None and value != filled.shown.get(name):
            edits[name] = value
    line |= {
        "reviewer": filled.reviewer,
        "role": filled.role or "reviewer",
        "decision": decision_of(filled.decision),
        "reasons": [reason for reason in filled.reasons if reason.strip()],
        "comment": filled.comment,
        "edits": edits,
        "ratings": {name: _score(text) for name, text in filled.ratings.items() if text.strip()},
        "marks": [text for text in filled.marks.replace("\r\n", "\n").split("\n") if text.strip()],
        "answered": filled.answered.strip(),
        "seconds": filled.seconds,
        "decided_at": filled.decided_at.isoformat() if filled.decided_at else None,
    }
    return json.dumps(line, ensure_ascii=False).encode("utf-8", "surrogatepass")


def undecided(ids: Mapping[str, Any]) -> bytes:
    """The line of an item that nobody has answered."""
    return line_of(Filled(ids={name: str(ids.get(name) or "") for name in IDS}))


def decision_of(text: str) -> str:
    """The decision in ``text``, however it is spelled; what is none is left for the guards to refuse."""
    plain = text.strip().lower()
    return _DECISIONS.get(plain, plain)


def reasons_of(text: str) -> list[str]:
    """The reasons in a cell or box: one a line, or with semicolons between them."""
    return [part.strip() for part in re.split(r"[;\n；]", text) if part.strip()]


def listed(values: Sequence[str], *, lettered: bool) -> str:
    """A list as text, one a line, with letters before options."""
    if lettered and len(values) <= len(ascii_uppercase):
        return "\n".join(
            f"{letter}. {value}" for letter, value in zip(ascii_uppercase, values, strict=False)
        )
    return "\n".join(values)


def unlisted(text: str) -> list[str]:
    """The list in ``text``; letters that number its lines are no part of them."""
    lines = [line.strip() for line in text.replace("\r\n", "\n").split("\n") if line.strip()]
    found = [_LETTERED.fullmatch(line) for line in lines]
    if lines and all(
        match and match[1] == letter for match, letter in zip(found, ascii_uppercase, strict=False)
    ):
        return [match[2].strip() for match in found if match]
    return lines


def _score(text: str) -> int | str:
    """A whole number, which a spreadsheet may have written as 4.0; anything else is left to be refused."""
    number = number_of(text)
    return int(number) if number is not None and number == int(number) else text[:60]


def _value(name: str, text: str) -> str | list[str] | None:
    if not text.strip():
        return None
    if name in LISTS:
        return [] if text.strip() == NOTHING else unlisted(text)
    return text.replace("\r\n", "\n")
