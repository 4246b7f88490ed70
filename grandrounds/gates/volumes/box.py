"""Gate ``box``: each box is half-open, inside the volume, the same in voxels and in mm, and its own.

What an item says of a structure's box must be what the table says of it, word for word.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from grandrounds.gates.gate import Findings, Gate, Looked, found
from grandrounds.gates.volumes import touched
from grandrounds.records.parts import StructureBox
from grandrounds.records.scan import Scan
from grandrounds.records.structure import StructureRow

MILLIMETRES = 1e-3
ROLES = ("asked", "answer", "option", "shown")


def look(at: Looked) -> Findings:
    """Refuse boxes that hold no voxel, leave the volume, or are not those of their structures."""
    if at.scan is None:
        return found()
    return found(
        *(said for row in touched.structures(at) for said in _row_problems(row, at.scan)),
        *(said for box in at.revision.boxes for said in _box_problems(box, at.scan)),
    )


def _row_problems(row: StructureRow, scan: Scan) -> Iterator[str]:
    name, shape = touched.called(row), scan.volume.shape
    if len(row.box) != 6 or any(row.box[axis] >= row.box[axis + 3] for axis in range(3)):
        yield f"The box of {name} holds no voxel."
    elif any(row.box[axis] < 0 or row.box[axis + 3] > shape[axis] for axis in range(3)):
        yield f"The box of {name} leaves the volume."
    elif not _same_place(row.box, row.box_millimetres, scan.volume.affine):
        yield f"The box of {name} in millimetres is not where its voxels lie."


def _box_problems(box: StructureBox, scan: Scan) -> Iterator[str]:
    row = scan.structure(box.structure_id)
    if box.role not in ROLES:
        yield f"A box has the unknown role {box.role!r}."
    if row is None:
        yield f"The scan has no structure {box.structure_id} ({box.name})."
        return
    said = (box.name, box.label, box.mask_sha256, box.origin, box.voxels, box.millimetres)
    told = (row.name, row.label, row.mask_sha256, row.origin, row.box, row.box_millimetres)
    words = ("name", "label", "mask", "origin", "box", "box in millimetres")
    wrong = [what for what, one, other in zip(words, said, told, strict=True) if one != other]
    if wrong:
        yield f"What it says of {touched.called(row)} is not what the table says: {', '.join(wrong)}."


def _same_place(box: Sequence[int], millimetres: Sequence[float], affine: Sequence[float]) -> bool:
    import numpy as np

    from grandrounds.measure.axes import Box, Grid

    if len(affine) != 16 or len(millimetres) != 6:
        return False
    grid = Grid((1, 1, 1), np.asarray(affine, dtype=np.float64).reshape(4, 4))
    low, high = Box((box[0], box[1], box[2]), (box[3], box[4], box[5])).bounds(grid)
    return bool(np.abs(np.asarray((*low, *high)) - np.asarray(millimetres)).max() <= MILLIMETRES)


GATE = Gate(name="box", look=look)
