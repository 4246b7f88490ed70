"""The judge that asks a model, one request an answer, through the ledger.

The reply's limit grows with the rubric, so that a whole reply always fits: a marker that is cut off
after a few tokens has not marked. Whatever is missing, twice, out of range, or quotes what the answer
does not say is a failed verdict, counted and never guessed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from grandrounds.authoring.prompts import load_prompt
from grandrounds.fingerprint import code_fingerprint
from grandrounds.llm.answer import OK, ModelAnswer
from grandrounds.llm.answering import Answering
from grandrounds.llm.request import Message, ModelRequest
from grandrounds.rubrics.judge import Judgement, Marking, Verdict
from grandrounds.rubrics.score import FAILED, MET, NOT_MET, rubric_sha256
from grandrounds.stem import locate

VERSION = "1"
_PROMPT = ("consultation", "mark")
_SYSTEM = "You are a clinician who marks answers by a rubric. Answer with one JSON object and nothing else."
_TOKENS, _TOKENS_EACH = 512, 192


def token_limit(criteria: int) -> int:
    """How long a reply on ``criteria`` criteria may be: room for a quote of some hundred words each."""
    return _TOKENS + _TOKENS_EACH * criteria


class ModelJudge:
    """Marks with a model; see the module. ``temperature`` may be ``None`` to leave it to the server."""

    name = "model"

    def __init__(self, client: Answering, *, temperature: float | None = 0.0) -> None:
        self._client = client
        self._temperature = temperature
        self._prompt = load_prompt(*_PROMPT)
        self.version = f"{VERSION}+{code_fingerprint('grandrounds.rubrics')}"

    def requests(self, markings: Iterable[Marking], /) -> Iterator[ModelRequest]:
        """The requests that ``judge`` sends, for those who carry them elsewhere."""
        return (self._request(marking) for marking in markings if marking.response.strip())

    def judge(self, markings: Iterable[Marking], /) -> Iterator[Judgement]:
        """One judgement each. An empty answer shows nothing, so nobody is asked about it."""
        waiting: deque[Marking] = deque()

        def requests() -> Iterator[ModelRequest]:
            for marking in markings:
                waiting.append(marking)
                if marking.response.strip():
                    yield self._request(marking)

        for request, answer in self._client.answers(requests()):
            while not waiting[0].response.strip():
                yield self._nothing(waiting.popleft())
            yield self._judgement(waiting.popleft(), request, answer)
        while waiting:
            yield self._nothing(waiting.popleft())

    def _request(self, marking: Marking) -> ModelRequest:
        text = self._prompt.render(
            {
                "question": marking.question,
                "response": marking.response,
                "rubric": [{"text": each.text} for each in marking.rubric],
            }
        )
        return ModelRequest.of(
            messages=(Message(role="system", content=_SYSTEM), Message(role="user", content=text)),
            schema_name=self._prompt.output.rsplit("/", 1)[-1],
            schema=self._prompt.schema,
            model=self._client.model,
            temperature=self._temperature,
            max_tokens=token_limit(len(marking.rubric)),
            prompt_name=self._prompt.name,
            prompt_version=self._prompt.version,
            prompt_sha256=self._prompt.sha256,
            protected=marking.protected,
        )

    def _judgement(self, marking: Marking, request: ModelRequest, answer: ModelAnswer) -> Judgement:
        return self._of(
            marking,
            model=answer.model,
            request=request.request_id,
            verdicts=_verdicts(marking, answer),
            status=answer.status,
        )

    def _nothing(self, marking: Marking) -> Judgement:
        verdicts = tuple(
            Verdict(criterion_id=each.criterion_id, verdict=NOT_MET) for each in marking.rubric
        )
        return self._of(marking, model="", request="", verdicts=verdicts)

    def _of(
        self,
        marking: Marking,
        *,
        model: str,
        request: str,
        verdicts: tuple[Verdict, ...],
        status: str = OK,
    ) -> Judgement:
        return Judgement(
            item_id=marking.item_id,
            rubric_sha256=rubric_sha256(marking.rubric),
            judge=self.name,
            judge_version=self.version,
            model=model or self._client.model,
            prompt_sha256=self._prompt.sha256,
            max_tokens=token_limit(len(marking.rubric)),
            request_id=request,
            status=status,
            verdicts=verdicts,
        )


def _verdicts(marking: Marking, answer: ModelAnswer) -> tuple[Verdict, ...]:
    if not answer.ok:
        why = f"{answer.status}: {answer.error}".strip(": ")
        return tuple(
            Verdict(criterion_id=each.criterion_id, verdict=FAILED, reason=why) for each in marking.rubric
        )
    given: dict[int, list[tuple[bool, str]]] = {}
    for row in answer.value()["verdicts"]:
        given.setdefault(row["number"], []).append((row["met"], row["quote"]))
    found = []
    for number, each in enumerate(marking.rubric, start=1):
        own = given.get(number, [])
        verdict, quote, reason = _one(own, marking.response)
        found.append(Verdict(criterion_id=each.criterion_id, verdict=verdict, quote=quote, reason=reason))
    return tuple(found)


def _one(own: list[tuple[bool, str]], response: str) -> tuple[str, str, str]:
    if len(own) != 1:
        return FAILED, "", f"{len(own)} verdicts were given"
    met, quote = own[0]
    if not met:
        return NOT_MET, "", ""
    span = locate(response, quote.strip(' "\u201c\u201d'))
    if span is None:
        return FAILED, "", "it is said to be met, but the quote is not in the answer"
    return MET, span.of(response), ""
