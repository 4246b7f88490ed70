"""What is asked of a figure becomes a row: words, the picture, evidence and labels. Every author starts
here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from grandrounds.figures.reading_values import sentence_around
from grandrounds.figures.stem import figure_stem
from grandrounds.figures.taxonomy import NodePath
from grandrounds.records.figure import PAIRED, FigureRow
from grandrounds.records.parts import Authorship, Evidence, Flag, Label, Locator, Media, OptionOrigin, Span
from grandrounds.text import contains_phrase

OK, NOTHING_TO_ASK, NO_DISTRACTORS = "ok", "nothing_to_ask", "no_distractors"
IMAGE = "image"
ANSWER_ORIGIN, TAXONOMY_ORIGIN, TERMINOLOGY_ORIGIN = "answer", "taxonomy", "terminology"
FIGURE_ORIGIN, MODEL_ORIGIN = "figure", "model"
ANSWER_IN_PICTURE, LOW_ALIGNMENT, FROM_MENTION = "answer_in_picture", "low_alignment", "from_mention"
_PICTURE_NAME = "figure"
_SURE_ALIGNMENT = 0.8
_QUOTES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What an author says of a figure for one task; ``status`` is ``ok`` or why it goes no further."""

    task: str
    subject: str = ""
    question: str = ""
    answer: str = ""
    aliases: tuple[str, ...] = ()
    answer_reference: str = ""
    distractors: tuple[OptionOrigin, ...] = ()
    rationale: str = ""
    quotes: tuple[Span, ...] = ()
    labels: tuple[Label, ...] = ()
    flags: tuple[Flag, ...] = ()
    status: str = OK
    reason: str = ""


def envelope_fields(
    row: FigureRow, content: Content, *, recipe: str, authorship: Authorship, open_question: bool
) -> dict[str, Any]:
    """The fields of an envelope (keyword arguments of ``Draft`` or ``Revision``).

    The answer stands first among the options; the gates shuffle them by the item's id. The caption is never
    in what the solver is shown.
    """
    origins: tuple[OptionOrigin, ...] = ()
    if not open_question and content.answer and content.distractors:
        answer = OptionOrigin(
            option=content.answer, origin=ANSWER_ORIGIN, reference=content.answer_reference
        )
        origins = (answer, *content.distractors)
    return {
        "recipe": recipe,
        "task": content.task,
        "evidence_id": row.evidence_id,
        "source_id": row.source_id,
        "group_id": row.group_id,
        "subject": content.subject,
        "stem": figure_stem(row, content.subject),
        "question": content.question,
        "options": tuple(origin.option for origin in origins),
        "option_origins": origins,
        "answer": content.answer,
        "answer_index": 0 if origins else None,
        "answer_aliases": content.aliases,
        "rationale": content.rationale,
        "evidence": evidence_of(row, content.quotes),
        "media": pictures_of(row),
        "labels": content.labels,
        "language": row.language,
        "licence": row.licence,
        "citation": row.citation,
        "protected": row.protected,
        "source_published": row.published,
        "authorship": authorship,
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


@lru_cache(maxsize=8)
def author_version(version: str) -> str:
    """``version`` with a fingerprint of the code and the taxonomies that decide what authors of figures
    write."""
    from grandrounds.figures.taxonomy import taxonomy_folder
    from grandrounds.fingerprint import code_fingerprint, folder_fingerprint, sha256_text

    code = code_fingerprint("grandrounds.authoring", "grandrounds.figures", "grandrounds.clinical")
    return f"{version}+{sha256_text(code + folder_fingerprint(taxonomy_folder()))[:16]}"


def _place(row: FigureRow, span: Span) -> tuple[int | None, tuple[float, ...]]:
    if row.caption_span is not None and row.caption_span.contains(span):
        return row.caption_page, row.caption_box
    for mention in row.mentions:
        if mention.span.contains(span):
            return mention.page, mention.box
    return None, ()
