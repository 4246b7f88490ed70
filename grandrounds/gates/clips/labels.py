"""Gate ``labels``: each label is a place in the taxonomy of its scheme."""

from __future__ import annotations

from grandrounds.gates.gate import Findings, Gate, Looked, found
from grandrounds.gates.saying import sentences
from grandrounds.videos.again import label_faults


def look(at: Looked) -> Findings:
    """Refuse labels that no taxonomy has, and two of one scheme."""
    return found(*sentences(label_faults(at.revision)))


GATE = Gate(name="labels", look=look)
