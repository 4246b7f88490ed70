"""Gate ``grounding``: frames, times, crops, quotes and stem are those of the clip, to the byte.

Quotes show that the answer is right; the solver sees none of them. Each stands at its place in what is said
in the clip and names the time of that place; where an answer rests on pictures alone, it names their time.
"""

from __future__ import annotations

from grandrounds.gates.clips.saying import missing
from grandrounds.gates.gate import Findings, Gate, Looked, found
from grandrounds.gates.saying import sentences
from grandrounds.videos.grounding import origin_faults, picture_faults, quote_faults


def look(at: Looked) -> Findings:
    """Refuse what its clip does not give."""
    row, revision = at.clip, at.revision
    if row is None:
        return found(missing(revision.evidence_id))
    return found(
        *sentences(origin_faults(row, revision)),
        *sentences(picture_faults(row, revision)),
        *sentences(quote_faults(row, revision)),
    )


GATE = Gate(name="grounding", look=look)
