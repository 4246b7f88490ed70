"""Gate ``types``: the row has what its task asks for, and the answer stands at its index."""

from __future__ import annotations

from collections.abc import Iterator

from grandrounds.gates.asked import task_of, text_problems, without_task
from grandrounds.gates.choices import MULTIPLE_CHOICE, choice_problems, open_problems
from grandrounds.gates.gate import Findings, Gate, Looked, found
from grandrounds.recipe import Task
from grandrounds.records.envelope import Revision


def look(at: Looked) -> Findings:
    """Refuse empty texts, tasks the recipe doesn't have, wrong option counts, a lost answer."""
    revision, recipe = at.revision, at.recipe
    task = task_of(at)
    if task is None:
        return without_task(at)
    shortest, longest = recipe.cases.minimum_characters, recipe.cases.maximum_characters
    return found(
        *text_problems(at, "stem", "question", "answer"),
        f"The stem has {len(revision.stem)} characters; the recipe asks for {shortest} to {longest}."
        if not shortest <= len(revision.stem) <= longest
        else None,
        *(
            _option_problems(revision, task)
            if task.name.endswith(MULTIPLE_CHOICE)
            else open_problems(revision)
        ),
    )


def _option_problems(revision: Revision, task: Task) -> Iterator[str]:
    options = revision.options
    if len(options) != task.options:
        yield f"There are {len(options)} options; the task asks for {task.options}."
    yield from choice_problems(options, answer=revision.answer, index=revision.answer_index)
    strange = sorted({origin.option for origin in revision.option_origins} - set(options))
    if strange:
        yield f"It tells the origin of options that are not there: {', '.join(strange)}."


GATE = Gate(name="types", look=look)
