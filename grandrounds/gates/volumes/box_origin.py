"""Gate ``box_origin``: each box says who drew it: a person, a program, or (flagged) that nobody knows."""

from __future__ import annotations

from grandrounds.gates.gate import Findings, Gate, Looked, found
from grandrounds.records.parts import Flag
from grandrounds.records.structure import ORIGINS, UNKNOWN

UNKNOWN_ORIGIN = "box_origin_unknown"


def look(at: Looked) -> Findings:
    """Refuse origins that do not exist or that the recipe does not take; flag those that nobody knows."""
    if at.scan is None:
        return found()
    boxes, taken = at.revision.boxes, at.recipe.volumes.box_origins
    strange = sorted({box.origin for box in boxes} - set(ORIGINS))
    refused = sorted({box.origin for box in boxes if box.origin in ORIGINS and box.origin not in taken})
    unknown = sorted({box.name for box in boxes if box.origin == UNKNOWN})
    return found(
        f"A box is of the unknown kind {strange[0]!r}." if strange else None,
        f"A box was drawn by a mask of origin {refused[0]!r}; the recipe takes {', '.join(taken)}."
        if refused
        else None,
        flags=(
            Flag(
                flag=UNKNOWN_ORIGIN,
                detail=f"Nothing says whether a person or a program drew {_listed(unknown)}.",
            ),
        )
        if unknown
        else (),
    )


def _listed(names: list[str]) -> str:
    more = len(names) - 3
    return ", ".join(names[:3]) + (f" and {more} more" if more > 0 else "")


GATE = Gate(name="box_origin", look=look)
