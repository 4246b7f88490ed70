"""First role, the screener: does a case give a narrative, a request that can be answered, and an
outcome?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grandrounds.authoring.diagnosis import Diagnosis, NoDiagnosis, find_diagnosis
from grandrounds.authoring.rubric_disclose import disclosed
from grandrounds.authoring.rubric_parts import Reading
from grandrounds.authoring.visible import visible_part
from grandrounds.needs import CaseNeed
from grandrounds.recipe import Cut
from grandrounds.records.case import Case
from grandrounds.records.parts import Disclosure

TURNS = "consultation_turns"
NO_DIAGNOSIS, NO_STEM, NO_OUTCOME, NOTHING_TO_ASK = (
    "no_diagnosis",
    "no_stem",
    "no_outcome",
    "nothing_to_ask",
)
# A story without its findings is shorter; that a stem has 80 characters is in the contract.
_SHORTEST_TURN = 120
_FEWEST_DISCLOSURES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Screened:
    """A case that can be consulted on. ``disclosures`` are what is told only when it is asked for."""

    reading: Reading
    disclosures: tuple[Disclosure, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfit:
    """A case that can't: a status of drafts, and why."""

    status: str
    reason: str


def screen(case: Case, *, task: str, cut: Cut, need: CaseNeed) -> Screened | Unfit:
    """Screen ``case`` by rules: its diagnosis is read out of the article."""
    diagnosis = find_diagnosis(case)
    if isinstance(diagnosis, NoDiagnosis):
        return Unfit(status=NO_DIAGNOSIS, reason=diagnosis.reason)
    return screen_with(case, diagnosis, task=task, cut=cut, need=need)


def screen_with(
    case: Case, diagnosis: Diagnosis, *, task: str, cut: Cut, need: CaseNeed
) -> Screened | Unfit:
    """The same for a diagnosis that is known, whoever named it."""
    whole = visible_part(case, cut=cut, need=need, answer=diagnosis.name, aliases=diagnosis.aliases)
    if not whole.pieces:
        return Unfit(status=NO_STEM, reason=whole.reason)
    pieces, disclosures = whole.pieces, ()
    if task == TURNS:
        shorter = need.model_copy(
            update={"minimum_characters": min(need.minimum_characters, _SHORTEST_TURN)}
        )
        first = visible_part(
            case, cut=Cut.PRESENTATION, need=shorter, answer=diagnosis.name, aliases=diagnosis.aliases
        )
        if not first.pieces:
            return Unfit(status=NO_STEM, reason=first.reason)
        held = disclosed(case, whole=whole.pieces, shown=first.pieces)
        if len(held) < _FEWEST_DISCLOSURES:
            return Unfit(
                status=NOTHING_TO_ASK, reason="the case has too few findings that can be held back"
            )
        return _with_outcome(Screened(reading=Reading(case, diagnosis, first.pieces), disclosures=held))
    return _with_outcome(Screened(reading=Reading(case, diagnosis, pieces), disclosures=disclosures))


def _with_outcome(screened: Screened) -> Screened | Unfit:
    told: Sequence[object] = screened.reading.hidden
    if not told:
        return Unfit(
            status=NO_OUTCOME, reason="nothing is told of what was done and what became of the patient"
        )
    return screened
