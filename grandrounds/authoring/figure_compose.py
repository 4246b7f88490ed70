"""What is asked of a figure becomes a row: words, the picture, evidence and labels. Every author starts
here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from grandrounds.authoring.task_content import TaskContent, common_fields, version_with_taxonomies
from grandrounds.figures.reading_values import sentence_around
from grandrounds.figures.stem import figure_stem
from grandrounds.figures.taxonomy import NodePath
from grandrounds.records.figure import PAIRED, FigureRow
from grandrounds.records.parts import Authorship, Evidence, Flag, Label, Locator, Media, OptionOrigin, Span
from grandrounds.text import contains_phrase

NOTHING_TO_ASK, NO_DISTRACTORS = "nothing_to_ask", "no_distractors"
IMAGE = "image"
TAXONOMY_ORIGIN, TERMINOLOGY_ORIGIN = "taxonomy", "terminology"
FIGURE_ORIGIN, MODEL_ORIGIN = "figure", "model"
ANSWER_IN_PICTURE, LOW_ALIGNMENT, FROM_MENTION = "answer_in_picture", "low_alignment", "from_mention"
_PICTURE_NAME = "figure"
_SURE_ALIGNMENT = 0.8
_QUOTES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Content(TaskContent):
    """What an author says of a figure for one task; ``subject`` is the panel that is asked about."""

    subject: str = ""
    distractors: tuple[OptionOrigin, ...] = ()
    quotes: tuple[Span, ...] = ()


def envelope_fields(
    row: FigureRow, content: Content, *, recipe: str, authorship: Authorship, open_question: bool
) -> dict[str, Any]:
    """The fields of an envelope (keyword arguments of ``Draft`` or ``Revision``). The caption is never in
    what the solver is shown."""
    wrong = () if open_question else content.distractors
    common = common_fields(row, content, wrong=wrong, recipe=recipe, authorship=authorship)
    return common | {
        "subject": content.subject,
        "stem": figure_stem(row, content.subject),
        "evidence": evidence_of(row, content.quotes),
        "media": pictures_of(row),
        "quality_flags": tuple(dict.fromkeys((*content.flags, *flags_of(row, content)))),
    }


def pictures_of(row: FigureRow) -> tuple[Media, ...]:
    """The picture as the solver gets it: without a word of its caption, with its place in the source."""
    if not row.sha256:
        return ()
    place = None if row.page is None else Locator(kind="page_box", page=row.page, box=row.box)
    return (
        Media(
            sha256=row.sha256,
            kind=IMAGE,
            mime=row.mime,
            name=_PICTURE_NAME,
            locator=place,
            width=row.width,
            height=row.height,
        ),
    )


def evidence_of(row: FigureRow, quotes: Iterable[Span]) -> tuple[Evidence, ...]:
    """Quotes of the row's text that show that the answer is right, and where they stand on the page."""
    found = []
    for span in list(dict.fromkeys(quotes))[:_QUOTES]:
        page, box = _place(row, span)
        found.append(
            Evidence(
                role="answer",
                source_id=row.source_id,
                evidence_id=row.evidence_id,
                quote=span.of(row.text),
                locator=Locator(kind="char_span", start=span.start, end=span.end, page=page, box=box),
            )
        )
    return tuple(found)


def sentences_of(row: FigureRow, spans: Iterable[Span]) -> tuple[Span, ...]:
    """The sentences of the row's text that hold ``spans``, each once, in order."""
    around = {sentence_around(row, span): None for span in spans}
    return tuple(sorted(around, key=lambda span: span.start))


def flags_of(row: FigureRow, content: Content) -> tuple[Flag, ...]:
    """Remarks on the figure that do not reject: words in the picture that answer, a doubtful pairing."""
    found = []
    inside = " ".join(row.words_inside)
    for name in (content.answer, *content.aliases):
        if content.distractors and len(name) > 1 and contains_phrase(inside, name):
            found.append(Flag(flag=ANSWER_IN_PICTURE, detail=f"the picture's own words say {name!r}"))
            break
    if row.alignment < _SURE_ALIGNMENT:
        found.append(Flag(flag=LOW_ALIGNMENT, detail=f"caption and picture: {row.alignment:.2f}"))
    return tuple(found)


def labels_of(row: FigureRow, named: Mapping[str, NodePath]) -> tuple[Label, ...]:
    """The labels that the figure's words tell; where they are silent, those that an author ``named``."""
    from grandrounds.figures import reading

    answers = reading.read_figure(row).answers
    return reading.labels_of({**named, **reading.told_paths(*answers.values())})


def unusable(row: FigureRow) -> str:
    """Why nothing can be asked of the figure whatever its words say; empty where something may be."""
    if row.status != PAIRED:
        return f"the figure is {row.status}: {row.reason or 'no reason given'}"
    return "" if row.sha256 else "the figure has no picture"


def author_version(version: str) -> str:
    """``version`` with a fingerprint of the code and the taxonomies that decide what authors of figures
    write."""
    return version_with_taxonomies(
        version, "grandrounds.authoring", "grandrounds.figures", "grandrounds.clinical"
    )


def _place(row: FigureRow, span: Span) -> tuple[int | None, tuple[float, ...]]:
    if row.caption_span is not None and row.caption_span.contains(span):
        return row.caption_page, row.caption_box
    for mention in row.mentions:
        if mention.span.contains(span):
            return mention.page, mention.box
    return None, ()
