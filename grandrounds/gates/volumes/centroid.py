"""Gate ``centroid``: each structure's centre, and the point a centroid file gives for it, lie inside it.

A centroid file marks the middle of the vertebral body, not of the whole mask, so the two points are not
compared with one another. A landmark must lie in its structure's box and not in another structure: where
two labels changed places, or a mask was flipped, it does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from grandrounds.gates.gate import Findings, Gate, Looked, found
from grandrounds.gates.volumes import touched
from grandrounds.gates.voxels import OUTSIDE
from grandrounds.records.scan import Scan
from grandrounds.records.structure import StructureRow

MILLIMETRES = 1e-3


def look(at: Looked) -> Findings:
    """Refuse centres and landmarks outside the box or in another structure, and false millimetres."""
    if at.scan is None:
        return found()
    return found(*(said for row in touched.structures(at) for said in _problems(row, at, at.scan)))


def _problems(row: StructureRow, at: Looked, scan: Scan) -> Iterator[str]:
    name = touched.called(row)
    if not _holds(row.box, row.centre):
        yield f"The centre of {name} lies outside its box."
    elif not _same_place(row, scan):
        yield f"The centre of {name} in millimetres is not where its voxel lies."
    if not row.landmark:
        return
    if not _holds(row.box, row.landmark):
        yield f"The landmark of {name} lies outside its box."
    inside = at.voxels.at_landmarks.get(row.mask_id, {}).get(row.label) if at.voxels else None
    if inside == OUTSIDE:
        yield f"The landmark of {name} lies outside the volume."
    elif inside not in (None, 0, row.label):
        yield f"The landmark of {name} (label {row.label}) lies in label {inside}."


def _holds(box: Sequence[int], voxel: Sequence[float]) -> bool:
    """Whether a point in voxels lies in a half-open box; a voxel reaches half a voxel to each side."""
    return (len(box), len(voxel)) == (6, 3) and all(
        box[axis] - 0.5 <= voxel[axis] < box[axis + 3] - 0.5 for axis in range(3)
    )


def _same_place(row: StructureRow, scan: Scan) -> bool:
    import numpy as np

    from grandrounds.volumes.geometry import to_world

    affine = np.asarray(scan.volume.affine, dtype=np.float64)
    if affine.size != 16 or len(row.centre_millimetres) != 3:
        return False
    away = to_world(affine.reshape(4, 4), row.centre) - np.asarray(row.centre_millimetres)
    return bool(np.abs(away).max() <= MILLIMETRES)


GATE = Gate(name="centroid", look=look)
