"""An author turns evidence into questions in two stages. Two kinds, one interface."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from grandrounds.authoring import diagnosis_mcq, diagnosis_open
from grandrounds.authoring.wording import Wording
from grandrounds.errors import RecipeError
from grandrounds.llm.answering import Answering
from grandrounds.recipe import Recipe, Task
from grandrounds.records.case import Case
from grandrounds.records.envelope import Draft, Revision

Progress = Callable[[int, int | None], None]

_TASKS = {diagnosis_mcq.NAME: diagnosis_mcq.wording, diagnosis_open.NAME: diagnosis_open.wording}


class Author(Protocol):
    """Writes drafts from cases and revises them against written criteria.

    Both read and give streams; progress has a total where what they read has a length.
    """

    name: str

    def draft(self, cases: Iterable[Case]) -> Iterator[Draft]:
        """One draft a case and task, whatever became of it (``status``), in the order of the cases."""

    def revise(self, drafts: Iterable[tuple[Draft, Case]]) -> Iterator[Revision]:
        """One revision a draft, in their order; each draft has status ``ok`` and stands by its case."""


def wording_of(task: Task) -> Wording:
    """The question and number of options of a recipe's task."""
    return _TASKS[task.name](task)


def make_author(recipe: Recipe, *, client: Answering | None, on_progress: Progress | None = None) -> Author:
    """The author that a recipe asks for.

    ``auto`` is a model where one is configured and rules otherwise. Raises ``RecipeError`` when the
    recipe insists on a model and none is configured.
    """
    from grandrounds.authoring.model_author import ModelAuthor
    from grandrounds.authoring.rule_author import RuleAuthor

    if recipe.author == "model" and client is None:
        raise RecipeError(
            f"Recipe {recipe.name!r} says `author: model`, but no model is configured.",
            remedy="Set GRANDROUNDS_LLM_BASE_URL and GRANDROUNDS_LLM_MODEL, or use `author: auto`.",
        )
    if client is None or recipe.author == "rule":
        return RuleAuthor(recipe, on_progress=on_progress)
    return ModelAuthor(recipe, client=client, on_progress=on_progress)
