"""A patient on this machine: tells a consultation's findings only when they are asked for.

No model plays it: what is told are sentences of the case, word for word, chosen by the cues of the item's
``disclosures``. So the same questions get the same replies, and nothing is ever made up. It serves an
evaluator in process (``Patient``) or as a small HTTP server on the loopback address (``serve``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any

from grandrounds.errors import GrandRoundsError
from grandrounds.records.envelope import Item
from grandrounds.records.parts import Disclosure
from grandrounds.text import contains_phrase, sentences

NOTHING = "I have nothing to tell on that."
ALREADY = "I have told you all that I know of that."
_NOT_ASKED = re.compile(
    r"\b(?:no\s+need|not\s+need|don't\s+need|do\s+not\s+need|without|never\s+mind)\b", re.IGNORECASE
)
_MOST_BYTES = 1 << 20
_MOST_QUESTIONS = 50


class DialogueError(GrandRoundsError):
    """A conversation that can't go on: an unknown item, no words, too many questions."""


@dataclass(slots=True)
class Patient:
    """One conversation on one item. ``asked`` counts questions, ``told`` are the disclosures given so
    far."""

    item: Item
    most_questions: int = _MOST_QUESTIONS
    asked: int = 0
    told: list[int] = field(default_factory=list)
    _said: list[str] = field(default_factory=list)

    @property
    def opening(self) -> str:
        """What is told unasked: the stem and the request."""
        return f"{self.item.stem}\n\n{self.item.question}"

    def ask(self, message: str) -> str:
        """The reply to a message of the solver: every finding that it asks for and that is not told yet."""
        if self.asked >= self.most_questions:
            raise DialogueError(f"More than {self.most_questions} questions on item {self.item.item_id}.")
        self.asked += 1
        self._said.append(message)
        wanted = asked_for(message, self.item.disclosures)
        new = [number for number in wanted if number not in self.told]
        self.told += new
        if new:
            return " ".join(self.item.disclosures[number].text for number in new)
        return ALREADY if wanted else NOTHING

    def response(self, final: str) -> str:
        """What is marked: all that the solver said, its questions and its final words, in order.

        Asking for a test counts as asking for it, so the questions belong to the answer.
        """
        return "\n\n".join((*self._said, final))


def asked_for(message: str, disclosures: Sequence[Disclosure]) -> tuple[int, ...]:
    """The places of the disclosures whose cues a message says, in order; what it says it doesn't need is
    not."""
    told: list[int] = []
    parts = [span.of(message) for span in sentences(message)]
    wanted = "\n\n".join(part for part in parts if not _NOT_ASKED.search(part))
    for number, disclosure in enumerate(disclosures):
        if any(contains_phrase(wanted, cue) for cue in disclosure.cues):
            told.append(number)
    return tuple(told)


def serve(items: Sequence[Item], *, port: int = 0) -> ThreadingHTTPServer:
    """A server on 127.0.0.1 that plays the patients of ``items``; the caller runs and closes it.

    ``POST /ask`` with ``{"session": ..., "item_id": ..., "message": ...}`` gives ``{"reply": ...,
    "asked": n}``; an empty message gives the opening and counts nothing. Sessions are told apart
    by their names and live as long as the server does.
    """
    by_id = {item.item_id: item for item in items}
    patients: dict[tuple[str, str], Patient] = {}
    lock = Lock()

    def replied(body: Any) -> dict[str, Any]:
        wanted = ("session", "item_id", "message")
        if not isinstance(body, dict) or not all(isinstance(body.get(name), str) for name in wanted):
            raise DialogueError("A question is an object with the texts session, item_id and message.")
        item = by_id.get(body["item_id"])
        if item is None:
            raise DialogueError(f"There is no item {body['item_id'][:80]!r}.")
        with lock:
            patient = patients.setdefault((body["session"], item.item_id), Patient(item))
            reply = patient.ask(body["message"]) if body["message"].strip() else patient.opening
            return {"reply": reply, "asked": patient.asked}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            try:
                size = int(self.headers.get("Content-Length") or 0)
                if self.path != "/ask" or not 0 < size <= _MOST_BYTES:
                    raise DialogueError("Ask at /ask, with a body of at most 1 MiB.")
                self._send(200, replied(json.loads(self.rfile.read(size))))
            except DialogueError as exc:
                self._send(400, {"error": exc.what})
            except (ValueError, UnicodeDecodeError, RecursionError):
                self._send(400, {"error": "The body is not JSON."})

        def _send(self, status: int, value: dict[str, Any]) -> None:
            data = json.dumps(value, ensure_ascii=False).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
            """Nothing is printed for each question."""

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)
