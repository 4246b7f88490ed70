"""Gate ``places``: what lies above or in front of another thing in everybody does so here.

A short list on purpose: kidneys, spleens and stomachs are found in strange places, hearts behind the
spine are not. A volume or mask that was turned upside down or back to front, and whose tables agree with
it, fails here; where there are vertebrae or twins, ``levels`` and ``sides`` find what is turned.
"""

from __future__ import annotations

from collections.abc import Iterator

from grandrounds.gates.gate import Findings, Gate, Looked, found
from grandrounds.gates.volumes import touched
from grandrounds.records.scan import Scan
from grandrounds.records.structure import StructureRow

_FRONT, _UP = 1, 2
_ABOVE = (
    ("brain", "heart"),
    ("brain", "liver"),
    ("brain", "urinary bladder"),
    ("heart", "urinary bladder"),
    ("liver", "urinary bladder"),
    ("left lung", "urinary bladder"),
    ("right lung", "urinary bladder"),
)
_IN_FRONT_OF_SPINE = ("heart", "sternum", "liver")


def look(at: Looked) -> Findings:
    """Refuse a row about a structure that lies where it lies in nobody."""
    if at.scan is None or not touched.in_patient_space(at.scan):
        return found()
    rows = touched.structures(at)
    return found(*dict.fromkeys(said for row in rows for said in _problems(row, at.scan)))


def _problems(row: StructureRow, scan: Scan) -> Iterator[str]:
    named = {one.name: one.centre_millimetres for one in scan.structures}
    for upper, lower in _ABOVE:
        both = row.name in (upper, lower) and upper in named and lower in named
        if both and named[upper][_UP] <= named[lower][_UP]:
            yield f"The {upper} does not lie above the {lower}."
    spine = [one.centre_millimetres[_FRONT] for one in scan.structures if one.level]
    if not spine:
        return
    middle = sum(spine) / len(spine)
    for organ in _IN_FRONT_OF_SPINE:
        if organ in named and (row.name == organ or row.level) and named[organ][_FRONT] <= middle:
            yield f"The {organ} does not lie in front of the spine."


GATE = Gate(name="places", look=look)
