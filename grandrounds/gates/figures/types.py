"""Gate ``types``: the row has what its task asks for, and the answer stands at its index."""

from __future__ import annotations

from collections.abc import Iterator

from grandrounds.gates.asked import task_of, text_problems, without_task
from grandrounds.gates.choices import MULTIPLE_CHOICE, choice_problems, open_problems
from grandrounds.gates.gate import Findings, Gate, Looked, found
from grandrounds.recipe import Task
from grandrounds.records.envelope import Revision

FEWEST_OPTIONS = 2


def look(at: Looked) -> Findings:
    """Refuse empty texts, tasks the recipe doesn't have, wrong option counts, a lost answer."""
    revision = at.revision
    task = task_of(at)
    if task is None:
        return without_task(at)
    return found(
        *text_problems(at, "stem", "question", "answer", "rationale"),
        *(_choice(revision, task) if task.name.endswith(MULTIPLE_CHOICE) else open_problems(revision)),
    )


def _choice(revision: Revision, task: Task) -> Iterator[str]:
    options = revision.options
    if not FEWEST_OPTIONS <= len(options) <= task.options:
        yield f"There are {len(options)} options; the task asks for {FEWEST_OPTIONS} to {task.options}."
    yield from choice_problems(options, answer=revision.answer, index=revision.answer_index)
    told = {origin.option for origin in revision.option_origins}
    if told != set(options):
        differing = ", ".join(sorted(told ^ set(options)))
        yield f"It tells the origin of other options than it has: {differing}."


GATE = Gate(name="types", look=look)
