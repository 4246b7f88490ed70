"""Brings files of answers into the ledger: OpenAI's output and error files, or those of ``vllm run-batch``.

Files may come in any order, in parts, more than once and damaged. Every line is looked at by itself; one
that can't be used is counted, named by file and line, and skipped. An answer gets in only when its id is
that of a request we know, and the model that it names is the one that was asked; then it is judged like
any answer. Importing a file again changes nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from grandrounds.llm.answer import FAILED as FAILED_STATUS
from grandrounds.llm.answer import OK, REFUSED, TRUNCATED, UNPARSABLE, ModelAnswer
from grandrounds.llm.files.exported import Known, KnownRequests
from grandrounds.llm.files.lines import FAILED, MALFORMED, NOT_AN_ANSWER, AnswerLine, read_answer
from grandrounds.llm.files.reading import Line, lines_of
from grandrounds.llm.ledger import Filed, Ledger
from grandrounds.llm.prices import FREE, Prices
from grandrounds.llm.reply import Reply, judge
from grandrounds.llm.request import ModelRequest

#: What else can be wrong with a line, beside the kinds of ``lines``.
CUT_OFF = "cut_off"
UNREADABLE = "unreadable"
UNKNOWN = "unknown"
OTHER_MODEL = "other_model"
SAME_AGAIN = "same_again"
ANOTHER_ANSWER = "another_answer"

#: Kinds of problems, the worst for a file first; each with what it means.
KINDS: Mapping[str, str] = {
    UNREADABLE: "files or lines that can't be read at all",
    MALFORMED: "lines that are no JSON object with a custom_id",
    CUT_OFF: "last lines that were cut off",
    NOT_AN_ANSWER: "lines that are requests, or something else",
    UNKNOWN: "answers to requests that were not exported",
    OTHER_MODEL: "answers by another model than was asked",
    FAILED: "requests that failed there",
    ANOTHER_ANSWER: "other answers to requests that have one",
    SAME_AGAIN: "the same answers once more",
}

_FILED = (OK, REFUSED, TRUNCATED, UNPARSABLE)
_STORED = (*_FILED, FAILED_STATUS)
_MOST_LINES = 500  # judged and filed at a time
_MOST_BYTES = 16 * 1024 * 1024
_MOST_NAMED = 1000  # problems of one kind
_DATE = r"-\d{4}(-?\d{2}-?\d{2})?"  # how services name the snapshot behind a model's name


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A line that was skipped. ``line`` counts from 1; 0 is the file as a whole."""

    file: str
    line: int
    kind: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import came to.

    ``filed`` counts, by status, the answers that are new in the ledger; ``skipped`` counts lines by kind
    (see ``KINDS``), and ``problems`` names the first thousand of each. ``models`` counts the models that
    answers name instead of the one that was asked.
    """

    files: int
    lines: int
    filed: Mapping[str, int]
    skipped: Mapping[str, int]
    problems: tuple[Problem, ...]
    models: Mapping[str, int]

    @property
    def imported(self) -> int:
        """Answers that are new in the ledger, usable or not."""
        return sum(self.filed.values())

    @property
    def useless(self) -> bool:
        """Whether nothing at all could be taken from the files: neither new nor known already."""
        return not self.imported and not self.skipped.get(SAME_AGAIN, 0)

    @property
    def odd(self) -> bool:
        """Whether any line was skipped for another reason than being known already."""
        return any(count for kind, count in self.skipped.items() if kind != SAME_AGAIN)


def import_answers(
    paths: Iterable[Path],
    *,
    ledger: Ledger,
    known: Known | Mapping[str, ModelRequest],
    accepted_models: Iterable[str] = (),
    prices: Prices = FREE,
    on_progress: Callable[[int], None] | None = None,
) -> ImportReport:
    """Bring the answers in ``paths`` into ``ledger``; few lines are in memory at a time.

    ``known`` are the requests that may be answered. An answer must name the model that was asked, or a
    dated snapshot of it (``NAME-2026-01-31``), or one of ``accepted_models``. When a request gets two
    different usable answers, the first stays. ``prices`` are the model's, for what the answers cost.
    ``on_progress`` is called with the number of lines read.
    Raises ``LedgerError`` when answers can't be kept.
    """
    work = _Import(
        ledger=ledger,
        known=KnownRequests(known) if isinstance(known, Mapping) else known,
        accepted=frozenset(accepted_models),
        prices=prices,
    )
    for path in paths:
        work.files += 1
        for line in lines_of(path):
            work.take(path, line)
            if on_progress is not None and work.lines % _MOST_LINES == 0:
                on_progress(work.lines)
    work.flush()
    if on_progress is not None:
        on_progress(work.lines)
    return work.report()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """A line that holds a reply, and where it stands."""

    file: str
    line: int
    answer: AnswerLine


class _Import:
    """The state of one import."""

    def __init__(self, *, ledger: Ledger, known: Known, accepted: frozenset[str], prices: Prices) -> None:
        self.files = self.lines = 0
        self._ledger = ledger
        self._known = known
        self._accepted = accepted
        self._prices = prices
        self._batch: list[_Read] = []
        self._bytes = 0
        self._filed: Counter[str] = Counter()
        self._skipped: Counter[str] = Counter()
        self._models: Counter[str] = Counter()
        self._problems: dict[str, list[Problem]] = {kind: [] for kind in KINDS}

    def take(self, path: Path, line: Line) -> None:
        """Read a line; file what has gathered when it is enough."""
        self.lines += line.number > 0
        file = str(path)
        if line.fault:
            self._skip(file, line.number, CUT_OFF if not line.whole else UNREADABLE, line.fault)
            return
        answer = read_answer(line.data)
        if answer.fault == MALFORMED and not line.whole:
            self._skip(file, line.number, CUT_OFF, "the file ends in the middle of this line")
        elif answer.fault == MALFORMED:
            self._skip(file, line.number, MALFORMED, answer.words)
        else:
            self._batch.append(_Read(file=file, line=line.number, answer=answer))
            self._bytes += len(line.data)
        if len(self._batch) >= _MOST_LINES or self._bytes >= _MOST_BYTES:
            self.flush()

    def flush(self) -> None:
        """Judge the gathered lines and file what is new."""
        batch, self._batch, self._bytes = self._batch, [], 0
        requests = self._known.requests(list(dict.fromkeys(read.answer.custom_id for read in batch)))
        judged = [
            (read, self._judged(request, read.answer.reply))
            for read in batch
            if (request := self._request_of(read, requests)) is not None and read.answer.reply is not None
        ]
        wanted = [requests[key] for key in dict.fromkeys(answer.request_id for _, answer in judged)]
        stored = self._ledger.lookup(wanted, statuses=_STORED)
        fresh: list[Filed] = []
        held = {key: self._all_held(answer) for key, answer in stored.items()}
        for read, answer in judged:
            if self._is_new(read, answer, held.setdefault(answer.request_id, [])):
                held[answer.request_id].append(answer)
                name = f"files:{Path(read.file).name}"[:100]
                fresh.append(Filed(request=requests[answer.request_id], answer=answer, backend=name))
        if fresh:
            self._ledger.write(fresh)
            self._filed.update(filed.answer.status for filed in fresh)

    def _all_held(self, newest: ModelAnswer) -> list[ModelAnswer]:
        """Every stored answer to a request: a usable one counts alone, of others there may be several."""
        if newest.ok:
            return [newest]
        return [stored.answer for stored in self._ledger.show(newest.request_id).answers]

    def report(self) -> ImportReport:
        """What it came to."""
        return ImportReport(
            files=self.files,
            lines=self.lines,
            filed={status: self._filed[status] for status in _FILED if self._filed[status]},
            skipped={kind: self._skipped[kind] for kind in KINDS if self._skipped[kind]},
            problems=tuple(problem for kind in KINDS for problem in self._problems[kind]),
            models=dict(sorted(self._models.items())),
        )

    def _request_of(self, read: _Read, requests: Mapping[str, ModelRequest]) -> ModelRequest | None:
        """The request that a line answers; ``None``, and the line skipped, when it answers none."""
        answer = read.answer
        request = requests.get(answer.custom_id)
        if request is None and answer.fault != NOT_AN_ANSWER:
            words = f"{answer.custom_id[:80]!r}: {self._known.why_not(answer.custom_id)}"
            self._skip(read.file, read.line, UNKNOWN, words)
            return None
        if answer.fault or answer.reply is None or request is None:
            self._skip(read.file, read.line, answer.fault, f"{answer.custom_id[:80]}: {answer.words}")
            return None
        named = answer.reply.model
        if not self._by_model_asked(named, request.model):
            self._models[named] += 1
            words = f"{answer.custom_id}: asked of {request.model!r}, answered by {named[:80]!r}"
            self._skip(read.file, read.line, OTHER_MODEL, words)
            return None
        return request

    def _judged(self, request: ModelRequest, reply: Reply) -> ModelAnswer:
        cost = self._prices.cost(
            prompt_tokens=reply.prompt_tokens, completion_tokens=reply.completion_tokens
        )
        return replace(judge(request, reply), cost=cost)

    def _by_model_asked(self, named: str, asked: str) -> bool:
        return (
            named == asked
            or named in self._accepted
            or re.fullmatch(re.escape(asked) + _DATE, named) is not None
        )

    def _is_new(self, read: _Read, answer: ModelAnswer, held: Sequence[ModelAnswer]) -> bool:
        """Whether to file ``answer`` beside those that are ``held``: after a usable one nothing more."""
        if any(_same(answer, other) for other in held):
            words = f"{answer.request_id}: this answer is in the ledger already"
            self._skip(read.file, read.line, SAME_AGAIN, words)
            return False
        if any(other.ok for other in held):
            words = f"{answer.request_id}: it has another answer already, which stays"
            self._skip(read.file, read.line, ANOTHER_ANSWER, words)
            return False
        return True

    def _skip(self, file: str, line: int, kind: str, words: str) -> None:
        self._skipped[kind] += 1
        if len(self._problems[kind]) < _MOST_NAMED:
            self._problems[kind].append(Problem(file=file, line=line, kind=kind, words=words))


def _same(one: ModelAnswer, other: ModelAnswer) -> bool:
    """Whether two answers to one request are the same answer, whoever wrote it and when."""
    if one.ok and other.ok:
        return one.parsed == other.parsed
    alike = ("status", "text", "refusal", "finish_reason")
    return all(getattr(one, name) == getattr(other, name) for name in alike)
