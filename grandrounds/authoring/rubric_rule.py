"""The rule author of consultations: criteria extracted from the report, each with the quote it rests on.

Stage one screens the case and writes all that the rules find. Stage two validates and controls: criteria
whose quote does not say them go, contradictions are vetoed, and the reference answer is composed anew of
what is left.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from grandrounds.authoring.author import Progress, unheard
from grandrounds.authoring.rows import draft_of, revision_of
from grandrounds.authoring.rubric_against import negatives
from grandrounds.authoring.rubric_compose import Consultation, consultation_fields, reference_answer
from grandrounds.authoring.rubric_control import control
from grandrounds.authoring.rubric_extract import POSITIVE
from grandrounds.authoring.rubric_parts import Found, Reading, criterion_of
from grandrounds.authoring.rubric_screen import Screened, Unfit, screen
from grandrounds.fingerprint import code_fingerprint
from grandrounds.recipe import Recipe
from grandrounds.records.case import Case
from grandrounds.records.envelope import OK, Draft, Revision
from grandrounds.records.parts import Authorship
from grandrounds.streams import length

VERSION = "1"
NO_RUBRIC = "no_rubric"


class RubricRuleAuthor:
    """Writes consultations by rules; see the module."""

    name = "rule"

    def __init__(self, recipe: Recipe, *, on_progress: Progress | None = None) -> None:
        self._recipe = recipe
        self._on_progress = on_progress or unheard
        code = code_fingerprint("grandrounds.authoring", "grandrounds.clinical", "grandrounds.rubrics")
        self._authorship = Authorship(author=self.name, author_version=f"{VERSION}+{code}")

    def draft(self, cases: Iterable[Case], /) -> Iterator[Draft]:
        """One draft a case and task."""
        total = length(cases)
        for number, case in enumerate(cases, start=1):
            for task in self._recipe.tasks:
                yield self._draft(case, task.name)
            self._on_progress(number, total)

    def revise(self, drafts: Iterable[tuple[Draft, Case]], /) -> Iterator[Revision]:
        """One revision a draft."""
        total = length(drafts)
        for number, (draft, case) in enumerate(drafts, start=1):
            yield self._revise(draft, case)
            self._on_progress(number, total)

    def _screen(self, case: Case, task: str) -> Screened | Unfit:
        return screen(case, task=task, cut=self._recipe.cut, need=self._recipe.cases)

    def _draft(self, case: Case, task: str) -> Draft:
        screened = self._screen(case, task)
        if isinstance(screened, Unfit):
            return self._finished(case, task, Consultation(diagnosis=""), screened.status, screened.reason)
        found = find_all(screened.reading)
        content = self._content(screened, found)
        status, reason = enough(content, self._recipe)
        return self._finished(case, task, content, status, reason)

    def _revise(self, draft: Draft, case: Case) -> Revision:
        screened = self._screen(case, draft.task)
        assert isinstance(screened, Screened)  # a draft that is ok was screened the same way
        found = find_all(screened.reading)
        controlled = control(draft.rubric, case=case, reference=reference_answer(found))
        ids = {criterion.criterion_id for criterion in controlled.kept}
        left = [each for each in found if criterion_of(each, case).criterion_id in ids]
        content = self._content(screened, left)
        status, reason = enough(content, self._recipe)
        fields = consultation_fields(
            case, recipe=self._recipe.name, task=draft.task, content=content, authorship=self._authorship
        )
        return revision_of(
            fields, draft_id=draft.draft_id, status=status, reason=reason, changes=controlled.changes
        )

    def _content(self, screened: Screened, found: Iterable[Found]) -> Consultation:
        reading, kept = screened.reading, list(found)
        return Consultation(
            diagnosis=reading.diagnosis.name,
            aliases=reading.diagnosis.aliases,
            pieces=reading.pieces,
            statement=reading.diagnosis.quote,
            reference=reference_answer(kept),
            rubric=tuple(criterion_of(each, reading.case) for each in kept),
            disclosures=screened.disclosures,
        )

    def _finished(self, case: Case, task: str, content: Consultation, status: str, reason: str) -> Draft:
        fields = consultation_fields(
            case, recipe=self._recipe.name, task=task, content=content, authorship=self._authorship
        )
        return draft_of(fields, status=status, reason=reason)


def find_all(reading: Reading) -> list[Found]:
    """All that the rules find in a case: what earns points, then what costs some."""
    return [found for rule in POSITIVE for found in rule(reading)] + list(negatives(reading))


def enough(content: Consultation, recipe: Recipe) -> tuple[str, str]:
    """The status of a rubric, and why it is not ``ok``: too few criteria, or only one sign."""
    limits = recipe.gates.rubric
    below = sum(each.points < 0 for each in content.rubric)
    if len(content.rubric) < limits.criteria:
        return (
            NO_RUBRIC,
            f"only {len(content.rubric)} of {limits.criteria} criteria can be drawn from the report",
        )
    if not below:
        return NO_RUBRIC, "the report says nothing that would be wrong or dangerous to do"
    if below == len(content.rubric):
        return NO_RUBRIC, "the report says nothing that a good answer has to say"
    return OK, ""
