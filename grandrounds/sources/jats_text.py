"""A whole JATS or NLM article as passages: abstracts, body, back matter, then captions and tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from grandrounds.sources.assembly import FigurePart, TablePart
from grandrounds.sources.formulas import local_name
from grandrounds.sources.jats_blocks import FLOATS, BlockWalk, children
from grandrounds.sources.jats_inline import content, finish, title_of, words_of
from grandrounds.sources.jats_tables import read_grid
from grandrounds.sources.marked_text import MarkedText
from grandrounds.sources.mentions import label_number
from grandrounds.sources.passages import ABSTRACT, BACK, BODY, CAPTIONS, OTHER, TABLES, TITLE, Spot

_HREF = "{http://www.w3.org/1999/xlink}href"
_NO_WORDS = frozenset(
    {"graphic", "media", "alt-text", "long-desc", "object-id", "permissions", "kwd-group", "label"}
)


@dataclass(slots=True)
class JatsWalk(BlockWalk):
    """One walk through an article; beside ``passages`` it gives ``figures``, ``tables`` and ``groups``
    (the members' ids by the group's id)."""

    figures: list[FigurePart] = field(default_factory=list)
    tables: list[TablePart] = field(default_factory=list)
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _ids: Counter[str] = field(default_factory=Counter)

    def read(self, article: Any, *, title: str) -> None:
        """Walk through ``article``: title, abstracts, body, back matter, captions, tables, the rest."""
        if title:
            self.emit(MarkedText.of(title), Spot(area=TITLE))
        self._abstracts(article)
        for part, area in (("body", BODY), ("back", BACK), ("floats-group", BACK), ("floats-wrap", BACK)):
            for element in children(article, part):
                self.blocks(element, Spot(area=area))
        self._captions_and_tables()
        for part in ("sub-article", "response"):
            for element in children(article, part):
                self._sub_article(element)

    # Parts ------------------------------------------------------------------------------------

    def _abstracts(self, article: Any) -> None:
        meta = [m for f in children(article, "front") for m in children(f, "article-meta")]
        meta += list(children(article, "front-stub"))
        for part in meta:
            for element in children(part, "abstract"):
                title = self.heading(element) or _abstract_name(element)
                self.blocks(element, Spot(area=ABSTRACT, path=(title,)))
            for element in children(part, "trans-abstract"):
                title = self.heading(element) or "Translated abstract"
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
        floats, self.floats = self.floats, []
        for item in floats:
            for child in item:
                if local_name(child) in ("table", "tgroup"):
                    self.block(child, spot)
                else:
                    self._caption_part(child, spot, anchors=())

    def _captions_and_tables(self) -> None:
        """Read all floats met so far: figures first, then tables; each kind in printed order."""
        tables: list[tuple[Any, str]] = []
        queue = [(element, "") for element in self._in_printed_order()]
        while queue:
            self.floats.clear()
            met: list[tuple[Any, str]] = []
            for element, outer in queue:
                name = local_name(element)
                if name == "fig-group":
                    met += self._group(element, name)
                elif name == "fig":
                    self._figure(element, outer)
                else:
                    tables.append((element, outer))
            queue = met + [(inner, "") for inner in self.floats]
            if not queue and tables:
                self.floats.clear()
                for element, outer in tables:
                    if local_name(element) == "table-wrap-group":
                        self.floats += [member for member, _ in self._table_group(element)]
                    else:
                        self._table(element, outer)
                tables = []
                queue = [(inner, "") for inner in self.floats]
        self.floats.clear()

    def _in_printed_order(self) -> list[Any]:
        """The floats by kind and number where all are numbered, else as they were met.

        Some articles keep one table in the text and the others at the end.
        """
        keyed = []
        for position, element in enumerate(self.floats):
            number = label_number(self._float_label(element))
            if number is None or not number.isdigit():
                return list(self.floats)
            keyed.append((local_name(element).startswith("table"), int(number), position, element))
        return [entry[3] for entry in sorted(keyed, key=lambda entry: entry[:3])]

    def _table_group(self, element: Any) -> list[tuple[Any, str]]:
        """Read a group of tables, its caption first; the answer is its members that are no tables."""
        others = []
        for member, outer in self._group(element, "table-wrap-group"):
            if local_name(member) == "table-wrap":
                self._table(member, outer)
            else:
                others.append((member, outer))
        return others

    def _group(self, element: Any, name: str) -> list[tuple[Any, str]]:
        """Read a group's own caption; the answer is its members, each with the group's label."""
        label = self._float_label(element)
        is_figures = name == "fig-group"
        spot = Spot(
            area=CAPTIONS if is_figures else TABLES,
            path=(label or ("Figures" if is_figures else "Tables"),),
        )
        for child in element:
            if local_name(child) not in FLOATS | {"label"}:
                self._caption_part(child, spot, anchors=())
        members = [child for child in element if local_name(child) in FLOATS]
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
        self.figures.append(FigurePart(figure_id=figure_id, label=label, graphics=graphics))

    def _caption_part(self, child: Any, spot: Spot, *, anchors: tuple[str, ...]) -> None:
        name = local_name(child)
        if name in _NO_WORDS or name == "alternatives":
            return
        before = len(self.passages)
        if name == "caption":
            self.loose(child.text, spot)
            for part in child:
                if local_name(part) == "title":
                    self.emit(words_of(part, self.flow), spot)
                else:
                    self.block(part, spot)
                self.loose(part.tail, spot)
        elif name == "title":
            self.emit(words_of(child, self.flow), spot)
        else:
            self.block(child, spot)
        for passage in self.passages[before:]:
            passage.anchors = (*passage.anchors, *anchors)

    def _table(self, element: Any, outer: str) -> None:
        table_id = self._unique(element.get("id") or f"table-{len(self.tables) + 1}")
        label = self._float_label(element, outer)
        spot = Spot(area=TABLES, path=(label or "Table",))
        before = len(self.passages)
        for caption in children(element, "caption"):
            self._caption_part(caption, spot, anchors=())
        captions = [passage.text for passage in self.passages[before:]]
        rows: list[tuple[str, ...]] = []
        for child in element:
            self._table_part(child, spot, rows)
        for passage in self.passages[before:]:
            passage.anchors = (*passage.anchors, f"table:{table_id}")
        self.tables.append(
            TablePart(table_id=table_id, label=label, caption=" ".join(captions), rows=tuple(rows))
        )

    def _table_part(self, child: Any, spot: Spot, rows: list[tuple[str, ...]]) -> None:
        name = local_name(child)
        if name in _NO_WORDS or name == "caption":
            return
        if name == "alternatives":
            grids = [part for part in child if local_name(part) in ("table", "tgroup")][:1]
            for part in grids:
                self._table_part(part, spot, rows)
        elif name in ("table", "tgroup", "array"):
            grid = read_grid(child, self.flow)
            rows += grid.rows
            self.emit(grid.words, spot)
        elif name == "table-wrap-foot":
            for part in child:
                self._foot(part, spot)
        else:
            self.block(child, spot)

    def _foot(self, element: Any, spot: Spot) -> None:
        """Notes under a table keep their printed sign, which the cells refer to."""
        notes = children(element, "fn") if local_name(element) == "fn-group" else [element]
        for note in notes:
            label = title_of(next(children(note, "label"), None), self.flow)
            words = MarkedText.of(f"{label} " if label else "")
            if local_name(note) != "fn":
                content(note, words, self.flow)
            for child in note if local_name(note) == "fn" else ():
                if local_name(child) != "label":
                    content(child, words, self.flow)
                    words.add(" ")
            self.emit(finish(words), spot)

    def _float_label(self, element: Any, outer: str = "") -> str:
        """The printed label; a member's "(a)" stands behind its group's "Table 2"."""
        label = title_of(next(children(element, "label"), None), self.flow).strip(" .:\u2003")
        return label if len(label) > 3 or not outer else f"{outer}{label}"

    def _unique(self, name: str) -> str:
        """``name``, or a variant that no other float of the article has."""
        made = name
        while self._ids[made]:
            self._ids[name] += 1
            made = f"{name}-{self._ids[name]}"
        self._ids[made] += 1
        return made


def _abstract_name(element: Any) -> str:
    said = (element.get("abstract-type") or "").replace("-", " ").strip()
    return f"Abstract ({said})" if said else "Abstract"


def _graphic_names(element: Any) -> Iterator[str]:
    for child in element.iter():
        if local_name(child) in ("graphic", "media") and child.get(_HREF):
            yield child.get(_HREF).strip()
