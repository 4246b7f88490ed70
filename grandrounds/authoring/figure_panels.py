"""Questions whose material is the caption itself: which panel words describe, and the open description."""

from __future__ import annotations

import re
from itertools import pairwise

from grandrounds.authoring.figure_compose import FIGURE_ORIGIN, NOTHING_TO_ASK, Content
from grandrounds.figures.reading import FigureReading
from grandrounds.figures.reading_caption import clean, read_description
from grandrounds.figures.reading_values import Untold, caption_area, panel_areas
from grandrounds.figures.wording import description_rationale, panel_question, question_of
from grandrounds.fingerprint import unit_interval
from grandrounds.recipe import Task
from grandrounds.records.figure import FigurePanel, FigureRow
from grandrounds.records.parts import Label, OptionOrigin
from grandrounds.text import words

_FEWEST, _MOST = 2, 40  # words of a panel's part
_ALIKE = 0.7  # share of words that two parts may have in common
_OTHER_PANEL = re.compile(
    r"\b(?:panels?|same|above|previous|former|latter|figs?|figures?)\b", re.IGNORECASE
)
_ROW = 0.5  # share of a panel's height by which the next may lie lower and still be in its row
_EMPTY = frozenset(
    words("a an and at by for from in is it its of on or shows showing shown the this to view with")
)


def panel_content(row: FigureRow, task: Task, *, labels: tuple[Label, ...]) -> Content:
    """Asks which panel a part of the caption is about, for figures whose panels are all known."""
    panels = panel_areas(row)
    reason = panels_unknown(row)
    parts = {panel.label: clean(span.of(row.text)).rstrip(".") for panel, span in panels}
    fit = [(panel, span) for panel, span in panels if _telling(panel.label, parts)]
    if not reason and not fit:
        reason = "no part of the caption tells its panel from the others"
    if reason:
        return Content(task=task.name, labels=labels, status=NOTHING_TO_ASK, reason=reason)
    panel, span = min(fit, key=lambda each: unit_interval(row.evidence_id, task.name, each[0].label))
    others = sorted(
        (label for label in parts if label != panel.label),
        key=lambda label: unit_interval(row.evidence_id, task.name, "option", label),
    )[: task.options - 1]
    told = parts[panel.label]
    return Content(
        task=task.name,
        question=panel_question(told),
        answer=panel.label,
        answer_reference=panel.label,
        distractors=tuple(
            OptionOrigin(option=label, origin=FIGURE_ORIGIN, reference=label) for label in sorted(others)
        ),
        rationale=f"The caption says this of panel {panel.label}; of the others it says "
        + "; ".join(f"{label}: \u201c{parts[label]}\u201d" for label in sorted(others))
        + ".",
        quotes=(span,),
        labels=labels,
    )


def description_content(row: FigureRow, task: Task, *, reading: FigureReading) -> Content:
    """Asks what the picture shows; the answer is the caption without credits and letters."""
    told = read_description(row)
    if isinstance(told, Untold):
        return Content(task=task.name, labels=reading.labels, status=NOTHING_TO_ASK, reason=told.reason)
    area = caption_area(row)
    return Content(
        task=task.name,
        question=question_of(task.name),
        answer=told.title,
        rationale=description_rationale(told),
        quotes=(area,) if area else (),
        labels=reading.labels,
    )


def panels_unknown(row: FigureRow) -> str:
    """Why its panels can't be asked about; empty where they can."""
    known = len(panel_areas(row))
    if len(row.panels) < 2:
        return "the figure has no panels"
    if known < len(row.panels):
        return f"only {known} of {len(row.panels)} panels are known in both picture and caption"
    if len({panel.label for panel in row.panels}) < len(row.panels):
        return "two panels have the same letter"
    if not (_lettered(row) or _in_reading_order(row.panels)):
        return "nothing in the picture says which panel has which letter"
    return ""


def _lettered(row: FigureRow) -> bool:
    """Whether the letters are seen to stand in the picture."""
    inside = {word.strip("().:").casefold() for words_ in row.words_inside for word in words_.split()}
    return all(panel.label.casefold() in inside for panel in row.panels)


def _in_reading_order(panels: tuple[FigurePanel, ...]) -> bool:
    """Whether the panels follow one another in rows as their letters do: they can be counted out."""
    ordered = sorted(panels, key=lambda panel: panel.label)
    for one, after in pairwise(ordered):
        left, top, right, bottom = one.pixels
        same_row = after.pixels[1] < top + _ROW * (bottom - top)
        if same_row and after.pixels[0] < (left + right) / 2:
            return False
        if same_row and after.pixels[1] < top - _ROW * (bottom - top):
            return False
    return True


def _telling(label: str, parts: dict[str, str]) -> bool:
    """Whether the words of a panel's part say enough, and something else than those of every other."""
    own = _content(parts[label])
    if not _FEWEST <= len(words(parts[label])) <= _MOST or not own or _OTHER_PANEL.search(parts[label]):
        return False
    for other, text in parts.items():
        theirs = _content(text)
        if other != label and (own <= theirs or len(own & theirs) / len(own | theirs) > _ALIKE):
            return False
    return True


def _content(text: str) -> set[str]:
    return {word for word in words(text) if word not in _EMPTY}
