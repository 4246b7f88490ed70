"""The rule author: everything by extraction, so the default needs no key, no GPU and no network.

Stage one reads the diagnosis out of the article, cuts the case before it and adds other cases'
diagnoses as distractors. Stage two is a second pass with all that is known of the answer: it cuts
again with every alias, makes the stem self-contained, and balances the options by class and length.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from grandrounds.authoring.author import Progress, unheard, wording_of
from grandrounds.authoring.compose import Content, body_system, envelope_fields, visible_sentences
from grandrounds.authoring.diagnosis import Diagnosis, NoDiagnosis, find_diagnosis
from grandrounds.authoring.distractors import Asked, Known, balance, choose
from grandrounds.authoring.rows import draft_of, revision_of, spans
from grandrounds.authoring.visible import Visible, visible_part
from grandrounds.authoring.wording import Wording
from grandrounds.clinical.leaks import find_leaks, names_answer
from grandrounds.fingerprint import code_fingerprint
from grandrounds.recipe import Recipe
from grandrounds.records.case import Case
from grandrounds.records.envelope import OK, Draft, Envelope, Revision
from grandrounds.records.parts import Authorship, OptionOrigin, Span
from grandrounds.stem import render
from grandrounds.text import words

VERSION = "1"
_SUPPORT = 3
_FINDING = re.compile(
    r"\b(?:reveal|show|demonstrat|disclos|detect|found|note|observ|elevat|increas|decreas|raised|reduced|positive|"
    r"enlarg|absen|abnormal|swelling|pain|fever|mass|lesion|murmur|tender|level|collection|thick|dilat)\w*",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
# Pictures, tissue and cultures decide more often than a pulse does.
_DECISIVE = re.compile(
    r"\b(?:tomograph|radiograph|x-?ray|ultrasound|ultrasonograph|sonograph|echocardiogra|magnetic\s+resonance|mri|ct|"
    r"angiograph|endoscop|colonoscop|electrocardiogra|ecg|scintigra|biops|cytolog|cultur|serolog|fundus|lumbar\s+puncture)\w*",
    re.IGNORECASE,
)
_DANGLING = re.compile(
    r"^(?:(?:as\s+)?(?:shown|seen|depicted|illustrated)\s+in\s+)?(?:figs?\.?|figures?|tables?|video|supplement\w*)\s*\d|"
    r"\((?:see|cf\.?)\s+(?:above|below)\)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What the rules read out of a case, once for all its tasks."""

    case: Case
    diagnosis: Diagnosis | NoDiagnosis
    visible: Visible


class RuleAuthor:
    """Writes by rules; see the module."""

    name = "rule"

    def __init__(self, recipe: Recipe, *, on_progress: Progress | None = None) -> None:
        self._recipe = recipe
        self._on_progress = on_progress or unheard
        self._authorship = Authorship(
            author=self.name,
            author_version=f"{VERSION}+{code_fingerprint('grandrounds.authoring', 'grandrounds.clinical')}",
        )

    def draft(self, cases: Iterable[Case]) -> Iterator[Draft]:
        """One draft a case and task. Distractors come from all cases, so all are read first."""
        all_cases = list(cases)
        found = []
        for number, case in enumerate(all_cases, start=1):
            found.append(self._found(case))
            self._on_progress(number, len(all_cases))
        pool = [
            _known(each.case, each.diagnosis)
            for each in found
            if isinstance(each.diagnosis, Diagnosis) and not each.case.protected
        ]
        for each in found:
            for task in self._recipe.tasks:
                yield self._draft(each, wording=wording_of(task), pool=pool)

    def revise(self, drafts: Iterable[tuple[Draft, Case]]) -> Iterator[Revision]:
        """One revision a draft. Options are balanced over all drafts, so all are read first."""
        pairs = list(drafts)
        pool = _pool(draft for draft, _ in pairs)
        wordings: dict[str, Wording] = {task.name: wording_of(task) for task in self._recipe.tasks}
        for number, (draft, case) in enumerate(pairs, start=1):
            yield self._revise(draft, case, wording=wordings[draft.task], pool=pool)
            self._on_progress(number, len(pairs))

    def _found(self, case: Case) -> _Found:
        diagnosis = find_diagnosis(case)
        if isinstance(diagnosis, NoDiagnosis):
            return _Found(case=case, diagnosis=diagnosis, visible=Visible(pieces=()))
        visible = visible_part(
            case,
            cut=self._recipe.cut,
            need=self._recipe.cases,
            answer=diagnosis.name,
            aliases=diagnosis.aliases,
        )
        return _Found(case=case, diagnosis=diagnosis, visible=visible)

    def _draft(self, found: _Found, *, wording: Wording, pool: Sequence[Known]) -> Draft:
        case, diagnosis, visible = found.case, found.diagnosis, found.visible
        if isinstance(diagnosis, NoDiagnosis):
            return self._finished_draft(case, wording, Content(answer=""), "no_diagnosis", diagnosis.reason)
        content = Content(
            answer=diagnosis.name,
            aliases=diagnosis.aliases,
            pieces=visible.pieces,
            statement=diagnosis.quote,
        )
        if not visible.pieces:
            return self._finished_draft(case, wording, content, "no_stem", visible.reason)
        support = _support(case, visible.pieces)
        content = replace(content, support=support, rationale=_rationale(case, diagnosis.name, support))
        if wording.options:
            asked = _asked(case, content)
            distractors = choose(asked, pool=pool, count=wording.options - 1)
            if len(distractors) < wording.options - 1:
                reason = (
                    f"only {len(distractors)} of {wording.options - 1} distractors of the body system "
                    f"{asked.body_system!r} are neither relatives of the answer nor named in the stem"
                )
                return self._finished_draft(case, wording, content, "no_distractors", reason)
            content = replace(content, distractors=distractors)
        return self._finished_draft(case, wording, content, OK, "")

    def _finished_draft(
        self, case: Case, wording: Wording, content: Content, status: str, reason: str
    ) -> Draft:
        fields = envelope_fields(
            case, recipe=self._recipe.name, wording=wording, content=content, authorship=self._authorship
        )
        return draft_of(fields, status=status, reason=reason)

    def _revise(self, draft: Draft, case: Case, *, wording: Wording, pool: Sequence[Known]) -> Revision:
        changes: list[str] = []
        pieces = _without_leaks(case, draft, changes)
        pieces = _self_contained(case, pieces, changes)
        support = tuple(span for span in spans(draft, "support") if any(p.contains(span) for p in pieces))
        support = support or _support(case, pieces)
        content = Content(
            answer=draft.answer,
            aliases=draft.answer_aliases,
            distractors=tuple(o for o in draft.option_origins if o.option != draft.answer),
            rationale=_rationale(case, draft.answer, support),
            pieces=pieces,
            support=support,
            statement=next(iter(spans(draft, "answer")), None),
            flags=draft.quality_flags,
        )
        status, reason = OK, ""
        if len(render(case.text, pieces)) < self._recipe.cases.minimum_characters:
            status, reason = "no_stem", "too little is left after the second cut"
        elif wording.options:
            content = replace(content, distractors=_balanced(case, content, pool, changes))
        fields = envelope_fields(
            case, recipe=self._recipe.name, wording=wording, content=content, authorship=self._authorship
        )
        return revision_of(
            fields, draft_id=draft.draft_id, status=status, reason=reason, changes=tuple(changes)
        )


def _known(case: Case, diagnosis: Diagnosis) -> Known:
    return Known(
        name=diagnosis.name,
        evidence_id=case.evidence_id,
        group_id=case.group_id,
        body_system=body_system(case, diagnosis.name),
    )


def _pool(drafts: Iterable[Draft]) -> list[Known]:
    """The diagnoses of all drafts, once a case. What is protected names no option of others."""
    return list(
        {
            draft.evidence_id: Known(
                name=draft.answer,
                evidence_id=draft.evidence_id,
                group_id=draft.group_id,
                body_system=_system(draft),
            )
            for draft in drafts
            if not draft.protected
        }.values()
    )


def _asked(case: Case, content: Content) -> Asked:
    return Asked(
        evidence_id=case.evidence_id,
        group_id=case.group_id,
        answer=content.answer,
        aliases=content.aliases,
        body_system=body_system(case, content.answer),
        stem=render(case.text, content.pieces),
    )


def _support(case: Case, pieces: Sequence[Span]) -> tuple[Span, ...]:
    """The visible sentences with most findings, in reading order: late ones decide more often.

    What follows a cross-reference that was cut out is no sentence, so it is not quoted alone.
    """
    shown = visible_sentences(case, pieces)
    scored = []
    for position, span in enumerate(shown):
        words_shown = span.of(case.text)
        if 5 <= len(words(words_shown)) <= 60 and not words_shown[0].islower():
            telling = len(set(_FINDING.findall(words_shown.casefold())))
            numbers = min(len(_NUMBER.findall(words_shown)), 3) / 3
            decisive = 1.5 if _DECISIVE.search(words_shown) else 0.0
            scored.append((telling + numbers + decisive + position / max(len(shown), 1), span))
    best = sorted(scored, key=lambda each: (-each[0], each[1].start))[:_SUPPORT]
    return tuple(sorted((span for _, span in best), key=lambda span: span.start))


def _rationale(case: Case, answer: str, support: Sequence[Span]) -> str:
    """Why, in the case's own visible words: a rule quotes, it does not reason."""
    quotes = " ".join(f"“{' '.join(span.of(case.text).split())}”" for span in support)
    return f"{answer}. Visible findings that the diagnosis rests on: {quotes}" if quotes else f"{answer}."


def _without_leaks(case: Case, draft: Draft, changes: list[str]) -> tuple[Span, ...]:
    """Criterion ``no_leak``: cut again with every alias that any stage knows."""
    aliases = (
        *draft.answer_aliases,
        *(entry.partition("=")[0] for entry in _own_abbreviations(case, draft)),
    )
    kept: list[Span] = []
    for span in draft.visible_spans:
        naming = names_answer(find_leaks(span.of(case.text), answer=draft.answer, aliases=aliases))
        if naming:
            changes.append(f"no_leak: cut from “{_short(span.of(case.text))}” on, which names the answer")
            before = [
                s for s in visible_sentences(case, [span]) if s.end <= span.start + naming[0].span.start
            ]
            if before:
                kept.append(Span(start=span.start, end=before[-1].end))
            break
        kept.append(span)
    return tuple(kept)


def _own_abbreviations(case: Case, draft: Draft) -> list[str]:
    names = {draft.answer.casefold(), *(alias.casefold() for alias in draft.answer_aliases)}
    return [entry for entry in case.abbreviations if entry.partition("=")[2].casefold() in names]


def _self_contained(case: Case, pieces: Sequence[Span], changes: list[str]) -> tuple[Span, ...]:
    """Criterion ``self_contained``: no sentence that leans on a figure the solver does not see."""
    kept: list[Span] = []
    for piece in pieces:
        holes = [s for s in visible_sentences(case, [piece]) if _DANGLING.search(s.of(case.text))]
        changes += [f"self_contained: left out “{_short(hole.of(case.text))}”" for hole in holes]
        start = piece.start
        for hole in holes:
            kept += _trimmed(case.text, start, hole.start)
            start = hole.end
        kept += _trimmed(case.text, start, piece.end)
    return tuple(kept)


def _balanced(
    case: Case, content: Content, pool: Sequence[Known], changes: list[str]
) -> tuple[OptionOrigin, ...]:
    """Criterion ``distractors``: of the answer's class, not told apart by length."""
    asked = _asked(case, content)
    better = balance(asked, content.distractors, pool=pool)
    old, new = {o.option for o in content.distractors}, {o.option for o in better}
    if old != new:
        gone, come = ", ".join(sorted(old - new)), ", ".join(sorted(new - old))
        changes.append(f"distractors: {gone} gave way to {come}, nearer to the answer in class and length")
    return better


def _trimmed(text: str, start: int, end: int) -> list[Span]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return [Span(start=start, end=end)] if start < end else []


def _system(row: Envelope) -> str:
    return next((label.path[0] for label in row.labels if label.scheme == "body_system"), "other")


def _short(words_: str) -> str:
    words_ = " ".join(words_.split())
    return words_ if len(words_) <= 80 else words_[:79] + "…"
