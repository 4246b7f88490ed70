"""Gate ``labels``: each label is a place in the taxonomy of its scheme."""

from __future__ import annotations

from grandrounds.figures.again import label_faults
from grandrounds.gates.gate import Findings, Gate, Looked, found
from grandrounds.gates.saying import sentences


def look(at: Looked) -> Findings:
    """Refuse labels that no taxonomy has, and two of one scheme."""
    return found(*sentences(label_faults(at.revision)))


GATE = Gate(name="labels", look=look)
