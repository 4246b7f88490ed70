"""Gate ``types``: the row has what its task asks for, and the answer stands at its index."""

from __future__ import annotations

from collections.abc import Iterator

from grandrounds.gates.gate import Findings, Gate, Looked, found
from grandrounds.recipe import Task
from grandrounds.records.envelope import Revision
from grandrounds.records.parts import Turn

FEWEST_OPTIONS = 2


def look(at: Looked) -> Findings:
    """Refuse empty texts, tasks the recipe doesn't have, wrong option counts, a lost answer, bad stages."""
    revision, recipe = at.revision, at.recipe
    task = next((task for task in recipe.tasks if task.name == revision.task), None)
    if task is None:
        return found(f"Recipe {recipe.name!r} has no task {revision.task!r}.")
    texts = {
        "stem": revision.stem,
        "question": revision.question,
        "answer": revision.answer,
        "rationale": revision.rationale,
        "subject": revision.subject,
    }
    return found(
        f"The row belongs to recipe {revision.recipe!r}, not {recipe.name!r}."
        if revision.recipe != recipe.name
        else None,
        *(f"The {name} is empty." for name, text in texts.items() if not text.strip()),
        *(f"The {name} has white space around it." for name, text in texts.items() if text != text.strip()),
        "A row made from a volume shows pieces of a text." if revision.visible_spans else None,
        *_option_problems(revision, task),
        *(problem for turn in revision.turns for problem in _turn_problems(turn)),
    )


def _option_problems(revision: Revision, task: Task) -> Iterator[str]:
    options = revision.options
    if not FEWEST_OPTIONS <= len(options) <= task.options:
        yield (f"There are {len(options)} options; the task asks for {FEWEST_OPTIONS} to {task.options}.")
    yield from _choice_problems(options, revision.answer, revision.answer_index, where="")
    told = {origin.option for origin in revision.option_origins}
    strange, missing = sorted(told - set(options)), sorted(set(options) - told)
    if strange:
        yield f"It tells the origin of options that are not there: {', '.join(strange)}."
    if missing:
        yield f"It doesn't tell where options come from: {', '.join(missing)}."


def _turn_problems(turn: Turn) -> Iterator[str]:
    where = f" of the stage {turn.stage!r}"
    if not turn.stage.strip() or not turn.question.strip():
        yield "A stage has no name or no question."
    if len(turn.options) < FEWEST_OPTIONS:
        yield f"There are {len(turn.options)} options{where}."
    yield from _choice_problems(turn.options, turn.answer, turn.answer_index, where=where)


def _choice_problems(
    options: tuple[str, ...], answer: str, index: int | None, *, where: str
) -> Iterator[str]:
    if any(not option.strip() or option != option.strip() for option in options):
        yield f"An option{where} is empty or has white space around it."
    if options.count(answer) != 1:
        yield f"The answer{where} stands {options.count(answer)} times among the options."
    elif index is None or not 0 <= index < len(options) or options[index] != answer:
        yield f"The answer{where} is option {options.index(answer)}, not {index} (from 0)."


GATE = Gate(name="types", look=look)
