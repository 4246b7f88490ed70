"""The model author of consultations: drafts and revises through any OpenAI-compatible endpoint, via the
ledger.

The model names the diagnosis, writes the criteria with their quotes, and the reference answer; it never
writes the stem, which is cut from the article as for every author. A criterion whose quote is not in the
article word for word, or does not say its terms, is dropped and flagged; the controller's vetoes hold
for models as for rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from grandrounds.authoring.asking import Asker, Reply
from grandrounds.authoring.author import Progress
from grandrounds.authoring.diagnosis import Diagnosis
from grandrounds.authoring.prompts import load_prompt
from grandrounds.authoring.rows import draft_of, revision_of
from grandrounds.authoring.rubric_compose import Consultation, consultation_fields
from grandrounds.authoring.rubric_control import control
from grandrounds.authoring.rubric_parts import ANSWER_ROLE
from grandrounds.authoring.rubric_rule import enough
from grandrounds.authoring.rubric_screen import NO_DIAGNOSIS, Unfit, screen_with
from grandrounds.fingerprint import code_fingerprint
from grandrounds.llm.answer import ModelAnswer
from grandrounds.llm.answering import Answering
from grandrounds.llm.request import ModelRequest
from grandrounds.recipe import Recipe, prompt_folder
from grandrounds.records.case import Case
from grandrounds.records.envelope import OK, Draft, Revision
from grandrounds.records.parts import Authorship, Criterion, Evidence, Flag, Locator
from grandrounds.rubrics.kinds import with_id
from grandrounds.stem import locate
from grandrounds.streams import length

VERSION = "1"
_SYSTEM = (
    "You are a clinician who writes open consultations and the rubrics that mark them. Answer with one "
    "JSON object and nothing else."
)


@dataclass(frozen=True, slots=True)
class _Failure:
    status: str
    reason: str


class RubricModelAuthor:
    """Writes consultations with a model; see the module."""

    name = "model"

    def __init__(self, recipe: Recipe, *, client: Answering, on_progress: Progress | None = None) -> None:
        self._recipe = recipe
        self._asker = Asker(recipe, client=client, system=_SYSTEM, on_progress=on_progress)

    def draft(self, cases: Iterable[Case], /) -> Iterator[Draft]:
        """One draft a case and task."""
        known = length(cases)
        total = None if known is None else known * len(self._recipe.tasks)
        for (case, task), reply in self._asker.replies(
            self._case_tasks(cases), self._draft_request, total=total
        ):
            assert reply is not None
            yield self._draft(case, task, reply)

    def revise(self, drafts: Iterable[tuple[Draft, Case]], /) -> Iterator[Revision]:
        """One revision a draft."""
        for (draft, case), reply in self._asker.replies(drafts, self._revise_request, total=length(drafts)):
            assert reply is not None
            yield self._revision(draft, case, reply)

    def draft_requests(self, cases: Iterable[Case], /) -> Iterator[ModelRequest]:
        """The requests that ``draft`` sends."""
        return (self._draft_request(pair) for pair in self._case_tasks(cases))

    def revise_requests(self, drafts: Iterable[tuple[Draft, Case]], /) -> Iterator[ModelRequest]:
        """The requests that ``revise`` sends."""
        return (self._revise_request(pair) for pair in drafts)

    def _case_tasks(self, cases: Iterable[Case]) -> Iterator[tuple[Case, str]]:
        return ((case, task.name) for case in cases for task in self._recipe.tasks)

    def _variables(self, case: Case, task: str) -> dict[str, Any]:
        return {
            "title": case.title,
            "article": case.text,
            "case_number": case.case_number,
            "case_count": case.case_count,
            "task": task,
            "limits": self._recipe.gates.rubric,
        }

    def _draft_request(self, pair: tuple[Case, str]) -> ModelRequest:
        case, task = pair
        prompt = load_prompt(prompt_folder(task), "draft")
        return self._asker.request(
            prompt, prompt.render(self._variables(case, task)), protected=case.protected
        )

    def _revise_request(self, pair: tuple[Draft, Case]) -> ModelRequest:
        draft, case = pair
        prompt = load_prompt(prompt_folder(draft.task), "revise")
        named = [
            way for each in draft.rubric if each.kind == "diagnosis" for way in each.terms[0].split("|")
        ]
        text = prompt.render(
            self._variables(case, draft.task)
            | {
                "stem": draft.stem,
                "question": draft.question,
                "disclosures": draft.disclosures,
                "criteria": list(self._recipe.criteria or prompt.criteria),
                "refused": [f"{flag.flag}: {flag.detail}" for flag in draft.quality_flags],
                "draft": {
                    "diagnosis": named[0] if named else "",
                    "aliases": named[1:],
                    "answer_quote": next((e.quote for e in draft.evidence if e.role == ANSWER_ROLE), ""),
                    "answer": draft.answer,
                    "rubric": [_shown(each) for each in draft.rubric],
                },
            }
        )
        return self._asker.request(prompt, text, protected=case.protected)

    def _draft(self, case: Case, task: str, reply: Reply) -> Draft:
        code = code_fingerprint("grandrounds.authoring", "grandrounds.rubrics")
        authorship = Authorship(
            author=self.name,
            author_version=f"{VERSION}+{code}",
            model=reply.answer.model or self._asker.model,
            draft_prompt_sha256=reply.request.prompt_sha256,
            draft_request_id=reply.request.request_id,
        )
        content, failure = self._read(case, task, reply.answer, flags=())
        fields = consultation_fields(
            case, recipe=self._recipe.name, task=task, content=content, authorship=authorship
        )
        status, reason = (failure.status, failure.reason) if failure else (OK, "")
        return draft_of(fields, status=status, reason=reason)

    def _revision(self, draft: Draft, case: Case, reply: Reply) -> Revision:
        authorship = reply.revised(draft.authorship)
        content, failure = self._read(case, draft.task, reply.answer, flags=())
        changes: tuple[str, ...] = ()
        if reply.answer.ok:
            changes = reply.changes
            if reply.why_dropped:
                failure = _Failure("dropped", reply.why_dropped)
        else:
            content = _kept(draft)
        fields = consultation_fields(
            case, recipe=self._recipe.name, task=draft.task, content=content, authorship=authorship
        )
        status, reason = (failure.status, failure.reason) if failure else (OK, "")
        return revision_of(fields, draft_id=draft.draft_id, status=status, reason=reason, changes=changes)

    def _read(
        self, case: Case, task: str, answer: ModelAnswer, *, flags: tuple[Flag, ...]
    ) -> tuple[Consultation, _Failure | None]:
        """What a model's answer comes to in the case's own text, and why it can't go on, if so."""
        if not answer.ok:
            return Consultation(diagnosis=""), _Failure(answer.status, answer.error or answer.status)
        value = answer.value()
        name = " ".join(value["diagnosis"].split())
        if not name:
            return Consultation(diagnosis=""), _Failure(
                NO_DIAGNOSIS, "the model found nobody to consult on"
            )
        statement = locate(case.text, value["answer_quote"])
        if statement is None:
            return Consultation(diagnosis=name), _Failure(
                "unparsable", "the quote that should state the diagnosis is not in the article"
            )
        aliases = tuple(
            dict.fromkeys(" ".join(alias.split()) for alias in value["aliases"] if alias.strip())
        )
        diagnosis = Diagnosis(name=name, aliases=aliases, quote=statement, weight=0.0)
        screened = screen_with(case, diagnosis, task=task, cut=self._recipe.cut, need=self._recipe.cases)
        if isinstance(screened, Unfit):
            return Consultation(diagnosis=name, aliases=aliases), _Failure(screened.status, screened.reason)
        reference = " ".join(value["answer"].split())
        read, lost = _criteria(case, value["rubric"], diagnosis)
        controlled = control(read, case=case, reference=reference)
        vetoed = tuple(Flag(flag="criterion_refused", detail=change[:300]) for change in controlled.changes)
        content = Consultation(
            diagnosis=name,
            aliases=aliases,
            pieces=screened.reading.pieces,
            statement=statement,
            reference=reference,
            rubric=controlled.kept,
            disclosures=screened.disclosures,
            flags=(*flags, *lost, *vetoed),
        )
        if not reference:
            return content, _Failure("unparsable", "there is no reference answer")
        status, reason = enough(content, self._recipe)
        return content, None if status == OK else _Failure(status, reason)


def _criteria(
    case: Case, given: Sequence[Mapping[str, Any]], diagnosis: Diagnosis
) -> tuple[tuple[Criterion, ...], tuple[Flag, ...]]:
    """The criteria whose quotes all stand in the article, and a flag for each other.

    The terms of the diagnosis are its names, so that the gates know what must not be given away.
    """
    found, lost = [], []
    for each in given:
        spans = [locate(case.text, quote) for quote in each["quotes"]]
        if not spans or any(span is None for span in spans):
            lost.append(Flag(flag="quote_not_found", detail=f"{each['text']} {each['quotes']}"[:300]))
            continue
        terms = tuple(" ".join(term.split()) for term in each["terms"] if term.strip())
        if each["kind"] == "diagnosis":
            terms = ("|".join((diagnosis.name, *diagnosis.aliases)),)
        evidence = tuple(
            Evidence(
                role=ANSWER_ROLE,
                source_id=case.source_id,
                evidence_id=case.evidence_id,
                quote=span.of(case.text),
                locator=Locator.chars(span),
            )
            for span in spans
            if span is not None
        )
        found.append(
            with_id(
                Criterion(
                    criterion_id="",
                    text=" ".join(each["text"].split()),
                    axis=each["axis"],
                    points=each["points"],
                    kind=each["kind"],
                    terms=terms,
                    evidence=evidence,
                )
            )
        )
    return tuple(found), tuple(lost)


def _shown(each: Criterion) -> dict[str, Any]:
    return {
        "text": each.text,
        "axis": each.axis,
        "points": each.points,
        "kind": each.kind,
        "terms": list(each.terms),
        "quotes": [part.quote for part in each.evidence],
    }


def _kept(draft: Draft) -> Consultation:
    """The draft's own content, so that a revision that failed still shows what it was about."""
    named = [way for each in draft.rubric if each.kind == "diagnosis" for way in each.terms[0].split("|")]
    return Consultation(
        diagnosis=named[0] if named else "",
        aliases=tuple(named[1:]),
        pieces=draft.visible_spans,
        statement=next((e.locator.span for e in draft.evidence if e.role == ANSWER_ROLE), None),
        reference=draft.answer,
        rubric=draft.rubric,
        disclosures=draft.disclosures,
        flags=draft.quality_flags,
    )
