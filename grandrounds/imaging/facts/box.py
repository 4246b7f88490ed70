"""``box_mcq``: a structure is named; which of these boxes fits around it?

The solver sees the boxes as voxel ranges, and slices that show all options alike: one that crosses every
box, else one through each option's structure in the same plane, by index. Nothing is drawn. Wrong options
are the boxes of neighbouring levels, the other side and what lies near; none overlaps the right one by more
than half or holds it whole.

Blind: who knows anatomy tells left boxes from right ones by i, and large organs from small ones. Levels
can't be told without seeing where the spine begins, as the boxes of neighbours look alike and the right
one may stand anywhere among them.
"""

from __future__ import annotations

from grandrounds.imaging.fact import Fact
from grandrounds.imaging.facts.inquiry import Inquiry
from grandrounds.imaging.facts.options import from_study, holds, other_structures
from grandrounds.imaging.facts.parts import ANSWER, OPTION, box_of, boxes_of, labels_of, slices_of_each
from grandrounds.imaging.facts.wording import (
    HALF_OPEN,
    box_words,
    capital,
    in_sentence,
    point_words,
    reasoning,
    size_words,
)

NOTHING = "no structure that can be asked about has another one whose box could be taken for its own"


def subjects(asking: Inquiry) -> tuple[str, ...]:
    """Ids of structures."""
    return tuple(row.structure_id for row in asking.asked)


def fact(asking: Inquiry, subject: str) -> Fact | None:
    """Which box is that of ``subject``; ``None`` where that can't be asked."""
    row = asking.structure(subject)
    if row is None:
        return None
    others = other_structures(asking, row, fits=lambda other: not holds(other.box, row.box))
    slices = slices_of_each(asking.volume, [row, *others])
    if not others or not slices:
        return None
    answer, name = box_words(row.box), in_sentence(row)
    return Fact(
        task=asking.task.name,
        subject=subject,
        question=f"Which of these boxes (voxels; {HALF_OPEN}) fits tightly around {name}?",
        answer=answer,
        wrong=from_study([(box_words(other.box), other.structure_id) for other in others]),
        reasoning=reasoning(
            (
                f"{capital(name)} has its centre at {point_words(row.centre)}.",
                f"From end to end it measures {size_words(row, asking.volume)}.",
            ),
            f"So the box that fits tightly around it is {answer}.",
            withheld=(answer,),
        ),
        slices=slices,
        boxes=(box_of(row, ANSWER), *boxes_of(others, OPTION)),
        labels=labels_of(asking.volume, [row]),
    )
