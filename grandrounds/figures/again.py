"""The answer of an item on a figure, worked out again from the words beside the figure.

Items by rule must come out the same: the same words fire, the same node is the answer, each wrong option is
a node that nothing beside the figure names. Of items by a model only what a taxonomy decides is held
against it: labels that exist, and wrong options that are no relative of the answer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from grandrounds.errors import GrandRoundsError
from grandrounds.figures.naming import DIAGNOSIS_TASK, OPEN_TASK, PANEL_TASK, SCHEME_OF
from grandrounds.figures.reading import DIAGNOSIS, Told, Untold, read_figure
from grandrounds.figures.reading_caption import clean, read_description
from grandrounds.figures.reading_values import panel_areas
from grandrounds.figures.taxonomy import LABEL_SCHEMES, Taxonomy, load_taxonomy
from grandrounds.figures.wording import panel_question
from grandrounds.records.envelope import Envelope
from grandrounds.records.figure import FigureRow
from grandrounds.records.parts import OptionOrigin

RULE = "rule"
_TAXONOMY, _REVIEWER = "taxonomy", "reviewer"


def label_faults(item: Envelope) -> Iterator[str]:
    """Labels whose path the taxonomy of their scheme doesn't have, and schemes labelled twice."""
    seen: set[str] = set()
    for label in item.labels:
        if label.scheme not in LABEL_SCHEMES:
            continue
        if label.scheme in seen:
            yield f"it has two labels of {label.scheme}"
        seen.add(label.scheme)
        if label.path not in load_taxonomy(label.scheme):
            yield f"its label {'/'.join(label.path)!r} is no place in the taxonomy of {label.scheme}"


def answer_faults(row: FigureRow, item: Envelope, *, edited: bool = False) -> Iterator[str]:
    """Where an item says another thing than its figure's words, read again. ``edited``: readers may have
    worded the question and wrong options anew."""
    yield from _option_faults(row, item)
    if item.task == PANEL_TASK:
        yield from _panel_faults(row, item, edited=edited)
    if item.authorship.author != RULE:
        return
    if item.task == OPEN_TASK:
        yield from _description_faults(row, item)
    elif item.task != PANEL_TASK:
        yield from _told_faults(row, item)
    own = tuple(label for label in item.labels if label.scheme in LABEL_SCHEMES)
    if own != read_figure(row).labels:
        yield "read again, its figure gives other labels"


def _told_faults(row: FigureRow, item: Envelope) -> Iterator[str]:
    scheme = DIAGNOSIS if item.task == DIAGNOSIS_TASK else SCHEME_OF.get(item.task, "")
    told = read_figure(row).answers.get(scheme)
    if not isinstance(told, Told):
        reason = told.reason if told is not None else "nothing is known of such a task"
        yield f"read again, its figure gives no answer: {reason}"
        return
    if told.title != item.answer:
        yield f"read again, its answer is {told.title!r}, not {item.answer!r}"
    if told.subject != item.subject:
        yield f"read again, it is about panel {told.subject!r}, not {item.subject!r}"
    places = [part.locator.span for part in item.evidence]
    if not all(any(place and place.contains(word.span) for place in places) for word in told.words):
        yield "the words that give its answer stand in none of its quotes"


def _option_faults(row: FigureRow, item: Envelope) -> Iterator[str]:
    """Wrong options that may be right as well, as far as a taxonomy knows."""
    scheme = SCHEME_OF.get(item.task)
    if scheme is None:
        return
    taxonomy = load_taxonomy(scheme)
    answer = taxonomy.titled(item.answer)
    said = read_figure(row).said.get(scheme, frozenset())
    for origin in item.option_origins:
        if origin.option == item.answer or origin.origin == _REVIEWER:
            continue
        node = taxonomy.titled(origin.option)
        if origin.origin == _TAXONOMY:
            yield from _node_faults(origin, taxonomy, said)
        if node is not None and answer is not None and taxonomy.related(node.path, answer.path):
            yield f"its option {origin.option!r} may be right as well as {item.answer!r}"


def _node_faults(
    origin: OptionOrigin, taxonomy: Taxonomy, said: Collection[tuple[str, ...]]
) -> Iterator[str]:
    path = tuple(origin.reference.split("/"))
    try:
        title = taxonomy.node(path).title
    except GrandRoundsError:
        yield f"its option {origin.option!r} is said to be {origin.reference!r}, which the taxonomy lacks"
        return
    if title != origin.option:
        yield f"its option {origin.option!r} is not what {origin.reference!r} is called"
    if path in said:
        yield f"its option {origin.option!r} is named beside the figure"


def _panel_faults(row: FigureRow, item: Envelope, *, edited: bool) -> Iterator[str]:
    """The letter asked for, and (by rule) the words that tell it: that panel's part of the caption."""
    known = {panel.label: span for panel, span in panel_areas(row)}
    strange = sorted(set(item.options) - set(known))
    if strange:
        yield f"its figure has no panel {', '.join(strange)} that picture and caption share"
    span = known.get(item.answer)
    if span is None:
        return
    if not any(part.locator.span == span for part in item.evidence) and item.authorship.author == RULE:
        yield f"it doesn't quote what the caption says of panel {item.answer}"
    words = clean(span.of(row.text)).rstrip(".")
    if item.authorship.author == RULE and not edited and item.question != panel_question(words):
        yield f"its question is not what the caption says of panel {item.answer}"


def _description_faults(row: FigureRow, item: Envelope) -> Iterator[str]:
    told = read_description(row)
    if isinstance(told, Untold):
        yield f"read again, its figure gives no description: {told.reason}"
    elif told.title != item.answer:
        yield "read again, its description is another"
