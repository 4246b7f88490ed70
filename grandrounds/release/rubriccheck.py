"""A consultation of a release, checked against the stored text of its case and against its own rubric."""

from __future__ import annotations

from collections.abc import Iterator

from grandrounds.records.case import Case
from grandrounds.records.envelope import Item
from grandrounds.rubrics.grounding import misplaced, says_terms
from grandrounds.rubrics.kinds import KINDS, identity
from grandrounds.rubrics.score import AXES
from grandrounds.stem import render


def rubric_problems(item: Item, case: Case) -> Iterator[str]:
    """All that is wrong with an item's rubric and disclosures, as sentences; nothing for items without."""
    for each in item.rubric:
        named = f"its criterion {each.text[:60]!r}"
        if each.criterion_id != identity(each):
            yield f"{named} does not have the id of its content"
        if (
            each.axis not in AXES
            or KINDS.get(each.kind) is not (each.points > 0)
            or not 0 < abs(each.points) <= 10
        ):
            yield f"{named} can't have axis {each.axis!r}, kind {each.kind!r} and {each.points} points"
        wrong = misplaced(each, case)
        if wrong:
            yield f"{named} {wrong}"
        elif not says_terms(each):
            yield f"{named} has a quote that does not say its terms"
    if item.rubric and len({each.points > 0 for each in item.rubric}) < 2:
        yield "its rubric has points of one sign only"
    for told in item.disclosures:
        shown = f"its disclosure {told.text[:60]!r}"
        if told.span.end > len(case.text) or render(case.text, [told.span]) != told.text:
            yield f"{shown} is not what its span says"
        span = told.span
        if any(span.start < seen.end and seen.start < span.end for seen in item.visible_spans):
            yield f"{shown} is told in the stem"


def names_of(item: Item) -> tuple[str, ...]:
    """What the solver must not read: names of the diagnosis where there is a rubric, else the answer."""
    if not item.rubric:
        return (item.answer, *item.answer_aliases)
    return tuple(
        way
        for each in item.rubric
        if each.kind == "diagnosis"
        for term in each.terms
        for way in term.split("|")
    )
