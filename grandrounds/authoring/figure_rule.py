"""The rule author of figures: questions by extraction from caption and mentions with a controlled
vocabulary.

Needs no model and no network. Each figure gives one draft a task; where the words tell nothing, or more
than one thing, the draft says so and goes no further. The revision reads the figure again and looks at
the draft with the criteria of ``figure_checks``.
"""

from __future__ import annotations

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
from grandrounds.authoring.task_rule import TaskRuleAuthor
from grandrounds.recipe import Task
from grandrounds.records.envelope import Draft
from grandrounds.records.figure import FigureRow

VERSION = "1"
OPEN_TASKS = frozenset({"figure_description_open"})


class FigureRuleAuthor(TaskRuleAuthor[FigureRow]):
    """Writes by rules; see the module."""

    def _version(self) -> str:
        return author_version(VERSION)

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

    def _fault(self, draft: Draft, row: FigureRow, *, again: Draft) -> str:
        return strays(draft, again) or "; ".join(problems(draft))
