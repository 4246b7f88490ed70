"""The blocks of JATS and NLM articles (sections, paragraphs, lists) as passages in reading order.

Nothing of the article's prose is lost: an element this module does not know is read as what it
holds. Left out on purpose: reference lists, pictures, printed labels of formulas and footnotes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from grandrounds.sources.formulas import local_name
from grandrounds.sources.jats_inline import Flow, content, finish, inline, title_of
from grandrounds.sources.jats_tables import read_grid
from grandrounds.sources.marked_text import MarkedText
from grandrounds.sources.passages import BACK, BODY, Passage, Spot
from grandrounds.sources.section_titles import case_label, title_kind

_CONTAINERS = {
    "sec": "", "app": "Appendix", "app-group": "", "ack": "Acknowledgments", "glossary": "Abbreviations",
    "notes": "Notes", "fn-group": "Footnotes", "bio": "Biography", "boxed-text": "Box",
    "supplementary-material": "Supplementary material", "statement": "", "speech": "", "disp-quote": "",
    "verse-group": "", "sig-block": "", "front-stub": "", "body": "", "back": "", "question-wrap": "",
    "question": "", "answer": "", "explanation": "", "block-alternatives": "", "div": "", "section": "",
    "disp-formula-group": "", "def-list": "", "floats-group": "", "floats-wrap": "", "ref-list": "",
    "fn": "", "list": "",
}  # fmt: skip
FLOATS = frozenset({"fig", "fig-group", "table-wrap", "table-wrap-group"})
_BLOCKS = (
    frozenset(_CONTAINERS)
    | FLOATS
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


@dataclass(slots=True)
class BlockWalk:
    """A walk through blocks: it fills ``passages``, and puts figures and tables aside in ``floats``."""

    flow: Flow
    passages: list[Passage] = field(default_factory=list)
    floats: list[Any] = field(default_factory=list)

    def blocks(self, element: Any, spot: Spot) -> None:
        """Read the children of a container, and any words that stand between them."""
        here = spot
        self.loose(element.text, here)
        for child in element:
            name = local_name(child)
            if name == "p" and spot.area == BODY:
                title, rest = _run_in_title(child, self.flow)
                if title:
                    here = spot.below(title)
                    self._paragraph(child, here, skip_first=True, lead=rest)
                    self.loose(child.tail, here)
                    continue
            if name == "sec":
                here = spot
            self.block(child, here)
            self.loose(child.tail, here)

    def block(self, element: Any, spot: Spot) -> None:
        """Read one block-level element (not its tail)."""
        self.flow.check_time()
        name = local_name(element)
        if name in _IGNORED:
            return
        if name in FLOATS:
            self.floats.append(element)
        elif name in ("table", "tgroup", "array"):
            self.emit(read_grid(element, self.flow).words, spot)
        elif name == "list":
            self._list(element, spot)
        elif name == "def-item":
            self._definition(element, spot)
        elif name == "alternatives" and any(local_name(c) in ("table", "tgroup") for c in element):
            self.block(next(c for c in element if local_name(c) in ("table", "tgroup")), spot)
        elif name in ("alternatives", "disp-formula", "chem-struct-wrap"):
            words = MarkedText()
            inline(element, words, self.flow)
            self.emit(finish(words), spot)
        elif name in _CONTAINERS:
            self._container(element, name, spot)
        else:
            self._paragraph(element, spot)

    def _container(self, element: Any, name: str, spot: Spot) -> None:
        title = self.heading(element)
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

    def heading(self, element: Any) -> str:
        """The printed title of a container with its number; empty where it has none."""
        title = next(children(element, "title"), None)
        words = title_of(title, self.flow)
        if local_name(element) == "fn":
            return ""
        label = title_of(next(children(element, "label"), None), self.flow)
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
        self.emit(finish(whole), spot)
        return ""

    def _footnotes(self, spot: Spot) -> None:
        """Footnotes printed in the middle of a paragraph follow it."""
        while self.flow.footnotes:
            note = self.flow.footnotes.pop(0)
            for child in note:
                if local_name(child) != "label":
                    self.block(child, spot)

    def _list(self, element: Any, spot: Spot) -> None:
        title = self.heading(element)
        if title:
            self.emit(MarkedText.of(title), spot)
        ordered = element.get("list-type", "") in _ORDERED
        number = 0
        for item in element:
            if local_name(item) != "list-item":
                self.block(item, spot)
                continue
            number += 1
            label = title_of(next(children(item, "label"), None), self.flow)
            prefix = f"{label} " if label else f"({number}) " if ordered else "\u2022 "
            self.loose(item.text, spot)
            for child in item:
                name = local_name(child)
                if name == "label":
                    continue
                if name in ("p", "title") or name not in _BLOCKS:
                    self._paragraph(child, spot, prefix=prefix)
                    prefix = ""
                else:
                    self.block(child, spot)
                self.loose(child.tail, spot)

    def _definition(self, element: Any, spot: Spot) -> None:
        words = MarkedText()
        for child in element:
            name = local_name(child)
            if name == "term":
                words.add(title_of(child, self.flow).rstrip(": ") + ": ")
            elif name == "def":
                content(child, words, self.flow)
                words.add(" ")
        self.emit(finish(words), spot)

    def _glossary(self, element: Any) -> None:
        for item in element.iter():
            if local_name(item) != "def-item":
                continue
            short = title_of(next(children(item, "term"), None), self.flow).rstrip(": ;=,")
            long = title_of(next(children(item, "def"), None), self.flow).strip(" .;,")
            if short and long:
                self.flow.abbreviations.append((short, long))

    def loose(self, text: str | None, spot: Spot) -> None:
        """Words that stand between blocks, where no words should be."""
        if text and text.strip():
            self.emit(finish(MarkedText.of(text)), spot)

    def emit(self, words: MarkedText, spot: Spot) -> None:
        """Add a passage, unless it holds no words."""
        if words.text.strip():
            self.passages.append(Passage(spot=spot, words=words))


def children(element: Any, name: str) -> Iterator[Any]:
    """The children of ``element`` called ``name``, whatever their namespace."""
    return (child for child in element if local_name(child) == name)


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
