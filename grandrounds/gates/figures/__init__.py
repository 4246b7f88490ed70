"""The gates of what is made from figures: one module a gate. ``GATES`` are those that look at one row."""

from __future__ import annotations

from grandrounds.gates import groups, licence, protected
from grandrounds.gates.figures import (
    alignment,
    grounding,
    labels,
    leak,
    options,
    picture,
    recompute,
    types,
)
from grandrounds.gates.gate import Gate

GATES: tuple[Gate, ...] = (
    licence.GATE,
    protected.GATE,
    types.GATE,
    options.GATE,
    labels.GATE,
    grounding.GATE,
    alignment.GATE,
    picture.GATE,
    recompute.GATE,
    leak.GATE,
    groups.GATE,
)
"""In order: what the row is, what it rests on, whether caption and picture fit, what gives it away."""
