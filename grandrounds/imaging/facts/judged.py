"""What facts on criteria share: which are asked, their options, the reasoning from index to finding.

"Cannot be measured" is always an option, so that its presence tells nothing. Borderline verdicts are
never asked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from grandrounds.imaging.fact import Fact
from grandrounds.imaging.facts.criterion_words import WORDS, finding_words, measured_words, question_of
from grandrounds.imaging.facts.inquiry import RELIABLE, Inquiry
from grandrounds.imaging.facts.measured import boxes_for, drawn_of, seen, slices_for, structures_of
from grandrounds.imaging.facts.options import CRITERION, window
from grandrounds.imaging.facts.parts import labels_of, value_of
from grandrounds.imaging.facts.values import limits_words, number_words
from grandrounds.imaging.facts.wording import capital, reasoning
from grandrounds.measure.criteria import CANNOT, DECIDED, UNDECIDED, Criterion
from grandrounds.measure.rules import CRITERIA
from grandrounds.records.measured import MeasuredRow
from grandrounds.records.parts import Label, OptionOrigin, Turn

_MOST_SEEN, _MOST_REMARKS = 1, 3


def judged(row: MeasuredRow) -> bool:
    """Whether a criterion says something of it that can be asked: decided, or surely not measurable.

    A stored finding that is not what the criterion says of the stored value is not believed.
    """
    criterion = CRITERIA.get(row.criterion)
    if criterion is None or row.criterion not in WORDS or row.name != criterion.index:
        return False
    if row.verdict == UNDECIDED:
        return row.finding == CANNOT and row.status != RELIABLE
    if row.verdict != DECIDED or row.status != RELIABLE or row.number is None:
        return False
    return criterion.finding(row.number) == row.finding


def fact_on(asking: Inquiry, row: MeasuredRow, *, turns: Sequence[Turn] = ()) -> Fact | None:
    """The fact of a judged measurement; ``None`` where its structures can't be named."""
    criterion = CRITERIA[row.criterion]
    own = structures_of(asking, row)
    drawn = drawn_of(row, own)
    slices = slices_for(asking, row, own, drawn) if own else ()
    if not slices:
        return None
    answer = finding_words(criterion, row.finding)
    return Fact(
        task=asking.task.name,
        subject=row.measurement_id,
        question=question_of(row),
        answer=answer,
        wrong=_wrong(asking, row, criterion),
        reasoning=reasoning(
            (f"What decides is {WORDS[criterion.name].index}.", *_grounds(asking, row, criterion)),
            f"So it {CANNOT}." if row.finding == CANNOT else f"So the finding is: {answer}.",
            withheld=(answer, row.finding),
        ),
        slices=slices,
        boxes=boxes_for(asking, row, drawn),
        measurements=(value_of(row),),
        chain=row.chain,
        turns=tuple(turns),
        labels=(
            *labels_of(asking.volume, own),
            Label(scheme="finding", path=(criterion.name, row.finding)),
        ),
    )


def balanced(made: Sequence[Fact], wanted: int, *, share: int, alone: bool) -> tuple[Fact, ...]:
    """At most ``wanted`` facts in order, of which at most one in ``share`` is "cannot be measured".

    ``alone`` lets those stand where nothing else can be asked. No answer stands more often than in half of
    the ``wanted`` facts: a spine without a fracture is not asked for all its intact vertebrae.
    """
    counts: Counter[str] = Counter()
    capped = []
    for fact in made:
        counts[fact.answer] += 1
        if 2 * counts[fact.answer] <= wanted + 1:
            capped.append(fact)
    made = capped
    decided = sum(fact.answer != CANNOT for fact in made)
    undecided = len(made) - decided
    if alone and not decided:
        return tuple(made[:wanted])
    most = next(
        number
        for number in range(min(undecided, wanted), -1, -1)
        if number == 0 or number * (share - 1) <= min(decided, wanted - number)
    )
    kept: list[Fact] = []
    left = {True: most, False: wanted - most}
    for fact in made:
        cannot = fact.answer == CANNOT
        if left[cannot]:
            left[cannot] -= 1
            kept.append(fact)
    return tuple(kept)


def _wrong(asking: Inquiry, row: MeasuredRow, criterion: Criterion) -> tuple[OptionOrigin, ...]:
    """Findings near the right one, and "cannot be measured"; all from the criterion."""
    findings = criterion.findings
    share = asking.share(row.measurement_id, "findings")
    if row.finding == CANNOT:
        # As if it had been measured: what is offered must not tell that it was not.
        likely = findings[0] if row.number is None else criterion.finding(row.number)
        offered = window(findings, findings.index(likely), asking.wrong_options, share)
    else:
        around = window(findings, findings.index(row.finding), max(1, asking.wrong_options), share)
        offered = (*(finding for finding in around if finding != row.finding), CANNOT)
    return tuple(
        OptionOrigin(option=finding_words(criterion, finding), origin=CRITERION, reference=criterion.name)
        for finding in offered
    )


def _grounds(asking: Inquiry, row: MeasuredRow, criterion: Criterion) -> list[str]:
    """From what was seen to where the index lies among the limits, or why there is none to trust."""
    if row.finding == CANNOT:
        return [f"{capital(remark.words).rstrip('.')}." for remark in row.remarks[:_MOST_REMARKS]]
    assert row.number is not None
    own = structures_of(asking, row)
    told = number_words(row.number, unit=row.unit)
    return [
        *seen(asking, row, own)[:_MOST_SEEN],
        f"The {measured_words(row)} is {told}.",
        f"That lies {_place(row.number, criterion)}.",
    ]


def _place(value: float, criterion: Criterion) -> str:
    below = [limit for limit in criterion.limits if limit < value]
    above = [limit for limit in criterion.limits if limit >= value]
    if not below:
        return f"below the limit of {limits_words(above[:1], criterion.unit)}"
    if not above:
        return f"above the limit of {limits_words(below[-1:], criterion.unit)}"
    return f"between the limits of {limits_words([below[-1], above[0]], criterion.unit)}"
