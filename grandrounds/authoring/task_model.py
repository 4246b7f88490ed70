"""Model authors that write one draft a row of evidence and task, and ask a second time about each."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, Generic, TypeVar

from grandrounds.authoring.asking import Asker, Reply
from grandrounds.authoring.author import Progress
from grandrounds.authoring.rows import revision_of
from grandrounds.authoring.volume_checks import lopsided
from grandrounds.authoring.volume_rule import DROPPED
from grandrounds.lake import Lake
from grandrounds.llm.answering import Answering
from grandrounds.llm.request import ModelRequest
from grandrounds.recipe import Recipe, Task
from grandrounds.records.envelope import OK, Draft, Revision
from grandrounds.streams import length

_Row = TypeVar("_Row")
_Subject = TypeVar("_Subject")


class TaskModelAuthor(ABC, Generic[_Row, _Subject]):
    """Writes with a model that sees the evidence.

    Subclasses know what there is to ask about a row and a task (a subject), how it is asked, and what
    becomes of the replies. ``system`` is what the model is told of its part.
    """

    name = "model"
    system: ClassVar[str]

    def __init__(
        self,
        recipe: Recipe,
        *,
        client: Answering,
        lake: Lake | None = None,
        on_progress: Progress | None = None,
    ) -> None:
        self._recipe = recipe
        self._tasks: dict[str, Task] = {task.name: task for task in recipe.tasks}
        self._asker = Asker(recipe, client=client, system=self.system, on_progress=on_progress)

    def draft(self, rows: Iterable[_Row]) -> Iterator[Draft]:
        """One draft a row and task. Nothing is asked where there is nothing to ask about."""
        known = length(rows)
        total = None if known is None else known * len(self._tasks)
        replies = self._asker.replies(self._subjects(rows), self._draft_request, total=total)
        for subject, reply in replies:
            yield self._draft(subject, reply)

    def revise(self, drafts: Iterable[tuple[Draft, _Row]]) -> Iterator[Revision]:
        """One revision a draft."""
        replies = self._asker.replies(drafts, self._revise_request, total=length(drafts))
        for (draft, row), reply in replies:
            assert reply is not None
            yield self._revision(draft, row, reply)

    def draft_requests(self, rows: Iterable[_Row]) -> Iterator[ModelRequest]:
        """The requests that ``draft`` sends, for those who carry them elsewhere."""
        requests = map(self._draft_request, self._subjects(rows))
        return (request for request in requests if request is not None)

    def revise_requests(self, drafts: Iterable[tuple[Draft, _Row]]) -> Iterator[ModelRequest]:
        """The requests that ``revise`` sends."""
        return map(self._revise_request, drafts)

    @abstractmethod
    def _subject(self, row: _Row, task: Task) -> _Subject:
        """What there is to ask about a row for a task."""

    @abstractmethod
    def _draft_request(self, subject: _Subject) -> ModelRequest | None:
        """The first request about a subject; ``None`` where nothing is asked."""

    @abstractmethod
    def _revise_request(self, pair: tuple[Draft, _Row]) -> ModelRequest:
        """The second request, about a draft and its row."""

    @abstractmethod
    def _draft(self, subject: _Subject, reply: Reply | None) -> Draft:
        """What a subject and the reply about it come to."""

    @abstractmethod
    def _revision(self, draft: Draft, row: _Row, reply: Reply) -> Revision:
        """What a draft and the reply about it come to."""

    @abstractmethod
    def _problems(self, made: Revision, row: _Row) -> tuple[str, ...]:
        """The criteria that a revision fails, of those that code can check."""

    def _subjects(self, rows: Iterable[_Row]) -> Iterator[_Subject]:
        return (self._subject(row, task) for row in rows for task in self._recipe.tasks)

    def _model(self, reply: Reply | None) -> str:
        return (reply.answer.model if reply else "") or self._asker.model

    def _checked(
        self,
        draft: Draft,
        row: _Row,
        *,
        fields: dict[str, Any],
        status: str,
        reason: str,
        changes: tuple[str, ...],
    ) -> Revision:
        """The revision with these fields, dropped where it fails a criterion that code can check."""
        made = revision_of(fields, draft_id=draft.draft_id, status=status, reason=reason, changes=changes)
        wrong = self._problems(made, row) if status == OK else ()
        flags = tuple(dict.fromkeys((*made.quality_flags, *lopsided(made))))
        return revision_of(
            fields | {"quality_flags": flags},
            draft_id=draft.draft_id,
            status=DROPPED if wrong else status,
            reason="; ".join(wrong) or reason,
            changes=changes,
        )
