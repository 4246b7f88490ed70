"""A consultation as a row: stem, request, reference answer, rubric, disclosures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from grandrounds.authoring.compose import Content, envelope_fields
from grandrounds.authoring.rubric_parts import Found
from grandrounds.authoring.wording import Wording
from grandrounds.records.case import Case
from grandrounds.records.parts import Authorship, Criterion, Disclosure, Flag, Span

_ASKED = (
    "What is the most likely diagnosis and what speaks for it? How would you confirm it? What treatment "
    "and follow-up do you advise? What has to be avoided, what should we be warned of, and what should the "
    "patient be told?"
)
QUESTIONS = {
    "consultation": f"I ask for your advice on this patient. {_ASKED}",
    "consultation_turns": (
        "I ask for your advice on this patient. First ask me for what else you want to know: history, "
        f"examination, tests. Then answer: {_ASKED[0].lower()}{_ASKED[1:]}"
    ),
}
"""The core request of each task: what every referral wants to know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consultation:
    """What an author decided. ``diagnosis`` and ``aliases`` are what the stem must not name;
    ``reference`` is the answer that earns the points."""

    diagnosis: str
    aliases: tuple[str, ...] = ()
    pieces: tuple[Span, ...] = ()
    statement: Span | None = None
    reference: str = ""
    rubric: tuple[Criterion, ...] = ()
    disclosures: tuple[Disclosure, ...] = ()
    flags: tuple[Flag, ...] = ()


def consultation_fields(
    case: Case, *, recipe: str, task: str, content: Consultation, authorship: Authorship
) -> dict[str, Any]:
    """The fields of an envelope for ``content``."""
    fields = envelope_fields(
        case,
        recipe=recipe,
        wording=Wording(task=task, question=QUESTIONS[task], options=0),
        content=Content(
            answer=content.diagnosis,
            aliases=content.aliases,
            pieces=content.pieces,
            statement=content.statement,
            flags=content.flags,
        ),
        authorship=authorship,
    )
    return fields | {
        "answer": content.reference,
        "answer_aliases": (),
        "rationale": rationale(content.rubric),
        "rubric": content.rubric,
        "disclosures": content.disclosures,
    }


def reference_answer(found: Sequence[Found]) -> str:
    """The answer that says what the criteria above 0 want and speaks against those below, one sentence
    each."""
    return " ".join(each.said for each in found if each.said)


def rationale(rubric: Sequence[Criterion]) -> str:
    """What the rubric rests on, for those who review it: each criterion beside its quote."""
    lines = []
    for each in rubric:
        quote = " … ".join(" ".join(part.quote.split()) for part in each.evidence)
        lines.append(f"{each.points:+d} {each.axis}: {each.text} “{quote}”")
    return "\n".join(lines)
