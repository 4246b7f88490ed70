"""The model author of figures: it sees the picture, its caption and the text that refers to it.

It drafts question, answer, wrong options and quotes; a second request revises them against written
criteria. The solver will see the picture alone. What the model says is checked: a quote counts only if it
stands in the figure's text word for word, and a wrong option that may be right, or that the caption
names, is thrown away. An item whose last wording still fails a criterion that code can check is dropped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from grandrounds.authoring.asking import Reply
from grandrounds.authoring.figure_checks import PANEL_TASK, problems, related_options
from grandrounds.authoring.figure_compose import (
    FIGURE_ORIGIN,
    MODEL_ORIGIN,
    NO_DISTRACTORS,
    NOTHING_TO_ASK,
    Content,
    author_version,
    envelope_fields,
    labels_of,
    unusable,
)
from grandrounds.authoring.figure_panels import panels_unknown
from grandrounds.authoring.prompts import load_prompt
from grandrounds.authoring.rows import draft_of, spans
from grandrounds.authoring.task_model import TaskModelAuthor
from grandrounds.figures.taxonomy import ANATOMY, MODALITY, NodePath, load_taxonomy
from grandrounds.llm.request import MEDIA_TYPES, MediaPart, ModelRequest
from grandrounds.recipe import Task, prompt_folder
from grandrounds.records.envelope import OK, Draft, Revision
from grandrounds.records.figure import FigureRow
from grandrounds.records.parts import Authorship, Flag, OptionOrigin, Span
from grandrounds.stem import locate
from grandrounds.text import contains_phrase, normalise

VERSION = "1"
OPEN_TASKS = frozenset({"figure_description_open"})
DROPPED, FAILED, UNPARSABLE = "dropped", "failed", "unparsable"
QUOTE_NOT_FOUND, OPTION_REFUSED, LABEL_UNKNOWN = "quote_not_found", "option_refused", "label_unknown"
_SYSTEM = (
    "You are a physician who writes examination items on medical pictures. "
    "Answer with one JSON object and nothing else."
)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A task of a figure; ``status`` and ``reason`` are why nothing is asked about it, if so."""

    row: FigureRow
    task: Task
    status: str
    reason: str


class FigureModelAuthor(TaskModelAuthor[FigureRow, _Asked]):
    """Writes with a model that sees the picture; see the module."""

    system = _SYSTEM

    def _subject(self, row: FigureRow, task: Task) -> _Asked:
        return _Asked(row, task, *_unaskable(row, task))

    def _draft_request(self, asked: _Asked) -> ModelRequest | None:
        if asked.status != OK:
            return None
        prompt = load_prompt(prompt_folder(asked.task.name), "draft")
        text = prompt.render(_material(asked.row, asked.task))
        return self._asker.request(prompt, text, protected=asked.row.protected, media=_picture(asked.row))

    def _revise_request(self, pair: tuple[Draft, FigureRow]) -> ModelRequest:
        draft, row = pair
        prompt = load_prompt(prompt_folder(draft.task), "revise")
        material = _material(row, self._tasks[draft.task]) | {
            "stem": draft.stem,
            "criteria": list(self._recipe.criteria or prompt.criteria),
            "draft": {
                "question": draft.question,
                "subject": draft.subject,
                "answer": draft.answer,
                "aliases": list(draft.answer_aliases),
                "distractors": [option for option in draft.options if option != draft.answer],
                "rationale": draft.rationale,
                "quotes": [evidence.quote for evidence in draft.evidence],
            },
        }
        return self._asker.request(
            prompt, prompt.render(material), protected=row.protected, media=_picture(row)
        )

    def _draft(self, asked: _Asked, reply: Reply | None) -> Draft:
        authorship = Authorship(
            author=self.name,
            author_version=author_version(VERSION),
            model=self._model(reply),
            draft_prompt_sha256=reply.request.prompt_sha256 if reply else None,
            draft_request_id=reply.request.request_id if reply else None,
        )
        if reply is None:
            content = Content(task=asked.task.name, status=asked.status, reason=asked.reason)
        elif not reply.answer.ok:
            content = Content(task=asked.task.name, status=reply.answer.status, reason=reply.failure)
        else:
            content = self._content(asked.row, asked.task, reply, flags=())
        return draft_of(
            self._fields(asked.row, content, authorship), status=content.status, reason=content.reason
        )

    def _revision(self, draft: Draft, row: FigureRow, reply: Reply) -> Revision:
        authorship = reply.revised(draft.authorship)
        changes: tuple[str, ...] = ()
        if not reply.answer.ok:
            content = replace(_kept(draft), status=reply.answer.status, reason=reply.failure)
        else:
            content = self._content(row, self._tasks[draft.task], reply, flags=draft.quality_flags)
            changes = reply.changes
            if reply.why_dropped:
                content = replace(content, status=DROPPED, reason=reply.why_dropped)
        fields = self._fields(row, content, authorship)
        status, reason = content.status, content.reason
        return self._checked(draft, row, fields=fields, status=status, reason=reason, changes=changes)

    def _problems(self, made: Revision, row: FigureRow) -> tuple[str, ...]:
        return problems(made)

    def _fields(self, row: FigureRow, content: Content, authorship: Authorship) -> dict[str, Any]:
        return envelope_fields(
            row,
            content,
            recipe=self._recipe.name,
            authorship=authorship,
            open_question=content.task in OPEN_TASKS,
        )

    def _content(self, row: FigureRow, task: Task, reply: Reply, *, flags: tuple[Flag, ...]) -> Content:
        """What a model's answer comes to for the figure, and why it can't go on, if so."""
        value = reply.answer.value()
        answer = " ".join(value["answer"].split())
        question = " ".join(value["question"].split())
        if value.get("nothing_to_ask") or not answer or not question:
            reason = " ".join((value.get("nothing_to_ask") or "").split())
            return Content(
                task=task.name,
                status=NOTHING_TO_ASK,
                reason=reason or "the model found nothing to ask",
                flags=flags,
            )
        model = self._model(reply)
        quotes, lost = _located(row, value["quotes"])
        options, refused = _options(row, task, answer, value["distractors"], model=model)
        labels, unknown = _labels(row, value)
        subject = value["subject"].strip(" ().")
        content = Content(
            task=task.name,
            subject=subject if subject in {panel.label for panel in row.panels} else "",
            question=question,
            answer=answer,
            aliases=_clean(value["aliases"], without=(answer,)),
            answer_reference=model,
            distractors=options,
            rationale=" ".join(value["rationale"].split()),
            quotes=quotes,
            labels=labels,
            flags=tuple(dict.fromkeys((*flags, *lost, *refused, *unknown))),
        )
        status, reason = _fault(row, task, content)
        return replace(content, status=status, reason=reason)


def _unaskable(row: FigureRow, task: Task) -> tuple[str, str]:
    reason = unusable(row)
    if not reason and task.name == PANEL_TASK:
        reason = panels_unknown(row)
    if reason:
        return NOTHING_TO_ASK, reason
    if row.mime not in MEDIA_TYPES:
        return FAILED, f"a model can't be shown a picture of the type {row.mime!r}"
    return OK, ""


def _picture(row: FigureRow) -> tuple[MediaPart, ...]:
    return (MediaPart(sha256=row.sha256, media_type=row.mime),)


def _material(row: FigureRow, task: Task) -> dict[str, Any]:
    """What both prompts show of a figure."""
    closed = task.name not in OPEN_TASKS and task.name != PANEL_TASK
    return {
        "task": task.name,
        "caption": row.caption,
        "mentions": [mention.span.of(row.text) for mention in row.mentions],
        "panels": [panel.label for panel in row.panels],
        "words_inside": list(row.words_inside),
        "distractors": task.options - 1 if closed else 0,
        "modalities": _paths(MODALITY, depth=2),
        "places": _paths(ANATOMY, depth=2),
    }


def _paths(scheme: str, *, depth: int) -> list[str]:
    return ["/".join(node.path) for node in load_taxonomy(scheme).nodes if len(node.path) == depth]


def _located(row: FigureRow, quotes: Sequence[str]) -> tuple[tuple[Span, ...], tuple[Flag, ...]]:
    found, lost = [], []
    for quote in quotes:
        span = locate(row.text, quote)
        if span is None:
            lost.append(Flag(flag=QUOTE_NOT_FOUND, detail=quote[:300]))
        else:
            found.append(span)
    unique = sorted(set(found), key=lambda span: (span.start, span.end))
    return tuple(unique), tuple(lost)


def _options(
    row: FigureRow, task: Task, answer: str, distractors: Sequence[str], *, model: str
) -> tuple[tuple[OptionOrigin, ...], tuple[Flag, ...]]:
    """The wrong options: the other panels' letters, or the model's that are neither right nor named."""
    if task.name in OPEN_TASKS:
        return (), ()
    if task.name == PANEL_TASK:
        letters = [panel.label for panel in row.panels if panel.label != answer][: task.options - 1]
        return tuple(
            OptionOrigin(option=each, origin=FIGURE_ORIGIN, reference=each) for each in letters
        ), ()
    kept, refused = [], []
    for name in _clean(distractors, without=(answer,)):
        reason = "may be right as well" if related_options(task.name, answer, name) else ""
        if contains_phrase(row.caption, name):
            reason = "the caption names it"
        if reason:
            refused.append(Flag(flag=OPTION_REFUSED, detail=f"{name}: {reason}"))
        else:
            kept.append(OptionOrigin(option=name, origin=MODEL_ORIGIN, reference=model))
    return tuple(kept[: task.options - 1]), tuple(refused)


def _labels(row: FigureRow, value: Mapping[str, Any]) -> tuple[Any, tuple[Flag, ...]]:
    """The labels that the words tell; where they are silent, the model's, if the taxonomies have them."""
    named: dict[str, NodePath] = {}
    unknown = []
    for scheme in (MODALITY, ANATOMY):
        path = tuple(part.strip() for part in value[scheme].split("/") if part.strip())
        if path and path in load_taxonomy(scheme):
            named[scheme] = path
        elif path:
            unknown.append(Flag(flag=LABEL_UNKNOWN, detail=f"{scheme}: {value[scheme][:200]}"))
    return labels_of(row, named), tuple(unknown)


def _fault(row: FigureRow, task: Task, content: Content) -> tuple[str, str]:
    if not content.quotes:
        return UNPARSABLE, "none of the quotes stands in the caption or the text that refers to the figure"
    if task.name == PANEL_TASK and content.answer not in {panel.label for panel in row.panels}:
        return UNPARSABLE, f"the answer {content.answer!r} is no panel of the figure"
    if task.name in OPEN_TASKS or task.name == PANEL_TASK:
        return OK, ""
    missing = task.options - 1 - len(content.distractors)
    if missing > 0:
        return NO_DISTRACTORS, f"{missing} wrong options are missing"
    return OK, ""


def _clean(names: Sequence[str], *, without: Sequence[str]) -> tuple[str, ...]:
    known = {normalise(name) for name in without}
    kept = []
    for name in names:
        tidy = " ".join(name.split())
        if tidy and normalise(tidy) not in known:
            known.add(normalise(tidy))
            kept.append(tidy)
    return tuple(kept)


def _kept(draft: Draft) -> Content:
    """The draft's own content, so that a revision that failed still shows what it was about."""
    return Content(
        task=draft.task,
        subject=draft.subject,
        question=draft.question,
        answer=draft.answer,
        aliases=draft.answer_aliases,
        answer_reference=draft.authorship.model or "",
        distractors=tuple(origin for origin in draft.option_origins if origin.option != draft.answer),
        rationale=draft.rationale,
        quotes=tuple(spans(draft, "answer")),
        labels=draft.labels,
        flags=draft.quality_flags,
    )
