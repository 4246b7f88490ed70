"""What can be asked of a scan: one module a task, each from the rows alone.

    found = facts(scan, task, need)        # at most need.questions_each, or why there is none
    again = fact_of(scan, task, need, found[0].subject)

A task's module has ``subjects`` (what could be asked about, by id) and ``fact`` (the fact of one
subject, or ``None``). Which of them are asked is drawn by hash of scan, task and subject, so that it is
neither always the first level nor another choice tomorrow; what was not had yet (an answer, a kind of
measurement) comes first. The same rows in any order give the same facts. A module may have ``allowed``,
too: which of the facts made may stand together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from types import ModuleType

from grandrounds.imaging.fact import Fact, NoFact
from grandrounds.imaging.facts import (
    box,
    count,
    finding,
    largest_slice,
    level,
    measurement,
    relation,
    severity,
)
from grandrounds.imaging.facts.inquiry import Inquiry, inquire
from grandrounds.needs import VolumeNeed
from grandrounds.recipe import Task
from grandrounds.records.scan import Scan

__all__ = ["fact_of", "facts"]

_TASKS: dict[str, ModuleType] = {
    "level_mcq": level,
    "box_mcq": box,
    "slice_mcq": largest_slice,
    "relation_mcq": relation,
    "count_mcq": count,
    "severity_mcq": severity,
    "measurement_mcq": measurement,
    "finding_mcq": finding,
}
_LOOKED_AT = 16
"""How many facts are made for each one asked for, so that answers can be varied: pairs can be thousands."""


def facts(scan: Scan, task: Task, need: VolumeNeed) -> tuple[Fact, ...] | NoFact:
    """The facts of a task that are asked of a scan, at most ``need.questions_each``.

    ``NoFact`` says why there is none. Raises ``KeyError`` for a task that is not asked of volumes.
    """
    module = _TASKS[task.name]
    asking = inquire(scan, task, need)
    made = _varied(_made(asking, module), need.questions_each, getattr(module, "variety", _answer))
    allowed = getattr(module, "allowed", _first)
    chosen: tuple[Fact, ...] = allowed(made, need.questions_each)
    return chosen or NoFact(task=task.name, reason=module.NOTHING)


def fact_of(scan: Scan, task: Task, need: VolumeNeed, subject: str) -> Fact | None:
    """The fact of one subject, whether or not it is among those asked; ``None`` where there is none."""
    made: Fact | None = _TASKS[task.name].fact(inquire(scan, task, need), subject)
    return made


def _first(made: Sequence[Fact], wanted: int) -> tuple[Fact, ...]:
    return tuple(made[:wanted])


def _made(asking: Inquiry, module: ModuleType) -> Iterator[Fact]:
    subjects: Sequence[str] = module.subjects(asking)
    for subject in sorted(set(subjects), key=lambda one: (asking.share(one), one)):
        fact: Fact | None = module.fact(asking, subject)
        if fact is not None:
            yield fact


def _answer(fact: Fact) -> str:
    return fact.answer


def _varied(made: Iterator[Fact], wanted: int, variety: Callable[[Fact], str]) -> list[Fact]:
    """Facts so ordered that what is varied comes a second time only after every other had its turn."""
    seen: Counter[str] = Counter()
    ranked: list[tuple[int, int, Fact]] = []
    for at, fact in enumerate(made):
        if at == _LOOKED_AT * wanted:
            break
        kind = variety(fact)
        ranked.append((seen[kind], at, fact))
        seen[kind] += 1
    return [fact for _, _, fact in sorted(ranked, key=lambda entry: entry[:2])]
