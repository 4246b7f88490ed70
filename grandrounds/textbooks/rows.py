"""Figures as found made into the rows a reader hands over: words, mentions, sections, confidence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from grandrounds.records.figure import LABEL_ONLY, NO_CAPTION, NO_PICTURE, NONE, PAIRED
from grandrounds.textbooks import boxes
from grandrounds.textbooks.alignment import agreement, alignment, content_words
from grandrounds.textbooks.finds import Found
from grandrounds.textbooks.headings import Sections, chapter_of
from grandrounds.textbooks.layout import Block
from grandrounds.textbooks.mending import Words, clean, join
from grandrounds.textbooks.mentions import may_refer, references_in
from grandrounds.textbooks.pages import Page
from grandrounds.textbooks.panels import letters_near, panels_of
from grandrounds.textbooks.paragraphs import Paragraphs
from grandrounds.textbooks.sequence import in_place
from grandrounds.textbooks.values import Box, ReadFigure, ReadMention, ReadPanel

_MOST_MENTIONS = 40
_AROUND = 220
_MOST_WORDS_INSIDE = 200
_MOST_PAGES_MENTIONED = 2000


@dataclass(slots=True, kw_only=True)
class Row:
    """A figure before its picture is cut: the row so far, and the parts of its confidence."""

    found: Found
    label: str = ""
    caption: str = ""
    caption_page: int | None = None
    caption_box: tuple[float, ...] = ()
    mentions: list[ReadMention] = field(default_factory=list)
    words_inside: tuple[str, ...] = ()
    chapter: str = ""
    section: tuple[str, ...] = ()
    parts: dict[str, float] = field(default_factory=dict)


def rows_of(
    figures: Sequence[Found],
    *,
    pages: Mapping[int, Page],
    blocks_on: Callable[[int], list[Block]],
    sections: Sections,
    words: Words,
    is_book: bool,
) -> list[Row]:
    """One row a figure, in reading order, with everything but picture, panels and the final confidence."""
    rows = [_row(found, blocks_on, words) for found in figures]
    _mention(rows, pages, blocks_on, words)
    for row in rows:
        row.section = sections.path(*row.found.order)
        row.chapter = chapter_of(row.section, is_book=is_book)
    _weigh(rows)
    return rows


def finished(
    row: Row, panels: Sequence[ReadPanel], *, pages: Mapping[int, Page], trouble: str = ""
) -> ReadFigure:
    """The figure without its picture; ``trouble`` says why none could be cut."""
    found = row.found
    parts = dict(row.parts)
    placed = [panel for panel in panels if panel.box]
    if len(panels) >= 2 and found.page is not None and found.has_words:
        parts["panels"] = len(placed) / len(panels) if placed else 0.5
    status, reason = _status(row, trouble)
    page = pages[found.page or row.caption_page or 1]
    whole = alignment(parts) if status == PAIRED else 0.0
    return ReadFigure(
        status=status,
        reason=reason,
        label=row.label,
        caption=row.caption,
        caption_page=row.caption_page,
        caption_box=row.caption_box,
        page=found.page if not trouble else None,
        box=boxes.rounded(found.box) if found.page is not None and not trouble else (),
        origin=NONE,
        words_inside=row.words_inside,
        panels=tuple(panels),
        mentions=tuple(row.mentions),
        chapter=row.chapter,
        section=row.section,
        read_by_ocr=page.by_ocr,
        ocr_confidence=page.ocr_confidence,
        alignment=whole,
        alignment_parts=tuple((name, round(min(1.0, max(0.0, value)), 4)) for name, value in parts.items())
        if status == PAIRED
        else (),
        notes=tuple(found.notes),
    )


def row_panels(
    row: Row, blocks_on: Callable[[int], list[Block]], split: Callable[[int], Sequence[Box]]
) -> tuple[ReadPanel, ...]:
    """The panels of a row's figure."""
    found = row.found
    if found.page is None:
        return panels_of(row.caption, boxes.EMPTY, [], [], lambda _count: [])
    letters = letters_near(found.box, blocks_on(found.page))
    return panels_of(row.caption, found.box, found.atoms, letters, split)


def _row(found: Found, blocks_on: Callable[[int], list[Block]], words: Words) -> Row:
    row = Row(found=found)
    block = found.words or found.caption
    if block is not None and block.head is not None:
        row.label = clean(
            found.caption.head.label if found.caption and found.caption.head else block.head.label
        )
        row.caption = caption_text(block, words)
        row.caption_page = block.page
        row.caption_box = boxes.rounded(block.box)
    if found.page is not None:
        row.words_inside = _inside(found, blocks_on(found.page))
    if found.fit is not None:
        row.parts.update(found.fit.parts)
        row.parts["only"] = (
            max(0.0, min(1.0, (found.fit.whole - found.rival) / 0.25)) if found.rival else 1.0
        )
    if found.caption is not None:
        row.parts["typography"] = min(1.0, max(0.0, found.caption.score) / 5)
    return row


def caption_text(block: Block, words: Words) -> str:
    """The words after the label, mended."""
    assert block.head is not None
    lines = [line.text for line in block.lines]
    lines[0] = lines[0][block.head.offset :]
    return join([*lines, *(line.text for extra in block.extra for line in extra.lines)], words)


def _inside(found: Found, blocks: Sequence[Block]) -> tuple[str, ...]:
    """Texts within the figure's box, in reading order, its own caption left out."""
    inside: list[str] = []
    for block in blocks:
        if block is found.caption or block is found.words or block.head is not None:
            continue
        for line in block.lines:
            if boxes.share_inside(line.box, found.box) > 0.5:
                text = clean(line.text)
                if text:
                    inside.append(text)
    return tuple(inside[:_MOST_WORDS_INSIDE])


def _mention(
    rows: Sequence[Row], pages: Mapping[int, Page], blocks_on: Callable[[int], list[Block]], words: Words
) -> None:
    by_key: dict[str, list[Row]] = {}
    for row in rows:
        if row.found.head is not None and row.found.head.key:
            by_key.setdefault(row.found.head.key, []).append(row)
    if not by_key:
        return
    paragraphs = Paragraphs(blocks_on, last_page=max(pages), words=words)
    told: set[tuple[int, str]] = set()
    asked = 0
    for number in sorted(pages):
        if not may_refer("\n".join([line.text for line in pages[number].lines])):
            continue
        asked += 1
        if asked > _MOST_PAGES_MENTIONED:
            break
        for paragraph in paragraphs.on(number, asked=may_refer):
            if not may_refer(paragraph.text):
                continue
            for key, start, end in references_in(paragraph.text):
                for row in by_key.get(key, ()):
                    once = (id(row), f"{paragraph.first.page} {paragraph.first.order} {start}")
                    if once in told or len(row.mentions) >= _MOST_MENTIONS:
                        continue
                    told.add(once)
                    row.mentions.append(
                        ReadMention(
                            words=paragraph.text[start:end].strip(),
                            paragraph=paragraph.text,
                            page=paragraph.first.page,
                            box=boxes.rounded(paragraph.first.box),
                        )
                    )


def _weigh(rows: Sequence[Row]) -> None:
    """The parts of the confidence that only the whole document tells."""
    labelled = [
        row
        for row in rows
        if row.found.head is not None
        and row.found.head.key
        and row.found.fit is not None
        and row.found.has_words
    ]
    for row, value in zip(labelled, in_place([row.found for row in labelled]), strict=True):
        if len(labelled) > 1:
            row.parts["sequence"] = value
    captions = [content_words(row.caption) for row in labelled]
    said = [content_words(" ".join(_near(one) for one in row.mentions)) for row in labelled]
    for row, agreed in zip(labelled, agreement(captions, said), strict=True):
        if agreed is not None:
            row.parts["mentions"] = agreed
    inside = [content_words(" ".join(row.words_inside)) for row in labelled]
    for row, agreed in zip(labelled, agreement(captions, inside), strict=True):
        if agreed is not None and len(content_words(" ".join(row.words_inside))) >= 3:
            row.parts["words"] = agreed


def _near(mention: ReadMention) -> str:
    """The words right around a reference: what the paragraph says of this figure, not of its neighbours."""
    place = mention.paragraph.find(mention.words)
    return mention.paragraph[max(0, place - _AROUND) : place + len(mention.words) + _AROUND]


def _status(row: Row, trouble: str) -> tuple[str, str]:
    found = row.found
    if trouble:
        return NO_PICTURE, trouble
    if found.caption is None:
        return NO_CAPTION, "No caption was found for this picture on its page or the next to it."
    if found.page is None:
        return NO_PICTURE, "No picture was found for this caption on its page or the next to it."
    if not row.caption:
        return LABEL_ONLY, "The label stands alone; no words follow it."
    return PAIRED, ""
