"""Gate ``types``: the row has what its task asks for, and the answer stands at its index."""

from __future__ import annotations

from collections.abc import Iterator

from grandrounds.gates.gate import Findings, Gate, Looked, found
from grandrounds.recipe import Task
from grandrounds.records.envelope import Revision

FEWEST_OPTIONS = 2
_MULTIPLE_CHOICE = "_mcq"


def look(at: Looked) -> Findings:
    """Refuse empty texts, tasks the recipe doesn't have, wrong option counts, a lost answer."""
    revision, recipe = at.revision, at.recipe
    task = next((task for task in recipe.tasks if task.name == revision.task), None)
    if task is None:
        return found(f"Recipe {recipe.name!r} has no task {revision.task!r}.")
    texts = {
        "stem": revision.stem,
        "question": revision.question,
        "answer": revision.answer,
        "rationale": revision.rationale,
    }
    return found(
        f"The row belongs to recipe {revision.recipe!r}, not {recipe.name!r}."
        if revision.recipe != recipe.name
        else None,
        *(f"The {name} is empty." for name, text in texts.items() if not text.strip()),
        *(f"The {name} has white space around it." for name, text in texts.items() if text != text.strip()),
        *(_choice(revision, task) if task.name.endswith(_MULTIPLE_CHOICE) else _open(revision)),
    )


def _choice(revision: Revision, task: Task) -> Iterator[str]:
    options, index = revision.options, revision.answer_index
    if not FEWEST_OPTIONS <= len(options) <= task.options:
        yield f"There are {len(options)} options; the task asks for {FEWEST_OPTIONS} to {task.options}."
    if any(not option.strip() or option != option.strip() for option in options):
        yield "An option is empty or has white space around it."
    if options.count(revision.answer) != 1:
        yield f"The answer stands {options.count(revision.answer)} times among the options."
    elif index is None or not 0 <= index < len(options) or options[index] != revision.answer:
        yield f"The answer is option {options.index(revision.answer)}, not {index} (from 0)."
    told = {origin.option for origin in revision.option_origins}
    if told != set(options):
        differing = ", ".join(sorted(told ^ set(options)))
        yield f"It tells the origin of other options than it has: {differing}."


def _open(revision: Revision) -> Iterator[str]:
    if revision.options or revision.option_origins or revision.answer_index is not None:
        yield "An open question has options or an answer index."


GATE = Gate(name="types", look=look)
