"""What one run may spend at most: requests, tokens, money. Reserved before sending, so never exceeded.

Before a try is sent the most that it can use is reserved: every byte of its text may be a token, every
picture as many as was set, and the answer may be as long as allowed. Afterwards what it used takes the
reservation's place. A try whose use nobody told (no reply came) keeps its reservation: it may be billed.
"""

from __future__ import annotations

from dataclasses import dataclass

from grandrounds.errors import ModelError
from grandrounds.llm.prices import FREE, Prices
from grandrounds.llm.request import ModelRequest

_SPELLING_TOKENS = 256  # what chat templates add around messages, at most
_BYTES_PER_TOKEN = 4  # of ordinary English, for estimates
_USUAL_IMAGE_TOKENS = 1_000


class BudgetReached(ModelError):  # noqa: N818 - nothing went wrong: the run did what it was allowed to
    """The run has spent what it may. What was answered is kept; the rest was not sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a model may be asked. ``None`` is no limit.

    The first two are rates; ``requests``, ``tokens`` (prompt and completion) and ``cost`` are for one
    run, tries counted one by one. ``image_tokens`` is the most that one picture can come to.
    """

    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    requests: int | None = None
    tokens: int | None = None
    cost: float | None = None
    image_tokens: int = 50_000

    @property
    def have_budget(self) -> bool:
        """Whether anything bounds the whole run."""
        return not (self.requests is None and self.tokens is None and self.cost is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What one try uses, or may use: its tokens on both sides."""

    prompt_tokens: int = 0
    completion_tokens: int = 0

    @property
    def tokens(self) -> int:
        """Both sides together."""
        return self.prompt_tokens + self.completion_tokens


def most_use(request: ModelRequest, limits: Limits) -> Use:
    """The most that one try of ``request`` can use: no tokenizer makes a token of less than a byte."""
    text = sum(len(message.content.encode()) for message in request.messages) + len(request.schema.encode())
    return Use(
        prompt_tokens=text + _SPELLING_TOKENS + _pictures(request) * limits.image_tokens,
        completion_tokens=request.max_tokens,
    )


def usual_use(request: ModelRequest) -> Use:
    """About what one try of ``request`` will use, before any was seen."""
    text = sum(len(message.content) for message in request.messages)
    return Use(
        prompt_tokens=text // _BYTES_PER_TOKEN + _pictures(request) * _USUAL_IMAGE_TOKENS,
        completion_tokens=request.max_tokens,
    )


class Budget:
    """Keeps account of one run's spending under ``limits``. Used by one thread."""

    def __init__(self, limits: Limits, prices: Prices = FREE) -> None:
        self._limits = limits
        self._prices = prices
        self._requests = 0
        self._tokens = 0
        self._cost = 0.0
        self._reserved_tokens = 0
        self._reserved_cost = 0.0
        self._in_flight = 0

    @property
    def waiting_helps(self) -> bool:
        """Whether what is in flight may still give something back."""
        return self._in_flight > 0

    def reserve(self, most: Use) -> bool:
        """Set aside ``most`` for one try, if that fits."""
        if self.lacks(most):
            return False
        self._requests += 1
        self._in_flight += 1
        self._reserved_tokens += most.tokens
        self._reserved_cost += self._price(most)
        return True

    def settle(self, most: Use, used: Use | None) -> None:
        """A try that had ``most`` reserved has used ``used``; ``None`` when nobody knows."""
        self._in_flight -= 1
        self._reserved_tokens -= most.tokens
        self._reserved_cost -= self._price(most)
        spent = most if used is None else used
        self._tokens += spent.tokens
        self._cost += self._price(spent)

    def cancel(self, most: Use) -> None:
        """A try that had ``most`` reserved was not sent."""
        self._requests -= 1
        self.settle(most, Use())

    def lacks(self, most: Use) -> str:
        """What there is too little of for a try that may use ``most``; empty when it fits."""
        limits = self._limits
        if limits.requests is not None and self._requests >= limits.requests:
            return f"{limits.requests:,} requests"
        if limits.tokens is not None and self._tokens + self._reserved_tokens + most.tokens > limits.tokens:
            return f"{limits.tokens:,} tokens"
        cost = self._cost + self._reserved_cost + self._price(most)
        if limits.cost is not None and cost > limits.cost:
            return f"{limits.cost:,.2f} {self._prices.currency}"
        return ""

    def _price(self, use: Use) -> float:
        return self._prices.cost(prompt_tokens=use.prompt_tokens, completion_tokens=use.completion_tokens)


def _pictures(request: ModelRequest) -> int:
    return sum(len(message.media) for message in request.messages)
