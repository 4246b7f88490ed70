"""Gate ``grid``: image and masks have the same voxels, in the tables and in their files."""

from __future__ import annotations

from collections.abc import Iterator

from grandrounds.gates.gate import Findings, Gate, Looked, found
from grandrounds.gates.volumes import touched
from grandrounds.records.scan import Scan


def look(at: Looked) -> Findings:
    """Refuse a row with a mask of another image or shape, or a file of another shape than its row."""
    return found(*_problems(at, at.scan)) if at.scan else found()


def _problems(at: Looked, scan: Scan) -> Iterator[str]:
    image = scan.volume
    for mask in touched.masks(at):
        if mask.mask_of != image.volume_id:
            yield f"The mask {mask.volume_id} was made for another image."
        if tuple(mask.shape) != tuple(image.shape):
            yield (
                f"The mask {mask.volume_id} has {_shown(mask.shape)} voxels, "
                f"its image {_shown(image.shape)}."
            )
    for record in (image, *touched.masks(at)):
        grid = at.voxels.grids.get(record.volume_id) if at.voxels else None
        if grid and grid.shape != tuple(record.shape):
            yield (
                f"The file of {record.volume_id} has {_shown(grid.shape)} voxels, "
                f"its row {_shown(record.shape)}."
            )


def _shown(shape: tuple[int, ...]) -> str:
    return "x".join(str(side) for side in shape)


GATE = Gate(name="grid", look=look)
