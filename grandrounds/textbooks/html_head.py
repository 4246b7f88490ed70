"""What an (X)HTML document says of itself in its head, and how its bytes become elements."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lxml import etree

from grandrounds.errors import SourceError
from grandrounds.records.parts import Identifier
from grandrounds.sources import languages
from grandrounds.sources.formulas import local_name
from grandrounds.sources.identity import clean_doi
from grandrounds.sources.xml_safety import parse
from grandrounds.textbooks.html_elements import words_of

MAXIMUM_BYTES = 48 * 1024 * 1024
"""Largest document that is read; chapters have a few hundred kilobytes."""

_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the head of a document says of it."""

    title: str = ""
    authors: tuple[str, ...] = ()
    identifiers: tuple[Identifier, ...] = ()
    language: str = ""
    date: str = ""
    licence_words: str = ""
    licence_links: tuple[str, ...] = ()


def parse_document(data: bytes, notes: list[str]) -> Any:
    """The root element of an XHTML or, where that is broken, an HTML document. Raises ``SourceError``."""
    if len(data) > MAXIMUM_BYTES:
        raise SourceError(
            f"The document has {len(data):,} bytes, more than the {MAXIMUM_BYTES:,} that are read.",
            remedy="Split it into chapters.",
        )
    try:
        document = parse(data)
    except SourceError as exc:
        if "entit" in exc.what and ("bomb" in exc.what or "own entities" in exc.what):
            raise
        root = _as_html(data)
        if root is None:
            raise
        if b"<?xml" in data[:200]:
            notes.append("The document is no well-formed XML and was read as HTML.")
        return root
    notes += document.notes
    return document.root


def _as_html(data: bytes) -> Any:
    parser = etree.HTMLParser(no_network=True, huge_tree=False, remove_comments=True, remove_pis=True)
    try:
        return etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError, AssertionError):
        return None


def head_of(root: Any) -> Said:
    """What the head says: title, people, identifiers, language, date, licence."""
    told: dict[str, list[str]] = {}
    for meta in (e for e in root.iter() if local_name(e) == "meta"):
        name = (meta.get("name") or meta.get("property") or "").casefold()
        if name and meta.get("content", "").strip():
            told.setdefault(name, []).append(" ".join(meta.get("content").split()))
    title = next((words_of(e) for e in root.iter() if local_name(e) == "title"), "")

    def first(*names: str) -> str:
        return next((told[name][0] for name in names if name in told), "")

    people = next(
        (told[n] for n in ("citation_author", "dcterms.creator", "dc.creator", "author") if n in told), []
    )
    links = [
        (e.get("href") or "").strip()
        for e in root.iter()
        if local_name(e) in ("link", "a") and "license" in (e.get("rel") or "").casefold().split()
    ]
    words = [
        w
        for n in ("dcterms.license", "dc.rights", "dcterms.rights", "license", "copyright")
        for w in told.get(n, [])
    ]
    html = next((e for e in root.iter() if local_name(e) == "html"), root)
    return Said(
        title=first("citation_title", "dcterms.title", "dc.title") or title,
        authors=tuple(dict.fromkeys(people)),
        identifiers=tuple(_identifiers(told)),
        language=languages.clean_tag(html.get(_LANG) or html.get("lang") or first("dc.language")) or "",
        date=first("citation_publication_date", "dcterms.date", "dc.date", "date").replace("/", "-"),
        licence_words=" ".join(dict.fromkeys(words)),
        licence_links=tuple(dict.fromkeys(link for link in links if link)),
    )


def _identifiers(told: dict[str, list[str]]) -> Iterator[Identifier]:
    for name in ("citation_doi", "dc.identifier", "dcterms.identifier", "prism.doi"):
        for value in told.get(name, []):
            doi = clean_doi(value)
            if doi:
                yield Identifier(scheme="doi", value=doi)
    for value in told.get("citation_isbn", []):
        yield Identifier(scheme="isbn", value=value)
