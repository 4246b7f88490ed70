"""The contract of judges, and the judge that goes by rules.

A judge says of each criterion ``met``, ``not_met`` or ``failed``. Failed means that no verdict was given (a
reply that can't be read, that was cut short, that quotes what the answer does not say): it is counted
and never guessed, and an answer with a failed verdict has no score.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from grandrounds.fingerprint import code_fingerprint
from grandrounds.records.parts import Criterion
from grandrounds.rubrics.matching import SHARE, Said, find_said, waits
from grandrounds.rubrics.score import FAILED, MET, NOT_MET, axis_scores, rubric_sha256, score

VERSION = "1"
_CONDITIONS = ("diagnosis", "wrong_diagnosis")


@dataclass(frozen=True, slots=True, kw_only=True)
class Marking:
    """What is marked: an answer to an item by the item's rubric. ``group_id`` is the item's; ``protected``
    answers rest on evidence that only local models may see."""

    item_id: str
    question: str
    rubric: tuple[Criterion, ...]
    response: str
    group_id: str = ""
    protected: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a judge says of one criterion. ``quote`` is the part of the answer that shows it, ``reason``
    says why a verdict failed."""

    criterion_id: str
    verdict: str
    quote: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """One answer, judged: by whom (``judge``, its version, model and prompt, and how long its replies might
    be), by which rubric, and what it says of each criterion, in the rubric's order. ``status`` is that of
    the model's answer where one was asked, of ``grandrounds.llm.answer``."""

    item_id: str
    rubric_sha256: str
    judge: str
    judge_version: str
    model: str = ""
    prompt_sha256: str = ""
    max_tokens: int = 0
    request_id: str = ""
    status: str = "ok"
    verdicts: tuple[Verdict, ...] = ()

    @property
    def failed(self) -> int:
        """How many criteria have no verdict."""
        return sum(each.verdict == FAILED for each in self.verdicts)

    @property
    def met(self) -> tuple[str, ...]:
        """The ids of the criteria that are met."""
        return tuple(each.criterion_id for each in self.verdicts if each.verdict == MET)

    def score(self, rubric: Sequence[Criterion]) -> float | None:
        """The score of the answer; ``None`` where a verdict failed."""
        return None if self.failed else score(rubric, self.met)

    def axes(self, rubric: Sequence[Criterion]) -> dict[str, float]:
        """The score on each axis; nothing where a verdict failed."""
        return {} if self.failed else dict(axis_scores(rubric, self.met))


class Judge(Protocol):
    """Marks answers, one judgement each, in their order."""

    name: str

    def judge(self, markings: Iterable[Marking], /) -> Iterator[Judgement]:
        """The judgements."""


class RuleJudge:
    """Marks by words: see ``matching`` for what it reads and what escapes it.

    A criterion above 0 is met where its terms are said and not denied; a diagnosis has to be settled on,
    not listed. One below 0 is met where the wrong thing is said as right; ``delay`` where waiting is
    advised.
    """

    name = "rule"

    def __init__(self) -> None:
        code = code_fingerprint("grandrounds.rubrics", "grandrounds.clinical", "grandrounds.text")
        self.version = f"{VERSION}+{code}"

    def judge(self, markings: Iterable[Marking], /) -> Iterator[Judgement]:
        """One judgement each."""
        for marking in markings:
            yield Judgement(
                item_id=marking.item_id,
                rubric_sha256=rubric_sha256(marking.rubric),
                judge=self.name,
                judge_version=self.version,
                verdicts=tuple(verdict(each, marking.response) for each in marking.rubric),
            )


def verdict(criterion: Criterion, response: str) -> Verdict:
    """The rule judge's verdict on one criterion."""
    if criterion.kind == "delay":
        waiting = waits(response)
        if not waiting:
            return Verdict(criterion_id=criterion.criterion_id, verdict=NOT_MET)
        return Verdict(criterion_id=criterion.criterion_id, verdict=MET, quote=waiting[0].of(response))
    share = 1.0 if criterion.kind == "wrong_advice" else SHARE
    places = find_said(response, criterion.terms, as_condition=criterion.kind in _CONDITIONS, share=share)
    shown = next((place for place in places if _shows(criterion, place)), None)
    if shown is None:
        return Verdict(criterion_id=criterion.criterion_id, verdict=NOT_MET)
    return Verdict(criterion_id=criterion.criterion_id, verdict=MET, quote=shown.sentence.of(response))


def _shows(criterion: Criterion, place: Said) -> bool:
    if place.denied:
        return False
    if criterion.kind in _CONDITIONS or criterion.kind == "wrong_advice":
        return not place.weighed
    return True


def parse_failure_rate(judgements: Sequence[Judgement]) -> float:
    """The share of criteria without a verdict among all that were asked about."""
    asked = sum(len(each.verdicts) for each in judgements)
    return sum(each.failed for each in judgements) / asked if asked else 0.0
