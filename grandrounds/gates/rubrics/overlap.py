"""Gate ``overlap``: no two criteria of a rubric pay, or charge, for the same thing.

Terms are compared as sets of word stems, with words of one meaning as one (Jaccard similarity). A rubric
has at most some sixty criteria, so all pairs are compared; nothing is estimated.
"""

from __future__ import annotations

from itertools import combinations

from grandrounds.gates.gate import Findings, Gate, Looked, found, shortened
from grandrounds.records.parts import Criterion
from grandrounds.rubrics.matching import content_words


def look(at: Looked) -> Findings:
    """Refuse rubrics with two criteria of one sign whose terms are as alike as the recipe's limit."""
    limit = at.recipe.gates.rubric.overlap
    return found(
        *(
            f"The criteria {shortened(one.text)!r} and {shortened(other.text)!r} are about the same."
            for one, other in combinations(at.revision.rubric, 2)
            if (one.points > 0) == (other.points > 0) and likeness(one, other) >= limit
        )
    )


def likeness(one: Criterion, other: Criterion) -> float:
    """How alike the terms of two criteria are, 0 to 1."""
    a, b = (
        set(content_words(" ".join(term.split("|")[0] for term in each.terms))) for each in (one, other)
    )
    return len(a & b) / len(a | b) if a | b else 0.0


GATE = Gate(name="overlap", look=look)
