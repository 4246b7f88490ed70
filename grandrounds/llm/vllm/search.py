"""Answers requests by runs that stop as a whole, so that one bad request costs one request.

vLLM gives no output when a run stops. Then the run's requests are halved and run again, and so on, until
the one that does it stands alone. That is worth its price only when the fault is in a request: so when
nothing has worked yet, or several runs in a row failed, a request of our own that is known to be good
is run first. Where that fails too, no request is to blame and the search ends with an error.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from grandrounds.errors import ModelError
from grandrounds.llm.answer import ModelAnswer
from grandrounds.llm.request import ModelRequest

#: So many runs in a row may fail before a known good one is tried in between.
_FAILURES_IN_A_ROW = 3
_SPARE_RUNS = 8
#: So many requests may be found to make vLLM stop before any was answered; then it isn't the requests.
_CONDEMNED_IN_VAIN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one run brought: answers, the requests left without one, and why."""

    answers: dict[str, ModelAnswer] = field(default_factory=dict)
    left: tuple[ModelRequest, ...] = ()
    reason: str = ""


@dataclass(slots=True, kw_only=True)
class Health:
    """What is known of vLLM itself over a client's life: whether it ever answered a known good request
    (``ever_worked``), or one of the caller's, and how many runs failed since it last did."""

    ever_worked: bool = False
    ever_answered: bool = False
    failures: int = 0

    @property
    def in_doubt(self) -> bool:
        """Whether a failure may be vLLM's own and not a request's."""
        return not self.ever_worked or self.failures >= _FAILURES_IN_A_ROW

    def note(self, *, worked: bool) -> None:
        """Note how a run went."""
        self.ever_worked = self.ever_worked or worked
        self.failures = 0 if worked else self.failures + 1


class Search:
    """Answers one lot of requests. ``run`` runs some of them; ``try_known_good`` raises ``ModelError`` when
    vLLM can't even answer a known good request. ``condemned`` and ``unreached`` fill up meanwhile."""

    def __init__(
        self,
        *,
        run: Callable[[Sequence[ModelRequest]], Outcome],
        try_known_good: Callable[[], None],
        health: Health,
    ) -> None:
        self._run = run
        self._try_known_good = try_known_good
        self._health = health
        self._runs_left = 0
        self.answers: dict[str, ModelAnswer] = {}
        #: requests that make vLLM stop even when they run alone, with the reason
        self.condemned: dict[str, str] = {}
        #: requests that no run got to before the limit of runs, with the reason of the last failure
        self.unreached: dict[str, str] = {}

    def answer(self, requests: Sequence[ModelRequest]) -> None:
        """Answer ``requests`` in about ``2 log2 n`` runs at most, which finds one bad one for sure."""
        if not requests:
            return
        self._last = requests[-1]
        self._runs_left = _SPARE_RUNS + 2 * len(requests).bit_length()
        self._solve(requests, surely_bad=False)

    def _solve(self, requests: Sequence[ModelRequest], *, surely_bad: bool) -> bool:
        """Answer ``requests``; whether there was trouble. When ``surely_bad``, they are halved unrun."""
        requests = [one for one in requests if one.request_id not in self.answers]
        if not requests:
            return False
        if len(requests) == 1 or not surely_bad:
            outcome = self._counted(requests)
            if outcome is None:
                return True
            self.answers.update(outcome.answers)
            if not outcome.left:
                return False
            if len(requests) == 1:
                self._condemn(requests[0], outcome.reason)
                return True
            requests = outcome.left
        if len(requests) == 1:
            return self._solve(requests, surely_bad=False)
        middle = len(requests) // 2
        trouble = self._solve(requests[:middle], surely_bad=False)
        self._solve(requests[middle:], surely_bad=not trouble)
        return True

    def _condemn(self, request: ModelRequest, reason: str) -> None:
        self.condemned[request.request_id] = reason
        if len(self.condemned) < _CONDEMNED_IN_VAIN or self._health.ever_answered:
            return
        far_away = self._counted([self._last])
        if far_away is None or not far_away.answers:
            raise ModelError(
                f"vLLM answers a simple request, and stops at every one of ours: {reason}",
                remedy="Check GRANDROUNDS_VLLM_ARGS (structured outputs, chat template).",
            )
        self.answers.update(far_away.answers)

    def _counted(self, requests: Sequence[ModelRequest]) -> Outcome | None:
        """One run, if there is one left."""
        if self._runs_left <= 0:
            self.unreached.update(
                dict.fromkeys((one.request_id for one in requests), "no run was left for it")
            )
            return None
        self._runs_left -= 1
        outcome = self._run(requests)
        self._health.note(worked=bool(outcome.answers))
        self._health.ever_answered = self._health.ever_answered or bool(outcome.answers)
        if outcome.left and self._health.in_doubt:
            self._try_known_good()
            self._health.note(worked=True)
        return outcome


def no_request_to_blame(reason: str, *, log: str) -> ModelError:
    """The error when vLLM can't answer at all."""
    return ModelError(
        f"vLLM can't answer anything: {reason}",
        remedy=f"Its log is {log}. Check GRANDROUNDS_LLM_MODEL, GRANDROUNDS_VLLM_ARGS and free memory.",
    )
