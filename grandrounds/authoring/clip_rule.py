"""The rule author of clips: questions from times, order, movement, words and key points.

Needs no model and no network. Each clip gives one draft a task; where its frames determine no answer, the
draft says why and goes no further. The revision asks the clip again and looks at the draft with the
criteria of ``clip_checks``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from grandrounds.authoring.author import Progress
from grandrounds.authoring.clip_checks import problems, strays
from grandrounds.authoring.clip_compose import author_version, content_of, envelope_fields
from grandrounds.authoring.rows import draft_of
from grandrounds.authoring.volume_rule import DROPPED, as_revised
from grandrounds.lake import Lake
from grandrounds.recipe import Recipe, Task
from grandrounds.records.clip import ClipRow
from grandrounds.records.envelope import OK, Draft, Revision
from grandrounds.records.parts import Authorship
from grandrounds.streams import length

VERSION = "1"


class ClipRuleAuthor:
    """Writes by rules; see the module."""

    name = "rule"

    def __init__(
        self, recipe: Recipe, *, lake: Lake | None = None, on_progress: Progress | None = None
    ) -> None:
        self._recipe = recipe
        self._tasks: dict[str, Task] = {task.name: task for task in recipe.tasks}
        self._on_progress = on_progress or _unheard
        self._authorship = Authorship(author=self.name, author_version=author_version(VERSION))

    def draft(self, clips: Iterable[ClipRow]) -> Iterator[Draft]:
        """One draft a clip and task. Progress counts clips."""
        total = length(clips)
        for number, row in enumerate(clips, start=1):
            for task in self._recipe.tasks:
                yield self._draft(row, task)
            self._on_progress(number, total)

    def revise(self, drafts: Iterable[tuple[Draft, ClipRow]]) -> Iterator[Revision]:
        """One revision a draft: kept, or dropped with the criterion that it fails."""
        total = length(drafts)
        for number, (draft, row) in enumerate(drafts, start=1):
            again = self._draft(row, self._tasks[draft.task])
            reason = strays(draft, again) or "; ".join(problems(draft, row))
            own = replace(draft, authorship=self._authorship)
            yield as_revised(own, status=DROPPED if reason else OK, reason=reason, changes=())
            self._on_progress(number, total)

    def _draft(self, row: ClipRow, task: Task) -> Draft:
        content = content_of(row, task.name, options=task.options)
        fields = envelope_fields(row, content, recipe=self._recipe.name, authorship=self._authorship)
        return draft_of(fields, status=content.status, reason=content.reason)


def _unheard(_done: int, _total: int | None) -> None:
    """Progress that nobody asked for."""
