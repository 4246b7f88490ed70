"""``severity_mcq``: which grade does a vertebra have, by Genant's height loss or Meyerding's slip?

Only verdicts that are decided: a grade whose limit lies within the uncertainty is not asked. "Cannot be
measured" is always offered, and right in at most a third of a scan's items. The options are the
criterion's grades.

The solver sees a slice from the side with the vertebra's box (the whole vertebra's, not its body's,
which would show the height) and the criterion's limits in the question. Blind: most vertebrae are
intact, so who always says the lowest grade would be right too often; grades that were not asked yet
come first, which evens them out as far as a scan has them.
"""

from __future__ import annotations

from collections.abc import Sequence

from grandrounds.imaging.fact import Fact
from grandrounds.imaging.facts.inquiry import Inquiry
from grandrounds.imaging.facts.judged import balanced, fact_on, judged

NOTHING = "no vertebra has a grade that is beyond doubt"
GRADINGS = ("vertebral_height_loss", "spondylolisthesis")
_ONE_IN = 3


def subjects(asking: Inquiry) -> tuple[str, ...]:
    """Ids of graded measurements."""
    return tuple(
        row.measurement_id for row in asking.measurements if row.criterion in GRADINGS and judged(row)
    )


def fact(asking: Inquiry, subject: str) -> Fact | None:
    """The grade that follows from the measurement ``subject``; ``None`` where that can't be asked."""
    row = asking.measurement(subject)
    if row is None or row.criterion not in GRADINGS or not judged(row):
        return None
    return fact_on(asking, row)


def allowed(made: Sequence[Fact], wanted: int) -> tuple[Fact, ...]:
    """At most a third "cannot be measured"."""
    return balanced(made, wanted, share=_ONE_IN, alone=False)
