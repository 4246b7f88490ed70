"""What must hold for every article, whatever it was read from."""

from __future__ import annotations

from grandrounds.records.case import SECTION_KINDS
from grandrounds.sources.article import Article


def check_article(article: Article) -> None:
    """All spans lie in the text; sections tile it in order; marks, captions and mentions stand in sections."""
    text = article.text
    text.encode("utf-8")
    assert text.strip() == text != ""
    assert "\uffff" not in text
    assert "\ufffe" not in text
    end = 0
    for section in article.sections:
        assert section.kind in SECTION_KINDS
        assert section.span.start < section.span.end <= len(text)
        assert section.span.start >= end, "sections overlap or stand out of order"
        assert not text[end : section.span.start].strip(), "words stand outside every section"
        assert section.span.of(text).strip()
        assert section.title == (section.path[-1] if section.path else "")
        assert section.case_number is None or 1 <= section.case_number <= article.case_count
        end = section.span.end
    assert not text[end:].strip()
    for span in [mark.span for mark in article.marks] + [m for f in article.figures for m in f.mentions]:
        assert span.start < span.end <= len(text)
        assert any(section.span.start <= span.start < section.span.end for section in article.sections)
    for mark in article.marks:
        assert any(section.span.contains(mark.span) for section in article.sections)
    for figure in article.figures:
        assert bool(figure.caption) == (figure.caption_span is not None)
        if figure.caption_span is not None:
            assert figure.caption_span.end <= len(text)
            assert figure.caption_span.of(text).split() == figure.caption.split()
    ids = [figure.figure_id for figure in article.figures] + [table.table_id for table in article.tables]
    assert len(ids) == len(set(ids))
