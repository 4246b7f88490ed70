"""Gate ``sides``: what is called left lies left of its right twin.

Judged are all sure twins of the scan, not only those that the row is about: where one pair has changed
sides, an axis may be flipped, or names swapped. Organs of one side are only flagged where they lie on the
other: situs inversus exists, in about one of ten thousand people. Left and right are the patient's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from grandrounds.gates.gate import Findings, Gate, Looked, found
from grandrounds.gates.volumes import touched
from grandrounds.records.parts import Flag
from grandrounds.records.scan import Scan
from grandrounds.records.structure import StructureRow

SITUS = "situs"
_LEFT, _RIGHT = "left", "right"
_USUAL = {"liver": _RIGHT, "spleen": _LEFT, "heart": _LEFT}
_RELIABLE = "ok"


def look(at: Looked) -> Findings:
    """Refuse a row of a scan in which two twins have changed sides; flag organs on the unusual side."""
    scan = at.scan
    places = _towards_right(scan) if scan else {}
    if scan is None or not places:
        return found()
    rows = touched.structures(at)
    own = {row.structure_id for row in rows}
    return found(
        *(
            f"The {left.name} does not lie left of the {right.name}."
            for left, right in _twins(scan)
            if _counts(left, right, own) and places[left.structure_id] >= places[right.structure_id]
        ),
        flags=tuple(_situs(rows, scan, places)),
    )


def _twins(scan: Scan) -> Iterator[tuple[StructureRow, StructureRow]]:
    """Every left structure with its right twin."""
    right = {row.name: row for row in scan.structures if row.side == _RIGHT}
    for row in scan.structures:
        twin = right.get(row.name.replace(_LEFT, _RIGHT, 1)) if row.side == _LEFT else None
        if twin is not None:
            yield row, twin


def _counts(left: StructureRow, right: StructureRow, own: set[str]) -> bool:
    """Whether twins are judged: those of the row, and those that nothing speaks against. A few stray
    voxels of a prediction do not condemn a scan."""
    return not own.isdisjoint((left.structure_id, right.structure_id)) or (
        left.status == right.status == _RELIABLE
    )


def _situs(rows: Iterable[StructureRow], scan: Scan, places: Mapping[str, float]) -> Iterator[Flag]:
    middle = _middle(scan, places)
    if middle is None:
        return
    for row in rows:
        usual = _USUAL.get(row.name)
        if usual and (places[row.structure_id] > middle) != (usual == _RIGHT):
            detail = f"The {row.name} does not lie on the {usual}; look whether the image is flipped."
            yield Flag(flag=SITUS, detail=detail)


def _middle(scan: Scan, places: Mapping[str, float]) -> float | None:
    """The middle of the body from left to right: that of the vertebrae, or of what comes in two."""
    found_at = [places[row.structure_id] for row in scan.structures if row.level]
    if not found_at:
        found_at = [places[row.structure_id] for pair in _twins(scan) for row in pair]
    return sum(found_at) / len(found_at) if found_at else None


def _towards_right(scan: Scan) -> dict[str, float]:
    """How far to the patient's right each structure's centre lies; empty where the image does not say."""
    if touched.in_patient_space(scan):
        return {row.structure_id: row.centre_millimetres[0] for row in scan.structures}
    first = scan.volume.patient_directions[0][:1] if scan.volume.patient_directions else ""
    if first not in ("L", "R"):
        return {}
    sign = 1.0 if first == "R" else -1.0
    return {row.structure_id: sign * row.centre[0] for row in scan.structures}


GATE = Gate(name="sides", look=look)
