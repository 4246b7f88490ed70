"""The gates of what is made from clips: one module a gate. ``GATES`` are those that look at one row."""

from __future__ import annotations

from grandrounds.gates import groups, licence, protected
from grandrounds.gates.clips import (
    coherence,
    cue_window,
    deidentify,
    frames,
    grounding,
    labels,
    leak,
    needs_two_frames,
    options,
    people,
    recompute,
)
from grandrounds.gates.figures import types
from grandrounds.gates.gate import Gate

GATES: tuple[Gate, ...] = (
    licence.GATE,
    protected.GATE,
    types.GATE,
    options.GATE,
    labels.GATE,
    frames.GATE,
    grounding.GATE,
    coherence.GATE,
    cue_window.GATE,
    needs_two_frames.GATE,
    recompute.GATE,
    leak.GATE,
    people.GATE,
    deidentify.GATE,
    groups.GATE,
)
"""In order: what the row is, what it shows, whether that belongs together, what gives it away, who is
seen."""
