"""The rule author of clips: questions from times, order, movement, words and key points.

Needs no model and no network. Each clip gives one draft a task; where its frames determine no answer, the
draft says why and goes no further. The revision asks the clip again and looks at the draft with the
criteria of ``clip_checks``.
"""

from __future__ import annotations

from grandrounds.authoring.clip_checks import problems, strays
from grandrounds.authoring.clip_compose import author_version, content_of, envelope_fields
from grandrounds.authoring.rows import draft_of
from grandrounds.authoring.task_rule import TaskRuleAuthor
from grandrounds.recipe import Task
from grandrounds.records.clip import ClipRow
from grandrounds.records.envelope import Draft

VERSION = "1"


class ClipRuleAuthor(TaskRuleAuthor[ClipRow]):
    """Writes by rules; see the module."""

    def _version(self) -> str:
        return author_version(VERSION)

    def _draft(self, row: ClipRow, task: Task) -> Draft:
        content = content_of(row, task.name, options=task.options)
        fields = envelope_fields(row, content, recipe=self._recipe.name, authorship=self._authorship)
        return draft_of(fields, status=content.status, reason=content.reason)

    def _fault(self, draft: Draft, row: ClipRow, *, again: Draft) -> str:
        return strays(draft, again) or "; ".join(problems(draft, row))
