"""Gate ``options``: each option says another thing, and only one of them is right.

None may be contained in another (``fracture`` beside ``stress fracture``) or stand for several. That wrong
options are no relatives of the answer is for ``recompute``, which knows the taxonomies.
"""

from __future__ import annotations

from grandrounds.figures.naming import DIAGNOSIS_TASK, PANEL_TASK
from grandrounds.gates import options as diagnoses
from grandrounds.gates.choices import longest, stands_for_several
from grandrounds.gates.gate import Findings, Gate, Looked, found
from grandrounds.gates.volumes.options import overlaps


def look(at: Looked) -> Findings:
    """Refuse options that are equal, contain one another or stand for several; flag an answer that alone
    is the longest. Options that are diagnoses are held against the terminology, as in cases."""
    revision = at.revision
    if revision.task == DIAGNOSIS_TASK:
        return diagnoses.look(at)
    if not revision.options:
        return found()
    return found(
        *overlaps(revision.options, names=revision.task != PANEL_TASK),
        *(
            f"{option!r} is no answer of its own."
            for option in revision.options
            if stands_for_several(option)
        ),
        flags=longest(revision),
    )


GATE = Gate(name="options", look=look)
