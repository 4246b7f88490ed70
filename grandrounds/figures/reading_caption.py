"""A caption as a description: without credits, references and letters of panels; and whether it is one."""

from __future__ import annotations

import re

from grandrounds.figures.reading_values import Told, Untold, caption_area
from grandrounds.figures.taxonomy import ANATOMY, FINDING, MODALITY
from grandrounds.figures.vocabulary import Fired, fired
from grandrounds.records.figure import FigureRow
from grandrounds.records.parts import Span
from grandrounds.text import sentences, words

FEWEST_WORDS, MOST_WORDS = 7, 120
_CREDIT = re.compile(
    r"\b(?:credit|courtesy|reproduced|reprinted|adapted|modified\s+from|taken\s+from|copyright|permission|licen[cs]ed?|source|photo\s+by|image\s+by|"
    r"this\s+figure\s+(?:appears|is\s+available)|colou?r\s+version|see\s+(?:the\s+)?(?:section|text|table|chapter|figure|fig|also)|for\s+(?:more|further|details)|available\s+(?:at|online))\b|\u00a9|https?://|www\.",
    re.IGNORECASE,
)
_ASIDE = re.compile(
    r"\s*[(\[](?:(?:image\s+|photo\s+)?credit|courtesy|reproduced|reprinted|adapted|modified|from\b|source|see\b|refs?\b|\u00a9)[^()\[\]]*[)\]]|\s*\[\s*\d+(?:\s*[,\u2013-]\s*\d+)*\s*\]",
    re.IGNORECASE,
)
_LETTERS = r"[A-Ha-h](?:\s*(?:,|and|&|to|\u2013|-)\s*[A-Ha-h])*"
_PANEL = re.compile(rf"\s*[(\[]\s*{_LETTERS}\s*[)\]]")
_LEADING = re.compile(rf"^(?:{_LETTERS}|[Ll]eft|[Rr]ight|[Tt]op|[Bb]ottom)\s*[.:,)]\s+(?=\S)")
_SPEAKS_TO_READER = re.compile(
    r"^\W*(?:compare|see|use|click|watch|note\s+how|visit|match|label|identify|which|what|how|why)\b",
    re.IGNORECASE,
)
_MODAL = re.compile(r"\b(?:can|may|might|should|would|will|must)\b", re.IGNORECASE)
_SHOWING = re.compile(
    r"\b(?:show\w*|demonstrat\w*|reveal\w*|depict\w*|illustrat\w*|view|image|section|photograph\w*|scan|seen|visible)\b",
    re.IGNORECASE,
)


def clean(caption: str) -> str:
    """``caption`` without credits, references to elsewhere and letters of panels, on one line."""
    kept = [
        _tidy(span.of(caption))
        for span in sentences(caption)
        if not _CREDIT.search(_ASIDE.sub("", span.of(caption)))
    ]
    return " ".join(sentence for sentence in kept if sentence)


def read_description(row: FigureRow) -> Told | Untold:
    """The caption as the answer to "what does the picture show?", or why it is none."""
    area = caption_area(row)
    if area is None:
        return Untold("the figure has no caption")
    text = clean(area.of(row.text))
    size = len(words(text))
    if size < FEWEST_WORDS:
        return Untold(
            f"the caption has {size} words without credits and letters, too few to describe a picture"
        )
    if size > MOST_WORDS:
        return Untold(f"the caption has {size} words, more than a description that answers can be held to")
    if _SPEAKS_TO_READER.match(text):
        return Untold("the caption speaks to the reader instead of saying what is seen")
    first = next(iter(sentences(text)), Span(start=0, end=len(text))).of(text)
    if _MODAL.search(first) and not _SHOWING.search(text):
        return Untold("the caption explains what can be instead of saying what is seen")
    seen = _seen(row, area)
    if not seen:
        return Untold("the caption names nothing that is known to be seen in pictures")
    return Told(
        scheme="description", path=(), title=text, words=seen, rule="a caption that says what is seen"
    )


def _seen(row: FigureRow, area: Span) -> tuple[Fired, ...]:
    found = [
        each
        for scheme in (MODALITY, ANATOMY, FINDING)
        for each in fired(row.text, scheme, within=area)
        if each.asserted
    ]
    return tuple(sorted(found, key=lambda each: each.span.start))


def _tidy(sentence: str) -> str:
    bare = _PANEL.sub("", _ASIDE.sub("", " ".join(sentence.split())))
    bare = _LEADING.sub("", bare.strip())
    bare = re.sub(r"\s+([.,;:)\]])", r"\1", bare)
    bare = re.sub(r"\(\s*\)|,(?=\s*[,.;])", "", bare).strip(" ,;:")
    return bare[:1].upper() + bare[1:]
