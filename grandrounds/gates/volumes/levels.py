"""Gate ``levels``: vertebrae follow one another from head to tail as their names say, and none is left out.

Judged are all levels of the scan, not only those that the row is about: where one is wrong, the
numbering is. A mask that was flipped from head to tail fails here, and so do two labels that changed
places.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from grandrounds.gates.gate import Findings, Gate, Looked, found
from grandrounds.gates.volumes import touched
from grandrounds.records.scan import Scan
from grandrounds.records.structure import StructureRow


def look(at: Looked) -> Findings:
    """Refuse a row about vertebrae whose levels are out of order, given twice, or have a gap."""
    if at.scan is None:
        return found()
    levels = {row.level for row in touched.structures(at) if row.level}
    return found(*_problems(at.scan, levels)) if levels else found()


def _problems(scan: Scan, levels: set[str]) -> Iterator[str]:
    from grandrounds.measure.levels import ORDER

    whole, bodies = _by_part(row for row in scan.structures if row.level in ORDER)
    for rows in (whole, bodies):
        if touched.in_patient_space(scan):
            yield from _order_problems(rows)
        yield from _gap_problems(sorted({row.level for row in rows}, key=ORDER.index), levels)


def _by_part(rows: Iterator[StructureRow]) -> tuple[list[StructureRow], list[StructureRow]]:
    """Whole vertebrae, and vertebral bodies alone: two sets of the same levels."""
    from grandrounds.imaging.names import BODY, known

    whole: list[StructureRow] = []
    bodies: list[StructureRow] = []
    for row in rows:
        (bodies if known(row.name).part == BODY else whole).append(row)
    return whole, bodies


def _order_problems(rows: Sequence[StructureRow]) -> Iterator[str]:
    from grandrounds.measure.levels import level_order

    centres: dict[str, tuple[float, float, float]] = {}
    for row in rows:
        if row.level in centres:
            yield f"{row.level} is the level of two structures."
        x, y, z = row.centre_millimetres
        centres[row.level] = (x, y, z)
    if len(centres) < 2:
        return
    order = level_order(centres)
    if order.value != "ordered":
        pair = next((str(part.value) for part in order.inputs if part.name == "first_wrong"), "")
        first, _, second = pair.partition(" ")
        yield f"The levels do not run from head to tail: {first} does not lie above {second}."


def _gap_problems(levels: Sequence[str], asked: set[str]) -> Iterator[str]:
    """Gaps between the levels that the row is about; a stray level elsewhere tells nothing of them."""
    from grandrounds.measure.levels import ORDER, consecutive

    mine = [level for level in levels if level in asked]
    if not mine:
        return
    low, high = ORDER.index(mine[0]), ORDER.index(mine[-1])
    between = [level for level in levels if low <= ORDER.index(level) <= high]
    for first, second in pairwise(between):
        if not consecutive([first, second]):
            yield f"Between {first} and {second} a level is missing."


GATE = Gate(name="levels", look=look)
