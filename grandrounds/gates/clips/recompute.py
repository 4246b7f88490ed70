"""Gate ``recompute``: the clip, asked again, gives this answer, these options and this question."""

from __future__ import annotations

from grandrounds.gates.clips.saying import missing
from grandrounds.gates.gate import Findings, Gate, Looked, found
from grandrounds.gates.saying import sentences
from grandrounds.videos.again import answer_faults


def look(at: Looked) -> Findings:
    """Refuse a row that its clip, asked again, does not give."""
    if at.clip is None:
        return found(missing(at.revision.evidence_id))
    return found(*sentences(answer_faults(at.clip, at.revision)))


GATE = Gate(name="recompute", look=look)
