"""From lines of a run's output to answers in the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice

from grandrounds.llm.answer import FAILED, ModelAnswer
from grandrounds.llm.answering import Tally
from grandrounds.llm.files.lines import loads, read_answer
from grandrounds.llm.ledger import Filed, Ledger
from grandrounds.llm.reply import Reply, judge
from grandrounds.llm.request import ModelRequest
from grandrounds.llm.vllm.output import status

#: The class of a failed answer whose request makes vLLM stop; such requests run alone from then on.
STOPS_VLLM = "vllm_stops"

_OK = 200
_COMMIT = 500  # answers in one commit


class Filing:
    """Judges replies, puts them into ``ledger`` and counts them in ``tally``."""

    def __init__(self, ledger: Ledger, tally: Tally) -> None:
        self._ledger = ledger
        self._tally = tally
        self.backend = "vllm run-batch"

    def lines(
        self, requests: Mapping[str, ModelRequest], lines: Mapping[str, bytes]
    ) -> dict[str, ModelAnswer]:
        """File the answers that stand in output ``lines``. Raises ``LedgerError``."""
        return self._replies([(requests[key], _read(line)) for key, line in lines.items()])

    def failures(
        self, requests: Sequence[ModelRequest], *, words: Mapping[str, str], error_class: str
    ) -> dict[str, ModelAnswer]:
        """File a failed answer with the ``words`` for each request. Raises ``LedgerError``."""
        return self._replies(
            [
                (one, Reply(error=words[one.request_id], error_class=error_class, attempts=1))
                for one in requests
            ]
        )

    def known_to_stop(self, requests: Sequence[ModelRequest]) -> set[str]:
        """Those of ``requests`` that made vLLM stop in an earlier run."""
        found = self._ledger.lookup(requests, statuses=(FAILED,))
        return {key for key, answer in found.items() if answer.error_class == STOPS_VLLM}

    def _replies(self, replies: list[tuple[ModelRequest, Reply]]) -> dict[str, ModelAnswer]:
        made: dict[str, ModelAnswer] = {}
        waiting = iter(replies)
        while some := list(islice(waiting, _COMMIT)):
            filed = [
                Filed(request=request, answer=judge(request, reply), backend=self.backend)
                for request, reply in some
            ]
            for answer in self._ledger.write(filed):
                made[answer.request_id] = answer
            for _, reply in some:
                self._tally.prompt_tokens += reply.prompt_tokens
                self._tally.completion_tokens += reply.completion_tokens
        return made


def _read(line: bytes) -> Reply:
    code = status(loads(line))
    answer = read_answer(line)
    if answer.reply is not None:
        return answer.reply
    return Reply(
        error_class="no_completion" if code == _OK else f"http_{code}", error=f"vLLM said {answer.words}"
    )
