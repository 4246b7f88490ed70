"""Gate ``affine``: voxel indices lead to one place in the world, for the image and its masks alike.

The affine must be finite and invertible; that of a mask, and the one that each file itself holds, may move
no corner of the volume by more than a thousandth of a millimetre.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from grandrounds.gates.gate import Findings, Gate, Looked, found
from grandrounds.gates.volumes import touched
from grandrounds.records.volume import VolumeRecord

MILLIMETRES = 1e-3


def look(at: Looked) -> Findings:
    """Refuse a row whose image has no sound affine, or whose masks or files have another one."""
    scan = at.scan
    if scan is None:
        return found()
    wrong = _wrong(scan.volume.affine)
    if wrong:
        return found(f"The image's {wrong}")
    return found(*_others(at, scan.volume))


def _others(at: Looked, image: VolumeRecord) -> Iterator[str]:
    shape = image.shape
    for mask in touched.masks(at):
        wrong = _wrong(mask.affine)
        if wrong:
            yield f"The mask {mask.volume_id}: its {wrong}"
        elif (away := _apart(image.affine, mask.affine, shape)) > MILLIMETRES:
            yield f"The mask {mask.volume_id} lies {away:.3g} mm from the image's grid."
    for record in (image, *touched.masks(at)):
        grid = at.voxels.grids.get(record.volume_id) if at.voxels else None
        if grid is None or _wrong(record.affine):
            continue
        if _wrong(grid.affine) or (away := _apart(record.affine, grid.affine, shape)) > MILLIMETRES:
            yield f"The file of {record.volume_id} has another affine than its row."


def _wrong(affine: Sequence[float]) -> str:
    import numpy as np

    from grandrounds.volumes.geometry import check_affine
    from grandrounds.volumes.limits import VolumeError

    if len(affine) != 16:
        return f"affine has {len(affine)} numbers, not 16."
    made = np.asarray(affine, dtype=np.float64).reshape(4, 4)
    if tuple(made[3]) != (0.0, 0.0, 0.0, 1.0):
        return "affine does not end in 0 0 0 1."
    try:
        check_affine(made)
    except VolumeError as exc:
        return f"affine is not sound: {exc.what}"
    return ""


def _apart(one: Sequence[float], other: Sequence[float], shape: Sequence[int]) -> float:
    """How far apart two affines put a corner voxel of ``shape``, in mm, at most."""
    import numpy as np

    from grandrounds.volumes.geometry import corners

    first, second = (np.asarray(affine, dtype=np.float64).reshape(4, 4) for affine in (one, other))
    return float(np.abs(corners(first, shape) - corners(second, shape)).max())


GATE = Gate(name="affine", look=look)
