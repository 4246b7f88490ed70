"""Models for panels, as responders of the stub server: a good solver, a guesser, one that knows too much.

One stub serves several models: each request names the one it is for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grandrounds.fingerprint import unit_interval
from grandrounds.records.envelope import Envelope
from tests.support.stub_answers import text_of

_OPTION = re.compile(r"^([A-J])\. (.*)$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Question:
    """What a model was asked: the case (empty when withheld), and the options by letter."""

    text: str
    case: str
    options: Mapping[str, str]

    @property
    def blind(self) -> bool:
        """Whether the case is withheld."""
        return not self.case

    def letter_of(self, option: str) -> str:
        """The letter of an option; A for one that isn't there."""
        return next((letter for letter, text in self.options.items() if text == option), "A")


Mind = Callable[[Question], str]
"""Answers a question: with an option's words, or with free words."""


def read_question(body: Mapping[str, Any]) -> Question:
    """The question in a request's body."""
    text = text_of(body["messages"][-1])
    case = text.split("BEGIN CASE\n", 1)[-1].split("\nEND CASE", 1)[0] if "BEGIN CASE" in text else ""
    asked = text.rsplit("Question: ", 1)[-1]
    return Question(text=text, case=case, options=dict(_OPTION.findall(asked)))


def responder(minds: Mapping[str, Mind]) -> Callable[[dict[str, Any]], Any]:
    """A responder for a stub that serves every model of ``minds``."""

    def respond(body: dict[str, Any]) -> dict[str, str]:
        question = read_question(body)
        answer = minds[body["model"]](question)
        if not question.options:
            return {"reason": "So it reads.", "answer": answer}
        return {"reason": "So it reads.", "letter": question.letter_of(answer)}

    return respond


def solver(rows: Iterable[Envelope]) -> Mind:
    """Finds the diagnosis of every case that it may read, and guesses otherwise."""
    known = {row.stem: row.answer for row in rows}
    return lambda question: known.get(question.case) or guesser(question)


def guesser(question: Question) -> str:
    """Picks an option by its wording, whatever the case and the order; it knows nothing."""
    words = sorted(question.options.values(), key=lambda option: unit_interval("guess", option))
    return words[0] if words else "I have no idea"


def always_first(question: Question) -> str:
    """Always says A."""
    return question.options.get("A", "something")


def knows(rows: Iterable[Envelope], also: Mind) -> Mind:
    """Knows the answers to ``rows`` by their options, without any case; asks ``also`` about the rest."""
    known = {frozenset(row.options): row.answer for row in rows if row.options}
    return lambda question: known.get(frozenset(question.options.values())) or also(question)


def models_file(folder: Path, addresses: Mapping[str, str], *, protected_ok: Collection[str] = ()) -> Path:
    """A models file: base URL by model name; only those of ``protected_ok`` are local."""
    lines = ["models:"]
    for name, base_url in addresses.items():
        local = str(name in protected_ok).lower()
        lines.append(f"  {name}: {{base_url: '{base_url}', local: {local}, version: 'v-{name}'}}")
    path = folder / "models.yaml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
