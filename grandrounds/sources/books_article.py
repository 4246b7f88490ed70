"""Figures of JATS articles, as the case-report reader sees them, in the shape that all books have."""

from __future__ import annotations

from bisect import bisect_right

from grandrounds.records.case import Figure
from grandrounds.records.figure import NO_PICTURE, NONE
from grandrounds.records.parts import Span
from grandrounds.sources.article import Article
from grandrounds.sources.books_reading import BookReading, SeenPicture, Told
from grandrounds.sources.jats import read_jats
from grandrounds.sources.passages import SEPARATOR
from grandrounds.textbooks.markup import with_status
from grandrounds.textbooks.values import ReadBook, ReadFigure, ReadMention


def read_article(data: bytes) -> BookReading:
    """The figures of the article that the bytes hold; pictures are named, not read. Raises
    ``SourceError``."""
    article = read_jats(data)
    figures = [made for figure in article.figures for made in _figures(article, figure)]
    book = ReadBook(
        title=article.title,
        identifiers=article.identifiers,
        language=article.language,
        published=article.published,
        tables=len(article.tables),
        figures=tuple(figures),
        notes=article.notes,
    )
    told = Told(
        licence=article.licence,
        licence_evidence=article.licence_evidence,
        citation=article.citation,
        journal=article.journal,
        article_type=article.article_type,
        published_origin=article.published_origin,
        protected=article.protected,
    )
    return BookReading(book=book, pictures=tuple(SeenPicture() for _ in figures), told=told)


def _figures(article: Article, figure: Figure) -> list[ReadFigure]:
    """A figure, one for each of its pictures."""
    mentions = tuple(_mention(article, span) for span in figure.mentions if not _within(span, figure))
    several = len(figure.graphics) > 1
    made = []
    for number, graphic in enumerate(figure.graphics or ("",), start=1):
        note = f"Picture {number} of {len(figure.graphics)} under one caption." if several else ""
        bare = ReadFigure(
            status=NO_PICTURE,
            origin=NONE,
            label=figure.label,
            caption=figure.caption,
            graphic=graphic,
            mentions=tuple(dict.fromkeys(mentions)),
            section=_section(article, figure),
            alignment=0.0,
            part_of=figure.figure_id if several else "",
            notes=(note,) if note else (),
        )
        reason = "The article names no picture for it."
        made.append(with_status(bare, has_picture=bool(graphic), reason=reason))
    return made


def _mention(article: Article, span: Span) -> ReadMention:
    """The paragraph around a printed reference."""
    text = article.text
    start = text.rfind(SEPARATOR, 0, span.start)
    end = text.find(SEPARATOR, span.end)
    paragraph = text[start + len(SEPARATOR) if start >= 0 else 0 : end if end >= 0 else len(text)]
    return ReadMention(words=span.of(text), paragraph=paragraph)


def _within(span: Span, figure: Figure) -> bool:
    return figure.caption_span is not None and figure.caption_span.contains(span)


def _section(article: Article, figure: Figure) -> tuple[str, ...]:
    """The section in which the figure is first mentioned: JATS keeps figures apart from the text."""
    if not figure.mentions:
        return ()
    starts = [section.span.start for section in article.sections]
    place = bisect_right(starts, figure.mentions[0].start) - 1
    return article.sections[place].path if place >= 0 else ()
