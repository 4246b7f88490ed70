"""Chapters in XHTML or HTML5: figures by ``figure`` and ``figcaption``, and what stands in for them.

Older e-books write ``<div class="figure">`` with a paragraph of class ``caption``, or a picture and its
caption one after the other; typesetters of OpenStax put the caption beside the ``figure``. What is left
is a picture without a caption: a row of its own, unless it is decoration.
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from grandrounds.sources import languages
from grandrounds.sources.characters import raised
from grandrounds.sources.dates import parse_iso
from grandrounds.sources.formulas import local_name, math_line
from grandrounds.sources.marked_text import MarkedText
from grandrounds.textbooks.html_elements import (
    BLOCKS,
    HEADINGS,
    HREF,
    MOVING,
    decoded,
    has_own_text,
    images_in,
    in_inner_figure,
    is_caption,
    is_figure_label,
    is_inside,
    is_ornament,
    names_of,
    only_pictures,
    why_none,
    words_of,
)
from grandrounds.textbooks.html_head import head_of, parse_document
from grandrounds.textbooks.markup import (
    REFERENCE,
    Gathered,
    MarkedFigure,
    figures_of,
    plain,
    split_label,
)
from grandrounds.textbooks.values import ReadBook

_EPUB_TYPE = "{http://www.idpf.org/2007/ops}type"
_SILENT = frozenset(
    {"script", "style", "template", "head", "nav", "button", "select", "textarea", "iframe", "noscript"}
)
_FIGURE_CLASS = re.compile(r"(?:^|[\s_-])(?:fig(?:ure)?s?|image|img|illustration|illus|photo|plate|picture)"
                           r"(?=$|[\s_\d-])|wp-caption(?!-text)", re.IGNORECASE)  # fmt: skip
_LIST_PAGES = re.compile(r"\b(?:toc|loi|lot|landmarks|index|page-list)\b")
_DATA = re.compile(r"^data:(?P<type>[\w.+/-]*)(?:;[\w=.-]+)*?(?P<coded>;base64)?,", re.IGNORECASE)
_REPEATED = 3


def read_chapter(data: bytes) -> ReadBook:
    """The chapter that the bytes of an (X)HTML file hold; pictures are named, not read (but those that
    stand in the markup itself). Raises ``SourceError``."""
    notes: list[str] = []
    root = parse_document(data, notes)
    said = head_of(root)
    walk = ChapterWalk(Gathered(), file="")
    walk.read(root)
    gathered = walk.gathered
    drop_ornaments(gathered)
    title = said.title or walk.chapter
    language = said.language or languages.guess(gathered.prose) or ""
    return ReadBook(
        title=title,
        authors=said.authors,
        identifiers=said.identifiers,
        language=language,
        published=parse_iso(said.date) if said.date else None,
        licence_words=said.licence_words,
        licence_links=said.licence_links,
        tables=gathered.tables,
        decoration=gathered.decoration,
        figures=figures_of(gathered),
        notes=(*notes, *dict.fromkeys(gathered.notes)),
    )


def drop_ornaments(gathered: Gathered) -> None:
    """Leave out bare pictures that come back again and again: art of the page, no figures."""
    bare = Counter(f.graphic for f in gathered.figures if f.graphic and not f.caption and not f.label)
    kept = [
        f for f in gathered.figures if f.caption or f.label or not f.graphic or bare[f.graphic] < _REPEATED
    ]
    gathered.decoration += len(gathered.figures) - len(kept)
    gathered.figures = kept


class ChapterWalk:
    """One walk through one document of a book; ``file`` is its name in the book, empty where it is all.

    Targets are spelled ``file#id``, names of pictures as they lead from the book's root.
    """

    def __init__(self, gathered: Gathered, *, file: str) -> None:
        self.gathered = gathered
        self.chapter = ""
        self._file = file
        self._path: list[tuple[int, str]] = []
        self._used: set[Any] = set()
        self._first = len(gathered.figures)

    def read(self, root: Any, *, chapter: str = "") -> None:
        """Walk through a document. ``chapter`` is its title where the book's contents say it."""
        body = next((e for e in root.iter() if local_name(e) == "body"), root)
        title = next((words_of(e) for e in body.iter() if local_name(e) in ("h1", "h2")), "")
        head = next((words_of(e) for e in root.iter() if local_name(e) == "title"), "")
        self.chapter = chapter or title or head
        self._blocks(body)
        for figure in self.gathered.figures[self._first :]:
            figure.chapter = self.chapter

    # Running text -----------------------------------------------------------------------------

    def _blocks(self, element: Any) -> None:
        """Read an element: runs of inline content are paragraphs, blocks are read for themselves."""
        words = MarkedText.of(element.text or "")
        children = list(element)
        has_text = has_own_text(element)
        for position, child in enumerate(children):
            name = local_name(child)
            if child in self._used or name in _SILENT or not name:
                pass
            elif self._is_block(child):
                self._flush(words)
                words = MarkedText()
                self._block(child, children[position + 1 :], children[:position])
            elif images_in(child) and not has_text:
                self._bare(child, children[position + 1 :], children[:position])
                self._inline(child, words)
            else:
                if has_text:
                    self.gathered.decoration += sum(1 for _ in images_in(child))
                self._inline(child, words)
            words.add(child.tail or "")
        self._flush(words)

    def _is_block(self, element: Any) -> bool:
        name = local_name(element)
        return name in BLOCKS or any(local_name(inner) in BLOCKS for inner in element.iter())

    def _flush(self, words: MarkedText) -> None:
        self.gathered.add_paragraph(words, self._section())

    def _block(self, element: Any, after: list[Any], before: list[Any]) -> None:
        name = local_name(element)
        if name in HEADINGS:
            self._heading(element, HEADINGS[name])
        elif _LIST_PAGES.search(element.get(_EPUB_TYPE) or ""):
            return
        elif self._is_figure(element):
            self._figure(element)
        elif is_caption(element) and is_figure_label(words_of(element)):
            self._orphan(element)
        elif only_pictures(element) and name not in ("table", "ul", "ol", "figure"):
            self._bare(element, after, before)
        else:
            self.gathered.tables += name == "table"
            self._blocks(element)

    def _heading(self, element: Any, level: int) -> None:
        title = words_of(element)
        while self._path and self._path[-1][0] >= level:
            self._path.pop()
        if title:
            self._path.append((level, title))
        self._words(element)

    def _section(self) -> tuple[str, ...]:
        return tuple(title for _, title in self._path if title != self.chapter)

    def _words(self, element: Any) -> MarkedText:
        words = MarkedText()
        self._content(element, words)
        return words

    def _content(self, element: Any, words: MarkedText) -> None:
        words.add(element.text or "")
        for child in element:
            self._inline(child, words)
            words.add(child.tail or "")

    def _inline(self, element: Any, words: MarkedText) -> None:
        name = local_name(element)
        if name in _SILENT or name in ("svg", "img", "rt", "rp", *MOVING):
            return
        if name == "a" and element.get("href"):
            start = len(words)
            self._content(element, words)
            target = self._target(element.get("href"))
            if target and len(words) > start:
                words.mark(REFERENCE, start, target=target)
        elif name == "sup" and not any(local_name(e) == "a" for e in element.iter()):
            words.add(raised(plain(self._words(element)), before=words.ending()))
        elif name == "br":
            words.add(" ")
        elif name == "math":
            words.add(math_line(element))
        elif name in BLOCKS:
            words.add(" ")
            self._content(element, words)
            words.add(" ")
        else:
            self._content(element, words)

    def _target(self, href: str) -> str:
        """``file#id`` of a place in this book; empty for any other address."""
        place, mark, target = href.strip().partition("#")
        if not mark or not target or re.match(r"[a-z][a-z0-9+.-]*:|//", place, re.IGNORECASE):
            return ""
        return f"{self._named(place) if place else self._file}#{unquote(target)}"

    def _named(self, address: str) -> str:
        """A relative address as a name from the book's root."""
        bare = unquote(re.split(r"[?#]", address, maxsplit=1)[0])
        if re.match(r"[a-z][a-z0-9+.-]+:|//", bare, re.IGNORECASE):
            return bare
        return posixpath.normpath(posixpath.join(posixpath.dirname(self._file), bare))

    # Figures ----------------------------------------------------------------------------------

    def _is_figure(self, element: Any) -> bool:
        name = local_name(element)
        if name == "figure":
            return True
        if name not in ("div", "section", "aside", "p", "table", "center"):
            return False
        if sum(local_name(e) in ("figure", "p", "div") for e in element.iter()) > 40:
            return False
        captions = [e for e in element.iter() if e is not element and is_caption(e)]
        if all(in_inner_figure(e, element) for e in captions):
            return False
        if len([e for e in element.iter() if local_name(e) == "figure"]) == 1:
            return True
        return bool(_FIGURE_CLASS.search(names_of(element))) and bool(images_in(element))

    def _figure(self, element: Any) -> None:
        """A figure, one for each of its pictures; parts of a figure keep the caption of the whole."""
        inner = [e for e in element.iter() if local_name(e) == "figure" and e is not element]
        parts = [e for e in inner if images_in(e)] if len(inner) > 1 else []
        caption = self._caption(element, parts)
        whole = f"{self._file}#{element.get('id') or len(self.gathered.figures) + 1}"
        if not parts:
            self._pictures(element, element, caption, whole)
            return
        for part in parts:
            own = self._caption(part, [])
            self._pictures(part, element, " ".join(filter(None, (own, caption))), whole, several=True)

    def _pictures(
        self, element: Any, outer: Any, caption: str, whole: str, *, several: bool = False
    ) -> None:
        label, words = split_label(caption)
        images = images_in(element)
        reason = "" if images else why_none(element)
        tables = any(local_name(e) == "table" for e in element.iter())
        if not images and tables and not label:
            self.gathered.tables += 1
            return
        several = several or len(images) > 1
        for number, image in enumerate(images or [None], start=1):
            graphic, picture, why = self._source(image) if image is not None else ("", b"", reason)
            note = f"Picture {number} of {len(images)} under one caption." if len(images) > 1 else ""
            self.gathered.figures.append(
                MarkedFigure(
                    ids=tuple(self._ids(outer)),
                    label=label,
                    caption=words,
                    graphic=graphic,
                    picture=picture,
                    reason=why,
                    section=self._section(),
                    part_of=whole if several else "",
                    notes=(note,) if note else (),
                )
            )

    def _caption(self, element: Any, parts: list[Any]) -> str:
        """Title and caption of a figure, without those of its parts."""
        ours = [
            e for e in element.iter() if e is not element and not any(is_inside(e, part) for part in parts)
        ]
        captions = [e for e in ours if is_caption(e)]
        captions = [e for e in captions if not any(is_inside(e, o) for o in captions if o is not e)]
        titles = [
            e
            for e in ours
            if (local_name(e) in HEADINGS or e.get("data-type") == "title" or e.get("class") == "title")
            and not any(is_inside(e, c) for c in captions)
        ]
        found = [plain(self._words(e)) for e in (*titles[:1], *captions)]
        return " ".join(words for words in found if words)

    def _orphan(self, caption: Any) -> None:
        """A caption without a figure around it: its picture was not found."""
        label, words = split_label(plain(self._words(caption)))
        self.gathered.figures.append(
            MarkedFigure(
                ids=tuple(self._ids(caption)),
                label=label,
                caption=words,
                reason="No picture stands beside this caption.",
                section=self._section(),
            )
        )

    def _bare(self, element: Any, after: list[Any], before: list[Any]) -> None:
        """Pictures outside a figure: with the caption that stands right behind or before, or with none."""
        caption = ""
        behind = next((e for e in after if local_name(e)), None)
        ahead = next((e for e in reversed(before) if local_name(e)), None)
        for beside in (behind, ahead):
            if beside is not None and beside not in self._used and self._is_beside(beside):
                self._used.add(beside)
                caption = plain(self._words(beside))
                if beside is ahead:
                    self._forget(caption)
                break
        label, words = split_label(caption)
        for image in images_in(element):
            if not caption and is_ornament(image):
                self.gathered.decoration += 1
                continue
            graphic, picture, why = self._source(image)
            self.gathered.figures.append(
                MarkedFigure(
                    ids=tuple(self._ids(element)),
                    label=label,
                    caption=words,
                    graphic=graphic,
                    picture=picture,
                    reason=why,
                    section=self._section(),
                )
            )

    def _is_beside(self, element: Any) -> bool:
        words = words_of(element)
        if not words or images_in(element):
            return False
        if is_caption(element):
            return not words.casefold().startswith("tab")
        bold = next((e for e in element.iter() if local_name(e) in ("b", "strong")), None)
        label, _ = split_label(words)
        return bool(label) and bold is not None and not (element.text or "").strip()

    def _forget(self, caption: str) -> None:
        """A caption before its picture was met as an orphan, or as running text."""
        label, words = split_label(caption)
        figures, paragraphs = self.gathered.figures, self.gathered.paragraphs
        if (
            figures
            and not figures[-1].graphic
            and (figures[-1].label, figures[-1].caption) == (label, words)
        ):
            figures.pop()
        elif paragraphs and paragraphs[-1].words.text == caption:
            paragraphs.pop()

    def _ids(self, element: Any) -> Iterator[str]:
        for inner in element.iter():
            for name in (inner.get("id"), inner.get("name") if local_name(inner) == "a" else None):
                if name:
                    yield f"{self._file}#{name}"
        parent = element.getparent()
        if parent is not None and len(parent) == 1 and parent.get("id"):
            yield f"{self._file}#{parent.get('id')}"

    def _source(self, image: Any) -> tuple[str, bytes, str]:
        """Name of a picture, its bytes where they stand in the markup, and why there is none."""
        address = (
            image.get("src") or image.get("data-src") or image.get(HREF) or image.get("href") or ""
        ).strip()
        inline = _DATA.match(address)
        if inline:
            picture = decoded(address[inline.end() :], coded=bool(inline.group("coded")))
            if not picture:
                return "", b"", "The picture in the markup can't be decoded."
            return f"picture-{len(self.gathered.figures) + 1}", picture, ""
        if local_name(image) == "svg":
            return "", b"", "The picture is a drawing in SVG, which this reader doesn't render."
        return (self._named(address), b"", "") if address else ("", b"", "The picture has no address.")
