"""Rule authors that write one draft a row of evidence and task, and look at each a second time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Generic, TypeVar

from grandrounds.authoring.author import Progress, unheard
from grandrounds.authoring.volume_rule import DROPPED, as_revised
from grandrounds.lake import Lake
from grandrounds.recipe import Recipe, Task
from grandrounds.records.envelope import OK, Draft, Revision
from grandrounds.records.parts import Authorship
from grandrounds.streams import length

_Row = TypeVar("_Row")


class TaskRuleAuthor(ABC, Generic[_Row]):
    """Writes by rules. The revision asks the row again and looks at the draft with the written criteria.

    Subclasses know what the rules make of a row, and which version of them they are.
    """

    name = "rule"

    def __init__(
        self, recipe: Recipe, *, lake: Lake | None = None, on_progress: Progress | None = None
    ) -> None:
        self._recipe = recipe
        self._tasks: dict[str, Task] = {task.name: task for task in recipe.tasks}
        self._on_progress = on_progress or unheard
        self._authorship = Authorship(author=self.name, author_version=self._version())

    def draft(self, rows: Iterable[_Row]) -> Iterator[Draft]:
        """One draft a row and task. Progress counts rows."""
        total = length(rows)
        for number, row in enumerate(rows, start=1):
            for task in self._recipe.tasks:
                yield self._draft(row, task)
            self._on_progress(number, total)

    def revise(self, drafts: Iterable[tuple[Draft, _Row]]) -> Iterator[Revision]:
        """One revision a draft: kept, or dropped with the criterion that it fails."""
        total = length(drafts)
        for number, (draft, row) in enumerate(drafts, start=1):
            again = self._draft(row, self._tasks[draft.task])
            reason = self._fault(draft, row, again=again)
            own = replace(draft, authorship=self._authorship)
            yield as_revised(own, status=DROPPED if reason else OK, reason=reason, changes=())
            self._on_progress(number, total)

    @abstractmethod
    def _version(self) -> str:
        """The author's version, with its code."""

    @abstractmethod
    def _draft(self, row: _Row, task: Task) -> Draft:
        """What the rules make of a row for a task."""

    @abstractmethod
    def _fault(self, draft: Draft, row: _Row, *, again: Draft) -> str:
        """How a draft differs from the row asked ``again``, or which criteria it fails; empty where it
        stands."""
