"""Answers whose worth is known: a rubric that pays for them is no measure.

The reference answer has to earn nearly all, an empty one, one that fits every patient, and those that were
written for other diseases next to nothing. The stem given back as an answer (``echo``) shows how much
is paid for reading, the answers to other patients of the same build (``neighbour``) how much their rubrics
have in common; these two are told and refuse nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from grandrounds.fingerprint import unit_interval
from grandrounds.records.envelope import Envelope
from grandrounds.rubrics.judge import Judge, Judgement, Marking, RuleJudge
from grandrounds.rubrics.wrong_answers import wrong_answers

EMPTY = ""
GENERIC = (
    "Thank you for your question. There are several possible causes of these symptoms, and only a doctor "
    "who examines the patient in person can say which it is. I recommend a thorough history, a complete "
    "physical examination, blood tests and appropriate imaging as needed. The underlying cause should be "
    "treated. A healthy diet, enough fluids, regular exercise, sleep and avoiding smoking and alcohol are "
    "good for everybody. Take medicines only as prescribed and come back if things get worse. In an "
    "emergency please call the ambulance. A specialist may be consulted, and regular check-ups are "
    "advisable. I hope this helps and wish a speedy recovery."
)
REFERENCE, WRONG, ECHO, NEIGHBOUR = "reference", "wrong", "echo", "neighbour"
NAMES = (REFERENCE, "empty", "generic", WRONG, ECHO, NEIGHBOUR)
MOST_NEIGHBOURS, MOST_STRANGE = 8, 3
"""How many other patients' answers are tried on each item: of its specialty; else of others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """An answer of known worth to one item. ``of`` is the disease, or the evidence, it was written for."""

    kind: str
    response: str
    of: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlScores:
    """The scores of the known answers to one item; ``None`` where the judge failed.

    ``wrong`` is the best of the wrong answers and ``wrong_of`` its disease, ``neighbour`` the best of the
    answers to other patients and ``neighbour_of`` their evidence; empty where there was none. ``unjudged``
    of the wrong answers have no score: of them nothing is known.
    """

    item_id: str
    reference: float | None
    empty: float | None
    generic: float | None
    wrong: float | None
    echo: float | None = None
    neighbour: float | None = None
    wrong_of: str = ""
    neighbour_of: str = ""
    unjudged: int = 0
    parse_failures: int = 0


def specialty(row: Envelope) -> str:
    """The body system of a row."""
    return next((label.path[0] for label in row.labels if label.scheme == "body_system"), "other")


def controls_of(row: Envelope) -> tuple[Control, ...]:
    """The answers that decide on a row. They depend on the row and on nothing else."""
    names = [
        way
        for each in row.rubric
        if each.kind == "diagnosis"
        for term in each.terms
        for way in term.split("|")
    ]
    wrong = wrong_answers(system=specialty(row), names=names, key=row.evidence_id)
    return (
        Control(kind=REFERENCE, response=row.answer),
        Control(kind="empty", response=EMPTY),
        Control(kind="generic", response=GENERIC),
        *(Control(kind=WRONG, response=each.text, of=each.diagnosis) for each in wrong),
    )


def others(rows: Sequence[Envelope]) -> Mapping[str, tuple[Envelope, ...]]:
    """For each evidence, rows of other groups whose answers are wrong for it: those of its specialty.

    Where it is the only one of its specialty, a few of others serve. The order among them is drawn by the
    ids, so it is the same every time. Protected rows lend no answers.
    """
    found: dict[str, tuple[Envelope, ...]] = {}
    by_evidence = {row.evidence_id: row for row in rows}
    lenders = [row for row in by_evidence.values() if not row.protected]
    for row in by_evidence.values():
        other = [each for each in lenders if each.group_id != row.group_id]
        other.sort(key=lambda each: unit_interval(row.evidence_id, each.evidence_id))
        same = [each for each in other if specialty(each) == specialty(row)]
        found[row.evidence_id] = tuple(same[:MOST_NEIGHBOURS] or other[:MOST_STRANGE])
    return found


def marking_of(row: Envelope, control: Control, *, item_id: str) -> Marking:
    """What a judge is given of a control answer."""
    return Marking(
        item_id=item_id,
        question=f"{row.stem}\n\n{row.question}",
        rubric=row.rubric,
        response=control.response,
        group_id=row.group_id,
        protected=row.protected,
    )


def control_scores(
    rows: Sequence[Envelope], *, ids: Sequence[str], judge: Judge | None = None, deciding: bool = False
) -> list[ControlScores]:
    """The scores of the known answers to each of ``rows``, which are called ``ids``; ``deciding`` leaves
    out those that are only told."""
    lent = {} if deciding else others(rows)
    about: list[tuple[int, Control]] = []
    for place, row in enumerate(rows):
        about += [(place, control) for control in controls_of(row)]
        if deciding:
            continue
        about.append((place, Control(kind=ECHO, response=row.stem)))
        about += [
            (place, Control(kind=NEIGHBOUR, response=other.answer, of=other.evidence_id))
            for other in lent[row.evidence_id]
        ]
    markings = [marking_of(rows[place], control, item_id=ids[place]) for place, control in about]
    by_place: dict[int, list[tuple[Control, Judgement]]] = {}
    for (place, control), judgement in zip(about, (judge or RuleJudge()).judge(markings), strict=True):
        by_place.setdefault(place, []).append((control, judgement))
    return [_gathered(row, ids[place], by_place[place]) for place, row in enumerate(rows)]


def _gathered(row: Envelope, name: str, judged: Iterable[tuple[Control, Judgement]]) -> ControlScores:
    pairs = [(control, judgement.score(row.rubric), judgement.failed) for control, judgement in judged]
    return gathered(name, [(control, score) for control, score, _ in pairs], sum(each[2] for each in pairs))


def gathered(name: str, scored: Sequence[tuple[Control, float | None]], failures: int) -> ControlScores:
    """The scores of one item's controls, put together; of several of a kind the best counts."""
    best: dict[str, tuple[float, str]] = {}
    unjudged = 0
    for control, score in scored:
        if score is None:
            unjudged += control.kind == WRONG
        elif control.kind not in best or score > best[control.kind][0]:
            best[control.kind] = (score, control.of)
    known = {kind: score for kind, (score, _) in best.items()}
    return ControlScores(
        item_id=name,
        reference=known.get(REFERENCE),
        empty=known.get("empty"),
        generic=known.get("generic"),
        wrong=known.get(WRONG),
        echo=known.get(ECHO),
        neighbour=known.get(NEIGHBOUR),
        wrong_of=best.get(WRONG, (0.0, ""))[1],
        neighbour_of=best.get(NEIGHBOUR, (0.0, ""))[1],
        unjudged=unjudged,
        parse_failures=failures,
    )
