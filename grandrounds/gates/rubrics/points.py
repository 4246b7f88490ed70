"""Gate ``points``: how many criteria, both signs, and points within the recipe's limits."""

from __future__ import annotations

from grandrounds.gates.gate import Findings, Gate, Looked, found

_MOST = 10


def look(at: Looked) -> Findings:
    """Refuse too few or too many criteria, one sign only, points out of bounds, too many in all."""
    rubric, limits = at.revision.rubric, at.recipe.gates.rubric
    above = sum(each.points for each in rubric if each.points > 0)
    strange = [each.points for each in rubric if not 0 < abs(each.points) <= _MOST]
    return found(
        None
        if limits.criteria <= len(rubric) <= limits.most_criteria
        else f"There are {len(rubric)} criteria, not {limits.criteria} to {limits.most_criteria}.",
        None if above else "No criterion has points above 0.",
        None if any(each.points < 0 for each in rubric) else "No criterion has points below 0.",
        f"A criterion has {strange[0]} points; -{_MOST} to {_MOST} without 0 are allowed."
        if strange
        else None,
        f"The points above 0 sum to {above}, more than {limits.points}." if above > limits.points else None,
    )


GATE = Gate(name="points", look=look)
