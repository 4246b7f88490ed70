"""Gate ``grounding``: picture, page, box, quotes and stem are those of the figure, to the byte.

Quotes show that the answer is right; the solver sees none of them. Each stands at its place in the figure's
stored text (the caption, then the paragraphs that mention it) and names page and box of that place.
"""

from __future__ import annotations

from grandrounds.figures.grounding import origin_faults, picture_faults, quote_faults
from grandrounds.gates.figures.saying import missing
from grandrounds.gates.gate import Findings, Gate, Looked, found
from grandrounds.gates.saying import sentences


def look(at: Looked) -> Findings:
    """Refuse what its figure does not give."""
    row, revision = at.figure, at.revision
    if row is None:
        return found(missing(revision.evidence_id))
    return found(
        *sentences(origin_faults(row, revision)),
        *sentences(picture_faults(row, revision)),
        *sentences(quote_faults(row, revision)),
    )


GATE = Gate(name="grounding", look=look)
