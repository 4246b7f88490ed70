"""What tokens cost."""

from __future__ import annotations

from dataclasses import dataclass

_MILLION = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """A model's prices for a million tokens, in ``currency``. All zero: nobody said."""

    prompt_per_million: float = 0.0
    completion_per_million: float = 0.0
    currency: str = "USD"

    def cost(self, *, prompt_tokens: int, completion_tokens: int) -> float:
        """What so many tokens cost, in ``currency``."""
        prompt = prompt_tokens * self.prompt_per_million
        return (prompt + completion_tokens * self.completion_per_million) / _MILLION


FREE = Prices()
"""No price list."""
