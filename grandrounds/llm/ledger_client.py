"""Answers from the ledger alone: for requests that go out as files and come back on another day.

What has no answer yet is ``waiting``. A stored answer that is no use (refused, cut short, unparsable) is
given with its own status, so that a build shows what became of the request; only a usable one counts as
answered.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from grandrounds.llm.answer import OK, REFUSED, TRUNCATED, UNPARSABLE, WAITING, ModelAnswer
from grandrounds.llm.answering import CountingClient, Meter, OnProgress, Pair, Tally
from grandrounds.llm.ledger import Ledger, open_ledger
from grandrounds.llm.request import ModelRequest
from grandrounds.settings import Settings

_WINDOW = 500
_ANSWERED = (OK, REFUSED, TRUNCATED, UNPARSABLE)
_WAITING_WORDS = "no answer is in the ledger yet"


class LedgerClient(CountingClient):
    """Gives what ``ledger`` holds and sends nothing. See ``Answering``.

    The client owns the ledger: ``close`` (or ``with``) closes it, unless ``owns_ledger`` is false.
    ``model`` is the name that authors put into their requests.
    """

    def __init__(self, ledger: Ledger, *, model: str, owns_ledger: bool = True) -> None:
        super().__init__(Tally())
        self.model = model
        self.ledger = ledger
        self._owns_ledger = owns_ledger

    def __enter__(self) -> LedgerClient:
        return self

    def __repr__(self) -> str:
        return f"LedgerClient(model={self.model!r}, ledger={self.ledger.name})"

    def answers(
        self, requests: Iterable[ModelRequest], *, on_progress: OnProgress | None = None
    ) -> Iterator[Pair]:
        """See ``Answering.answers``. Raises ``LedgerError`` when the ledger can't be read."""
        meter = Meter(self._tally, requests)
        stream = iter(requests)
        while window := list(islice(stream, _WINDOW)):
            found = self.ledger.lookup(window, statuses=_ANSWERED)
            for request in window:
                answer = found.get(request.request_id) or _waiting(request)
                self._tally.count(answer)
                yield request, answer
            if on_progress is not None:
                on_progress(meter.progress())

    def close(self) -> None:
        """Close the ledger."""
        if self._owns_ledger:
            self.ledger.close()


def make(settings: Settings, *, model: str) -> LedgerClient:
    """The client that ``GRANDROUNDS_LLM_BACKEND=files`` asks for; ``model`` is the name on the wire.

    No base URL is needed. Raises ``LedgerError`` when the ledger can't be opened.
    """
    return LedgerClient(open_ledger(settings.ledger_url.value), model=model)


def _waiting(request: ModelRequest) -> ModelAnswer:
    return ModelAnswer(
        request_id=request.request_id, status=WAITING, error=_WAITING_WORDS, error_class=WAITING
    )
