"""One row of the ``funnel`` table, and the rule it keeps: rows in = rows out + rejections by reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonCount:
    """How many things fell for one reason."""

    reason: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FunnelStep:
    """One arrow of the flow, counted.

    ``entered`` things of ``unit`` came in, ``left`` went on, and ``refused`` says how many fell
    for each reason. ``expected`` is what the step before says must enter (its ``left`` times the
    fan-out, such as the number of tasks), or ``None`` for the first step or a new kind of unit.
    """

    recipe: str
    position: int
    step: str
    unit: str
    entered: int
    left: int
    refused: tuple[ReasonCount, ...] = ()
    expected: int | None = None

    @property
    def unaccounted(self) -> int:
        """How many things neither left nor were refused: 0 in a sound funnel."""
        return self.entered - self.left - sum(part.count for part in self.refused)

    def problems(self) -> list[str]:
        """What doesn't add up in this step, as sentences; empty when all is well."""
        found = []
        if min(self.entered, self.left, *(part.count for part in self.refused), 0) < 0:
            found.append(f"step {self.step!r}: a count of {self.unit} is negative")
        if self.unaccounted:
            found.append(
                f"step {self.step!r}: of {self.entered} {self.unit} that entered, "
                f"{self.unaccounted} neither left nor were refused"
            )
        if self.expected is not None and self.expected != self.entered:
            found.append(
                f"step {self.step!r}: {self.entered} {self.unit} entered, "
                f"but the step before sent {self.expected}"
            )
        return found


def problems(steps: Iterable[FunnelStep]) -> list[str]:
    """All that doesn't add up in a funnel."""
    return [sentence for step in steps for sentence in step.problems()]
