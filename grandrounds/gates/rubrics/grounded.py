"""Gate ``grounded``: each criterion quotes the case or its outcome at its place, and the quote says its
terms."""

from __future__ import annotations

from grandrounds.gates.gate import Findings, Gate, Looked, found, shortened
from grandrounds.rubrics.grounding import misplaced, says_terms
from grandrounds.stem import render


def look(at: Looked) -> Findings:
    """Refuse quotes that stand elsewhere, criteria whose quotes say something else, a stem of other
    spans."""
    row, case = at.revision, at.case
    if case is None:
        return found(f"Its case {row.evidence_id} is not there.")
    problems = []
    if (
        any(span.end > len(case.text) for span in row.visible_spans)
        or render(case.text, row.visible_spans) != row.stem
    ):
        problems.append("The stem is not what its spans of the case give.")
    for each in row.rubric:
        named = f"The criterion {shortened(each.text)!r}"
        wrong = misplaced(each, case)
        if wrong:
            problems.append(f"{named} {wrong}.")
        elif not says_terms(each):
            problems.append(f"{named} has a quote that does not say {', '.join(each.terms)!r}.")
    return found(*problems)


GATE = Gate(name="grounded", look=look)
