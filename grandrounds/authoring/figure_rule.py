"""The rule author of figures: questions by extraction from caption and mentions with a controlled
vocabulary.

Needs no model and no network. Each figure gives one draft a task; where the words tell nothing, or more
than one thing, the draft says so and goes no further. The revision reads the figure again and looks at
the draft with the criteria of ``figure_checks``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from grandrounds.authoring.author import Progress
from grandrounds.authoring.figure_checks import problems, strays
from grandrounds.authoring.figure_compose import (
    NOTHING_TO_ASK,
    Content,
    author_version,
    envelope_fields,
    unusable,
)
from grandrounds.authoring.figure_tasks import content_of
from grandrounds.authoring.rows import draft_of
from grandrounds.authoring.volume_rule import DROPPED, as_revised
from grandrounds.lake import Lake
from grandrounds.recipe import Recipe, Task
from grandrounds.records.envelope import OK, Draft, Revision
from grandrounds.records.figure import FigureRow
from grandrounds.records.parts import Authorship
from grandrounds.streams import length

VERSION = "1"
OPEN_TASKS = frozenset({"figure_description_open"})


class FigureRuleAuthor:
    """Writes by rules; see the module."""

    name = "rule"

    def __init__(
        self, recipe: Recipe, *, lake: Lake | None = None, on_progress: Progress | None = None
    ) -> None:
        self._recipe = recipe
        self._tasks: dict[str, Task] = {task.name: task for task in recipe.tasks}
        self._on_progress = on_progress or _unheard
        self._authorship = Authorship(author=self.name, author_version=author_version(VERSION))

    def draft(self, figures: Iterable[FigureRow]) -> Iterator[Draft]:
        """One draft a figure and task. Progress counts figures."""
        total = length(figures)
        for number, row in enumerate(figures, start=1):
            for task in self._recipe.tasks:
                yield self._draft(row, task)
            self._on_progress(number, total)

    def revise(self, drafts: Iterable[tuple[Draft, FigureRow]]) -> Iterator[Revision]:
        """One revision a draft: kept, or dropped with the criterion that it fails."""
        total = length(drafts)
        for number, (draft, row) in enumerate(drafts, start=1):
            again = self._draft(row, self._tasks[draft.task])
            reason = strays(draft, again) or "; ".join(problems(draft))
            own = replace(draft, authorship=self._authorship)
            yield as_revised(own, status=DROPPED if reason else OK, reason=reason, changes=())
            self._on_progress(number, total)

    def _draft(self, row: FigureRow, task: Task) -> Draft:
        reason = unusable(row)
        if reason:
            content = Content(task=task.name, status=NOTHING_TO_ASK, reason=reason)
        else:
            content = content_of(row, task)
        fields = envelope_fields(
            row,
            content,
            recipe=self._recipe.name,
            authorship=self._authorship,
            open_question=task.name in OPEN_TASKS,
        )
        return draft_of(fields, status=content.status, reason=content.reason)


def _unheard(_done: int, _total: int | None) -> None:
    """Progress that nobody asked for."""
