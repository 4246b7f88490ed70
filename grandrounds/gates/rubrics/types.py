"""Gate ``types`` of consultations: the row has what its task asks for, and each criterion its parts."""

from __future__ import annotations

from collections.abc import Iterator

from grandrounds.gates.asked import task_of, without_task
from grandrounds.gates.gate import Findings, Gate, Looked, found, shortened
from grandrounds.records.envelope import Revision
from grandrounds.records.parts import Criterion
from grandrounds.rubrics.kinds import KINDS, identity
from grandrounds.rubrics.score import AXES
from grandrounds.stem import render

_TURNS = "consultation_turns"
_SHORTEST_TURN = 80  # what the contract of items asks for
_LONGEST_TERMS = 4


def look(at: Looked) -> Findings:
    """Refuse empty texts, options, criteria with parts that aren't there, disclosures that are told
    already."""
    row, recipe = at.revision, at.recipe
    if task_of(at) is None:
        return without_task(at)
    texts = {"stem": row.stem, "question": row.question, "answer": row.answer}
    shortest = _SHORTEST_TURN if row.task == _TURNS else recipe.cases.minimum_characters
    longest = recipe.cases.maximum_characters
    ids = [each.criterion_id for each in row.rubric]
    return found(
        None
        if row.recipe == recipe.name
        else f"The row belongs to recipe {row.recipe!r}, not {recipe.name!r}.",
        *(f"The {name} is empty." for name, text in texts.items() if not text.strip()),
        "It has options or an answer index; a consultation is open."
        if row.options or row.answer_index is not None
        else None,
        None
        if shortest <= len(row.stem) <= longest
        else f"The stem has {len(row.stem)} characters, not {shortest} to {longest}.",
        "A criterion stands twice." if len(set(ids)) < len(ids) else None,
        *(problem for each in row.rubric for problem in _criterion_problems(each)),
        *_disclosure_problems(at, row),
    )


def _criterion_problems(each: Criterion) -> Iterator[str]:
    named = f"The criterion {shortened(each.text)!r}"
    if not each.text.strip() or each.text != each.text.strip():
        yield f"{named} is empty or has white space around it."
    if each.axis not in AXES:
        yield f"{named} is on the unknown axis {each.axis!r}."
    if each.kind not in KINDS:
        yield f"{named} is of the unknown kind {each.kind!r}."
    elif (each.points > 0) != KINDS[each.kind]:
        yield f"{named} has {each.points} points, which its kind {each.kind!r} can't have."
    if (
        not each.terms
        or len(each.terms) > _LONGEST_TERMS
        or not all(term.strip(" |") for term in each.terms)
    ):
        yield f"{named} has no terms, an empty one, or more than {_LONGEST_TERMS}."
    if each.criterion_id != identity(each):
        yield f"{named} does not have the id of its content."


def _disclosure_problems(at: Looked, row: Revision) -> Iterator[str]:
    if (row.task == _TURNS) != bool(row.disclosures):
        yield f"A row of the task {row.task!r} has {len(row.disclosures)} disclosures."
    for told in row.disclosures:
        named = f"The disclosure {shortened(told.text)!r}"
        if not told.topic or not told.cues or not all(cue.strip() for cue in told.cues):
            yield f"{named} has no topic or no cues."
        if at.case is not None and (
            told.span.end > len(at.case.text)
            or render(at.case.text, [told.span]) != told.text
            or not told.text
        ):
            yield f"{named} is not what stands at {told.span.start}-{told.span.end}."
        if any(told.span.start < shown.end and shown.start < told.span.end for shown in row.visible_spans):
            yield f"{named} is told in the stem."


GATE = Gate(name="types", look=look)
