"""Filling the clinicians' queue from a recipe's candidates: what the queue asset calls."""

from __future__ import annotations

from collections.abc import Iterable

from grandrounds.recipe import Recipe
from grandrounds.records.envelope import Candidate
from grandrounds.review.store import EnqueueResult, ReviewStore


def fill(
    store: ReviewStore, recipe: Recipe, candidates: Iterable[Candidate], *, run_id: str = ""
) -> EnqueueResult:
    """Make ``candidates`` what is asked for ``recipe``, under the recipe's review policy.

    Idempotent; ``run_id`` is noted on what is new or changed.
    """
    return store.enqueue(recipe.name, candidates, run_id=run_id, policy=recipe.review)
