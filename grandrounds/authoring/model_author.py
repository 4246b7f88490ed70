"""The model author: drafts and revises through any OpenAI-compatible endpoint, all via the ledger.

The model names the diagnosis, its aliases, distractors and quotes; it never writes the stem. The stem
is cut from the article by the same code for every author, with the model's diagnosis and aliases as
what must not be seen. A quote that is not in the article word for word is dropped and flagged.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from grandrounds.authoring.asking import Asker, Reply
from grandrounds.authoring.author import Progress, wording_of
from grandrounds.authoring.compose import Content, envelope_fields
from grandrounds.authoring.prompts import load_prompt
from grandrounds.authoring.rows import draft_of, revision_of, spans
from grandrounds.authoring.visible import visible_part
from grandrounds.authoring.wording import Wording
from grandrounds.fingerprint import code_fingerprint
from grandrounds.llm.answer import ModelAnswer
from grandrounds.llm.answering import Answering
from grandrounds.llm.request import ModelRequest
from grandrounds.recipe import Recipe
from grandrounds.records.case import Case
from grandrounds.records.envelope import OK, Draft, Revision
from grandrounds.records.parts import Authorship, Flag, OptionOrigin, Span
from grandrounds.stem import locate
from grandrounds.streams import length

VERSION = "1"
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
        self._asker = Asker(recipe, client=client, system=_SYSTEM, on_progress=on_progress)
        self._wordings: dict[str, Wording] = {task.name: wording_of(task) for task in recipe.tasks}

    def draft(self, cases: Iterable[Case]) -> Iterator[Draft]:
        """One draft a case and task."""
        known = length(cases)
        total = None if known is None else known * len(self._wordings)
        pairs = self._case_tasks(cases)
        for (case, wording), reply in self._asker.replies(pairs, self._draft_request, total=total):
            assert reply is not None
            yield self._draft(case, wording, reply)

    def revise(self, drafts: Iterable[tuple[Draft, Case]]) -> Iterator[Revision]:
        """One revision a draft."""
        replies = self._asker.replies(drafts, self._revise_request, total=length(drafts))
        for (draft, case), reply in replies:
            assert reply is not None
            yield self._revision(draft, case, reply)

    def draft_requests(self, cases: Iterable[Case]) -> Iterator[ModelRequest]:
        """The requests that ``draft`` sends, for those who carry them elsewhere."""
        return (self._draft_request(pair) for pair in self._case_tasks(cases))

    def revise_requests(self, drafts: Iterable[tuple[Draft, Case]]) -> Iterator[ModelRequest]:
        """The requests that ``revise`` sends."""
        return (self._revise_request(pair) for pair in drafts)

    def _case_tasks(self, cases: Iterable[Case]) -> Iterator[tuple[Case, Wording]]:
        return ((case, wording) for case in cases for wording in self._wordings.values())

    def _draft_request(self, pair: tuple[Case, Wording]) -> ModelRequest:
        case, wording = pair
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
        return self._asker.request(prompt, text, protected=case.protected)

    def _revise_request(self, pair: tuple[Draft, Case]) -> ModelRequest:
        draft, case = pair
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
        return self._asker.request(prompt, text, protected=case.protected)

    def _draft(self, case: Case, wording: Wording, reply: Reply) -> Draft:
        request, answer = reply.request, reply.answer
        authorship = Authorship(
            author=self.name,
            author_version=f"{VERSION}+{code_fingerprint('grandrounds.authoring')}",
            model=answer.model or self._asker.model,
            draft_prompt_sha256=request.prompt_sha256,
            draft_request_id=request.request_id,
        )
        content, failure = self._read(case, wording, answer, flags=())
        fields = envelope_fields(
            case, recipe=self._recipe.name, wording=wording, content=content, authorship=authorship
        )
        status, reason = (failure.status, failure.reason) if failure else (OK, "")
        return draft_of(fields, status=status, reason=reason)

    def _revision(self, draft: Draft, case: Case, reply: Reply) -> Revision:
        answer = reply.answer
        authorship = reply.revised(draft.authorship)
        wording = self._wordings[draft.task]
        content, failure = self._read(case, wording, answer, flags=draft.quality_flags)
        changes: tuple[str, ...] = ()
        if answer.ok:
            changes = reply.changes
            if reply.why_dropped:
                failure = _Failure("dropped", reply.why_dropped)
        if failure and not answer.ok:
            content = _kept(draft)
        fields = envelope_fields(
            case, recipe=self._recipe.name, wording=wording, content=content, authorship=authorship
        )
        status, reason = (failure.status, failure.reason) if failure else (OK, "")
        return revision_of(fields, draft_id=draft.draft_id, status=status, reason=reason, changes=changes)

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
            distractors=_distractors(value, wording, answer=name, model=answer.model or self._asker.model),
            rationale=value["rationale"].strip(),
            pieces=visible.pieces,
            support=support,
            statement=statement,
            flags=(*flags, *lost),
        )
        return content, _fault(content, wording, visible_reason=visible.reason)


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
