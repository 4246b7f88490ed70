"""A responder for the stub server that answers as a careful model would: from the article it was sent.

``python tests/support/stub_openai.py --responder tests/support/expert.py:answer`` serves it alone.
"""

from __future__ import annotations

import re
from typing import Any

from grandrounds.authoring.titles import conditions_in_title
from grandrounds.text import find_phrase, sentences

_STATED = re.compile(
    r"(?:[Dd]iagnosis of|diagnosed (?:with|as)) (?:an? )?([a-z][\w' -]{4,60}?)(?: was| based| by|[.,;])"
)
_OTHERS = (
    "Chronic venous insufficiency",
    "Familial Mediterranean fever",
    "Acute intermittent porphyria",
    "Disseminated histoplasmosis",
    "Primary hyperparathyroidism",
    "Granulomatous interstitial nephritis",
)


def answer(body: dict[str, Any]) -> dict[str, Any]:
    """The object that the request's schema asks for."""
    message = body["messages"][-1]["content"]
    properties = body["response_format"]["json_schema"]["schema"]["properties"]
    return revision(message) if "verdict" in properties else draft(message)


def draft(message: str) -> dict[str, Any]:
    """Stage one: diagnosis by title or statement, quotes copied from the article."""
    article = between(message, "BEGIN ARTICLE", "END ARTICLE")
    title = re.search(r"^Title: (.*)$", message, re.MULTILINE)
    named = conditions_in_title(title.group(1)) if title else ()
    stated = _STATED.search(article)
    diagnosis = named[0] if named else stated.group(1) if stated else ""
    shown = [span.of(article) for span in sentences(article)]
    stating = [words for words in shown if diagnosis and find_phrase(words, diagnosis)]
    silent = [words for words in shown if words not in stating and len(words.split()) > 5]
    wanted = re.search(r"exactly (\d+) other diagnoses", message)
    return {
        "diagnosis": diagnosis,
        "aliases": [],
        "distractors": list(_OTHERS[: int(wanted.group(1))]) if wanted else [],
        "rationale": f"The findings before the diagnosis fit {diagnosis}.",
        "support_quotes": silent[:12],
        "answer_quote": stating[0] if stating else "",
    }


def revision(message: str) -> dict[str, Any]:
    """Stage two: the draft stands, with one change noted."""
    text = between(message, "BEGIN DRAFT", "END DRAFT")

    def field(name: str) -> str:
        found = re.search(rf"^{name}: (.*)$", text, re.MULTILINE)
        return found.group(1) if found else ""

    return {
        "diagnosis": field("diagnosis"),
        "aliases": [alias for alias in field("aliases").split("; ") if alias],
        "distractors": [name for name in field("distractors").split("; ") if name],
        "rationale": field("rationale") + " Weighed again.",
        "support_quotes": re.findall(r"^- (.*)$", text, re.MULTILINE),
        "answer_quote": field("answer quote"),
        "changes": [{"criterion": "evidence_quoted", "change": "weighed the findings again"}],
        "verdict": "keep",
        "verdict_reason": "",
    }


def between(message: str, begin: str, end: str) -> str:
    """The material between two marker lines; the last pair counts, the head only mentions them."""
    return message.rsplit(f"{begin}\n", 1)[-1].split(f"\n{end}", 1)[0]
