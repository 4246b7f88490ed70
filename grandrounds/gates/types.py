"""Gate ``types``: the row has what its task asks for, and the answer stands at its index."""

from __future__ import annotations

from grandrounds.gates.gate import Findings, Gate, Looked, found
from grandrounds.recipe import Task
from grandrounds.records.envelope import Revision

_MULTIPLE_CHOICE = "_mcq"


def look(at: Looked) -> Findings:
    """Refuse empty texts, tasks the recipe doesn't have, wrong option counts, a lost answer."""
    revision, recipe = at.revision, at.recipe
    task = next((task for task in recipe.tasks if task.name == revision.task), None)
    if task is None:
        return found(f"Recipe {recipe.name!r} has no task {revision.task!r}.")
    shortest, longest = recipe.cases.minimum_characters, recipe.cases.maximum_characters
    texts = {"stem": revision.stem, "question": revision.question, "answer": revision.answer}
    return found(
        f"The row belongs to recipe {revision.recipe!r}, not {recipe.name!r}."
        if revision.recipe != recipe.name
        else None,
        *(f"The {name} is empty." for name, text in texts.items() if not text.strip()),
        *(f"The {name} has white space around it." for name, text in texts.items() if text != text.strip()),
        f"The stem has {len(revision.stem)} characters; the recipe asks for {shortest} to {longest}."
        if not shortest <= len(revision.stem) <= longest
        else None,
        *(_option_problems(revision, task) if task.name.endswith(_MULTIPLE_CHOICE) else _open(revision)),
    )


def _option_problems(revision: Revision, task: Task) -> list[str]:
    problems = []
    options, index = revision.options, revision.answer_index
    if len(options) != task.options:
        problems.append(f"There are {len(options)} options; the task asks for {task.options}.")
    if any(not option.strip() or option != option.strip() for option in options):
        problems.append("An option is empty or has white space around it.")
    if options.count(revision.answer) != 1:
        problems.append(f"The answer stands {options.count(revision.answer)} times among the options.")
    elif index is None or not 0 <= index < len(options) or options[index] != revision.answer:
        problems.append(f"The answer is option {options.index(revision.answer)}, not {index} (from 0).")
    strange = sorted({origin.option for origin in revision.option_origins} - set(options))
    if strange:
        problems.append(f"It tells the origin of options that are not there: {', '.join(strange)}.")
    return problems


def _open(revision: Revision) -> list[str]:
    if revision.options or revision.option_origins or revision.answer_index is not None:
        return ["An open question has options or an answer index."]
    return []


GATE = Gate(name="types", look=look)
