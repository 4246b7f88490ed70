"""An author turns evidence into questions in two stages. Two kinds, one interface."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol, TypeVar, runtime_checkable

from grandrounds.authoring import diagnosis_mcq, diagnosis_open
from grandrounds.authoring.wording import Wording
from grandrounds.errors import RecipeError
from grandrounds.lake import Lake
from grandrounds.llm.answering import Answering
from grandrounds.llm.request import ModelRequest
from grandrounds.recipe import Recipe, Task
from grandrounds.records.envelope import Draft, Revision

Progress = Callable[[int, int | None], None]

_TASKS = {diagnosis_mcq.NAME: diagnosis_mcq.wording, diagnosis_open.NAME: diagnosis_open.wording}


_Unit_contra = TypeVar("_Unit_contra", contravariant=True)


class Author(Protocol[_Unit_contra]):
    """Writes drafts from evidence (cases, scans, figures, clips) and revises them against written criteria.

    Both read and give streams; progress has a total where what they read has a length.
    """

    name: str

    def draft(self, evidence: Iterable[_Unit_contra], /) -> Iterator[Draft]:
        """At least one draft a piece of evidence and task, whatever became of it (``status``), in the order
        of the evidence. A case, a figure and a clip give one a task, a scan one a fact."""

    def revise(self, drafts: Iterable[tuple[Draft, _Unit_contra]], /) -> Iterator[Revision]:
        """One revision a draft, in their order; each draft has status ``ok`` and stands by its evidence."""


@runtime_checkable
class AskingAuthor(Protocol[_Unit_contra]):
    """An author that asks a model, whose requests can be carried elsewhere."""

    def draft_requests(self, evidence: Iterable[_Unit_contra], /) -> Iterator[ModelRequest]:
        """The requests that ``draft`` sends."""

    def revise_requests(self, drafts: Iterable[tuple[Draft, _Unit_contra]], /) -> Iterator[ModelRequest]:
        """The requests that ``revise`` sends."""


def unheard(_done: int, _total: int | None) -> None:
    """Progress that nobody asked for."""


def wording_of(task: Task) -> Wording:
    """The question and number of options of a recipe's task."""
    return _TASKS[task.name](task)


def make_author(
    recipe: Recipe,
    *,
    client: Answering | None,
    on_progress: Progress | None = None,
    lake: Lake | None = None,
) -> Author[Any]:
    """The author that a recipe asks for, of its kind of evidence.

    ``auto`` is a model where one is configured and rules otherwise. ``lake`` holds the volumes and takes
    the pictures drawn of them; authors of cases and figures need none. Raises ``RecipeError`` when the
    recipe insists on a model and none is configured.
    """
    if recipe.author == "model" and client is None:
        raise RecipeError(
            f"Recipe {recipe.name!r} says `author: model`, but no model is configured.",
            remedy="Set GRANDROUNDS_LLM_BASE_URL and GRANDROUNDS_LLM_MODEL, or use `author: auto`.",
        )
    asked = None if recipe.author == "rule" else client
    if recipe.evidence.kind == "volumes":
        from grandrounds.authoring.volume_model import VolumeModelAuthor
        from grandrounds.authoring.volume_rule import VolumeRuleAuthor

        if asked is None:
            return VolumeRuleAuthor(recipe, lake=lake, on_progress=on_progress)
        return VolumeModelAuthor(recipe, client=asked, lake=lake, on_progress=on_progress)
    if recipe.evidence.kind == "figures":
        from grandrounds.authoring.figure_model import FigureModelAuthor
        from grandrounds.authoring.figure_rule import FigureRuleAuthor

        if asked is None:
            return FigureRuleAuthor(recipe, lake=lake, on_progress=on_progress)
        return FigureModelAuthor(recipe, client=asked, lake=lake, on_progress=on_progress)
    if recipe.evidence.kind == "clips":
        from grandrounds.authoring.clip_model import ClipModelAuthor
        from grandrounds.authoring.clip_rule import ClipRuleAuthor

        if asked is None:
            return ClipRuleAuthor(recipe, lake=lake, on_progress=on_progress)
        return ClipModelAuthor(recipe, client=asked, lake=lake, on_progress=on_progress)
    if recipe.consults:
        from grandrounds.authoring.rubric_model import RubricModelAuthor
        from grandrounds.authoring.rubric_rule import RubricRuleAuthor

        if asked is None:
            return RubricRuleAuthor(recipe, on_progress=on_progress)
        return RubricModelAuthor(recipe, client=asked, on_progress=on_progress)
    from grandrounds.authoring.model_author import ModelAuthor
    from grandrounds.authoring.rule_author import RuleAuthor

    if asked is None:
        return RuleAuthor(recipe, on_progress=on_progress)
    return ModelAuthor(recipe, client=asked, on_progress=on_progress)
