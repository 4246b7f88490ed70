"""What gates of figures say of a row whose figure is not there."""

from __future__ import annotations


def missing(evidence_id: str) -> str:
    """That the figure of a row is not there."""
    return f"Figure {evidence_id} is not among the figures, so nothing can be checked."
