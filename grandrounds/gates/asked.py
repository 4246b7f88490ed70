"""What the gates ``types`` of all kinds of evidence look for in what is asked: its task and its texts."""

from __future__ import annotations

from collections.abc import Iterator

from grandrounds.gates.gate import Findings, Looked, found
from grandrounds.recipe import Task


def task_of(at: Looked) -> Task | None:
    """The recipe's task of the row; ``None`` where the recipe has none of that name."""
    return next((task for task in at.recipe.tasks if task.name == at.revision.task), None)


def without_task(at: Looked) -> Findings:
    """What is wrong with a row whose task the recipe doesn't have."""
    return found(f"Recipe {at.recipe.name!r} has no task {at.revision.task!r}.")


def text_problems(at: Looked, *names: str) -> Iterator[str]:
    """Another recipe's row, and those of the texts ``names`` that are empty or have white space around
    them."""
    if at.revision.recipe != at.recipe.name:
        yield f"The row belongs to recipe {at.revision.recipe!r}, not {at.recipe.name!r}."
    texts: dict[str, str] = {name: getattr(at.revision, name) for name in names}
    yield from (f"The {name} is empty." for name, text in texts.items() if not text.strip())
    yield from (
        f"The {name} has white space around it." for name, text in texts.items() if text != text.strip()
    )
