"""Gate ``sides``: what is called left lies left of its right twin.

Organs of one side are only flagged where they lie on the other: situs inversus exists, in about one of ten
thousand people. Left and right are the patient's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from grandrounds.gates.gate import Findings, Gate, Looked, found
from grandrounds.gates.volumes import touched
from grandrounds.records.parts import Flag
from grandrounds.records.scan import Scan
from grandrounds.records.structure import StructureRow

_TURNED = {"left": "right", "right": "left"}
_USUAL = {"liver": "right", "spleen": "left", "heart": "left"}
SITUS = "situs"


def look(at: Looked) -> Findings:
    """Refuse a row about one of two twins that have changed sides; flag organs on the unusual side."""
    scan = at.scan
    if scan is None:
        return found()
    places = _towards_right(scan)
    if not places:
        return found()
    rows = touched.structures(at)
    return found(
        *dict.fromkeys(said for row in rows for said in _twin_problems(row, scan, places)),
        flags=tuple(_situs(rows, scan, places)),
    )


def _twin_problems(row: StructureRow, scan: Scan, places: Mapping[str, float]) -> Iterator[str]:
    if row.side not in _TURNED:
        return
    turned = row.name.replace(row.side, _TURNED[row.side], 1)
    twin = next(
        (one for one in scan.structures if one.name == turned and one.side == _TURNED[row.side]), None
    )
    if twin is None:
        return
    left, right = (row, twin) if row.side == "left" else (twin, row)
    if places[left.structure_id] >= places[right.structure_id]:
        yield f"The {left.name} does not lie left of the {right.name}."


def _situs(rows: Iterable[StructureRow], scan: Scan, places: Mapping[str, float]) -> Iterator[Flag]:
    middle = _middle(scan, places)
    if middle is None:
        return
    for row in rows:
        usual = _USUAL.get(row.name)
        if usual and (places[row.structure_id] > middle) != (usual == "right"):
            detail = f"The {row.name} lies on the {_TURNED[usual]}; look whether the image is flipped."
            yield Flag(flag=SITUS, detail=detail)


def _middle(scan: Scan, places: Mapping[str, float]) -> float | None:
    """The middle of the body from left to right: that of the vertebrae, or of what comes in two."""
    spine = [places[row.structure_id] for row in scan.structures if row.level]
    if spine:
        return sum(spine) / len(spine)
    by_name = {row.name: places[row.structure_id] for row in scan.structures if row.side}
    pairs = [
        (by_name[name] + by_name[name.replace("left", "right", 1)]) / 2
        for name in sorted(by_name)
        if "left" in name and name.replace("left", "right", 1) in by_name
    ]
    return sum(pairs) / len(pairs) if pairs else None


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
