"""The gates of what is made from volumes: one module a gate. ``GATES`` are those that look at one row."""

from __future__ import annotations

from grandrounds.gates import deidentify, groups, licence, protected
from grandrounds.gates.gate import Gate

GATES: tuple[Gate, ...] = (
    licence.GATE,
    protected.GATE,
    deidentify.GATE,
    groups.GATE,
)
"""In order."""
