"""The answer of an item on a clip, worked out again from the clip's row.

Items of the tasks that are worked out must come out the same, whoever worded them: the same answer, wrong
options that are surely wrong, the same measurements. Items by rule also have the same question, and the
same evidence. Of reasoning items, which only a model writes, what code can know is held against them: they
rest on two frames at least, quote what is said, and offer nothing as wrong that is said in the clip.
"""

from __future__ import annotations

from collections.abc import Iterator

from grandrounds.figures.again import label_faults
from grandrounds.figures.taxonomy import LABEL_SCHEMES
from grandrounds.records.clip import ClipRow
from grandrounds.records.envelope import Envelope
from grandrounds.text import contains_phrase, normalise
from grandrounds.videos.asking import COMPUTED, REASONING, ask, frames_named, unusable
from grandrounds.videos.asking_values import NotAsked
from grandrounds.videos.grounding import evidence_of, origin_faults, picture_faults, quote_faults
from grandrounds.videos.labels import labels_of

__all__ = ["answer_faults", "label_faults", "origin_faults", "picture_faults", "quote_faults"]

RULE = "rule"
FEWEST = 2
_REVIEWER = "reviewer"


def answer_faults(row: ClipRow, item: Envelope, *, edited: bool = False) -> Iterator[str]:
    """Where an item says another thing than its clip, asked again. ``edited``: readers may have worded the
    question anew, and put other wrong options in."""
    if item.task in COMPUTED:
        yield from _computed_faults(row, item, edited=edited)
    elif item.task == REASONING:
        yield from _reasoning_faults(row, item)
    else:
        yield f"clips have no task {item.task!r}"
    own = tuple(label for label in item.labels if label.scheme in LABEL_SCHEMES)
    if item.authorship.author == RULE and own != labels_of(row):
        yield "asked again, its clip gives other labels"


def _computed_faults(row: ClipRow, item: Envelope, *, edited: bool) -> Iterator[str]:
    asked = ask(row, item.task, options=len(item.options))
    if isinstance(asked, NotAsked):
        yield f"asked again, its clip gives no such question: {asked.reason}"
        return
    if item.answer != asked.answer:
        yield f"asked again, its answer is {asked.answer!r}, not {item.answer!r}"
        return
    wrong = set(item.options) - {item.answer}
    if edited:
        doubtful = sorted(wrong - asked.known_wrong)
        if doubtful:
            yield f"its option {doubtful[0]!r} is not known to be wrong"
    elif wrong != {origin.option for origin in asked.wrong}:
        yield "asked again, its clip gives other wrong options"
    if item.measurements != asked.measurements:
        yield "asked again, its clip gives other measurements"
    if edited:
        return
    if set(item.evidence) != set(evidence_of(row, asked)):
        yield "asked again, its answer rests on other frames or words"
    lost = [phrase for phrase in asked.keep if phrase not in item.question]
    if lost:
        yield f"its question leaves out {lost[0]!r}, without which it has no one answer"
    if item.authorship.author == RULE and item.question != asked.question:
        yield "asked again, its clip gives another question"


def _reasoning_faults(row: ClipRow, item: Envelope) -> Iterator[str]:
    reason = unusable(row)
    if reason:
        yield f"nothing can be asked of its clip: {reason}"
    if item.authorship.author == RULE:
        yield "rules write no such item"
    named = frames_named(item, row)
    if len(named) < FEWEST:
        yield f"its reasoning rests on {len(named)} of its frames; it must need {FEWEST}"
    if not any(part.quote for part in item.evidence):
        yield "nothing that is said in its clip confirms its answer"
    said = {normalise(option) for option in item.options}
    if len(said) < len(item.options) or item.answer not in item.options:
        yield "its options are not different answers with the right one among them"
    edits = {origin.option for origin in item.option_origins if origin.origin == _REVIEWER}
    for option in item.options:
        if option not in (item.answer, *edits) and contains_phrase(row.text, option):
            yield f"its option {option!r} is said in the clip, so it may be right as well"
