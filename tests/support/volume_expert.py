"""A responder for the stub server that words facts of volumes as a careful model would, and three that don't.

``python tests/support/stub_openai.py --responder tests/support/volume_expert.py:answer`` serves it alone.
"""

from __future__ import annotations

import re
from typing import Any

from tests.support.stub_answers import text_of


def answer(body: dict[str, Any]) -> dict[str, Any]:
    """The object that the request's schema asks for, in words that keep to the fact."""
    text = text_of(body["messages"][-1])
    if not _is_revision(body):
        return _worded(between(text, "BEGIN FACT", "END FACT"))
    draft = between(text, "BEGIN DRAFT", "END DRAFT")
    question, rationale = field(draft, "question"), field(draft, "rationale")
    return {
        "question": question,
        "rationale": rationale.replace("Taken together", "From all this"),
        "changes": [{"criterion": "plain_words", "change": "said it more plainly"}],
        "verdict": "keep",
        "verdict_reason": "",
    }


def miscounting(body: dict[str, Any]) -> dict[str, Any]:
    """A model that adds a number of its own to every rationale."""
    made = answer(body)
    return made | {"rationale": f"Some 777 voxels are seen. {made['rationale']}"}


def blurting(body: dict[str, Any]) -> dict[str, Any]:
    """A model that says the answer first and reasons afterwards, but revises well."""
    made = answer(body)
    if _is_revision(body):
        return made
    sentences = re.split(r"(?<=\.) ", made["rationale"])
    return made | {"rationale": " ".join(reversed(sentences))}


def dropping(body: dict[str, Any]) -> dict[str, Any]:
    """A model that drops at the second look what it drafted."""
    made = answer(body)
    return (
        made | {"verdict": "drop", "verdict_reason": "two options are right"} if "verdict" in made else made
    )


def between(message: str, begin: str, end: str) -> str:
    """The material between two marker lines; the last pair counts, the head only mentions them."""
    return message.rsplit(f"{begin}\n", 1)[-1].split(f"\n{end}", 1)[0]


def field(text: str, name: str) -> str:
    """What stands in the line ``name: ...``."""
    found = re.search(rf"^{name}: (.*)$", text, re.MULTILINE)
    return found.group(1) if found else ""


def _worded(fact: str) -> dict[str, Any]:
    reasons = re.findall(r"^reasoning: (.*)$", fact, re.MULTILINE)
    told = [*reasons[:-1], f"Taken together: {field(fact, 'answer')}."]
    return {"question": f"Look closely. {field(fact, 'question')}", "rationale": " ".join(told)}


def _is_revision(body: dict[str, Any]) -> bool:
    return "verdict" in body["response_format"]["json_schema"]["schema"]["properties"]
