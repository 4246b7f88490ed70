"""One row of the ``measurements`` table: an index measured on a scan, and what its criterion says of it."""

from __future__ import annotations

from dataclasses import dataclass

from grandrounds.records.parts import ChainStep
from grandrounds.records.structure import Remark


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredInput:
    """A named value that a measurement rests on: numbers, or a word."""

    name: str
    numbers: tuple[float, ...] = ()
    word: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredRow:
    """A measurement (``grandrounds.measure.measurement``) of a scan and the chain to its finding.

    ``subject`` says what was measured in words (``L3``, ``aorta``, ``heart``), ``structures`` are the ids
    of the structures it was measured on. ``number`` is the value; ``word`` stands in for it where the
    value is one. ``status``, ``remarks``, ``uncertainty``, ``valid_range``, ``method``, ``source`` and
    ``inputs`` are the measurement's own. ``criterion`` names the rule of ``measure.rules`` that reads it
    (empty: none does); ``verdict`` is ``decided``, ``borderline`` or ``cannot_be_measured``, ``finding``
    what the rule says.
    """

    measurement_id: str
    volume_id: str
    subject: str
    structures: tuple[str, ...]
    name: str
    number: float | None = None
    word: str = ""
    unit: str
    status: str
    remarks: tuple[Remark, ...] = ()
    uncertainty: float | None = None
    valid_range: tuple[float, ...] = ()
    method: str = ""
    source: str = ""
    inputs: tuple[MeasuredInput, ...] = ()
    criterion: str = ""
    verdict: str = ""
    finding: str = ""
    verdict_reason: str = ""
    chain: tuple[ChainStep, ...] = ()

    @property
    def reason(self) -> str:
        """Why the value is unreliable or missing; empty when it is neither."""
        return "; ".join(remark.words for remark in self.remarks)
