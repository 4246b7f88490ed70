"""Label Studio: tasks with the current values as predictions, a labelling config, and its JSON back in.

Taken in: its JSON and JSON-MIN exports. Drafts and cancelled annotations are no decisions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from xml.sax.saxutils import quoteattr

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
from grandrounds.review.exchange.filled import IDS, SHOWN, Numbered, undecided
from grandrounds.review.exchange.people import People, unknown
from grandrounds.review.exchange.texts import moment_of, number_of, text_of

_OF_LISTS = {"options": "options_text", "answer_aliases": "aliases_text"}
_OF_LISTS |= {name: f"{name}_text" for name in ("evidence", "flags", "parts")}


def config(boxes: Sequence[Box]) -> str:
    """The labelling config that these tasks go with, with ``boxes`` to fill in."""
    shown = [
        f'  <Header value={quoteattr(title)} size="5"/>\n'
        f'  <Text name="{name}" value="${name}" granularity="word"/>'
        for name, title in ((_OF_LISTS.get(name, name), title) for name, title in FIELDS)
    ]
    asked = [
        f'  <Header value={quoteattr(box.title)} size="{4 if box.kind == "decision" else 6}"/>\n'
        f"  {_tag(box)}"
        for box in boxes
    ]
    return "\n".join(["<View>", *shown, *asked, "</View>", ""])


def write(lines: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The tasks, one a line, as one JSON list."""
    return json_list(map(_task, lines))


def read(tasks: Iterable[tuple[int, Any]], *, people: People) -> Iterator[Numbered]:
    """The decisions in ``tasks`` (place and JSON value)."""
    for number, task in tasks:
        if not isinstance(task, Mapping):
            yield number, "It is no task."
        elif isinstance(task.get("data"), Mapping):
            yield from _annotations(number, task, people)
        else:
            yield from _minimal(number, task, people)


def _tag(box: Box) -> str:
    to = f'name="{box.name}" toName="question"'
    if box.kind == "decision":
        choices = "".join(f'<Choice value="{decision}"/>' for decision in DECISIONS)
        return f'<Choices {to} choice="single-radio" required="true">{choices}</Choices>'
    if box.kind == "score":
        return f'<Rating {to} maxRating="5"/>'
    rows = 3 if box.name.startswith("edited_") else 2
    return f'<TextArea {to} rows="{rows}" maxSubmissions="1" editable="true"/>'


def _task(line: Mapping[str, Any]) -> dict[str, Any]:
    data = {name: line[name] for name in (*IDS, *SHOWN, "role", "reviewer", "criteria")}
    texts = texts_of(line)
    data |= {shown: texts[name] for name, shown in _OF_LISTS.items()}
    data |= {"media": line["media"], "citation": line["citation"]}
    if "earlier_decisions" in line:
        data["earlier_decisions"] = line["earlier_decisions"]
    current = [
        {"from_name": name, "to_name": "question", "type": "textarea", "value": {"text": [text]}}
        for name, text in present(line).items()
    ]
    return {"data": data, "predictions": [{"model_version": "as asked", "result": current}]}


def _annotations(number: int, task: Mapping[str, Any], people: People) -> Iterator[Numbered]:
    annotations = task.get("annotations", task.get("completions")) or []
    if not isinstance(annotations, list):
        yield number, "Its annotations are no list."
        return
    answered = False
    for annotation in annotations:
        if not isinstance(annotation, Mapping):
            answered = True
            yield number, "One of its annotations is none."
            continue
        if annotation.get("was_cancelled"):
            continue
        boxes = _boxes(annotation.get("result"))
        if boxes:
            who = annotation.get("completed_by")
            when = annotation.get("updated_at") or annotation.get("created_at")
            seconds = annotation.get("lead_time")
            answered = True
            yield number, _line(task["data"], boxes, who=who, when=when, seconds=seconds, people=people)
    if not answered:
        yield number, undecided(task["data"])


def _minimal(number: int, task: Mapping[str, Any], people: People) -> Iterator[Numbered]:
    boxes = {name: text_of(task.get(name)) for name in NAMES}
    if any(boxes.values()):
        when = task.get("updated_at") or task.get("created_at")
        who, seconds = task.get("annotator"), task.get("lead_time")
        yield number, _line(task, boxes, who=who, when=when, seconds=seconds, people=people)
    else:
        yield number, undecided(task)


def _line(
    data: Mapping[str, Any],
    boxes: Mapping[str, str],
    *,
    who: Any,
    when: Any,
    seconds: Any,
    people: People,
) -> bytes | str:
    reviewer = people.pseudonym(who, otherwise=text_of(data.get("reviewer")))
    if reviewer is None:
        return unknown(who)
    moment = moment_of(when)
    if isinstance(moment, str):
        return moment
    return filled_line(
        boxes,
        criteria=data.get("criteria"),
        ids={name: text_of(data.get(name)) for name in IDS},
        shown={name: data[name] for name in SHOWN if name in data},
        reviewer=reviewer,
        role=text_of(data.get("role")),
        seconds=number_of(seconds),
        decided_at=moment,
    )


def _boxes(result: Any) -> dict[str, str]:
    """What was chosen and typed, by the name of the control."""
    found: dict[str, str] = {}
    for part in result if isinstance(result, list) else []:
        value = part.get("value") if isinstance(part, Mapping) else None
        if not isinstance(value, Mapping):
            continue
        name, text = text_of(part.get("from_name")), text_of(value)
        found[name] = f"{found[name]}\n{text}" if name in found else text
    return found
