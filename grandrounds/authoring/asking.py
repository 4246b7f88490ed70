"""How every model author asks: requests from prompts, answers as a stream beside what they are about."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

from grandrounds.authoring.author import Progress
from grandrounds.authoring.prompts import Prompt
from grandrounds.llm.answer import ModelAnswer
from grandrounds.llm.answering import Answering
from grandrounds.llm.answering import Progress as ClientProgress
from grandrounds.llm.request import MediaPart, Message, ModelRequest
from grandrounds.llm.telling import note
from grandrounds.recipe import Recipe
from grandrounds.records.parts import Authorship
from grandrounds.streams import Counted

Subject = TypeVar("Subject")


@dataclass(frozen=True, slots=True)
class Reply:
    """A request and what became of it."""

    request: ModelRequest
    answer: ModelAnswer

    @property
    def failure(self) -> str:
        """Why there is no answer that counts, where there is none."""
        return self.answer.error or self.answer.status

    @property
    def changes(self) -> tuple[str, ...]:
        """What a revision says it changed, by criterion."""
        return tuple(f"{each['criterion']}: {each['change']}" for each in self.answer.value()["changes"])

    @property
    def why_dropped(self) -> str:
        """Why a revision drops the draft; empty where it keeps it."""
        value = self.answer.value()
        kept = value["verdict"] != "drop"
        return "" if kept else value["verdict_reason"] or "the revision gave no reason"

    def revised(self, authorship: Authorship) -> Authorship:
        """The authorship of a draft that this reply revises; whose the words are is not told by it."""
        return replace(
            authorship,
            revise_prompt_sha256=self.request.prompt_sha256,
            revise_request_id=self.request.request_id,
        )


class Asker:
    """Asks a recipe's model. ``system`` is what it is told of its part before each prompt."""

    def __init__(
        self, recipe: Recipe, *, client: Answering, system: str, on_progress: Progress | None = None
    ) -> None:
        self._recipe = recipe
        self._client = client
        self._system = system
        self._on_progress = on_progress

    @property
    def model(self) -> str:
        """The name that requests carry as their model."""
        return self._client.model

    def request(
        self, prompt: Prompt, text: str, *, protected: bool, media: tuple[MediaPart, ...] = ()
    ) -> ModelRequest:
        """The request of a filled-in prompt, with pictures where there are some."""
        return ModelRequest.of(
            messages=(
                Message(role="system", content=self._system),
                Message(role="user", content=text, media=media),
            ),
            schema_name=prompt.output.rsplit("/", 1)[-1],
            schema=prompt.schema,
            model=self._client.model,
            temperature=self._recipe.temperature,
            max_tokens=self._recipe.max_tokens,
            prompt_name=prompt.name,
            prompt_version=prompt.version,
            prompt_sha256=prompt.sha256,
            protected=protected,
        )

    def replies(
        self,
        subjects: Iterable[Subject],
        request_of: Callable[[Subject], ModelRequest | None],
        *,
        total: int | None,
    ) -> Iterator[tuple[Subject, Reply | None]]:
        """Each subject with its reply, in order; ``None`` where nothing is asked about it.

        Only subjects on their way are in memory. ``total`` is how many requests there are at most, where
        that is known.
        """
        waiting: deque[tuple[Subject, bool]] = deque()

        def requests() -> Iterator[ModelRequest]:
            for subject in subjects:
                request = request_of(subject)
                waiting.append((subject, request is not None))
                if request is not None:
                    yield request

        asked: Iterable[ModelRequest] = requests() if total is None else Counted(requests, total)
        for request, answer in self._client.answers(asked, on_progress=self._told()):
            while not waiting[0][1]:
                yield waiting.popleft()[0], None
            yield waiting.popleft()[0], Reply(request, answer)
        while waiting:
            yield waiting.popleft()[0], None

    def _told(self) -> Callable[[ClientProgress], None] | None:
        report = self._on_progress
        if report is None:
            return None

        def tell(progress: ClientProgress) -> None:
            report(progress.done, progress.total)
            note(report, progress)

        return tell
