"""What an author decided becomes a row: stem, evidence, media and labels, the same for every author."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from grandrounds.authoring.wording import Wording
from grandrounds.clinical.leaks import find_leaks
from grandrounds.clinical.terminology import Terminology
from grandrounds.records.case import Case, Figure
from grandrounds.records.parts import Authorship, Evidence, Flag, Label, Locator, Media, OptionOrigin, Span
from grandrounds.stem import render
from grandrounds.text import sentences

ANSWER_ORIGIN = "answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What an author decided. All spans count code points of the case's stored text.

    ``pieces`` make the stem; ``support`` are visible quotes that point to the answer; ``statement``
    is the sentence that states it, which the solver does not see. ``distractors`` is empty for an
    open question.
    """

    answer: str
    aliases: tuple[str, ...] = ()
    distractors: tuple[OptionOrigin, ...] = ()
    rationale: str = ""
    pieces: tuple[Span, ...] = ()
    support: tuple[Span, ...] = ()
    statement: Span | None = None
    flags: tuple[Flag, ...] = ()


def envelope_fields(
    case: Case, *, recipe: str, wording: Wording, content: Content, authorship: Authorship
) -> dict[str, Any]:
    """The fields of an envelope (keyword arguments of ``Draft`` or ``Revision``) for ``content``.

    The answer stands first among the options; the gates shuffle them by the item's id.
    """
    options: tuple[str, ...] = ()
    origins: tuple[OptionOrigin, ...] = ()
    if wording.options and content.answer and content.distractors:
        answer = OptionOrigin(option=content.answer, origin=ANSWER_ORIGIN, reference=case.evidence_id)
        origins = (answer, *content.distractors)
        options = tuple(origin.option for origin in origins)
    return {
        "recipe": recipe,
        "task": wording.task,
        "evidence_id": case.evidence_id,
        "source_id": case.source_id,
        "group_id": case.group_id,
        "stem": render(case.text, content.pieces),
        "question": wording.question,
        "options": options,
        "option_origins": origins,
        "answer": content.answer,
        "answer_index": 0 if options else None,
        "answer_aliases": content.aliases,
        "rationale": content.rationale,
        "visible_spans": content.pieces,
        "evidence": _evidence(case, content),
        "media": shown_media(case, content),
        "labels": labels(case, content.answer),
        "language": case.language,
        "licence": case.licence,
        "citation": case.citation,
        "protected": case.protected,
        "source_published": case.published,
        "authorship": authorship,
        "quality_flags": content.flags,
    }


def labels(case: Case, answer: str) -> tuple[Label, ...]:
    """The body system, and the path of the diagnosis where the terminology knows it."""
    if not answer:
        return ()
    terminology = Terminology.load()
    found = [Label(scheme="body_system", path=(body_system(case, answer),))]
    concept = terminology.concept_of(answer)
    if concept is not None:
        found.append(Label(scheme="diagnosis", path=(concept.body_system, concept.kind, concept.name)))
    return tuple(found)


def body_system(case: Case, answer: str) -> str:
    """The body system of a diagnosis, title and abstract helping where its name does not say it."""
    context = (
        case.title + " " + " ".join(s.span.of(case.text) for s in case.sections if s.kind == "abstract")
    )
    return Terminology.load().body_system(answer, context)


def shown_media(case: Case, content: Content) -> tuple[Media, ...]:
    """The pictures that ride along: present, mentioned where the solver reads, of this patient.

    A caption is kept only where it gives nothing away.
    """
    if not content.pieces:
        return ()
    shown = []
    for figure in case.figures:
        if figure.case_number in (None, case.case_number) and _mentioned_in(figure, content.pieces):
            shown += _media_of(figure, answer=content.answer, aliases=content.aliases)
    return tuple(shown)


def visible_sentences(case: Case, pieces: Sequence[Span]) -> tuple[Span, ...]:
    """The sentences that the solver sees whole."""
    return tuple(sentence for piece in pieces for sentence in sentences(case.text, piece))


def _media_of(figure: Figure, *, answer: str, aliases: Sequence[str]) -> list[Media]:
    tells = bool(find_leaks(figure.caption, answer=answer, aliases=aliases))
    locator = Locator.chars(figure.caption_span) if figure.caption_span else None
    return [
        Media(
            sha256=sha256,
            kind="image",
            mime=mime,
            name=f"{figure.figure_id or figure.label}-{number}".replace(" ", "_").lower(),
            label=figure.label,
            caption="" if tells else figure.caption,
            locator=locator,
        )
        for number, (sha256, mime) in enumerate(
            zip(figure.media_sha256, figure.media_mime, strict=True), start=1
        )
    ]


def _mentioned_in(figure: Figure, pieces: Sequence[Span]) -> bool:
    """Mentions are cut out of the stem, so they lie in the gaps between its pieces."""
    area = Span(start=pieces[0].start, end=pieces[-1].end + 40)
    return any(area.contains(mention) for mention in figure.mentions)


def _evidence(case: Case, content: Content) -> tuple[Evidence, ...]:
    first = visible_sentences(case, content.pieces)[:1]
    quotes = [("stem", span) for span in first] + [("support", span) for span in content.support]
    if content.statement is not None:
        quotes.append(("answer", content.statement))
    return tuple(
        Evidence(
            role=role,
            source_id=case.source_id,
            evidence_id=case.evidence_id,
            quote=span.of(case.text),
            locator=Locator.chars(span),
        )
        for role, span in quotes
    )
