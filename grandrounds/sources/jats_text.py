"""The blocks of a JATS or NLM article (sections, paragraphs, lists, floats) as passages in reading order.

Nothing of the article's prose is lost: an element this module does not know is read as what it
holds. Left out on purpose: reference lists, pictures, printed labels of formulas and footnotes.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from grandrounds.sources.formulas import local_name
from grandrounds.sources.jats_inline import Flow, content, finish, inline, title_of, words_of
from grandrounds.sources.jats_tables import read_grid
from grandrounds.sources.marked_text import MarkedText
from grandrounds.sources.mentions import label_number
from grandrounds.sources.passages import ABSTRACT, BACK, BODY, CAPTIONS, OTHER, TABLES, TITLE, Passage, Spot
from grandrounds.sources.section_titles import case_label, title_kind

_HREF = "{http://www.w3.org/1999/xlink}href"
_CONTAINERS = {
    "sec": "", "app": "Appendix", "app-group": "", "ack": "Acknowledgments", "glossary": "Abbreviations",
    "notes": "Notes", "fn-group": "Footnotes", "bio": "Biography", "boxed-text": "Box",
    "supplementary-material": "Supplementary material", "statement": "", "speech": "", "disp-quote": "",
    "verse-group": "", "sig-block": "", "front-stub": "", "body": "", "back": "", "question-wrap": "",
    "question": "", "answer": "", "explanation": "", "block-alternatives": "", "div": "", "section": "",
    "disp-formula-group": "", "def-list": "", "floats-group": "", "floats-wrap": "", "ref-list": "",
    "fn": "", "list": "",
}  # fmt: skip
_FLOATS = frozenset({"fig", "fig-group", "table-wrap", "table-wrap-group"})
_BLOCKS = (
    frozenset(_CONTAINERS)
    | _FLOATS
    | {"list-item", "def-item", "preformat", "code", "array", "table", "tgroup"}
)
_IGNORED = frozenset(
    {
        "title",
        "label",
        "sec-meta",
        "object-id",
        "ref",
        "permissions",
        "alt-text",
        "long-desc",
        "kwd-group",
        "graphic",
    }
)
_EMPHASIS = frozenset({"bold", "b", "italic", "i", "underline", "sc", "styled-content"})
_ORDERED = ("order", "alpha-lower", "alpha-upper", "roman-lower", "roman-upper")


@dataclass(slots=True, kw_only=True)
class RawFigure:
    """A figure as the markup gives it; its caption passages carry the anchor ``caption:ID``."""

    figure_id: str
    label: str
    graphics: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class RawTable:
    """A table as the markup gives it; its passages carry the anchor ``table:ID``."""

    table_id: str
    label: str
    caption: str
    rows: tuple[tuple[str, ...], ...]


@dataclass(slots=True)
class JatsWalk:
    """One walk through an article; ``passages``, ``figures``, ``tables`` and ``groups`` (the members'
    ids by the group's id) are its yield."""

    flow: Flow
    passages: list[Passage] = field(default_factory=list)
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    figures: list[RawFigure] = field(default_factory=list)
    tables: list[RawTable] = field(default_factory=list)
    _floats: list[Any] = field(default_factory=list)
    _ids: Counter[str] = field(default_factory=Counter)

    def read(self, article: Any, *, title: str) -> None:
        """Walk through ``article``: title, abstracts, body, back matter, captions, tables, the rest."""
        if title:
            self._emit(MarkedText.of(title), Spot(area=TITLE))
        self._abstracts(article)
        for part, area in (("body", BODY), ("back", BACK), ("floats-group", BACK), ("floats-wrap", BACK)):
            for element in _children(article, part):
                self.blocks(element, Spot(area=area))
        self._captions_and_tables()
        for part in ("sub-article", "response"):
            for element in _children(article, part):
                self._sub_article(element)

    def blocks(self, element: Any, spot: Spot) -> None:
        """Read the children of a container, and any words that stand between them."""
        here = spot
        self._loose(element.text, here)
        for child in element:
            name = local_name(child)
            if name == "p" and spot.area == BODY:
                title, rest = _run_in_title(child, self.flow)
                if title:
                    here = spot.below(title)
                    self._paragraph(child, here, skip_first=True, lead=rest)
                    self._loose(child.tail, here)
                    continue
            if name == "sec":
                here = spot
            self.block(child, here)
            self._loose(child.tail, here)

    def block(self, element: Any, spot: Spot) -> None:
        """Read one block-level element (not its tail)."""
        self.flow.check_time()
        name = local_name(element)
        if name in _IGNORED:
            return
        if name in _FLOATS:
            self._floats.append(element)
        elif name in ("table", "tgroup", "array"):
            self._emit(read_grid(element, self.flow).words, spot)
        elif name == "list":
            self._list(element, spot)
        elif name == "def-item":
            self._definition(element, spot)
        elif name == "alternatives" and any(local_name(c) in ("table", "tgroup") for c in element):
            self.block(next(c for c in element if local_name(c) in ("table", "tgroup")), spot)
        elif name in ("alternatives", "disp-formula", "chem-struct-wrap"):
            words = MarkedText()
            inline(element, words, self.flow)
            self._emit(finish(words), spot)
        elif name in _CONTAINERS:
            self._container(element, name, spot)
        else:
            self._paragraph(element, spot)

    def _container(self, element: Any, name: str, spot: Spot) -> None:
        title = self._heading(element)
        if name == "ref-list" and not _has_prose(element):
            return
        if name == "glossary" or (name == "def-list" and "abbrev" in title.casefold()):
            self._glossary(element)
        if not title and spot.area == BACK and not spot.path:
            title = _CONTAINERS[name]
        if name == "boxed-text":
            title = title or next(
                (title_of(c, self.flow) for c in element.iter() if local_name(c) == "title"), ""
            )
        hint = element.get("sec-type") or ""
        inner = Spot(area=spot.area, path=spot.path, hint=hint or spot.hint)
        self.blocks(element, spot.below(title, hint) if title else inner)

    def _heading(self, element: Any) -> str:
        title = next(_children(element, "title"), None)
        words = title_of(title, self.flow)
        if local_name(element) == "fn":
            return ""
        label = title_of(next(_children(element, "label"), None), self.flow)
        if label and title is not None:
            return f"{label} {words}".strip()
        return words or (label if local_name(element) in ("sec", "app", "boxed-text") else "")

    def _paragraph(
        self, element: Any, spot: Spot, *, prefix: str = "", skip_first: bool = False, lead: str = ""
    ) -> None:
        """Read an element of running text; blocks inside it end the paragraph and start a new one."""
        words = MarkedText.of(lead if skip_first else element.text or "")
        for position, child in enumerate(element):
            if skip_first and position == 0:
                continue
            if local_name(child) in _BLOCKS and local_name(child) != "fn":
                prefix = self._emit_after(prefix, words, spot)
                self.block(child, spot)
                words = MarkedText.of(child.tail or "")
            else:
                inline(child, words, self.flow)
                words.add(child.tail or "")
        self._emit_after(prefix, words, spot)
        self._footnotes(spot)

    def _emit_after(self, prefix: str, words: MarkedText, spot: Spot) -> str:
        """Emit ``words`` behind ``prefix``; the answer is the prefix that is still to be printed."""
        if not words.text.strip():
            return prefix
        whole = MarkedText.of(prefix)
        whole.extend(words)
        self._emit(finish(whole), spot)
        return ""

    def _footnotes(self, spot: Spot) -> None:
        """Footnotes printed in the middle of a paragraph follow it."""
        while self.flow.footnotes:
            note = self.flow.footnotes.pop(0)
            for child in note:
                if local_name(child) != "label":
                    self.block(child, spot)

    def _list(self, element: Any, spot: Spot) -> None:
        title = self._heading(element)
        if title:
            self._emit(MarkedText.of(title), spot)
        ordered = element.get("list-type", "") in _ORDERED
        number = 0
        for item in element:
            if local_name(item) != "list-item":
                self.block(item, spot)
                continue
            number += 1
            label = title_of(next(_children(item, "label"), None), self.flow)
            prefix = f"{label} " if label else f"({number}) " if ordered else "\u2022 "
            self._loose(item.text, spot)
            for child in item:
                name = local_name(child)
                if name == "label":
                    continue
                if name in ("p", "title") or name not in _BLOCKS:
                    self._paragraph(child, spot, prefix=prefix)
                    prefix = ""
                else:
                    self.block(child, spot)
                self._loose(child.tail, spot)

    def _definition(self, element: Any, spot: Spot) -> None:
        words = MarkedText()
        for child in element:
            name = local_name(child)
            if name == "term":
                words.add(title_of(child, self.flow).rstrip(": ") + ": ")
            elif name == "def":
                content(child, words, self.flow)
                words.add(" ")
        self._emit(finish(words), spot)

    def _glossary(self, element: Any) -> None:
        for item in element.iter():
            if local_name(item) != "def-item":
                continue
            short = title_of(next(_children(item, "term"), None), self.flow).rstrip(": ;=,")
            long = title_of(next(_children(item, "def"), None), self.flow).strip(" .;,")
            if short and long:
                self.flow.abbreviations.append((short, long))

    # Floats -----------------------------------------------------------------------------------

    def _captions_and_tables(self) -> None:
        """Read all floats met so far: figures first, then tables; each kind in printed order."""
        tables: deque[tuple[Any, str]] = deque()
        queue = deque((element, "") for element in self._in_printed_order())
        self._floats.clear()
        while queue or tables:
            element, outer = queue.popleft() if queue else tables.popleft()
            name = local_name(element)
            if name in ("fig-group", "table-wrap-group"):
                queue.extendleft(reversed(self._group(element, name)))
            elif name == "fig":
                self._figure(element, outer)
            elif queue:
                tables.append((element, outer))
                continue
            else:
                self._table(element, outer)
            queue.extend((inner, "") for inner in self._floats)
            self._floats.clear()

    def _in_printed_order(self) -> list[Any]:
        """The floats by kind and number where all are numbered, else as they were met.

        Some articles keep one table in the text and the others at the end.
        """
        keyed = []
        for position, element in enumerate(self._floats):
            number = label_number(self._float_label(element))
            if number is None or not number.isdigit():
                return list(self._floats)
            keyed.append((local_name(element).startswith("table"), int(number), position, element))
        return [entry[3] for entry in sorted(keyed, key=lambda entry: entry[:3])]

    def _group(self, element: Any, name: str) -> list[tuple[Any, str]]:
        """Read a group's own caption; the answer is its members, each with the group's label."""
        label = self._float_label(element)
        is_figures = name == "fig-group"
        spot = Spot(
            area=CAPTIONS if is_figures else TABLES,
            path=(label or ("Figures" if is_figures else "Tables"),),
        )
        for child in element:
            if local_name(child) not in _FLOATS | {"label"}:
                self._caption_part(child, spot, anchors=())
        members = [child for child in element if local_name(child) in _FLOATS]
        if element.get("id"):
            self.groups[element.get("id")] = tuple(m.get("id") for m in members if m.get("id"))
        return [(member, label) for member in members]

    def _figure(self, element: Any, outer: str) -> None:
        figure_id = self._unique(element.get("id") or f"figure-{len(self.figures) + 1}")
        label = self._float_label(element, outer)
        spot = Spot(area=CAPTIONS, path=(label or "Figure",))
        anchor = (f"caption:{figure_id}",)
        for child in element:
            if local_name(child) != "label":
                self._caption_part(child, spot, anchors=anchor if local_name(child) == "caption" else ())
        graphics = tuple(dict.fromkeys(_graphic_names(element)))
        self.figures.append(RawFigure(figure_id=figure_id, label=label, graphics=graphics))

    def _caption_part(self, child: Any, spot: Spot, *, anchors: tuple[str, ...]) -> None:
        name = local_name(child)
        if name in (
            "graphic",
            "media",
            "alt-text",
            "long-desc",
            "object-id",
            "permissions",
            "alternatives",
            "kwd-group",
        ):
            return
        before = len(self.passages)
        if name == "caption":
            self._loose(child.text, spot)
            for part in child:
                self._caption_part(part, spot, anchors=()) if local_name(part) == "title" else self.block(
                    part, spot
                )
                self._loose(part.tail, spot)
        elif name == "title":
            self._emit(words_of(child, self.flow), spot)
        else:
            self.block(child, spot)
        for passage in self.passages[before:]:
            passage.anchors = (*passage.anchors, *anchors)

    def _table(self, element: Any, outer: str) -> None:
        table_id = self._unique(element.get("id") or f"table-{len(self.tables) + 1}")
        label = self._float_label(element, outer)
        spot = Spot(area=TABLES, path=(label or "Table",))
        before = len(self.passages)
        for caption in _children(element, "caption"):
            self._caption_part(caption, spot, anchors=())
        captions = [passage.text for passage in self.passages[before:]]
        rows: list[tuple[str, ...]] = []
        for child in element:
            self._table_part(child, spot, rows)
        for passage in self.passages[before:]:
            passage.anchors = (*passage.anchors, f"table:{table_id}")
        self.tables.append(
            RawTable(table_id=table_id, label=label, caption=" ".join(captions), rows=tuple(rows))
        )

    def _table_part(self, child: Any, spot: Spot, rows: list[tuple[str, ...]]) -> None:
        name = local_name(child)
        if name in (
            "label",
            "caption",
            "object-id",
            "graphic",
            "media",
            "alt-text",
            "long-desc",
            "permissions",
        ):
            return
        if name == "alternatives":
            grids = [part for part in child if local_name(part) in ("table", "tgroup")][:1]
            for part in grids:
                self._table_part(part, spot, rows)
        elif name in ("table", "tgroup", "array"):
            grid = read_grid(child, self.flow)
            rows += grid.rows
            self._emit(grid.words, spot)
        elif name == "table-wrap-foot":
            for part in child:
                self._foot(part, spot)
        else:
            self.block(child, spot)

    def _foot(self, element: Any, spot: Spot) -> None:
        """Notes under a table keep their printed sign, which the cells refer to."""
        notes = _children(element, "fn") if local_name(element) == "fn-group" else [element]
        for note in notes:
            label = title_of(next(_children(note, "label"), None), self.flow)
            words = MarkedText.of(f"{label} " if label else "")
            if local_name(note) != "fn":
                content(note, words, self.flow)
            for child in note if local_name(note) == "fn" else ():
                if local_name(child) != "label":
                    content(child, words, self.flow)
                    words.add(" ")
            self._emit(finish(words), spot)

    def _float_label(self, element: Any, outer: str = "") -> str:
        """The printed label; a member's "(a)" stands behind its group's "Table 2"."""
        label = title_of(next(_children(element, "label"), None), self.flow).strip(" .:\u2003")
        return label if len(label) > 3 or not outer else f"{outer}{label}"

    # Parts ------------------------------------------------------------------------------------

    def _abstracts(self, article: Any) -> None:
        meta = [m for f in _children(article, "front") for m in _children(f, "article-meta")]
        meta += list(_children(article, "front-stub"))
        for part in meta:
            for element in _children(part, "abstract"):
                title = self._heading(element) or _abstract_name(element)
                self.blocks(element, Spot(area=ABSTRACT, path=(title,)))
            for element in _children(part, "trans-abstract"):
                title = self._heading(element) or "Translated abstract"
                self.blocks(element, Spot(area=OTHER, path=(title,)))

    def _sub_article(self, element: Any) -> None:
        """A reply, a review report, a translation: its words are kept, its pictures are not the case's."""
        title = next(
            (title_of(t, self.flow) for t in element.iter() if local_name(t) == "article-title"), ""
        )
        spot = Spot(area=OTHER, path=(title or local_name(element),))
        for part in element:
            if local_name(part) in ("front", "front-stub"):
                for abstract in part.iter():
                    if local_name(abstract) == "abstract":
                        self.blocks(abstract, spot)
            elif local_name(part) in ("body", "back", "floats-group"):
                self.blocks(part, spot)
            elif local_name(part) in ("sub-article", "response"):
                self._sub_article(part)
        floats, self._floats = self._floats, []
        for item in floats:
            for child in item:
                if local_name(child) in ("table", "tgroup"):
                    self.block(child, spot)
                else:
                    self._caption_part(child, spot, anchors=())

    def _loose(self, text: str | None, spot: Spot) -> None:
        """Words that stand between blocks, where no words should be."""
        if text and text.strip():
            self._emit(finish(MarkedText.of(text)), spot)

    def _emit(self, words: MarkedText, spot: Spot) -> None:
        if words.text.strip():
            self.passages.append(Passage(spot=spot, words=words))

    def _unique(self, name: str) -> str:
        """``name``, or a variant that no other float of the article has."""
        made = name
        while self._ids[made]:
            self._ids[name] += 1
            made = f"{name}-{self._ids[name]}"
        self._ids[made] += 1
        return made


def _children(element: Any, name: str) -> Iterator[Any]:
    return (child for child in element if local_name(child) == name)


def _abstract_name(element: Any) -> str:
    said = (element.get("abstract-type") or "").replace("-", " ").strip()
    return f"Abstract ({said})" if said else "Abstract"


def _graphic_names(element: Any) -> Iterable[str]:
    for child in element.iter():
        if local_name(child) in ("graphic", "media") and child.get(_HREF):
            yield child.get(_HREF).strip()


def _has_prose(reference_list: Any) -> bool:
    return any(local_name(child) == "p" for child in reference_list)


def _run_in_title(paragraph: Any, flow: Flow) -> tuple[str, str]:
    """The heading that a paragraph begins with in bold or italics ("**Case 1.** A 42-year-old ..."),
    and what is left of the punctuation after it; empty when there is none."""
    first = next(iter(paragraph), None)
    if first is None or local_name(first) not in _EMPHASIS or (paragraph.text or "").strip():
        return "", ""
    title = title_of(first, flow)
    tail = first.tail or ""
    alone = not tail.strip() and len(paragraph) == 1
    ends = title[-1:] in ".:\u2013\u2014-" or tail.lstrip()[:1] in (":", ".", "\u2013", "\u2014", "-")
    bare = title.strip(" .:\u2013\u2014-")
    if not bare or len(bare) > 80 or not (alone or ends):
        return "", ""
    if case_label(bare) is None and title_kind(bare) is None:
        return "", ""
    return bare, tail.lstrip(" .:\u2013\u2014-")
