"""Gate ``options``: each option says another thing, and only one of them is right.

Orders (``C, A, B``) and numbers are told apart as they stand; of other options none may contain another.
That wrong options are wrong is for ``recompute``, which knows the clip.
"""

from __future__ import annotations

from grandrounds.gates.choices import longest, stands_for_several
from grandrounds.gates.gate import Findings, Gate, Looked, found
from grandrounds.gates.volumes.options import numbers, overlaps
from grandrounds.text import normalise


def look(at: Looked) -> Findings:
    """Refuse options that are equal, contain one another or stand for several; flag an answer that alone
    is the longest."""
    options = at.revision.options
    are_names = not any(numbers(option) for option in options)
    return found(
        *overlaps(options, names=are_names),
        *(
            f"{option!r} is no answer of its own."
            for option in options
            if not normalise(option) or stands_for_several(option)
        ),
        flags=longest(at.revision),
    )


GATE = Gate(name="options", look=look)
