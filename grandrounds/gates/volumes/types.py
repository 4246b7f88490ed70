"""Gate ``types``: the row has what its task asks for, and the answer stands at its index."""

from __future__ import annotations

from collections.abc import Iterator

from grandrounds.gates.asked import task_of, text_problems, without_task
from grandrounds.gates.choices import choice_problems
from grandrounds.gates.gate import Findings, Gate, Looked, found
from grandrounds.recipe import Task
from grandrounds.records.envelope import Revision
from grandrounds.records.parts import Turn

FEWEST_OPTIONS = 2


def look(at: Looked) -> Findings:
    """Refuse empty texts, tasks the recipe doesn't have, wrong option counts, a lost answer, bad stages."""
    revision = at.revision
    task = task_of(at)
    if task is None:
        return without_task(at)
    return found(
        *text_problems(at, "stem", "question", "answer", "rationale", "subject"),
        "A row made from a volume shows pieces of a text." if revision.visible_spans else None,
        *_option_problems(revision, task),
        *(problem for turn in revision.turns for problem in _turn_problems(turn)),
    )


def _option_problems(revision: Revision, task: Task) -> Iterator[str]:
    options = revision.options
    if not FEWEST_OPTIONS <= len(options) <= task.options:
        yield (f"There are {len(options)} options; the task asks for {FEWEST_OPTIONS} to {task.options}.")
    yield from choice_problems(options, answer=revision.answer, index=revision.answer_index)
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
    yield from choice_problems(turn.options, answer=turn.answer, index=turn.answer_index, where=where)


GATE = Gate(name="types", look=look)
