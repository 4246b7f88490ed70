"""Filling the clinicians' queue from a recipe's candidates: what the queue asset calls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from grandrounds.recipe import Recipe
from grandrounds.records.envelope import Candidate
from grandrounds.review.desk.places import prepare
from grandrounds.review.store import EnqueueResult, ReviewStore


def fill(
    store: ReviewStore,
    recipe: Recipe,
    candidates: Iterable[Candidate],
    *,
    run_id: str = "",
    splits: Mapping[str, str] | None = None,
) -> EnqueueResult:
    """Make ``candidates`` what is asked for ``recipe``, under the recipe's review policy.

    Idempotent; ``run_id`` is noted on what is new or changed. ``splits`` gives the split of each group id,
    for policies that sample by split; a group that is not among them counts as test.
    """
    done = store.enqueue(recipe.name, candidates, run_id=run_id, policy=recipe.review, splits=splits)
    # Worked out here, where nobody waits; the first reader would.
    prepare(store, recipe.name)
    return done
