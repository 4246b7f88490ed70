"""Whether a criterion rests on what it quotes."""

from __future__ import annotations

from grandrounds.records.case import Case
from grandrounds.records.parts import Criterion
from grandrounds.rubrics.matching import find_said

_CONDITIONS = ("diagnosis", "wrong_diagnosis")


def misplaced(criterion: Criterion, case: Case) -> str:
    """What is wrong with where a criterion's quotes stand; empty when they stand there."""
    if not criterion.evidence:
        return "quotes nothing"
    for part in criterion.evidence:
        span = part.locator.span
        if part.evidence_id != case.evidence_id or part.source_id != case.source_id:
            return f"quotes another case or source, {part.evidence_id}"
        if (
            span is None
            or not part.quote.strip()
            or span.end > len(case.text)
            or span.of(case.text) != part.quote
        ):
            return f"has a quote that does not stand where it says: {part.quote[:60]!r}"
    return ""


def says_terms(criterion: Criterion) -> bool:
    """Whether the quotes say the criterion's terms, denied or not."""
    told = " ".join(part.quote for part in criterion.evidence)
    return bool(find_said(told, criterion.terms, as_condition=criterion.kind in _CONDITIONS))


def supported(criterion: Criterion, case: Case) -> bool:
    """Both: its quotes stand in the case, and say its terms."""
    return not misplaced(criterion, case) and says_terms(criterion)
