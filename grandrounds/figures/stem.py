"""The stem of a question on a figure: one fixed sentence, so nothing of the caption can be in it."""

from __future__ import annotations

from grandrounds.records.figure import FigureRow

_STEM = "The picture is a figure from a textbook or an article."


def figure_stem(row: FigureRow, subject: str) -> str:
    """What the solver is told before the question; ``subject`` is the panel asked about, or empty."""
    if not subject:
        return _STEM
    several = f" It has {len(row.panels)} panels;" if len(row.panels) > 1 else " It has panels;"
    return f"{_STEM}{several} the question is about panel {subject}."
