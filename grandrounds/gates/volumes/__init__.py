"""The gates of what is made from volumes: one module a gate. ``GATES`` are those that look at one row."""

from __future__ import annotations

from grandrounds.gates import groups, licence, protected
from grandrounds.gates.gate import Gate
from grandrounds.gates.volumes import (
    affine,
    box,
    box_origin,
    centroid,
    deidentify,
    grid,
    labels,
    levels,
    options,
    places,
    reasoning,
    recompute,
    sides,
    slices,
    spacing,
    tolerance,
    types,
)

GATES: tuple[Gate, ...] = (
    licence.GATE,
    protected.GATE,
    types.GATE,
    options.GATE,
    affine.GATE,
    grid.GATE,
    labels.GATE,
    box.GATE,
    centroid.GATE,
    spacing.GATE,
    levels.GATE,
    sides.GATE,
    places.GATE,
    box_origin.GATE,
    slices.GATE,
    recompute.GATE,
    tolerance.GATE,
    reasoning.GATE,
    deidentify.GATE,
    groups.GATE,
)
"""In order: what the row is, where its structures lie, whether it computes again, its words, its group."""
