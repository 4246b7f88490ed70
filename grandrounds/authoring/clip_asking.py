"""What a model is asked about a clip: the task, what was worked out of it, and the material of prompts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from grandrounds.authoring.clip_compose import NOTHING_TO_ASK, Content, content_of
from grandrounds.figures.taxonomy import ANATOMY, MODALITY, load_taxonomy
from grandrounds.recipe import Task
from grandrounds.records.clip import ClipRow
from grandrounds.records.envelope import OK, Draft
from grandrounds.text import normalise
from grandrounds.videos.asking import REASONING, Asked, ask, unusable
from grandrounds.videos.asking_values import Shown, in_time
from grandrounds.videos.labels import labels_of
from grandrounds.videos.wording import time_words


@dataclass(frozen=True, slots=True)
class About:
    """A task of a clip: what was worked out of it, or why nothing is asked about it, if so."""

    row: ClipRow
    task: Task
    asked: Asked | None
    reason: str = ""

    @property
    def shown(self) -> tuple[Shown, ...]:
        """The pictures in the order that the solver sees."""
        return self.asked.shown if self.asked else in_time(self.row)


def about_of(row: ClipRow, task: Task) -> About:
    """What a task comes to on a clip before a model is asked."""
    if task.name != REASONING:
        asked = ask(row, task.name, options=task.options)
        return About(row, task, asked) if isinstance(asked, Asked) else About(row, task, None, asked.reason)
    reason = unusable(row)
    if not reason and not any(cue.frames for cue in row.cues):
        reason = "nothing is said near a frame that could confirm an answer"
    return About(row, task, None, reason)


def worked_out(about: About) -> Content:
    """What rules know of the task before a model is heard."""
    if about.task.name != REASONING:
        return content_of(about.row, about.task.name, options=about.task.options)
    status = NOTHING_TO_ASK if about.reason else OK
    return Content(task=REASONING, labels=labels_of(about.row), status=status, reason=about.reason)


def kept(draft: Draft, about: About) -> Content:
    """The draft's own content: what a revision begins with."""
    return Content(
        task=draft.task,
        question=draft.question,
        answer=draft.answer,
        aliases=draft.answer_aliases,
        answer_reference=next((o.reference for o in draft.option_origins if o.option == draft.answer), ""),
        wrong=tuple(origin for origin in draft.option_origins if origin.option != draft.answer),
        rationale=draft.rationale,
        shown=about.shown,
        evidence=draft.evidence,
        measurements=draft.measurements,
        labels=draft.labels,
        flags=draft.quality_flags,
    )


def material_of(about: About) -> dict[str, Any]:
    """What both prompts show of a clip. Of pictures out of order no time is told but to the writer."""
    row, asked = about.row, about.asked
    return {
        "task": about.task.name,
        "frames": [
            {"label": each.label, "time": time_words(row.frames[each.place].seconds)}
            for each in about.shown
        ],
        "cues": [
            {
                "time": f"{time_words(cue.start_seconds)} to {time_words(cue.end_seconds)}",
                "frames": _labels(about, cue.frames),
                "words": " ".join(cue.span.of(row.text).split()),
            }
            for cue in row.cues
        ],
        "fact": {
            "question": asked.question,
            "keep": list(asked.keep),
            "answer": asked.answer,
            "wrong": [origin.option for origin in asked.wrong],
            "reasoning": asked.rationale,
        }
        if asked
        else None,
        "distractors": about.task.options - 1,
        "modalities": _paths(MODALITY),
        "places": _paths(ANATOMY),
    }


def _labels(about: About, places: Iterable[int]) -> list[str]:
    label = {each.place: each.label for each in about.shown}
    return [label[place] for place in places if place in label]


def _paths(scheme: str) -> list[str]:
    return ["/".join(node.path) for node in load_taxonomy(scheme).nodes if len(node.path) == 2]


def clean_names(names: Iterable[str], *, without: str) -> tuple[str, ...]:
    """Names on one line each, each once, and not the answer itself."""
    tidy = {normalise(name): " ".join(name.split()) for name in names if normalise(name)}
    return tuple(name for key, name in tidy.items() if key != normalise(without))
