"""Gate ``recompute``: the words beside the figure, read again, give this answer, these options, these
labels.

Of items by a model: none of the wrong options is a relative of the answer in the taxonomy.
"""

from __future__ import annotations

from grandrounds.figures.again import answer_faults
from grandrounds.gates.figures.saying import missing
from grandrounds.gates.gate import Findings, Gate, Looked, found
from grandrounds.gates.saying import sentences


def look(at: Looked) -> Findings:
    """Refuse a row that its figure, read again, does not give."""
    if at.figure is None:
        return found(missing(at.revision.evidence_id))
    return found(*sentences(answer_faults(at.figure, at.revision)))


GATE = Gate(name="recompute", look=look)
