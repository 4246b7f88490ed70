"""What readers of marked-up books share: paragraphs with references, figures with captions, mentions.

A reader of one format walks its elements and fills a ``Gathered``; ``figures_of`` makes of it what all
readers of books hand over. Captions are the words as a reader sees them; an alternative text is none.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from grandrounds.records.figure import LABEL_ONLY, MARKUP, NO_CAPTION, NO_PICTURE, NONE, PAIRED
from grandrounds.sources import mentions
from grandrounds.sources.characters import tidy
from grandrounds.sources.marked_text import MarkedText, Place
from grandrounds.textbooks import labels
from grandrounds.textbooks.values import ReadFigure, ReadMention

REFERENCE = "figure"
"""The kind of mark that stands for a reference to something in the book; its target is ``file#id``."""

UNSAID = "\ufdd0"
"""Stands behind a reference that the markup leaves empty ("Figure", whose number a typesetter fills in)."""

_PRINTED = re.compile(
    r"\b(?:fig(?:ure)?s?\.?|plates?)\s*(?P<number>[A-Z]?\d+(?:[.\u2010-\u2015-]\d+)*)(?![\d])",
    re.IGNORECASE,
)
_PANEL_AFTER = re.compile(r"\s?[A-Ha-h](?:\s?[,\u2013-]\s?[A-Ha-h])*(?!\w)")
_NUMBER = re.compile(r"[A-Z]?\d+(?:[.\u2010-\u2015-]\d+)*|[IVXL]+$", re.IGNORECASE)
_DASHES = re.compile(r"\s*[\u2010-\u2015-]\s*")
_GAP_AFTER_UNSAID = re.compile(rf"{UNSAID}(?=\w)")


@dataclass(slots=True, kw_only=True)
class Paragraph:
    """A paragraph of running text; its marks of kind ``REFERENCE`` are what it refers to."""

    words: MarkedText
    section: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class MarkedFigure:
    """A figure as marked up, one for each of its pictures.

    ``ids`` are the targets by which it is referred to, ``graphic`` names its picture (empty: none, and
    ``reason`` says why); ``picture`` holds it where it stands in the markup itself. ``part_of`` is shared
    by pictures of one printed figure.
    """

    ids: tuple[str, ...] = ()
    label: str = ""
    caption: str = ""
    graphic: str = ""
    picture: bytes = field(default=b"", repr=False)
    reason: str = ""
    chapter: str = ""
    section: tuple[str, ...] = ()
    part_of: str = ""
    notes: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class Gathered:
    """What a walk through a book found, in reading order."""

    paragraphs: list[Paragraph] = field(default_factory=list)
    figures: list[MarkedFigure] = field(default_factory=list)
    tables: int = 0
    decoration: int = 0
    notes: list[str] = field(default_factory=list)

    def add_paragraph(self, words: MarkedText, section: tuple[str, ...]) -> None:
        """Keep a paragraph that has words."""
        made = finish(words)
        if made.text:
            self.paragraphs.append(Paragraph(words=made, section=section))

    @property
    def prose(self) -> str:
        """The running text, to tell its language."""
        return "\n".join(paragraph.words.text for paragraph in self.paragraphs[:200])


def finish(words: MarkedText) -> MarkedText:
    """``words`` with plain white space, its references stretched over "Figures" and panel letters."""
    tidy(words)
    _stretch_unsaid(words)
    words.sub(_GAP_AFTER_UNSAID, " ")
    words.sub(re.compile(UNSAID), "")
    made = words.stripped()
    mentions.complete(made)
    return made


def plain(words: MarkedText) -> str:
    """The finished words as a plain string."""
    return finish(words).text


def split_label(caption: str) -> tuple[str, str]:
    """The printed label at the start of ``caption`` ("Figure 7.2", "FIG. 3") and the words after it.

    "Figure 2 shows the heart" is split too: in a caption, it is printed the same way.
    """
    head = labels.head_of(caption)
    if head is None or head.kind != labels.FIGURE:
        return "", caption.strip()
    return head.label, caption[head.offset :].strip()


def figures_of(
    gathered: Gathered, *, outward: Iterable[tuple[str, ReadMention]] = ()
) -> tuple[ReadFigure, ...]:
    """The figures with their mentions: by reference, and by the label's number where nothing is linked.

    ``outward`` are mentions that stand elsewhere, with the targets they name.
    """
    said = _by_target(gathered)
    for target, mention in outward:
        said[target].append((len(gathered.paragraphs), mention))
    numbered = _by_number(gathered)
    made = []
    for figure in gathered.figures:
        found = {
            one for name in figure.ids for one in said.get(name, ()) if not _is_caption(one[1], figure)
        }
        number = label_number(figure.label)
        if number:
            known = {(place, mention.paragraph) for place, mention in found}
            found |= {
                one
                for one in numbered.get(number, ())
                if (one[0], one[1].paragraph) not in known and not _is_caption(one[1], figure)
            }
        order = sorted(found, key=lambda one: (one[0], one[1].paragraph.find(one[1].words), one[1].words))
        made.append(_figure(figure, tuple(mention for _, mention in order)))
    return tuple(made)


def with_status(figure: ReadFigure, *, has_picture: bool, reason: str = "") -> ReadFigure:
    """``figure`` with the status that it has now that its picture was looked for.

    ``reason`` says why there is none. Marked-up pairs are certain: the markup itself says so.
    """
    if not has_picture:
        return replace(
            figure,
            status=NO_PICTURE,
            reason=reason or "The markup names no picture.",
            origin=NONE,
            alignment=0.0,
            alignment_parts=(),
        )
    if figure.caption:
        return replace(
            figure,
            status=PAIRED,
            reason="",
            origin=MARKUP,
            alignment=1.0,
            alignment_parts=(("markup", 1.0),),
        )
    status, why = (
        (LABEL_ONLY, "There are no words after the label.")
        if figure.label
        else (NO_CAPTION, "The markup gives this picture no caption.")
    )
    return replace(figure, status=status, reason=why, origin=MARKUP, alignment=0.0, alignment_parts=())


def label_number(label: str) -> str:
    """The number of a label or a printed reference, in one spelling; empty where it has none."""
    match = _NUMBER.search(label)
    return _DASHES.sub("-", match.group()).casefold() if match else ""


def _figure(figure: MarkedFigure, said: Sequence[ReadMention]) -> ReadFigure:
    made = ReadFigure(
        status=NO_PICTURE,
        origin=NONE,
        label=figure.label,
        caption=figure.caption,
        graphic=figure.graphic,
        picture=figure.picture,
        mentions=tuple(said),
        chapter=figure.chapter,
        section=figure.section,
        part_of=figure.part_of,
        alignment=0.0,
        notes=figure.notes,
    )
    return with_status(made, has_picture=bool(figure.graphic), reason=figure.reason)


def _is_caption(mention: ReadMention, figure: MarkedFigure) -> bool:
    """Whether a paragraph is the figure's own caption once more: an entry in a list of figures."""
    extra = len(mention.paragraph) - len(figure.caption)
    return bool(figure.caption) and figure.caption in mention.paragraph and extra <= len(figure.label) + 12


def _by_target(gathered: Gathered) -> defaultdict[str, list[tuple[int, ReadMention]]]:
    found: defaultdict[str, list[tuple[int, ReadMention]]] = defaultdict(list)
    for place, paragraph in enumerate(gathered.paragraphs):
        for mark in paragraph.words.places:
            if mark.kind == REFERENCE:
                found[mark.target].append((place, mention_of(paragraph, mark)))
    return found


def mention_of(paragraph: Paragraph, mark: Place) -> ReadMention:
    """What a paragraph says where ``mark`` is."""
    text = paragraph.words.text
    return ReadMention(words=text[mark.start : mark.end], paragraph=text)


def _by_number(gathered: Gathered) -> dict[str, list[tuple[int, ReadMention]]]:
    found: defaultdict[str, list[tuple[int, ReadMention]]] = defaultdict(list)
    for place, paragraph in enumerate(gathered.paragraphs):
        text = paragraph.words.text
        for match in _PRINTED.finditer(text):
            found[label_number(match.group("number"))].append(
                (place, ReadMention(words=match.group(), paragraph=text))
            )
    return found


def _stretch_unsaid(words: MarkedText) -> None:
    """A letter right behind an empty reference is the panel that it means."""
    text = words.text
    for place in words.places:
        if text[place.end - 1 : place.end] == UNSAID:
            panel = _PANEL_AFTER.match(text, place.end)
            place.end = panel.end() if panel else place.end
