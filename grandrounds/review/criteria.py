"""What readers rate from 1 to 5: the recipe's criteria, or those that hold for any item."""

from __future__ import annotations

from dataclasses import dataclass

from grandrounds.recipe import Review

CRITERIA = ("correct", "one_best_answer", "evidence", "clear", "useful")
"""What readers rate where the recipe names nothing; the page's words are under ``criterion.correct`` and so
on."""
SCORES = (1, 2, 3, 4, 5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """``name`` is kept with each rating, ``words`` say what it means (empty: nothing more)."""

    name: str
    words: str


def criteria_of(policy: Review) -> tuple[Criterion, ...]:
    """What a recipe has rated. A criterion is written "name" or "name: what it means"."""
    written = [text.partition(":") for text in policy.criteria or CRITERIA]
    return tuple(Criterion(name=name.strip(), words=words.strip()) for name, _, words in written)
