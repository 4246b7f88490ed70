"""One row of the ``rejections`` table: what was refused, by which gate, and why."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """Something that did not go on.

    ``stage`` is the arrow it fell from: ``evidence``, ``draft``, ``revise``, ``gates`` or ``review``.
    ``gate`` names the rule (module) that refused, ``reason`` is a sentence with the particulars,
    ``subject_id`` the id of the refused row, and ``row`` that row as JSON, so nothing is lost.
    """

    rejection_id: str
    recipe: str
    stage: str
    gate: str
    reason: str
    subject_id: str
    source_id: str
    evidence_id: str | None = None
    task: str | None = None
    row: str = "{}"
