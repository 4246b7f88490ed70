"""Second and third role, validator and controller: what of a rubric stands, and what is vetoed.

The validator keeps a criterion whose terms its own quotes say. The controller vetoes what contradicts: a
criterion above 0 that the report only denies, one below 0 that the reference answer itself meets, and
the second of two that say the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grandrounds.records.case import Case
from grandrounds.records.parts import Criterion
from grandrounds.rubrics.grounding import supported
from grandrounds.rubrics.judge import verdict
from grandrounds.rubrics.matching import content_words, find_said
from grandrounds.rubrics.score import MET

_SAME = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Controlled:
    """What stands, in order, and what was done to the rest in sentences."""

    kept: tuple[Criterion, ...]
    changes: tuple[str, ...]


def control(rubric: Sequence[Criterion], *, case: Case, reference: str) -> Controlled:
    """What of ``rubric`` stands beside ``case`` and the reference answer."""
    kept: list[Criterion] = []
    changes: list[str] = []
    for criterion in rubric:
        if not supported(criterion, case):
            changes.append(f"grounded: left out “{criterion.text}”, which its quote does not say")
        elif criterion.points < 0 and verdict(criterion, reference).verdict == MET:
            changes.append(f"contradiction: left out “{criterion.text}”, which the reference answer does")
        elif criterion.points > 0 and _only_denied(criterion):
            changes.append(f"contradiction: left out “{criterion.text}”, which its quote denies")
        elif any(_same(criterion, other) for other in kept):
            changes.append(f"overlap: left out “{criterion.text}”, which another says")
        else:
            kept.append(criterion)
    return Controlled(kept=tuple(kept), changes=tuple(changes))


def _only_denied(criterion: Criterion) -> bool:
    if criterion.kind in ("explanation", "finding", "investigation"):
        return False  # a test that is quoted may have been negative; what was refused is denied by nature
    told = " ".join(part.quote for part in criterion.evidence)
    said = find_said(told, criterion.terms, as_condition=criterion.kind == "diagnosis")
    return bool(said) and all(place.denied for place in said)


def _same(one: Criterion, other: Criterion) -> bool:
    if (one.points > 0) != (other.points > 0) or one.kind != other.kind:
        return False
    a, b = (set(content_words(" ".join(each.terms))) for each in (one, other))
    return bool(a and b) and len(a & b) / len(a | b) >= _SAME
