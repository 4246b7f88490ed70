"""The gates that look at one consultation, in order; ``controls.find`` compares those that passed."""

from grandrounds.gates import deidentify, groups, licence, protected
from grandrounds.gates.gate import Gate
from grandrounds.gates.rubrics import atomic, controls, given_away, grounded, overlap, points, types

GATES: tuple[Gate, ...] = (
    licence.GATE,
    protected.GATE,
    types.GATE,
    points.GATE,
    atomic.GATE,
    overlap.GATE,
    grounded.GATE,
    given_away.GATE,
    controls.GATE,
    deidentify.GATE,
    groups.GATE,
)
