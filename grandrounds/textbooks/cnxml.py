"""CNXML, the markup of OpenStax: modules (``index.cnxml``) and the collections that make books of them.

Written from the element reference of CNXML 0.7 and real modules. The markup numbers no figure (typesetters
do), so labels are empty; a figure's title is printed before its caption and is part of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from grandrounds.errors import SourceError
from grandrounds.records.parts import Identifier
from grandrounds.sources import languages
from grandrounds.sources.characters import raised
from grandrounds.sources.dates import parse_iso
from grandrounds.sources.formulas import local_name, math_line
from grandrounds.sources.marked_text import MarkedText
from grandrounds.sources.xml_safety import parse
from grandrounds.textbooks.markup import (
    REFERENCE,
    UNSAID,
    Gathered,
    MarkedFigure,
    figures_of,
    mention_of,
    plain,
)
from grandrounds.textbooks.values import ReadBook, ReadMention

_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_SILENT = frozenset({"title", "label", "metadata", "colspec", "spanspec", "alt", "param", "footnote"})
_BLOCKS = frozenset(
    {"figure", "subfigure", "table", "list", "item", "note", "section", "equation", "example", "exercise",
     "problem", "solution", "definition", "rule", "para", "entry", "media", "injected-exercise"}
)  # fmt: skip
_NAMES = {"figure": "Figure", "subfigure": "Figure", "table": "Table", "equation": "Equation",
          "example": "Example", "exercise": "Exercise"}  # fmt: skip
_MOVING = frozenset({"video", "audio", "iframe", "flash", "java-applet", "labview", "object", "download"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """A module as read: ``name`` ("m46352"), what it says, the ids of its figures (in the order of
    ``book.figures``), and the figures of other modules that it mentions (module, id, mention)."""

    name: str
    book: ReadBook
    ids: tuple[str, ...] = ()
    outward: tuple[tuple[str, str, ReadMention], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a module stands in a collection: the titles above it, outermost first."""

    module: str
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """A book made of modules: what its file says, and the modules in printed order."""

    book: ReadBook
    modules: tuple[Place, ...]


def read_module(data: bytes) -> Module:
    """The module that the bytes hold; pictures are named, not read. Raises ``SourceError``."""
    document = parse(data)
    root = document.root
    if local_name(root) != "document":
        raise _strange(root, "a module, whose root is <document>")
    metadata = _child(root, "metadata")
    name = _text(_child(metadata, "content-id")) or _text(_child(root, "name"))
    title = _text(_child(root, "title")) or _text(_child(metadata, "title"))
    walk = _Walk(root, chapter=title)
    content = _child(root, "content")
    if content is not None:
        walk.blocks(content, ())
    glossary = _child(root, "glossary")
    if glossary is not None:
        walk.blocks(glossary, ("Glossary",))
    book = _said(metadata, title=title)
    gathered = walk.gathered
    language = (
        book.language or languages.clean_tag(root.get(_LANG) or "") or languages.guess(gathered.prose)
    )
    return Module(
        name=name,
        book=ReadBook(
            title=title,
            authors=book.authors,
            identifiers=book.identifiers,
            language=language or languages.guess(gathered.prose) or "",
            published=book.published,
            licence_words=book.licence_words,
            licence_links=book.licence_links,
            tables=gathered.tables,
            decoration=gathered.decoration,
            figures=figures_of(gathered),
            notes=(*document.notes, *dict.fromkeys(gathered.notes)),
        ),
        ids=tuple(figure.ids[0] if figure.ids else "" for figure in gathered.figures),
        outward=tuple(walk.outward()),
    )


def read_collection(data: bytes) -> Collection:
    """The collection that the bytes hold. Raises ``SourceError``."""
    document = parse(data)
    root = document.root
    if local_name(root) != "collection":
        raise _strange(root, "a collection")
    metadata = _child(root, "metadata")
    book = _said(metadata, title=_text(_child(metadata, "title")))
    language = book.language or languages.clean_tag(root.get(_LANG) or "") or ""
    content = _child(root, "content")
    places = tuple(_places(content, ())) if content is not None else ()
    return Collection(
        book=ReadBook(
            title=book.title,
            authors=book.authors,
            identifiers=book.identifiers,
            language=language,
            published=book.published,
            licence_words=book.licence_words,
            licence_links=book.licence_links,
            notes=document.notes,
        ),
        modules=places,
    )


def _places(content: Any, path: tuple[str, ...]) -> Iterator[Place]:
    for child in content:
        name = local_name(child)
        if name == "module" and child.get("document"):
            yield Place(module=child.get("document"), path=path)
        elif name == "subcollection":
            title = _text(_child(child, "title"))
            inner = _child(child, "content")
            if inner is not None:
                yield from _places(inner, (*path, title) if title else path)


def _said(metadata: Any, *, title: str) -> ReadBook:
    """What the metadata say: identifiers, licence, language, people, dates."""
    if metadata is None:
        return ReadBook(title=title)
    licences = [e for e in metadata.iter() if local_name(e) == "license"]
    found = []
    for scheme, names in (("uuid", ("uuid",)), ("isbn", ("isbn", "isbn-13")), ("doi", ("doi",))):
        found += [
            Identifier(scheme=scheme, value=value)
            for e in metadata
            if local_name(e) in names and (value := _text(e))
        ]
    people = [
        _text(_child(e, "fullname")) or _text(e) for e in metadata.iter() if local_name(e) == "person"
    ]
    day = next((_text(e) for e in metadata if local_name(e) in ("revised", "created")), "")
    return ReadBook(
        title=title,
        authors=tuple(dict.fromkeys(name for name in people if name)),
        identifiers=tuple(found),
        language=languages.clean_tag(_text(_child(metadata, "language"))) or "",
        published=parse_iso(day) if day else None,
        licence_words=" ".join(filter(None, map(_text, licences))),
        licence_links=tuple(e.get("url").strip() for e in licences if e.get("url")),
    )


class _Walk:
    """One walk through a module."""

    def __init__(self, root: Any, *, chapter: str) -> None:
        self.gathered = Gathered()
        self._chapter = chapter
        self._targets = {e.get("id"): e for e in root.iter() if e.get("id") is not None}

    def outward(self) -> Iterator[tuple[str, str, ReadMention]]:
        """Mentions of what stands in other modules."""
        for paragraph in self.gathered.paragraphs:
            for mark in paragraph.words.places:
                module, _, target = mark.target.rpartition("#")
                if mark.kind == REFERENCE and module and target:
                    yield module, target, mention_of(paragraph, mark)

    def blocks(self, element: Any, path: tuple[str, ...]) -> None:
        """Read the children of a container, and any words that stand between them."""
        self._loose(element.text, path)
        for child in element:
            self._block(child, path)
            self._loose(child.tail, path)

    def _block(self, element: Any, path: tuple[str, ...]) -> None:
        name = local_name(element)
        if name in _SILENT or not name:
            return
        if name == "figure":
            self._figure(element, path)
        elif name == "media":
            self._loose_media(element, path, inline=False)
        elif name in ("para", "item", "entry", "term", "meaning", "caption", "equation", "quote", "code"):
            self._paragraph(element, path)
        else:
            if name == "table":
                self.gathered.tables += 1
            title = plain(self._words(_child(element, "title"))) if name == "section" else ""
            self.blocks(element, (*path, title) if title else path)

    def _paragraph(self, element: Any, path: tuple[str, ...]) -> None:
        """Read running text; blocks inside it end the paragraph and start a new one."""
        words = MarkedText.of(element.text or "")
        inside_text = bool((element.text or "").strip())
        for child in element:
            name = local_name(child)
            if name == "media" and (inside_text or (child.tail or "").strip()):
                self.gathered.decoration += 1
            elif name in _BLOCKS:
                self.gathered.add_paragraph(words, path)
                self._block(child, path)
                words = MarkedText()
            else:
                self._inline(child, words)
                inside_text = inside_text or bool(words.text.strip())
            words.add(child.tail or "")
        self.gathered.add_paragraph(words, path)
        for note in element.iter():
            if local_name(note) == "footnote":
                self.gathered.add_paragraph(self._words(note), path)

    def _loose(self, text: str | None, path: tuple[str, ...]) -> None:
        if text and text.strip():
            self.gathered.add_paragraph(MarkedText.of(text), path)

    def _words(self, element: Any) -> MarkedText:
        words = MarkedText()
        if element is not None:
            self._content(element, words)
        return words

    def _content(self, element: Any, words: MarkedText) -> None:
        words.add(element.text or "")
        for child in element:
            self._inline(child, words)
            words.add(child.tail or "")

    def _inline(self, element: Any, words: MarkedText) -> None:
        name = local_name(element)
        if name in ("footnote", "media", "label", ""):
            return
        if name in ("link", "cite") and (element.get("target-id") or element.get("document")):
            self._link(element, words)
        elif name == "sup":
            words.add(raised(plain(self._words(element)), before=words.ending()))
        elif name in ("newline", "space"):
            words.add(" ")
        elif name == "math":
            words.add(math_line(element))
        elif name in _BLOCKS or name in ("title", "quote", "code", "preformat"):
            words.add(" ")
            self._content(element, words)
            words.add(" ")
        else:
            self._content(element, words)

    def _link(self, element: Any, words: MarkedText) -> None:
        """A reference: as printed, else what kind of thing it names (a typesetter adds the number)."""
        document, target = element.get("document") or "", element.get("target-id") or ""
        start = len(words)
        self._content(element, words)
        pointed = self._targets.get(target) if not document else None
        kind = local_name(pointed) if pointed is not None else _kind_by_id(target)
        if len(words) == start:
            named = _NAMES.get(kind)
            title = (
                plain(self._words(_child(pointed, "title"))) if pointed is not None and not named else ""
            )
            words.add(f"{named}{UNSAID}" if named else title)
        if not kind and document and target and len(words) == start:
            words.add("[link]")
        if (kind in ("figure", "subfigure") or (document and not kind)) and len(words) > start:
            words.mark(REFERENCE, start, target=f"{document}#{target}" if document else target)

    # Figures ----------------------------------------------------------------------------------

    def _figure(self, element: Any, path: tuple[str, ...]) -> None:
        """A figure, one for each of its pictures; parts follow the figure's own title."""
        parts = [child for child in element if local_name(child) == "subfigure"]
        title, caption = self._title_and_caption(element)
        own = element.get("id") or ""
        whole = f"{own or f'figure-{len(self.gathered.figures) + 1}'}"
        if not parts:
            pictures, reason = _pictures(element)
            several = len(pictures) > 1
            for number, picture in enumerate(pictures or [""], start=1):
                note = f"Picture {number} of {len(pictures)} under one caption." if several else ""
                self._add(
                    MarkedFigure(
                        ids=(own,) if own else (),
                        caption=_joined(title, caption),
                        graphic=picture,
                        reason=reason,
                        part_of=whole if several else "",
                        notes=(note,) if note else (),
                    ),
                    path,
                )
            return
        for number, part in enumerate(parts):
            letter = f"({chr(ord('a') + number)})" if number < 26 else f"({number + 1})"
            part_title, part_caption = self._title_and_caption(part)
            pictures, reason = _pictures(part)
            for picture in pictures or [""]:
                self._add(
                    MarkedFigure(
                        ids=tuple(filter(None, (part.get("id"), own))),
                        label=letter,
                        caption=_joined(title, part_title, part_caption, caption),
                        graphic=picture,
                        reason=reason,
                        part_of=whole,
                        notes=(f"Part {letter} of a figure of {len(parts)} parts.",),
                    ),
                    path,
                )

    def _add(self, figure: MarkedFigure, path: tuple[str, ...]) -> None:
        figure.chapter, figure.section = self._chapter, path
        self.gathered.figures.append(figure)

    def _title_and_caption(self, element: Any) -> tuple[str, str]:
        captions = [plain(self._words(c)) for c in element if local_name(c) == "caption"]
        return plain(self._words(_child(element, "title"))), _joined(*captions)

    def _loose_media(self, element: Any, path: tuple[str, ...], *, inline: bool) -> None:
        pictures, _ = _pictures_in([element])
        for picture in pictures:
            identity = element.get("id")
            self._add(MarkedFigure(ids=(identity,) if identity else (), graphic=picture), path)


def _pictures(figure: Any) -> tuple[list[str], str]:
    """The names of a figure's pictures, or why there is none."""
    media = [child for child in figure if local_name(child) == "media"]
    found, reason = _pictures_in(media)
    if not found and not media:
        other = next((local_name(c) for c in figure if local_name(c) in ("table", "code", "list")), "")
        reason = f"The figure holds a {other}, no picture." if other else "The figure holds no picture."
    return found, reason


def _pictures_in(media: list[Any]) -> tuple[list[str], str]:
    """One picture a ``media``: its images are the same in several forms (on screen, in print)."""
    found = []
    reason = "The figure holds no picture."
    for one in media:
        images = [e for e in one.iter() if local_name(e) == "image" and (e.get("src") or "").strip()]
        images.sort(key=lambda image: (image.get("for") or "").casefold() not in ("", "online", "default"))
        if images:
            found.append(images[0].get("src").strip())
        else:
            moving = next((local_name(e) for e in one.iter() if local_name(e) in _MOVING), "")
            reason = f"The figure is no picture but {moving} media." if moving else reason
    return found, reason


def _joined(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def _kind_by_id(target: str) -> str:
    """What an id of another module most likely names: OpenStax spells it ``fig-...`` and ``tbl-...``."""
    said = target.casefold()
    if "fig" in said:
        return "figure"
    return "table" if "tbl" in said or "table" in said else ""


def _child(element: Any, name: str) -> Any:
    return None if element is None else next((c for c in element if local_name(c) == name), None)


def _text(element: Any) -> str:
    return "" if element is None else " ".join("".join(element.itertext()).split())


def _strange(root: Any, wanted: str) -> SourceError:
    return SourceError(
        f"The root element is <{local_name(root)}>; this is not {wanted}.",
        remedy="Get the file again from its publisher.",
    )
