"""Gate ``spacing``: voxels lie as near to one another as the recipe asks, and as their affine says.

An axis with one slice has no distance between slices, so its spacing is not held against the recipe.
"""

from __future__ import annotations

import math

from grandrounds.gates.gate import Findings, Gate, Looked, found

_TOLERANCE = 1e-6


def look(at: Looked) -> Findings:
    """Refuse an image that is coarser than the recipe allows, or says another spacing than its affine."""
    if at.scan is None:
        return found()
    volume, most = at.scan.volume, at.recipe.volumes.largest_spacing
    sides = zip(volume.spacing[:3], volume.shape[:3], strict=False)
    widest = max((space for space, side in sides if side > 1), default=0.0)
    return found(
        f"Its voxels lie {widest:.4g} mm apart; the recipe takes at most {most:g} mm."
        if widest > most * (1 + _TOLERANCE)
        else None,
        None
        if _as_the_affine(volume.spacing, volume.affine)
        else "The image's spacing is not that of its affine.",
    )


def _as_the_affine(spacing: tuple[float, ...], affine: tuple[float, ...]) -> bool:
    if len(affine) != 16 or len(spacing) < 3:
        return False
    told = [math.hypot(affine[axis], affine[4 + axis], affine[8 + axis]) for axis in range(3)]
    return all(math.isclose(one, other, rel_tol=1e-4) for one, other in zip(spacing[:3], told, strict=True))


GATE = Gate(name="spacing", look=look)
