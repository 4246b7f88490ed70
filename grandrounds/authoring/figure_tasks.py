"""What the rules make of a figure for each task."""

from __future__ import annotations

from collections.abc import Callable

from grandrounds.authoring.figure_checks import PANEL_TASK, SCHEME_OF
from grandrounds.authoring.figure_compose import (
    FROM_MENTION,
    NO_DISTRACTORS,
    NOTHING_TO_ASK,
    Content,
    sentences_of,
)
from grandrounds.authoring.figure_options import condition_options, seen_together, sibling_options
from grandrounds.clinical.terminology import Terminology
from grandrounds.figures.reading import DIAGNOSIS, FigureReading, Told, Untold, read_figure
from grandrounds.figures.reading_values import MENTION
from grandrounds.figures.taxonomy import ANATOMY, MODALITY, Node, NodePath, load_taxonomy
from grandrounds.figures.wording import question_of, rationale_of
from grandrounds.figures.wording_rules import IMPLIED_RULE, LINE_RULE, SITE_RULE
from grandrounds.recipe import Task
from grandrounds.records.figure import FigureRow
from grandrounds.records.parts import Flag, OptionOrigin
from grandrounds.text import normalise

#: Families of pictures that stand for a part of the body and do not show it.
_NO_PLACE = (("signals",),)
#: Systems whose parts look alike under a microscope.
_ALIKE_IN_TISSUE = ("musculoskeletal", "cardiovascular", "body regions", "skin", "nervous")
#: Families of pictures that show one organ at a time.
_CLOSE_UP = (("microscopy",), ("endoscopy",))


def content_of(row: FigureRow, task: Task) -> Content:
    """What is asked of ``row`` for ``task``, or why nothing is. Same row and task, same content."""
    return _MAKERS[task.name](row, task)


def _by_taxonomy(row: FigureRow, task: Task) -> Content:
    reading = read_figure(row)
    scheme = SCHEME_OF[task.name]
    told = reading.answers[scheme]
    reason = told.reason if isinstance(told, Untold) else _not_seen(scheme, told, _modality(reading))
    if isinstance(told, Untold) or reason:
        return Content(task=task.name, labels=reading.labels, status=NOTHING_TO_ASK, reason=reason)
    taxonomy = load_taxonomy(scheme)
    seen = _modality(reading)

    def fair(node: Node) -> bool:
        """The picture as a whole may show more places of the same region; tissue under a microscope
        doesn't."""
        whole = scheme == ANATOMY and told.rule != SITE_RULE and seen[:1] not in _CLOSE_UP
        return not (whole and seen_together(taxonomy, told.path, node.path))

    options = sibling_options(
        taxonomy,
        told.path,
        said=reading.said[scheme],
        evidence_id=row.evidence_id,
        count=task.options - 1,
        modality=seen,
        fair=fair,
    )
    return _asked(row, task, told, options, reading)


def _not_seen(scheme: str, told: Told, modality: NodePath) -> str:
    """Why a place is a good label and yet can't be seen in such a picture; empty where it can."""
    if scheme != ANATOMY:
        return ""
    if modality[:1] in _NO_PLACE:
        return f"a picture of the kind {'/'.join(modality)} shows no part of the body"
    if modality[:1] == ("microscopy",) and told.path[0] in _ALIKE_IN_TISSUE:
        return f"tissue does not tell which part of the {told.path[0]} system it is from ({told.path[-1]})"
    return ""


def _diagnosis(row: FigureRow, task: Task) -> Content:
    reading = read_figure(row)
    told = reading.answers[DIAGNOSIS]
    if isinstance(told, Untold):
        return Content(task=task.name, labels=reading.labels, status=NOTHING_TO_ASK, reason=told.reason)
    terminology = Terminology.load()
    concept = terminology.concept_of(told.title)
    if concept is None:
        return Content(
            task=task.name,
            labels=reading.labels,
            status=NOTHING_TO_ASK,
            reason=f"the terminology does not know {told.title!r}",
        )
    said = [mention.concept.name for mention in terminology.mentions(row.text)]
    options = condition_options(concept, said=said, evidence_id=row.evidence_id, count=task.options - 1)
    return _asked(row, task, told, options, reading)


def _asked(
    row: FigureRow, task: Task, told: Told, options: tuple[OptionOrigin, ...], reading: FigureReading
) -> Content:
    status, reason = "ok", ""
    if len(options) < task.options - 1:
        status = NO_DISTRACTORS
        found = f"only {len(options)} of {task.options - 1} wrong options"
        reason = f"{found} stand near {told.title!r} and are named nowhere"
    flags = (
        (
            Flag(
                flag=FROM_MENTION,
                detail="the caption is silent; the text that refers to the figure says it",
            ),
        )
        if told.source == MENTION
        else ()
    )
    return Content(
        task=task.name,
        subject=told.subject,
        question=question_of(task.name, subject=told.subject, rule=told.rule),
        answer=told.title,
        aliases=told.aliases or _other_names(told),
        answer_reference="/".join(told.path),
        distractors=options,
        rationale=rationale_of(told, options=tuple(origin.option for origin in options)),
        quotes=sentences_of(row, (each.span for each in told.words)),
        labels=reading.labels,
        flags=flags,
        status=status,
        reason=reason,
    )


def _other_names(told: Told) -> tuple[str, ...]:
    """What the text calls the answer, where that is its name: not "left kidney" for the kidney's."""
    if told.rule.startswith((LINE_RULE, IMPLIED_RULE)):
        return ()
    names = {normalise(each.words): each.words for each in told.words if each.path == told.path}
    return tuple(name for key, name in names.items() if key != normalise(told.title))


def _modality(reading: FigureReading) -> tuple[str, ...]:
    told = reading.answers[MODALITY]
    return told.path if isinstance(told, Told) and not told.subject else ()


def _panel(row: FigureRow, task: Task) -> Content:
    from grandrounds.authoring.figure_panels import panel_content

    return panel_content(row, task, labels=read_figure(row).labels)


def _description(row: FigureRow, task: Task) -> Content:
    from grandrounds.authoring.figure_panels import description_content

    return description_content(row, task, reading=read_figure(row))


_MAKERS: dict[str, Callable[[FigureRow, Task], Content]] = {
    **dict.fromkeys(SCHEME_OF, _by_taxonomy),
    "figure_diagnosis_mcq": _diagnosis,
    PANEL_TASK: _panel,
    "figure_description_open": _description,
}
