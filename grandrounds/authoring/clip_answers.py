"""What a model's answer on a clip comes to: its steps, quotes and options, as far as they hold.

A step counts for the frames that it names and the item shows. A quote counts only if it stands within one
passage of what is said, word for word, near a frame. A wrong option that is said in the clip, or holds the
answer, is thrown away.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from grandrounds.authoring.clip_checks import QUOTED, speaks_of_words
from grandrounds.figures.taxonomy import ANATOMY, MODALITY, NodePath, load_taxonomy
from grandrounds.records.clip import ClipRow
from grandrounds.records.parts import Evidence, Flag, OptionOrigin
from grandrounds.stem import locate
from grandrounds.text import contains_phrase, normalise
from grandrounds.videos.asking_values import ANSWER_ROLE, MODEL_ORIGIN, SUPPORT_ROLE, Asked, Shown
from grandrounds.videos.grounding import cue_at, frame_evidence, quote_of
from grandrounds.videos.wording import listed, named

QUOTE_NOT_FOUND, OPTION_REFUSED = "quote_not_found", "option_refused"
FRAME_UNKNOWN, LABEL_UNKNOWN = "frame_unknown", "label_unknown"
FEWEST_FRAMES = 2
_MOST_QUOTES = 4
_DETAIL = 300  # characters
_NUMBER = re.compile(r"\d+(?:[.:]\d+)*")


@dataclass(frozen=True, slots=True)
class Reason:
    """A step of reasoning: the pictures that it rests on, and its words on one line."""

    shown: tuple[Shown, ...]
    words: str


def reasons_of(
    value: Mapping[str, Any], shown: Sequence[Shown]
) -> tuple[tuple[Reason, ...], tuple[Flag, ...]]:
    """The steps of an answer, and a flag for each frame that they name and the item doesn't show."""
    known = {each.label.casefold(): each for each in shown}
    found, strange = [], []
    for step in value["steps"]:
        words = " ".join(step["words"].split())
        labels = [" ".join(label.split()) for label in step["frames"]]
        own = [known[label.casefold()] for label in labels if label.casefold() in known]
        strange += [label for label in labels if label.casefold() not in known]
        if words and own:
            found.append(Reason(tuple(dict.fromkeys(own)), words))
    flags = tuple(Flag(flag=FRAME_UNKNOWN, detail=label[:_DETAIL]) for label in dict.fromkeys(strange))
    return tuple(found), flags


def rationale_of(row: ClipRow, reasons: Sequence[Reason]) -> str:
    """The steps as one text, each with its frames and their times."""
    return " ".join(
        f"{listed([named(each.label, row.frames[each.place].seconds) for each in reason.shown])}: "
        f"{reason.words}"
        for reason in reasons
    )


def frames_of(reasons: Sequence[Reason]) -> tuple[int, ...]:
    """The places of all frames that the steps rest on."""
    return tuple(sorted({each.place for reason in reasons for each in reason.shown}))


def evidence_of(
    row: ClipRow, reasons: Sequence[Reason], quotes: Sequence[Evidence]
) -> tuple[Evidence, ...]:
    """Quotes, then frames: those of the last step show the answer, those of the others lead to it."""
    frames = [
        frame_evidence(row, each.place, role=ANSWER_ROLE if reason is reasons[-1] else SUPPORT_ROLE)
        for reason in reasons
        for each in reason.shown
    ]
    return tuple(dict.fromkeys((*quotes, *frames)))


def quotes_of(row: ClipRow, quotes: Sequence[str]) -> tuple[tuple[Evidence, ...], tuple[Flag, ...]]:
    """The quotes that stand in what is said near a frame, and a flag for each that doesn't."""
    areas = [cue.span for cue in row.cues if cue.frames]
    found: dict[Evidence, None] = {}
    lost = []
    for quote in quotes:
        span = locate(row.text, quote, areas)
        cue = cue_at(row, span) if span is not None else None
        if span is None or cue is None:
            lost.append(Flag(flag=QUOTE_NOT_FOUND, detail=quote[:_DETAIL]))
        else:
            found[quote_of(row, cue, span=span)] = None
    return tuple(found)[:_MOST_QUOTES], tuple(lost)


def options_of(
    row: ClipRow, answer: str, distractors: Sequence[str], *, count: int, model: str
) -> tuple[tuple[OptionOrigin, ...], tuple[Flag, ...]]:
    """At most ``count`` wrong options that nothing speaks against, and a flag for each other."""
    kept: list[str] = []
    refused = []
    for name in (" ".join(each.split()) for each in distractors):
        if not normalise(name) or normalise(name) in {normalise(each) for each in (answer, *kept)}:
            continue
        reason = ""
        if contains_phrase(row.text, name):
            reason = "it is said in the clip"
        elif any(
            contains_phrase(a, b) for each in (answer, *kept) for a, b in ((each, name), (name, each))
        ):
            reason = "it and another option hold one another"
        if reason:
            refused.append(Flag(flag=OPTION_REFUSED, detail=f"{name[:_DETAIL]}: {reason}"))
        else:
            kept.append(name)
    origins = tuple(
        OptionOrigin(option=name, origin=MODEL_ORIGIN, reference=model) for name in kept[:count]
    )
    return origins, tuple(refused)


def paths_of(value: Mapping[str, Any]) -> tuple[dict[str, NodePath], tuple[Flag, ...]]:
    """The paths that a model labels a clip with, as far as the taxonomies have them."""
    told: dict[str, NodePath] = {}
    unknown = []
    for scheme in (MODALITY, ANATOMY):
        path = tuple(part.strip() for part in value[scheme].split("/") if part.strip())
        if path and path in load_taxonomy(scheme):
            told[scheme] = path
        elif path:
            unknown.append(Flag(flag=LABEL_UNKNOWN, detail=f"{scheme}: {value[scheme][:200]}"))
    return told, tuple(unknown)


def wording_faults(asked: Asked, question: str, reasons: Sequence[Reason]) -> tuple[str, ...]:
    """How a model's words leave a question that is worked out; empty where they keep to it."""
    rest = question
    for phrase in asked.keep:
        rest = rest.replace(phrase, " ")
    told = " ".join(reason.words for reason in reasons)
    own = " ".join((asked.question, asked.rationale, *asked.options))
    numbers = set(_NUMBER.findall(told)) - set(_NUMBER.findall(own))
    last = reasons[-1].words if reasons else ""
    tests = (
        (not question.endswith("?"), "the question is no question"),
        (any(phrase not in question for phrase in asked.keep), "the question leaves out a phrase"),
        (bool(_NUMBER.search(rest)), "the question holds a number of its own"),
        (bool(QUOTED.search(rest)), "the question quotes something of its own"),
        (len(asked.answer) > 1 and contains_phrase(rest, asked.answer), "the question says the answer"),
        (bool(speaks_of_words(question)), speaks_of_words(question)),
        (len(frames_of(reasons)) < FEWEST_FRAMES, "the reasons rest on fewer than two frames"),
        (bool(numbers), f"the reasons hold a number of their own: {', '.join(sorted(numbers))}"),
        (asked.answer not in last, "the last reason does not say the answer"),
        (
            any(origin.option in last for origin in asked.wrong if len(origin.option) > 1),
            "the last reason says a wrong option",
        ),
    )
    return tuple(words for wrong, words in tests if wrong)
