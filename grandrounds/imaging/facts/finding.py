"""``finding_mcq``: from criterion to finding, in stages: which index, of which structure, what value,
what follows?

The item's own question is the last stage, the finding. Its ``turns`` are those before it: the index
that the criterion reads (wrong: those of other criteria), the structure that must be measured (wrong:
those of other criteria), the index's value (wrong: as in ``measurement_mcq``). "Cannot be measured" is
always an option of value and finding, and the right one where the measurement is missing or in doubt.
Borderline verdicts are not asked.

The solver sees the slices of the measurement; boxes of vertebrae alone are drawn. Turns are asked in
order, each seen after the one before is answered: a turn's options tell the answer of earlier ones,
never of later ones. Blind: "not enlarged" is right more often than not; findings not asked yet come
first, and a blind panel is the judge of the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from grandrounds.imaging.fact import Fact
from grandrounds.imaging.facts.criterion_words import WORDS, measured_words
from grandrounds.imaging.facts.inquiry import RELIABLE, Inquiry
from grandrounds.imaging.facts.judged import balanced, fact_on, judged
from grandrounds.imaging.facts.values import scale_of, wrong_values
from grandrounds.measure.criteria import CANNOT
from grandrounds.measure.rules import CRITERIA
from grandrounds.records.measured import MeasuredRow
from grandrounds.records.parts import Turn

NOTHING = "no criterion decides anything on it beyond doubt"
_ONE_IN = 2
_TYPICAL = {"1": 0.005}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stage:
    """A turn before its options are put in order; ``kind`` is that of the chain's step it asks for."""

    kind: str
    question: str
    answer: str
    wrong: tuple[str, ...]


def subjects(asking: Inquiry) -> tuple[str, ...]:
    """Ids of measurements that a criterion reads."""
    return tuple(row.measurement_id for row in asking.measurements if judged(row))


def fact(asking: Inquiry, subject: str) -> Fact | None:
    """The finding that follows from the measurement ``subject``; ``None`` where that can't be asked."""
    row = asking.measurement(subject)
    if row is None or not judged(row) or not measured_words(row):
        return None
    return fact_on(asking, row, turns=_turns(asking, row))


def allowed(made: Sequence[Fact], wanted: int) -> tuple[Fact, ...]:
    """At most half "cannot be measured", unless nothing else can be asked."""
    return balanced(made, wanted, share=_ONE_IN, alone=True)


def _turns(asking: Inquiry, row: MeasuredRow) -> tuple[Turn, ...]:
    words, index = WORDS[row.criterion], CRITERIA[row.criterion].index
    rest = [WORDS[name] for name in sorted(WORDS) if CRITERIA[name].index != index]
    value = _value_stage(asking, row)
    stages = (
        _Stage(
            kind="criterion",
            question=f"Which index decides {words.judges}?",
            answer=words.index,
            wrong=_some(asking, row, [one.index for one in rest]),
        ),
        _Stage(
            kind="structure",
            question="Which structure must be measured for that?",
            answer=words.structures,
            wrong=_some(
                asking, row, [one.structures for one in rest if one.structures != words.structures]
            ),
        ),
        *((value,) if value.wrong else ()),
    )
    return tuple(_turn(asking, row, stage) for stage in stages)


def _turn(asking: Inquiry, row: MeasuredRow, stage: _Stage) -> Turn:
    """The stage with its options in an order drawn by hash."""
    options = sorted(
        {stage.answer, *stage.wrong},
        key=lambda one: (asking.share(row.measurement_id, stage.kind, one), one),
    )
    return Turn(
        stage=stage.kind,
        question=stage.question,
        options=tuple(options),
        answer=stage.answer,
        answer_index=options.index(stage.answer),
    )


def _some(asking: Inquiry, row: MeasuredRow, wrong: Sequence[str]) -> tuple[str, ...]:
    """As many of the wrong ones as there may be, drawn by hash."""
    drawn = sorted(set(wrong), key=lambda one: (asking.share(row.measurement_id, "wrong", one), one))
    return tuple(drawn[: asking.wrong_options])


def _value_stage(asking: Inquiry, row: MeasuredRow) -> _Stage:
    """The index's value. Where it can't be measured, all values offered are wrong, but made alike."""
    question = f"What is the {measured_words(row)}?"
    if row.finding != CANNOT:
        count = asking.wrong_options - 1
        wrong = wrong_values(asking, row, count=count) if count else ()
        assert row.number is not None
        answer = scale_of(row, row.number).words(row.number)
        return _Stage(
            kind="index", question=question, answer=answer, wrong=(*(one.option for one in wrong), CANNOT)
        )
    likely = _as_if_measured(asking, row)
    assert likely.number is not None
    others = (
        wrong_values(asking, likely, count=asking.wrong_options - 1) if asking.wrong_options > 1 else ()
    )
    values = (scale_of(likely, likely.number).words(likely.number), *(one.option for one in others))
    return _Stage(kind="index", question=question, answer=CANNOT, wrong=values)


def _as_if_measured(asking: Inquiry, row: MeasuredRow) -> MeasuredRow:
    """The row with a value that could be its own: the doubtful one, else one between the limits."""
    limits = CRITERIA[row.criterion].limits
    between = [0.8 * limits[0], *(sum(pair) / 2 for pair in pairwise(limits)), 1.25 * limits[-1]]
    drawn = between[int(asking.share(row.measurement_id, "value") * len(between))]
    like = next(
        (one for one in asking.measurements if one.name == row.name and one.status == RELIABLE), row
    )
    return replace(
        row,
        number=drawn if row.number is None else row.number,
        uncertainty=row.uncertainty or like.uncertainty or _TYPICAL.get(row.unit, 1.0),
        status=RELIABLE,
    )
