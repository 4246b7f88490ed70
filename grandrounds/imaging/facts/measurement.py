"""``measurement_mcq``: what is the value of a measurement?

Only measurements without a doubt are asked, whose uncertainty is at most a quarter of the value. Values
are rounded to what their uncertainty allows; wrong ones are those of other structures of the study and
of about the same size, filled up by values further off than three times the uncertainty; all differ by
more than the uncertainty, sign left aside.

The solver sees the slice in which it was measured (else slices through the structure); of spines the
vertebra's box is drawn, because its level isn't what is asked; of organs none, because a box measures.
Blind: what is usual (a kidney of 150 ml) helps no further than the options' range, as no value of
another size is offered; where the right one stands among them is drawn by hash.
"""

from __future__ import annotations

from grandrounds.imaging.fact import Fact
from grandrounds.imaging.facts.criterion_words import measured_words
from grandrounds.imaging.facts.inquiry import Inquiry
from grandrounds.imaging.facts.measured import boxes_for, drawn_of, seen, slices_for, structures_of
from grandrounds.imaging.facts.parts import labels_of, value_of
from grandrounds.imaging.facts.values import is_sharp, scale_of, wrong_values
from grandrounds.imaging.facts.wording import reasoning

NOTHING = "no measurement without a doubt is of a structure that can be asked about"


def subjects(asking: Inquiry) -> tuple[str, ...]:
    """Ids of measurements whose value is sure and sharp."""
    return tuple(row.measurement_id for row in asking.measurements if is_sharp(row))


def variety(fact: Fact) -> str:
    """What is varied first: the kind of measurement, as values differ anyway."""
    return fact.measurements[0].name


def fact(asking: Inquiry, subject: str) -> Fact | None:
    """The value of the measurement ``subject``; ``None`` where that can't be asked."""
    row = asking.measurement(subject)
    if row is None or row.number is None or not is_sharp(row):
        return None
    words, own = measured_words(row), structures_of(asking, row)
    wrong = wrong_values(asking, row, count=asking.wrong_options)
    if not words or not own or not wrong:
        return None
    drawn = drawn_of(row, own)
    slices = slices_for(asking, row, own, drawn)
    if not slices:
        return None
    answer = scale_of(row, row.number).words(row.number)
    return Fact(
        task=asking.task.name,
        subject=subject,
        question=f"What is the {words}?",
        answer=answer,
        wrong=wrong,
        reasoning=reasoning(seen(asking, row, own), f"So the {words} is {answer}.", withheld=(answer,)),
        slices=slices,
        boxes=boxes_for(asking, row, drawn),
        measurements=(value_of(row),),
        chain=(),
        labels=labels_of(asking.volume, own),
    )
