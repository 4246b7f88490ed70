"""Rows of the sources and figures tables, from what was read of books and said in ``sources.yaml``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from grandrounds.fingerprint import content_id, sha256_text
from grandrounds.records.figure import AlignmentPart, FigureMention, FigurePanel, FigureRow
from grandrounds.records.parts import Span
from grandrounds.records.source import READ, Source
from grandrounds.sources.books_groups import work_group
from grandrounds.sources.books_memory import NAME
from grandrounds.sources.books_reading import BookReading, SeenPicture
from grandrounds.sources.figure_rights import figure_rights
from grandrounds.sources.folder import FoundFile
from grandrounds.sources.identity import cite
from grandrounds.sources.licences import Licence, read_licence
from grandrounds.sources.provenance import Settled
from grandrounds.sources.rules import Said
from grandrounds.textbooks.values import ReadBook, ReadFigure, ReadMention, ReadPanel

UNSAID_LANGUAGE = "und"
"""BCP 47 for a language that is not known."""

SEPARATOR = "\n\n"


def read_source(
    file: FoundFile,
    kind: str,
    reading: BookReading,
    *,
    book: ReadBook,
    said: Said,
    settled: Settled,
    version: str,
    whole: str = "",
) -> Source:
    """A document that was read: what it says of itself (``book``, which may hold what its collection says),
    overruled by ``sources.yaml``. ``settled`` is what came of all that was said of its licence, ``whole``
    the title of the book that it is a part of."""
    told = reading.told
    notes = [*book.notes, *_counts(book), *settled.notes]
    citation = told.citation if told else _citation(book, whole)
    document_date = (told.published_origin if told else "document") if book.published else ""
    group = work_group(book.identifiers, title=book.title, authors=book.authors, sha256=reading.sha256)
    return Source(
        source_id=content_id("source", ["sha256", reading.sha256]),
        path=file.name,
        kind=kind,
        status=READ,
        bytes=file.size,
        sha256=reading.sha256,
        reader=NAME,
        reader_version=version,
        title=said.title or book.title or None,
        licence=settled.licence,
        licence_evidence=settled.evidence,
        licence_origin=settled.origin,
        citation=said.citation if said.citation is not None else citation,
        identifiers=book.identifiers,
        journal=told.journal if told else None,
        article_type=told.article_type if told else None,
        language=said.language or book.language or None,
        published=said.published or book.published,
        published_origin="sources.yaml" if said.published else document_date,
        group_id=f"group:{said.group}" if said.group else group,
        protected=(bool(told and told.protected)) if said.protected is None else said.protected,
        notes=tuple(dict.fromkeys(notes)),
    )


def own_licence(reading: BookReading, book: ReadBook) -> Licence:
    """What a document, or the collection that it is in, says of its licence."""
    if reading.told is not None:
        return Licence(spdx=reading.told.licence, evidence=reading.told.licence_evidence)
    return read_licence(links=book.licence_links, words=book.licence_words)


def figure_rows(
    figures: Sequence[ReadFigure], pictures: Sequence[SeenPicture], *, source: Source, book: str
) -> list[FigureRow]:
    """A row for each figure of a source that was read. ``family`` holds what the markup says of parts of
    one figure until families are joined; ids tell equal figures of one source apart by their order."""
    seen: dict[str, int] = {}
    made = []
    for figure, picture in zip(figures, pictures, strict=True):
        row = _row(figure, picture, source=source, book=book)
        number = seen[row.evidence_id] = seen.get(row.evidence_id, 0) + 1
        if number > 1:
            row = replace(row, evidence_id=content_id("figure", [row.evidence_id, number]))
        made.append(row)
    return made


def _row(figure: ReadFigure, picture: SeenPicture, *, source: Source, book: str) -> FigureRow:
    text, spans = stored_text(figure.caption, figure.mentions)
    rights = figure_rights(figure.caption, licence=source.licence)
    digest = sha256_text(text)
    identity = [
        source.source_id, digest, picture.sha256, figure.page, list(figure.box), figure.label,
        figure.graphic,
    ]  # fmt: skip
    return FigureRow(
        evidence_id=content_id("figure", identity),
        source_id=source.source_id,
        group_id=source.group_id or "",
        family=figure.part_of,
        status=figure.status,
        reason=figure.reason,
        label=figure.label,
        caption=figure.caption,
        caption_span=Span(start=0, end=len(figure.caption)) if figure.caption else None,
        caption_page=figure.caption_page,
        caption_box=figure.caption_box,
        text=text,
        text_sha256=digest,
        page=figure.page,
        box=figure.box,
        sha256=picture.sha256,
        mime=picture.mime,
        width=picture.width,
        height=picture.height,
        dpi=figure.dpi if picture.sha256 else None,
        origin=figure.origin,
        graphic=figure.graphic,
        perceptual_hash=picture.perceptual_hash,
        words_inside=figure.words_inside,
        panels=tuple(_panel(panel, figure.caption) for panel in figure.panels),
        mentions=tuple(
            FigureMention(words=mention.words, span=span, page=mention.page, box=mention.box)
            for mention, span in zip(figure.mentions, spans, strict=True)
        ),
        book=book,
        chapter=figure.chapter,
        section=figure.section,
        read_by_ocr=figure.read_by_ocr,
        ocr_confidence=figure.ocr_confidence,
        alignment=figure.alignment,
        alignment_parts=tuple(
            AlignmentPart(name=name, value=value) for name, value in figure.alignment_parts
        ),
        language=source.language or UNSAID_LANGUAGE,
        licence=rights.licence,
        citation=source.citation,
        identifiers=source.identifiers,
        published=source.published,
        protected=source.protected,
        notes=(*figure.notes, *rights.notes),
    )


def stored_text(caption: str, mentions: Sequence[ReadMention]) -> tuple[str, list[Span]]:
    """The text of a row: the caption, then each paragraph once; and where each mention's paragraph is."""
    pieces = [caption] if caption else []
    length = len(caption)
    places: dict[str, Span] = {}
    for mention in mentions:
        if mention.paragraph in places:
            continue
        start = length + len(SEPARATOR) if pieces else 0
        places[mention.paragraph] = Span(start=start, end=start + len(mention.paragraph))
        pieces.append(mention.paragraph)
        length = start + len(mention.paragraph)
    return SEPARATOR.join(pieces), [places[mention.paragraph] for mention in mentions]


def _panel(panel: ReadPanel, caption: str) -> FigurePanel:
    """A panel; the caption stands at the start of the stored text, so its places are those of the text."""
    start, end = panel.caption_start, panel.caption_end
    told = start is not None and end is not None and 0 <= start < end <= len(caption)
    return FigurePanel(
        label=panel.label,
        pixels=panel.pixels,
        box=panel.box,
        caption=caption[start:end] if told else "",
        span=Span(start=start, end=end) if told and start is not None and end is not None else None,
        confidence=panel.confidence,
    )


def _citation(book: ReadBook, whole: str) -> str:
    if not book.title:
        return ""
    return cite(
        authors=book.authors or ("",),
        title=book.title,
        journal=whole if whole != book.title else None,
        published=book.published,
        identifiers=book.identifiers,
    )


def _counts(book: ReadBook) -> list[str]:
    """What is no figure, in numbers: nothing is left out quietly."""
    told = (
        (book.pages, "page", "pages"),
        (book.pages_without_text, "page without a text layer", "pages without a text layer"),
        (book.tables, "table", "tables"),
        (book.decoration, "picture left out as decoration", "pictures left out as decoration"),
        (book.running, "running head or foot left out", "running heads and feet left out"),
    )
    parts = [f"{count:,} {one if count == 1 else many}" for count, one, many in told if count]
    return [f"{'; '.join(parts)}."] if parts else []
