"""Argilla: records with the current values as suggestions, their dataset's settings, and records back.

Taken in: what its client's ``records.to_json`` writes, and ``to_list(flatten=True)`` as JSON. The nested
form doesn't say which responses are only drafts; whoever has a decision in it has decided.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from grandrounds.review.criteria import SCORES
from grandrounds.review.exchange.boxes import (
    DECISIONS,
    FIELDS,
    NAMES,
    Box,
    filled_line,
    json_list,
    present,
    texts_of,
)
from grandrounds.review.exchange.filled import IDS, LISTS, SHOWN, Numbered, undecided, unlisted
from grandrounds.review.exchange.people import People, unknown
from grandrounds.review.exchange.texts import number_of, text_of


def settings(boxes: Sequence[Box]) -> str:
    """The settings of a dataset that these records fit, with ``boxes`` to fill in, as
    ``rg.Settings.from_json`` reads them."""
    fields = [
        {
            "name": name,
            "title": title,
            "required": name == "question",
            "settings": {"type": "text", "use_markdown": False},
        }
        for name, title in FIELDS
    ]
    questions = [
        {
            "name": box.name,
            "title": box.title,
            "required": box.kind == "decision",
            "settings": _settings_of(box),
        }
        for box in boxes
    ]
    found = {
        "guidelines": "Decide on each item. Fill in the edited fields only with edit; one option a line.",
        "fields": fields,
        "questions": questions,
        "vectors": [],
        "metadata": [
            {"name": name, "title": name, "settings": {"type": "terms"}} for name in (*IDS, "task", "role")
        ],
        "allow_extra_metadata": True,
        "distribution": {"strategy": "overlap", "min_submitted": 1},
        "mapping": None,
    }
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def write(lines: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The records, one a line, as one JSON list."""
    return json_list(map(_record, lines))


def read(records: Iterable[tuple[int, Any]], *, people: People) -> Iterator[Numbered]:
    """The decisions in ``records`` (place and JSON value)."""
    for number, record in records:
        if not isinstance(record, Mapping):
            yield number, "It is no record."
            continue
        nested = isinstance(record.get("fields"), Mapping)
        fields = record["fields"] if nested else record
        metadata = record.get("metadata") if nested else record
        if not isinstance(metadata, Mapping):
            yield number, "It has no metadata, so it doesn't say which item it is about."
            continue
        answers = _answers(record["responses"]) if nested and record.get("responses") else _flat(record)
        if not answers:
            yield number, undecided(metadata)
        for who, boxes in answers.items():
            yield number, _line(fields, metadata, who, boxes, people)


def _settings_of(box: Box) -> dict[str, Any]:
    if box.kind == "decision":
        options = [{"value": value, "text": value} for value in DECISIONS]
        return {"type": "label_selection", "options": options}
    if box.kind == "score":
        return {"type": "rating", "options": [{"value": score} for score in SCORES]}
    return {"type": "text", "use_markdown": False}


def _record(line: Mapping[str, Any]) -> dict[str, Any]:
    suggestions = {
        name: {"value": text, "score": None, "agent": "as asked"} for name, text in present(line).items()
    }
    metadata = {name: line[name] for name in (*IDS, "task", "role", "reviewer") if line[name]}
    for name in ("criteria", "earlier_decisions"):
        if line.get(name):
            metadata[name] = json.dumps(line[name], ensure_ascii=False)
    return {
        "id": line["item_id"],
        "fields": {name: text for name, text in texts_of(line).items() if text},
        "metadata": metadata,
        "suggestions": suggestions,
        "responses": {},
        "vectors": {},
    }


def _answers(responses: Any) -> dict[str, dict[str, str]]:
    """Who answered what, from the nested form."""
    found: dict[str, dict[str, str]] = {}
    for name, given in responses.items() if isinstance(responses, Mapping) else ():
        for response in given if isinstance(given, list) else ():
            if isinstance(response, Mapping) and response.get("status") not in {"draft", "discarded"}:
                found.setdefault(text_of(response.get("user_id")), {})[name] = text_of(
                    response.get("value")
                )
    return found


def _flat(record: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Who answered what, from the flattened form."""
    found: dict[str, dict[str, str]] = {}
    for name in NAMES:
        values = record.get(f"{name}.responses") or []
        users = record.get(f"{name}.responses.users") or []
        states = record.get(f"{name}.responses.status") or ["submitted"] * len(values)
        if not all(isinstance(part, list) for part in (values, users, states)):
            continue
        for value, user, state in zip(values, users, states, strict=False):
            if state not in {"draft", "discarded"}:
                found.setdefault(text_of(user), {})[name] = text_of(value)
    return found


def _line(
    fields: Mapping[str, Any],
    metadata: Mapping[str, Any],
    who: str,
    boxes: Mapping[str, str],
    people: People,
) -> bytes | str:
    reviewer = people.pseudonym(who, otherwise=text_of(metadata.get("reviewer")))
    if reviewer is None:
        return unknown(who)
    shown: dict[str, Any] = {name: text_of(fields.get(name)) for name in SHOWN if name != "task"}
    shown |= {name: unlisted(shown[name]) for name in LISTS}
    return filled_line(
        boxes,
        criteria=metadata.get("criteria"),
        ids={name: text_of(metadata.get(name)) for name in IDS},
        shown=shown,
        reviewer=reviewer,
        role=text_of(metadata.get("role")),
        seconds=number_of(metadata.get("seconds")),
    )
