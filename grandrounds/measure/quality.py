"""What speaks against measuring a structure: cut, too thin, too coarse, in pieces, touching."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from grandrounds.measure.axes import UP
from grandrounds.measure.components import component_sizes
from grandrounds.measure.measurement import (
    COARSE,
    COMPONENTS,
    CUT,
    EMPTY,
    FEW_SLICES,
    FEW_VOXELS,
    TILTED,
    TOUCHING,
    Doubt,
)
from grandrounds.measure.structure import Mask, Structure

LEAST_SLICES = 3
LEAST_VOXELS = 10
LARGEST_PART = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Another label that shares voxel faces with a structure, how many, and their area."""

    label: int
    faces: int
    area_mm2: float


def empty(structure: Structure) -> Doubt:
    """Why nothing can be measured of a label without voxels."""
    return Doubt(EMPTY, f"{structure.name} has no voxel in this image")


def cut(structure: Structure) -> tuple[Doubt, ...]:
    """Whether the structure reaches the edge of the image, so that a part may lie outside."""
    box = structure.require_box()
    sides = [
        f"{'ijk'[axis]} = {edge}"
        for axis, side in enumerate(structure.grid.shape)
        for edge, reached in ((0, box.start[axis] == 0), (side - 1, box.stop[axis] == side))
        if reached
    ]
    if not sides:
        return ()
    return (Doubt(CUT, f"{structure.name} reaches the edge of the image at {', '.join(sides)}"),)


def few_slices(
    structure: Structure, *, least: int = LEAST_SLICES, axis: int | None = None
) -> tuple[Doubt, ...]:
    """Whether the structure spans fewer than ``least`` voxels along an array axis (or any of the three)."""
    shape = structure.require_box().shape
    thin = min(shape) if axis is None else shape[axis]
    if thin >= least:
        return ()
    return (Doubt(FEW_SLICES, f"{structure.name} spans {thin} of at least {least} slices"),)


def few_voxels(structure: Structure, *, least: int = LEAST_VOXELS) -> tuple[Doubt, ...]:
    """Whether the structure has fewer than ``least`` voxels."""
    if structure.voxels >= least:
        return ()
    return (Doubt(FEW_VOXELS, f"{structure.name} has {structure.voxels} of at least {least} voxels"),)


def coarse(structure: Structure, *, most_mm: float, axes: Iterable[int] = (0, 1, 2)) -> tuple[Doubt, ...]:
    """Whether the voxel spacing along one of the array ``axes`` exceeds ``most_mm``."""
    widest = max(structure.grid.spacing[axis] for axis in axes)
    if widest <= most_mm * (1 + 1e-6):
        return ()
    return (Doubt(COARSE, f"the voxel spacing is {widest:.4g} mm, more than {most_mm:g}"),)


def tilted(structure: Structure, *, most_degrees: float) -> tuple[Doubt, ...]:
    """Whether the slices lie more than ``most_degrees`` off the axial plane."""
    step = [structure.grid.step(axis) for axis in range(3) if axis != structure.grid.array_axis(UP)]
    normal = np.cross(step[0], step[1])
    cosine = abs(float(normal[2])) / float(np.linalg.norm(normal))
    degrees = float(np.degrees(np.arccos(min(cosine, 1.0))))
    if degrees <= most_degrees:
        return ()
    return (Doubt(TILTED, f"the slices are tilted by {degrees:.0f} degrees from axial"),)


def in_pieces(structure: Structure, *, largest_part: float = LARGEST_PART) -> tuple[Doubt, ...]:
    """Whether the largest connected part holds less than ``largest_part`` of the voxels."""
    sizes = component_sizes(structure.mask)
    if sizes[0] >= largest_part * structure.voxels:
        return ()
    share = 100.0 * sizes[0] / structure.voxels
    words = f"{structure.name} has {len(sizes)} separate parts; the largest holds {share:.0f} % of it"
    return (Doubt(COMPONENTS, words),)


def contacts(structure: Structure) -> tuple[Contact, ...]:
    """Other labels that share voxel faces with the structure, most faces first.

    Faces are counted along all three axes; areas are exact for any affine.
    """
    near = structure.require_box().grown(1, structure.grid.shape)
    labels = structure.labels[near.slices]
    own = np.asarray(labels == structure.label)
    steps = [structure.grid.step(axis) for axis in range(3)]
    faces: dict[int, list[int]] = {}
    for axis in range(3):
        low = tuple(slice(None, -1) if a == axis else slice(None) for a in range(3))
        high = tuple(slice(1, None) if a == axis else slice(None) for a in range(3))
        met = [labels[high][own[low] & ~own[high]], labels[low][own[high] & ~own[low]]]
        values, numbers = np.unique(np.concatenate(met), return_counts=True)
        for value, number in zip(values, numbers, strict=True):
            if value:
                faces.setdefault(int(value), [0, 0, 0])[axis] += int(number)
    area = [float(np.linalg.norm(np.cross(steps[(a + 1) % 3], steps[(a + 2) % 3]))) for a in range(3)]
    found = [
        Contact(label=label, faces=sum(n), area_mm2=sum(x * y for x, y in zip(n, area, strict=True)))
        for label, n in faces.items()
    ]
    return tuple(sorted(found, key=lambda contact: (-contact.faces, contact.label)))


def touching(structure: Structure, others: Iterable[int]) -> tuple[Doubt, ...]:
    """Whether the structure touches one of the labels ``others`` from which it should be apart."""
    wanted = set(others)
    met = [contact for contact in contacts(structure) if contact.label in wanted]
    if not met:
        return ()
    labels = ", ".join(str(contact.label) for contact in met)
    return (
        Doubt(TOUCHING, f"{structure.name} touches label {labels}: the border between them is a guess"),
    )


def surface_voxels(mask: Mask) -> int:
    """Voxels of the mask with a face towards the outside; the array's edge counts as outside."""
    inner = np.pad(mask, 1)
    core = mask.copy()
    for axis in range(3):
        for move in (1, -1):
            core &= np.roll(inner, move, axis)[1:-1, 1:-1, 1:-1]
    return int(mask.sum() - core.sum())
