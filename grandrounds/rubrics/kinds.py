"""The kinds of criteria, and what a criterion is called."""

from __future__ import annotations

from dataclasses import replace

from grandrounds.fingerprint import content_id
from grandrounds.records.parts import Criterion

KINDS: dict[str, bool] = {
    "diagnosis": True,
    "finding": True,
    "investigation": True,
    "treatment": True,
    "follow_up": True,
    "warning": True,
    "explanation": True,
    "wrong_diagnosis": False,
    "wrong_advice": False,
    "delay": False,
}
"""Each kind, and whether it earns points (or costs some)."""


def identity(criterion: Criterion) -> str:
    """The id of a criterion's content: what is looked for, what it counts, what it rests on."""
    return content_id(
        "criterion",
        [
            criterion.text,
            criterion.axis,
            criterion.points,
            criterion.kind,
            list(criterion.terms),
            [[each.quote, each.locator.start, each.locator.end] for each in criterion.evidence],
        ],
    )


def with_id(criterion: Criterion) -> Criterion:
    """The criterion with the id of its content."""
    return replace(criterion, criterion_id=identity(criterion))
