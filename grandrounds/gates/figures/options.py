"""Gate ``options``: each option says another thing, and only one of them is right.

None may be contained in another (``fracture`` beside ``stress fracture``) or stand for several. That wrong
options are no relatives of the answer is for ``recompute``, which knows the taxonomies.
"""

from __future__ import annotations

from grandrounds.figures.naming import DIAGNOSIS_TASK, PANEL_TASK
from grandrounds.gates import options as diagnoses
from grandrounds.gates.gate import Findings, Gate, Looked, found
from grandrounds.gates.volumes import options as names
from grandrounds.text import contains_phrase

_COLLECTIVE = (
    "all of the above",
    "all of these",
    "none of the above",
    "none of these",
    "any of the above",
    "both of the above",
    "cannot be determined",
    "not listed",
)


def look(at: Looked) -> Findings:
    """Refuse options that are equal, contain one another or stand for several; flag an answer that alone
    is the longest. Options that are diagnoses are held against the terminology, as in cases."""
    revision = at.revision
    if revision.task == DIAGNOSIS_TASK:
        return diagnoses.look(at)
    if not revision.options:
        return found()
    return found(
        *names.overlaps(revision.options, names=revision.task != PANEL_TASK),
        *(
            f"{option!r} is no answer of its own."
            for option in revision.options
            if any(contains_phrase(option, what) for what in _COLLECTIVE)
        ),
        flags=names.longest(revision),
    )


GATE = Gate(name="options", look=look)
