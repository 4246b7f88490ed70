"""Gets requests answered by runs of vLLM: one at a time in a folder, each watched while it works."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from grandrounds.errors import GrandRoundsError, ModelError
from grandrounds.llm.answer import ModelAnswer
from grandrounds.llm.answering import Tally
from grandrounds.llm.files.lines import URL, request_line
from grandrounds.llm.ledger import Ledger
from grandrounds.llm.request import ModelRequest
from grandrounds.llm.vllm.check import line_fault
from grandrounds.llm.vllm.filing import STOPS_VLLM, Filing
from grandrounds.llm.vllm.log import reached_input, reason
from grandrounds.llm.vllm.output import sift
from grandrounds.llm.vllm.process import Process
from grandrounds.llm.vllm.program import Found, Program
from grandrounds.llm.vllm.search import Health, Outcome, Search, no_request_to_blame
from grandrounds.llm.vllm.shard import Leftovers, Shard, sweep
from grandrounds.llm.wire import MediaError, MediaSource, encode_json
from grandrounds.locks import exclusive

_GLANCE_SECONDS = 0.2  # how often a run is looked after
_LARGEST_LOT = 200 * 1000 * 1000  # bytes in one run's file: vLLM holds all of it in memory, several times
_USED_WRONGLY = 2  # the exit status of a program that doesn't take its arguments
_GREETING = {"role": "user", "content": "Say yes."}
_LOG = logging.getLogger(__name__)


class Interruption:
    """Whether we are to end, asked at every glance."""

    def __init__(self) -> None:
        self._stop = threading.Event()

    def clear(self) -> None:
        """Forget an earlier stop."""
        self._stop.clear()

    def stop(self) -> None:
        """Ask for an end. From any thread."""
        self._stop.set()

    def check(self) -> None:
        """Raises ``ModelError`` after ``stop``, and whatever fits when the main thread has ended."""
        if self._stop.is_set():
            raise ModelError(
                "The model run was stopped.", remedy="Run again: it goes on with the shard it was at."
            )
        if not threading.main_thread().is_alive():
            if isinstance(getattr(sys, "last_value", None), KeyboardInterrupt):
                raise KeyboardInterrupt
            raise ModelError(
                "The program's main thread ended while vLLM ran in another one.",
                remedy="Let the main thread wait for it (join); finished shards are in the ledger.",
            )


class Runs:
    """Answers requests that no answer is known for. One call at a time."""

    def __init__(
        self,
        program: Program,
        *,
        work: Path,
        ledger: Ledger,
        tally: Tally,
        timeout_seconds: float,
        media: MediaSource | None,
        interruption: Interruption,
    ) -> None:
        self._program = program
        self._work = work
        self._ledger = ledger
        self._tally = tally
        self._timeout_seconds = timeout_seconds
        self._media = media
        self._interruption = interruption
        self._filing = Filing(ledger, tally)
        self._health = Health()
        self._leftovers = Leftovers(work)
        self._found: Found | None = None
        self._tell: Callable[[], None] = lambda: None

    def answer(
        self, requests: Mapping[str, ModelRequest], tell: Callable[[], None]
    ) -> dict[str, ModelAnswer]:
        """An answer for each of ``requests``; ``tell`` is called meanwhile. Raises as the client does."""
        self._tell = tell
        with self._turn():
            answers = self._ledger.lookup(list(requests.values()))  # others had their turn meanwhile
            left = {key: one for key, one in requests.items() if key not in answers}
            answers |= self._from_leftovers(left)
            lots, unfit = self._checked([one for key, one in left.items() if key not in answers])
            answers |= unfit
            for lot in lots:
                answers |= self._answer_lot(lot)
        return answers

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Wait until no other client works in the folder."""
        with ExitStack() as held:
            while not self._entered(held):
                self._interruption.check()
                self._tell()
            yield

    def _entered(self, held: ExitStack) -> bool:
        """Whether the folder is ours now, for as long as ``held`` is open."""
        try:
            self._work.mkdir(mode=0o700, parents=True, exist_ok=True)
            held.enter_context(exclusive(self._work / "lock", what="vLLM", wait_seconds=_GLANCE_SECONDS))
        except OSError as exc:
            raise ModelError(
                f"The folder {self._work} can't be used: {exc.strerror or exc}.",
                remedy="Make room, or check its rights; GRANDROUNDS_HOME says where it is.",
            ) from exc
        except GrandRoundsError:  # another client is at work in it
            return False
        return True

    def _from_leftovers(self, requests: Mapping[str, ModelRequest]) -> dict[str, ModelAnswer]:
        """What an earlier run had finished when it was killed."""
        sweep(self._work)
        made: dict[str, ModelAnswer] = {}
        for lines in self._leftovers.take(requests.keys()):
            made |= self._filing.lines(requests, lines)
        self._tally.sent += len(made)
        return made

    def _checked(
        self, requests: Sequence[ModelRequest]
    ) -> tuple[list[dict[str, ModelRequest]], dict[str, ModelAnswer]]:
        """The requests that vLLM can be given, in lots that aren't too large, and failures for the rest."""
        lots: list[dict[str, ModelRequest]] = []
        unfit: dict[str, ModelAnswer] = {}
        room = 0
        for request in requests:
            key = request.request_id
            try:
                line = self._line(request)
                fault, kind = line_fault(line, request_id=key, model=self._program.model), "unfit"
            except MediaError as exc:
                line, fault, kind = b"", str(exc), exc.error_class
            if fault:
                unfit |= self._filing.failures([request], words={key: fault}, error_class=kind)
                continue
            if len(line) > room:
                lots.append({})
                room = _LARGEST_LOT
            lots[-1][key] = request
            room -= len(line)
        return lots, unfit

    def _line(self, request: ModelRequest) -> bytes:
        if request.model != self._program.model:
            raise ModelError(
                f"A request asks for the model {request.model!r}, and vLLM runs {self._program.model!r}.",
                remedy="Check GRANDROUNDS_LLM_MODEL.",
            )
        return request_line(request, media=self._media)

    def _answer_lot(self, requests: Mapping[str, ModelRequest]) -> dict[str, ModelAnswer]:
        """Run what can be run together, then alone what is known to make vLLM stop."""
        if self._found is None:
            self._found = self._program.find(folder=self._work)
            self._filing.backend = f"vllm run-batch ({self._found.name})"
        self._tally.sent += len(requests)
        search = Search(run=self._run, try_known_good=self._try_known_good, health=self._health)
        suspects = self._filing.known_to_stop(list(requests.values()))
        search.answer([one for key, one in requests.items() if key not in suspects])
        for key in requests:
            if key in suspects:
                search.answer([requests[key]])
        made = dict(search.answers)
        for words, kind in ((search.condemned, STOPS_VLLM), (search.unreached, "vllm_unreached")):
            made |= self._filing.failures([requests[key] for key in words], words=words, error_class=kind)
        return made

    def _run(self, requests: Sequence[ModelRequest]) -> Outcome:
        """One run of vLLM over ``requests``, with its answers in the ledger when it ended well."""
        by_id = {one.request_id: one for one in requests}
        shard = Shard.of(self._work, list(by_id))
        shard.prepare(self._line(one) for one in requests)
        code = self._process(shard)
        if code != 0:
            why = reason(shard.log, code=code)
            if code == _USED_WRONGLY or not (self._health.ever_worked or reached_input(shard.log)):
                raise no_request_to_blame(why, log=str(shard.log))
            _LOG.warning("A run of vLLM over %d requests gave no answers: %s", len(requests), why)
            shard.remove(keep_log=self._work / "failed.log")
            return Outcome(left=tuple(requests), reason=why)
        output = shard.keep()
        if output.unknown_model and output.unknown_model == len(output.lines):
            raise no_request_to_blame(output.reason, log=str(shard.log))
        if output.missing:
            _LOG.warning(
                "vLLM left out %d of %d requests: %s", len(output.missing), len(requests), output.reason
            )
        answers = self._filing.lines(by_id, output.lines)
        shard.remove()
        return Outcome(
            answers=answers,
            left=tuple(by_id[key] for key in output.missing),
            reason=output.reason or "vLLM left it out of its output",
        )

    def _process(self, shard: Shard) -> int:
        """Run vLLM over a shard's file; its exit status. Leaving early, by any way, ends it first."""
        assert self._found is not None
        self._tally.tries += len(shard.ids)
        began = time.monotonic()
        with Process(
            self._program.command(self._found, requests=shard.requests, output=shard.output),
            log=shard.log,
            folder=shard.folder,
            environment=self._program.environment(),
        ) as process:
            while (code := process.wait(_GLANCE_SECONDS)) is None:
                self._interruption.check()
                self._tell()
                if time.monotonic() - began > self._timeout_seconds:
                    raise ModelError(
                        f"vLLM took longer than {self._timeout_seconds:g} s for {len(shard.ids)} requests; "
                        f"its log is {shard.log}.",
                        remedy="Raise GRANDROUNDS_VLLM_TIMEOUT (seconds), or lower GRANDROUNDS_VLLM_SHARD.",
                    )
        return code

    def _try_known_good(self) -> None:
        """Run one request that can't be at fault. Raises ``ModelError`` when it isn't answered either."""
        shard = Shard.of(self._work, ["known-good"])
        body = {"model": self._program.model, "messages": [_GREETING], "max_tokens": 1}
        line = {"custom_id": shard.ids[0], "method": "POST", "url": URL, "body": body}
        shard.prepare([encode_json(line) + b"\n"])
        code = self._process(shard)
        if code != 0:
            raise no_request_to_blame(reason(shard.log, code=code), log=str(shard.log))
        output = sift(shard.output, wanted=shard.ids)
        if output.missing or output.unknown_model:
            raise no_request_to_blame(output.reason, log=str(shard.log))
        shard.remove()
