"""A fact: everything of a question on a volume but its final wording.

Facts are computed from a scan's rows alone, by pure functions, so that the same rows give the same facts
to an author, to a gate and to whoever checks a release years later.
"""

from __future__ import annotations

from dataclasses import dataclass

from grandrounds.records.parts import ChainStep, Label, MeasuredValue, OptionOrigin, StructureBox, Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySlice:
    """A slice that a question shows.

    ``axis`` is 0 i (sagittal), 1 j (coronal) or 2 k (axial), ``index`` in the canonical array. ``draws``
    are the ids of structures whose boxes are drawn on it.
    """

    axis: int
    index: int
    draws: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What is asked of a scan and what is right.

    ``subject`` names the fact among those of its scan and task (a structure's or measurement's id, or
    several joined by ``+``). ``question`` and ``reasoning`` are the rules' own words; a model may word
    them anew but not change a number, a name of a structure or an option. ``wrong`` are the other
    options, from the same study or criterion, at least one. ``reasoning`` are sentences from what is seen
    to what follows; the last alone names the answer. ``boxes`` with role ``asked`` stand in the question,
    ``answer`` ones are withheld.
    """

    task: str
    subject: str
    question: str
    answer: str
    wrong: tuple[OptionOrigin, ...]
    reasoning: tuple[str, ...]
    slices: tuple[KeySlice, ...]
    boxes: tuple[StructureBox, ...] = ()
    measurements: tuple[MeasuredValue, ...] = ()
    chain: tuple[ChainStep, ...] = ()
    turns: tuple[Turn, ...] = ()
    labels: tuple[Label, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NoFact:
    """Why a task asks nothing of a scan."""

    task: str
    reason: str
