"""Chapters of the OpenStax modules among the real inputs: a small reading of CNXML, for printing only."""

from __future__ import annotations

import os
import re
from pathlib import Path

from lxml import etree
from PIL import Image

from benchmarks.printed.chapters import Chapter, Figure, Paragraph, Part, Picture, Section, Table

_CNXML = "{http://cnx.rice.edu/cnxml}"
_SKIPPED = {"note", "exercise", "media", "glossary"}
# The modules' places in the book, which number its figures.
_NUMBERS = {"m46282": (6, 0), "m46342": (6, 10), "m46347": (7, 0), "m46352": (7, 1), "m46350": (7, 20)}


def real_inputs() -> Path:
    """The folder of real inputs, as the tests find it."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "data"
    return Path(os.environ.get("GRANDROUNDS_TEST_DATA", beside))


def chapters(folder: Path) -> tuple[Chapter, ...]:
    """The modules below ``folder`` (the real inputs) in the book's order; none where they are missing."""
    root = folder / "textbooks" / "openstax-anatomy-physiology-2e" / "modules"
    names = [name for name in _NUMBERS if (root / name / "index.cnxml").exists()]
    return tuple(_chapter(root / name / "index.cnxml", name) for name in names)


def _chapter(path: Path, name: str) -> Chapter:
    root = etree.parse(path, etree.XMLParser(resolve_entities=False, no_network=True)).getroot()
    chapter, before = _NUMBERS[name]
    content = root.find(f"{_CNXML}content")
    numbers = {
        one.get("id"): f"{chapter}.{before + k}"
        for k, one in enumerate(content.iter(f"{_CNXML}figure"), start=1)
    }
    title = _words(root.find(f"{_CNXML}title"))
    sections = [Section(title=title, parts=tuple(_parts(content, path, name, numbers)))]
    for one in content.findall(f"{_CNXML}section"):
        parts = tuple(_parts(one, path, name, numbers))
        if parts:
            sections.append(Section(title=_words(one.find(f"{_CNXML}title")), parts=parts))
    return Chapter(number=chapter, title=title, sections=tuple(one for one in sections if one.parts))


def _parts(parent: etree._Element, path: Path, name: str, numbers: dict[str, str]) -> list[Part]:
    """Paragraphs, figures and tables in order; nested sections and lists are laid flat."""
    parts: list[Part] = []
    for one in parent:
        tag = etree.QName(one).localname if isinstance(one.tag, str) else ""
        if tag == "para":
            figures = list(one.iter(f"{_CNXML}figure"))
            words = _words(one, numbers, name)
            parts += [Paragraph(words)] if words else []
            parts += [_figure(figure, path, name, numbers) for figure in figures]
        elif tag == "list":
            parts += [Paragraph(f"• {_words(item, numbers, name)}") for item in one.iter(f"{_CNXML}item")]
        elif tag == "figure":
            parts.append(_figure(one, path, name, numbers))
        elif tag == "table":
            parts.append(_table(one, name))
        elif tag == "section" and etree.QName(parent).localname != "content":
            parts += _parts(one, path, name, numbers)
        elif tag == "note":
            parts += [part for part in _parts(one, path, name, numbers) if not isinstance(part, Table)]
    return parts


def _figure(one: etree._Element, path: Path, name: str, numbers: dict[str, str]) -> Figure:
    titles = [_words(found) for found in (one.find(f"{_CNXML}{tag}") for tag in ("title", "caption"))]
    file = path.parent / next(one.iter(f"{_CNXML}image")).get("src")
    with Image.open(file) as image:
        aspect = image.width / image.height
    picture = Picture(aspect=aspect, data=file.read_bytes(), mime="image/jpeg")
    caption = " ".join(words if words[-1:] in ".?!" else f"{words}." for words in titles if words)
    return Figure(
        id=f"{name}-{one.get('id')}", number=numbers[one.get("id")], caption=caption, pictures=(picture,)
    )


def _table(one: etree._Element, name: str) -> Table:
    rows = tuple(
        tuple(_words(entry) for entry in row.iter(f"{_CNXML}entry")) for row in one.iter(f"{_CNXML}row")
    )
    return Table(id=f"{name}-{one.get('id')}", number="6.4", caption=rows[0][0], rows=rows[1:])


def _words(one: etree._Element | None, numbers: dict[str, str] | None = None, name: str = "") -> str:
    """The text, with references to figures as ``{fig:ID}`` and figures within it left out."""
    if one is None:
        return ""
    return re.sub(r"\s+", " ", "".join(_pieces(one, numbers or {}, name))).strip()


def _pieces(one: etree._Element, numbers: dict[str, str], name: str) -> list[str]:
    pieces = [one.text or ""]
    for inner in one:
        tag = etree.QName(inner).localname if isinstance(inner.tag, str) else ""
        if tag == "link" and inner.get("target-id") in numbers:
            pieces.append(f"{{fig:{name}-{inner.get('target-id')}}}")
        elif tag == "link" and not "".join(inner.itertext()):
            pieces.append("Table 6.4")
        elif tag not in ("figure", "table", "media", ""):
            pieces += _pieces(inner, numbers, name)
        pieces.append(inner.tail or "")
    return pieces
