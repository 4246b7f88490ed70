"""Intensities inside a label: mean, standard deviation, percentiles, in HU or the image's own units."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from grandrounds.measure import citations, quality
from grandrounds.measure.axes import Array, Reals
from grandrounds.measure.measurement import (
    EMPTY,
    FEW_VOXELS,
    NOT_FINITE,
    Doubt,
    MeasureError,
    Measurement,
    Quantity,
    measured,
    not_measurable,
)
from grandrounds.measure.structure import Mask, Structure

HU_RANGE = (-1100.0, 32_767.0)
DEFAULT_PERCENTILES = (5.0, 50.0, 95.0)


def intensities(
    structure: Structure,
    image: Array,
    *,
    unit: str = "HU",
    percentiles: Sequence[float] = DEFAULT_PERCENTILES,
    padding: float | None = None,
    inside: Mask | None = None,
) -> tuple[Measurement, ...]:
    """Mean, standard deviation and percentiles of ``image`` inside the structure.

    ``image`` lies on the structure's grid. ``unit`` is ``HU`` or ``arbitrary``. Voxels that are not finite
    or equal ``padding`` are left out and noted. ``inside`` (in the structure's box) narrows the voxels, for
    example to the core without the cortex. The standard deviation is that of the population (divided by
    n); percentiles are interpolated linearly between ranks. Raises ``MeasureError`` for another grid.
    """
    if image.shape != structure.grid.shape:
        raise MeasureError(
            f"The image has the shape {image.shape}, the mask {structure.grid.shape}.",
            remedy="Measure on the image that the mask was made for.",
        )
    names = ("mean", "standard_deviation", *(f"percentile_{p:g}" for p in percentiles))
    limits = HU_RANGE if unit == "HU" else None
    values, doubts = _values(structure, image, padding, inside)
    if not len(values):
        return tuple(not_measurable(name, unit, *doubts, source=citations.IBSI) for name in names)
    found = (
        float(values.mean()),
        float(values.std()),
        *(float(x) for x in np.percentile(values, list(percentiles))),
    )
    return tuple(
        measured(
            name,
            value,
            unit,
            doubts=doubts,
            valid_range=None if name == "standard_deviation" else limits,
            method="voxels inside the label" if inside is None else "voxels inside a part of the label",
            source=citations.IBSI,
            inputs=(Quantity("voxels", len(values)),),
        )
        for name, value in zip(names, found, strict=True)
    )


def core(structure: Structure, *, millimetres: float) -> Mask:
    """The voxels deeper than about ``millimetres`` below the surface, in the structure's box.

    Peels whole layers along each axis: the number of layers is the depth over the spacing, rounded up.
    The image's edge counts as surface.
    """
    mask = np.pad(structure.mask, 1)
    for axis, spacing in enumerate(structure.grid.spacing):
        for _ in range(int(np.ceil(millimetres / spacing - 1e-9))):
            mask = mask & np.roll(mask, 1, axis) & np.roll(mask, -1, axis)
    return mask[1:-1, 1:-1, 1:-1]


def _values(
    structure: Structure, image: Array, padding: float | None, inside: Mask | None
) -> tuple[Reals, tuple[Doubt, ...]]:
    if not structure.voxels:
        return np.zeros(0), (quality.empty(structure),)
    chosen = structure.mask if inside is None else structure.mask & inside
    values = np.asarray(image[structure.require_box().slices][chosen], dtype=np.float64)
    good = np.isfinite(values)
    if padding is not None:
        good &= values != padding
    doubts: list[Doubt] = []
    if not len(values):
        doubts.append(Doubt(EMPTY, f"no voxel of {structure.name} is left inside"))
    elif not good.all():
        words = f"{int((~good).sum())} of {len(values)} voxels of {structure.name} have no value"
        doubts.append(Doubt(NOT_FINITE, words))
    if 0 < good.sum() < quality.LEAST_VOXELS:
        words = f"only {int(good.sum())} voxels of {structure.name} have a value"
        doubts.append(Doubt(FEW_VOXELS, words))
    return values[good], tuple(doubts)
