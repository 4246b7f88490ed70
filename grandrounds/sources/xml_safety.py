"""XML read safely: no external entities, no network, no expansion, no bombs, bounded size.

Three cases of entity references are kept apart:

- standard character names (ISO sets, as HTML5 lists them) become characters;
- entities that the document declares itself are never expanded: a reference to one is an error;
- any other name stays in the text as it is written, and a note says so.

What the parser does with names is libxml2's business and differs with the DOCTYPE: with an external
subset it leaves entity nodes (``character`` maps them), without one it refuses the file, and then the
names are replaced in the text and it is parsed again.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.entities import html5
from typing import Any

from lxml import etree

from grandrounds.errors import SourceError
from grandrounds.sources.kinds import MAXIMUM_XML_BYTES

_REPAIR = "Get the file again from its publisher, or correct it by hand."
_REFERENCE = re.compile(r"&([A-Za-z][\w.-]*);")
_DECLARATION = re.compile(r"^\ufeff?\s*<\?xml[^>]*?\?>")
_ENCODING = re.compile(r"""encoding\s*=\s*["']([A-Za-z][\w.-]*)["']""")
_OPAQUE = re.compile(r"<!\[CDATA\[|<!--|<\?")
_CLOSES = {"<![CDATA[": "]]>", "<!--": "-->", "<?": "?>"}
_PREDEFINED = frozenset({"amp", "lt", "gt", "quot", "apos"})
# Names of the ISO sets that HTML5 does not list or spells otherwise.
_ISO_ONLY = {
    "agr": "\u03b1", "bgr": "\u03b2", "ggr": "\u03b3", "dgr": "\u03b4", "kgr": "\u03ba", "lgr": "\u03bb",
    "mgr": "\u03bc", "sgr": "\u03c3", "b.alpha": "\u03b1", "b.beta": "\u03b2", "b.gamma": "\u03b3",
    "b.delta": "\u03b4", "b.kappa": "\u03ba", "b.mu": "\u03bc", "phis": "\u03c6", "fflig": "ff",
    "filig": "fi", "fllig": "fl", "ffilig": "ffi", "ffllig": "ffl", "fjlig": "fj",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A parsed document: its root element (elements and text only), and what was met and tolerated."""

    root: Any
    notes: tuple[str, ...] = ()


def parse(data: bytes) -> Document:
    """The document that ``data`` holds.

    Raises ``SourceError`` saying what is wrong (size, encoding, well-formedness, entities).
    """
    if len(data) > MAXIMUM_XML_BYTES:
        raise SourceError(
            f"The XML has {len(data):,} bytes, more than the {MAXIMUM_XML_BYTES:,} that are read.",
            remedy="Split it into single articles.",
        )
    notes: list[str] = []
    root, expanded = _parse_leniently(data, notes)
    declared = _declared_entities(root)
    _refuse_declared(root, declared, data)
    if not expanded:
        unknown = sorted({node.name for node in root.iter(etree.Entity) if character(node.name) is None})
        notes += [f"The entity &{name}; is unknown and was left as it is." for name in unknown]
    _flatten(root)
    return Document(root=root, notes=tuple(notes))


def character(name: str) -> str | None:
    """The characters that a standard entity name stands for; ``None`` for any other name."""
    return html5.get(f"{name};") or _ISO_ONLY.get(name)


def _flatten(root: Any) -> None:
    """Leave elements and text only: entity nodes become characters, comments and instructions go."""
    for node in list(root.iter(etree.Entity, etree.Comment, etree.PI)):
        words = ""
        if node.tag is etree.Entity:
            words = character(node.name) or f"&{node.name};"
        words += node.tail or ""
        parent = node.getparent()
        if parent is None:
            continue
        before = node.getprevious()
        if before is None:
            parent.text = (parent.text or "") + words
        else:
            before.tail = (before.tail or "") + words
        node.tail = None
        parent.remove(node)


def _parse_leniently(data: bytes, notes: list[str]) -> tuple[Any, bool]:
    """The root element, and whether entity names had to be replaced in the text first."""
    try:
        return etree.fromstring(data, _parser()), False
    except (etree.XMLSyntaxError, ValueError) as exc:
        message = str(exc)
        if "ntity" not in message or "not defined" not in message:
            raise _broken(data, message) from exc
    text = _decode(data)
    if _general_entities(text):
        # A declared entity, and an undeclared name beside it: nothing is guessed.
        raise _declares(sorted(_general_entities(text)))
    left: set[str] = set()
    text = _replace_names(text, left)
    notes += [f"The entity &{name}; is unknown and was left as it is." for name in sorted(left)]
    try:
        return etree.fromstring(text.encode("utf-8"), _parser()), True
    except (etree.XMLSyntaxError, ValueError) as exc:
        raise _broken(data, str(exc)) from exc


def _parser() -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
    )


def _replace_names(text: str, left: set[str]) -> str:
    """``text`` with standard names as characters, outside CDATA, comments and instructions."""

    def replace(match: re.Match[str]) -> str:
        name = match.group(1)
        if name in _PREDEFINED:
            return match.group()
        found = character(name)
        if found is None:
            left.add(name)
            return f"&amp;{name};"
        return found.replace("&", "&amp;").replace("<", "&lt;")

    pieces = [
        _REFERENCE.sub(replace, piece) if readable else piece for piece, readable in _readable_pieces(text)
    ]
    # The text is encoded anew, so its declaration must go.
    return _DECLARATION.sub("", "".join(pieces)).lstrip("\ufeff \t\r\n")


def _readable_pieces(text: str) -> Iterator[tuple[str, bool]]:
    """``text`` in pieces; references don't count in CDATA, comments and instructions (``False``)."""
    position = 0
    while True:
        opening = _OPAQUE.search(text, position)
        if opening is None:
            yield text[position:], True
            return
        yield text[position : opening.start()], True
        closing = _CLOSES[opening.group()]
        end = text.find(closing, opening.end())
        if end < 0:
            yield text[opening.start() :], False
            return
        position = end + len(closing)
        yield text[opening.start() : position], False


def _decode(data: bytes) -> str:
    for bom, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(bom):
            return data.decode(encoding, errors="replace")
    named = _ENCODING.search(data[:200].decode("latin-1"))
    try:
        return data.decode(named.group(1) if named else "utf-8", errors="replace")
    except LookupError:
        return data.decode("utf-8", errors="replace")


def _general_entities(text: str) -> set[str]:
    """Names of the general entities that the text declares (unparsed ones aside)."""
    found = re.finditer(r"<!ENTITY\s+([A-Za-z_][\w.:-]*)\s+([^>]*)>", text[:1_000_000])
    return {match.group(1) for match in found if "NDATA" not in match.group(2)}


def _declared_entities(root: Any) -> set[str]:
    """Names of the general entities that the document's own subset declares."""
    subset = root.getroottree().docinfo.internalDTD
    if subset is None:
        return set()
    return {entity.name for entity in subset.iterentities() if entity.name}


def _refuse_declared(root: Any, declared: set[str], data: bytes) -> None:
    if not declared:
        return
    used = {node.name for node in root.iter(etree.Entity)} & declared
    if not used:
        # In attributes the parser expands declared entities (within its own limit): refuse those too.
        text = _decode(data)
        body = text[text.find("]", max(text.find("<!DOCTYPE"), 0)) :]
        pieces = (piece for piece, readable in _readable_pieces(body) if readable)
        used = {match.group(1) for piece in pieces for match in _REFERENCE.finditer(piece)} & declared
    if used:
        raise _declares(sorted(used))


def _declares(names: list[str]) -> SourceError:
    shown = ", ".join(f"&{name};" for name in names[:5])
    return SourceError(
        f"The document declares and uses its own entities ({shown}), which are never expanded.",
        remedy="Replace them by their text, or get the article in another form.",
    )


def _broken(data: bytes, message: str) -> SourceError:
    short = " ".join(message.replace("(<string>, line", "(line").split())
    short = re.sub(r",? *\(line \d+\)$", "", short)
    if "amplification" in short or "entity reference loop" in short.casefold():
        return SourceError(
            f"The XML holds an entity bomb and was not expanded: {short}.",
            remedy="Don't trust where it came from.",
        )
    if "ncoding" in short or "UTF-8" in short:
        named = _ENCODING.search(data[:200].decode("latin-1"))
        said = f"it says {named.group(1)}" if named else "it says none, so UTF-8"
        return SourceError(
            f"The bytes of the XML are not in the encoding that it declares ({said}): {short}.",
            remedy="Save it in the encoding it declares, best UTF-8.",
        )
    return SourceError(f"The XML is broken: {short}.", remedy=_REPAIR)
