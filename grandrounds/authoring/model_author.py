"""The model author: drafts and revises through any OpenAI-compatible endpoint, all via the ledger.

The model names the diagnosis, its aliases, distractors and quotes; it never writes the stem. The stem
is cut from the article by the same code for every author, with the model's diagnosis and aliases as
what must not be seen. A quote that is not in the article word for word is dropped and flagged.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from grandrounds.authoring.author import Progress, wording_of
from grandrounds.authoring.compose import Content, envelope_fields
from grandrounds.authoring.prompts import Prompt, load_prompt
from grandrounds.authoring.rows import row_id, spans
from grandrounds.authoring.visible import visible_part
from grandrounds.authoring.wording import Wording
from grandrounds.fingerprint import code_fingerprint
from grandrounds.llm.answer import ModelAnswer
from grandrounds.llm.answering import Answering
from grandrounds.llm.answering import Progress as ClientProgress
from grandrounds.llm.request import Message, ModelRequest
from grandrounds.llm.telling import note
from grandrounds.recipe import Recipe
from grandrounds.records.case import Case
from grandrounds.records.envelope import OK, Draft, Revision
from grandrounds.records.parts import Authorship, Flag, OptionOrigin, Span
from grandrounds.stem import locate
from grandrounds.streams import Counted, length

VERSION = "1"
_One = TypeVar("_One")
_Other = TypeVar("_Other")
_SYSTEM = "You are a clinician who writes examination items. Answer with one JSON object and nothing else."


@dataclass(frozen=True, slots=True)
class _Failure:
    status: str
    reason: str


class ModelAuthor:
    """Writes with a model; see the module."""

    name = "model"

    def __init__(self, recipe: Recipe, *, client: Answering, on_progress: Progress | None = None) -> None:
        self._recipe = recipe
        self._client = client
        self._on_progress = on_progress
        self._wordings: dict[str, Wording] = {task.name: wording_of(task) for task in recipe.tasks}

    def draft(self, cases: Iterable[Case]) -> Iterator[Draft]:
        """One draft a case and task."""
        known = length(cases)
        total = None if known is None else known * len(self._wordings)
        pairs = self._case_tasks(cases)
        for (case, wording), request, answer in self._asked(pairs, self._draft_request, total=total):
            yield self._draft(case, wording, request, answer)

    def revise(self, drafts: Iterable[tuple[Draft, Case]]) -> Iterator[Revision]:
        """One revision a draft."""
        total = length(drafts)
        for (draft, case), request, answer in self._asked(drafts, self._revise_request, total=total):
            yield self._revision(draft, case, request, answer)

    def draft_requests(self, cases: Iterable[Case]) -> Iterator[ModelRequest]:
        """The requests that ``draft`` sends, for those who carry them elsewhere."""
        return (self._draft_request(*pair) for pair in self._case_tasks(cases))

    def revise_requests(self, drafts: Iterable[tuple[Draft, Case]]) -> Iterator[ModelRequest]:
        """The requests that ``revise`` sends."""
        return (self._revise_request(*pair) for pair in drafts)

    def _case_tasks(self, cases: Iterable[Case]) -> Iterator[tuple[Case, Wording]]:
        return ((case, wording) for case in cases for wording in self._wordings.values())

    def _asked(
        self,
        subjects: Iterable[tuple[_One, _Other]],
        request_of: Callable[[_One, _Other], ModelRequest],
        *,
        total: int | None,
    ) -> Iterator[tuple[tuple[_One, _Other], ModelRequest, ModelAnswer]]:
        """Each subject with its request and answer, in order. Only those on their way are in memory."""
        waiting: deque[tuple[_One, _Other]] = deque()

        def requests() -> Iterator[ModelRequest]:
            for subject in subjects:
                waiting.append(subject)
                yield request_of(*subject)

        asked: Iterable[ModelRequest] = requests() if total is None else Counted(requests, total)
        for request, answer in self._client.answers(asked, on_progress=self._told()):
            yield waiting.popleft(), request, answer

    def _draft_request(self, case: Case, wording: Wording) -> ModelRequest:
        prompt = load_prompt(wording.task, "draft")
        text = prompt.render(
            {
                "title": case.title,
                "article": case.text,
                "case_number": case.case_number,
                "case_count": case.case_count,
                "distractors": max(wording.options - 1, 0),
            }
        )
        return self._request(prompt, text, protected=case.protected)

    def _revise_request(self, draft: Draft, case: Case) -> ModelRequest:
        prompt = load_prompt(draft.task, "revise")
        wording = self._wordings[draft.task]
        text = prompt.render(
            {
                "stem": draft.stem,
                "question": draft.question,
                "article": case.text,
                "criteria": list(self._recipe.criteria or prompt.criteria),
                "options": max(wording.options - 1, 0),
                "draft": {
                    "answer": draft.answer,
                    "aliases": list(draft.answer_aliases),
                    "distractors": [o for o in draft.options if o != draft.answer],
                    "rationale": draft.rationale,
                    "support": [e.quote for e in draft.evidence if e.role == "support"],
                    "answer_quote": next((e.quote for e in draft.evidence if e.role == "answer"), ""),
                },
            }
        )
        return self._request(prompt, text, protected=case.protected)

    def _request(self, prompt: Prompt, text: str, *, protected: bool) -> ModelRequest:
        return ModelRequest.of(
            messages=(Message(role="system", content=_SYSTEM), Message(role="user", content=text)),
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

    def _draft(self, case: Case, wording: Wording, request: ModelRequest, answer: ModelAnswer) -> Draft:
        authorship = Authorship(
            author=self.name,
            author_version=f"{VERSION}+{code_fingerprint('grandrounds.authoring')}",
            model=answer.model or self._client.model,
            draft_prompt_sha256=request.prompt_sha256,
            draft_request_id=request.request_id,
        )
        content, failure = self._read(case, wording, answer, flags=())
        fields = envelope_fields(
            case, recipe=self._recipe.name, wording=wording, content=content, authorship=authorship
        )
        status, reason = (failure.status, failure.reason) if failure else (OK, "")
        return Draft(
            draft_id=row_id("draft", fields, status=status), status=status, reason=reason, **fields
        )

    def _revision(self, draft: Draft, case: Case, request: ModelRequest, answer: ModelAnswer) -> Revision:
        authorship = replace(
            draft.authorship,
            revise_prompt_sha256=request.prompt_sha256,
            revise_request_id=request.request_id,
        )
        wording = self._wordings[draft.task]
        content, failure = self._read(case, wording, answer, flags=draft.quality_flags)
        changes: tuple[str, ...] = ()
        if answer.ok:
            value = answer.value()
            changes = tuple(f"{change['criterion']}: {change['change']}" for change in value["changes"])
            if value["verdict"] == "drop":
                failure = _Failure("dropped", value["verdict_reason"] or "the revision gave no reason")
        if failure and not answer.ok:
            content = _kept(draft)
        fields = envelope_fields(
            case, recipe=self._recipe.name, wording=wording, content=content, authorship=authorship
        )
        status, reason = (failure.status, failure.reason) if failure else (OK, "")
        return Revision(
            revision_id=row_id("revision", fields, status=status, parent=draft.draft_id),
            draft_id=draft.draft_id,
            status=status,
            reason=reason,
            changes=changes,
            **fields,
        )

    def _read(
        self, case: Case, wording: Wording, answer: ModelAnswer, *, flags: tuple[Flag, ...]
    ) -> tuple[Content, _Failure | None]:
        """What a model's answer comes to in the case's own text, and why it can't go on, if so."""
        if not answer.ok:
            return Content(answer=""), _Failure(answer.status, answer.error or answer.status)
        value = answer.value()
        name = " ".join(value["diagnosis"].split())
        if not name:
            return Content(answer=""), _Failure("no_diagnosis", "the model found no diagnostic question")
        aliases = _clean(value["aliases"], without=(name,))
        visible = visible_part(
            case, cut=self._recipe.cut, need=self._recipe.cases, answer=name, aliases=aliases
        )
        statement = locate(case.text, value["answer_quote"])
        support, lost = _located(case, value["support_quotes"], visible.pieces)
        content = Content(
            answer=name,
            aliases=aliases,
            distractors=_distractors(value, wording, answer=name, model=answer.model or self._client.model),
            rationale=value["rationale"].strip(),
            pieces=visible.pieces,
            support=support,
            statement=statement,
            flags=(*flags, *lost),
        )
        return content, _fault(content, wording, visible_reason=visible.reason)

    def _told(self) -> Callable[[ClientProgress], None] | None:
        report = self._on_progress
        if report is None:
            return None

        def tell(progress: ClientProgress) -> None:
            report(progress.done, progress.total)
            note(report, progress)

        return tell


def _fault(content: Content, wording: Wording, *, visible_reason: str) -> _Failure | None:
    if not content.pieces:
        return _Failure("no_stem", visible_reason)
    if content.statement is None:
        return _Failure("unparsable", "the quote that should state the diagnosis is not in the article")
    if not content.support:
        return _Failure("unparsable", "none of the supporting quotes stands in what the solver sees")
    missing = wording.options - 1 - len(content.distractors)
    if wording.options and missing > 0:
        return _Failure("no_distractors", f"{missing} distractors are missing")
    return None


def _located(
    case: Case, quotes: Sequence[str], pieces: Sequence[Span]
) -> tuple[tuple[Span, ...], tuple[Flag, ...]]:
    found, lost = [], []
    for quote in quotes:
        span = locate(case.text, quote, within=pieces)
        if span is None:
            lost.append(Flag(flag="quote_not_visible", detail=quote[:300]))
        else:
            found.append(span)
    unique = sorted(set(found), key=lambda span: (span.start, span.end))
    return tuple(unique), tuple(lost)


def _distractors(
    value: Mapping[str, Any], wording: Wording, *, answer: str, model: str
) -> tuple[OptionOrigin, ...]:
    if not wording.options:
        return ()
    names = _clean(value["distractors"], without=(answer,))[: wording.options - 1]
    return tuple(OptionOrigin(option=name, origin="model", reference=model) for name in names)


def _clean(names: Sequence[str], *, without: Sequence[str]) -> tuple[str, ...]:
    known = {name.casefold() for name in without}
    kept = []
    for name in names:
        tidy = " ".join(name.split())
        if tidy and tidy.casefold() not in known:
            known.add(tidy.casefold())
            kept.append(tidy)
    return tuple(kept)


def _kept(draft: Draft) -> Content:
    """The draft's own content, so that a revision that failed still shows what it was about."""
    return Content(
        answer=draft.answer,
        aliases=draft.answer_aliases,
        distractors=tuple(o for o in draft.option_origins if o.option != draft.answer),
        rationale=draft.rationale,
        pieces=draft.visible_spans,
        support=tuple(spans(draft, "support")),
        statement=next(iter(spans(draft, "answer")), None),
        flags=draft.quality_flags,
    )
