"""Sends sound to be recognised: a POST of a form a piece, by the carriers, faults and waits of models.

The form is RFC 7578's. Its boundary is a hash of the sound, so that it can't stand in it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import orjson

from grandrounds.errors import ModelError
from grandrounds.fingerprint import sha256_bytes
from grandrounds.llm.backends.carriers import make_carrier
from grandrounds.llm.backends.faults import Fault, Refusal, fault
from grandrounds.llm.backends.http import Sleep
from grandrounds.llm.backends.retry import RetryPolicy
from grandrounds.videos.speech_answer import NonsenseError, Transcription, read_answer
from grandrounds.videos.speech_plan import SpeechPlan

_CONNECT_SECONDS = 10.0
_MOST_BYTES = 16 * 1024 * 1024
_GRAIN = "timestamp_granularities"


class Wire:
    """Asks the endpoint of ``plan``. Used by one piece at a time or by several at once."""

    def __init__(
        self,
        plan: SpeechPlan,
        *,
        api_key: str,
        retry: RetryPolicy | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._plan = plan
        self._api_key = api_key
        self._retry = retry or RetryPolicy()
        self._sleep = sleep
        self._grain = True
        self._answered = False

    async def ask(self, sound: bytes, *, seconds: float) -> Transcription | Fault:
        """What is heard in a WAVE file, or why nobody knows after as many tries as it takes.

        Raises ``ModelError`` when no request can succeed: nothing listens, a wrong key, an unknown model.
        """
        name = sha256_bytes(sound)
        attempt = 0
        while True:
            attempt += 1
            outcome = await self._try(sound, name, seconds)
            if isinstance(outcome, Transcription):
                return outcome
            self._give_up_if_unreachable(outcome, attempt)
            if not outcome.again or attempt >= self._retry.attempts:
                return outcome
            if outcome.asked is not None and outcome.asked > self._retry.longest_asked:
                return outcome
            await self._sleep(self._retry.wait(name, attempt=attempt, asked=outcome.asked))

    async def _try(self, sound: bytes, name: str, seconds: float) -> Transcription | Fault:
        """One try. A server that doesn't know a field of ours is asked once more without it."""
        outcome = await self._send(sound, name, seconds)
        if isinstance(outcome, Refusal) and _names_grain(outcome):
            self._grain = False
            outcome = await self._send(sound, name, seconds)
        if not isinstance(outcome, Refusal):
            return outcome
        return fault(outcome, endpoint=self._plan.endpoint(self._api_key), model=self._plan.model)

    async def _send(self, sound: bytes, name: str, seconds: float) -> Transcription | Refusal | Fault:
        boundary = f"grandrounds-{name}"
        endpoint = self._plan.endpoint(
            self._api_key, content_type=f"multipart/form-data; boundary={boundary}"
        )
        body = form(boundary, self._fields(), file=sound)
        carrier = make_carrier(
            endpoint,
            timeout_seconds=self._plan.timeout_seconds,
            connect_seconds=_CONNECT_SECONDS,
            maximum_bytes=_MOST_BYTES,
        )
        async with carrier:
            response = await carrier.post(body)
        if isinstance(response, Fault):
            return response
        self._answered = True
        if response.status != 200:
            return Refusal.read(
                response.status, headers=response.headers, body=response.body, endpoint=endpoint
            )
        return _understood(response.body, seconds)

    def _fields(self) -> Mapping[str, str]:
        fields = {"model": self._plan.model, "response_format": "verbose_json", "temperature": "0"}
        return {**fields, f"{_GRAIN}[]": "segment"} if self._grain else fields

    def _give_up_if_unreachable(self, last: Fault, attempt: int) -> None:
        if last.error_class != "connect":
            return
        tries = self._retry.attempts if self._answered else self._retry.unanswered
        if attempt >= min(tries, self._retry.attempts):
            raise ModelError(
                f"Nothing answers at {self._plan.base_url} ({last.error}).",
                remedy="Start the server that recognises speech, check GRANDROUNDS_SPEECH_BASE_URL, or "
                "unset GRANDROUNDS_SPEECH_MODEL to do without words.",
            )


def form(boundary: str, fields: Mapping[str, str], *, file: bytes) -> bytes:
    """A form of ``fields`` and a WAVE file as ``multipart/form-data``."""
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="sound.wav"\r\n'
        "Content-Type: audio/wav\r\n\r\n"
    )
    return b"".join([*parts, head.encode(), file, f"\r\n--{boundary}--\r\n".encode()])


def _names_grain(refusal: Refusal) -> bool:
    """Whether a server refuses the field that not all of them know."""
    return refusal.status in {400, 422} and _GRAIN in f"{refusal.message} {refusal.parameter}"


def _understood(body: bytes, seconds: float) -> Transcription | Fault:
    try:
        document: Any = orjson.loads(body)
    except (orjson.JSONDecodeError, RecursionError):
        empty = not body.strip()
        words = "the server's reply is empty" if empty else "the server's reply is not JSON"
        return Fault(error_class="not_json", error=words, again=empty)
    try:
        return read_answer(document, seconds=seconds)
    except NonsenseError as exc:
        return Fault(error_class="nonsense", error=str(exc), again=False)
