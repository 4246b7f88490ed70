"""What a task asks of the solver."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """The question of a task, and how many options it wants (0 for an open question)."""

    task: str
    question: str
    options: int
