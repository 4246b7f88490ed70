"""What a JATS or NLM article says of itself: title, ids, journal, dates, authors, licence, keywords."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from grandrounds.records.parts import Identifier
from grandrounds.sources import abbreviations
from grandrounds.sources.characters import tidy_text
from grandrounds.sources.dates import published
from grandrounds.sources.formulas import local_name
from grandrounds.sources.identity import clean_doi, clean_pmcid
from grandrounds.sources.jats_inline import Flow, title_of
from grandrounds.sources.licences import Licence, read_licence

_HREF = "{http://www.w3.org/1999/xlink}href"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_SCHEMES = {"pmc": "pmcid", "pmcid": "pmcid", "pmc-id": "pmcid", "doi": "doi", "pmid": "pmid"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Meta:
    """The front matter of an article. ``authors`` are "Surname I" in printed order."""

    title: str
    identifiers: tuple[Identifier, ...]
    journal: str | None
    article_type: str | None
    language: str | None
    published: date | None
    published_origin: str
    licence: Licence
    authors: tuple[str, ...]
    keywords: tuple[str, ...]
    abbreviations: tuple[tuple[str, str], ...]


def read_meta(article: Any, flow: Flow, notes: list[str]) -> Meta:
    """The front matter of ``article``; what is missing or odd is told in ``notes``."""
    front = _child(article, "front")
    meta = _child(front, "article-meta")
    if meta is None:
        meta = _child(article, "front-stub")
    if meta is None:
        notes.append("The article has no front matter.")
    day = published(list(_children(meta, "pub-date")), notes)
    if day is None:
        notes.append("The article says no publication date.")
    licence = _licence(meta)
    if licence.note:
        notes.append(licence.note)
    keywords, short_forms = _keywords(meta, flow)
    return Meta(
        title=_title(meta, flow),
        identifiers=_identifiers(meta),
        journal=_journal(_child(front, "journal-meta")),
        article_type=article.get("article-type") or None,
        language=article.get(_LANG),
        published=day.day if day else None,
        published_origin=day.origin if day else "",
        licence=licence,
        authors=_authors(meta, flow),
        keywords=keywords,
        abbreviations=short_forms,
    )


def _title(meta: Any, flow: Flow) -> str:
    group = _child(meta, "title-group")
    parts = []
    for name in ("article-title", "subtitle"):
        for element in _children(group if group is not None else meta, name):
            words = title_of(element, flow)
            if words:
                parts.append(words)
    return re.sub(r":: | : ", ": ", ": ".join(parts)) if parts else ""


def _identifiers(meta: Any) -> tuple[Identifier, ...]:
    found: dict[tuple[str, str], Identifier] = {}
    for element in _children(meta, "article-id"):
        said = (element.get("pub-id-type") or "other").strip()
        scheme = _SCHEMES.get(said.casefold(), said)
        value = tidy_text("".join(element.itertext()))
        if scheme == "doi":
            value = clean_doi(value) or ""
        elif scheme == "pmcid":
            value = clean_pmcid(value) or ""
        if value:
            found.setdefault((scheme, value), Identifier(scheme=scheme, value=value))
    return tuple(found.values())


def _journal(journal: Any) -> str | None:
    if journal is None:
        return None
    names = [e for e in journal.iter() if local_name(e) == "journal-title"]
    names += [
        e
        for kind in ("iso-abbrev", "nlm-ta", "publisher-id")
        for e in _children(journal, "journal-id")
        if e.get("journal-id-type") == kind
    ]
    return next((name for name in (tidy_text("".join(e.itertext())) for e in names) if name), None)


def _licence(meta: Any) -> Licence:
    """The licence of the article: its ``license`` elements first, then the copyright words around them."""
    permissions = _child(meta, "permissions")
    place = permissions if permissions is not None else meta
    if place is None:
        return Licence()
    elements = [e for e in place.iter() if local_name(e) == "license" and _belongs(e, place)]
    links = [link for element in elements for link in _links(element)]
    links += [
        tidy_text("".join(e.itertext()))
        for e in place.iter()
        if local_name(e) in ("license_ref", "license-ref") and _belongs(e, place)
    ]
    words = " ".join(_words(element) for element in elements)
    read = read_licence(links=links, words=words)
    if read.spdx != "unknown":
        return read
    around = " ".join(
        _words(e) for e in place.iter() if local_name(e) in ("copyright-statement", "copyright-holder")
    )
    types = " ".join(element.get("license-type") or "" for element in elements)
    for candidate in (around, types.upper() if re.search(r"\bcc[ -]?by", types, re.IGNORECASE) else ""):
        second = read_licence(words=candidate)
        if second.spdx != "unknown":
            return second
    return read if read.evidence else Licence(evidence=around[:600])


def _belongs(element: Any, place: Any) -> bool:
    """Whether a licence speaks for the article, not for one figure or abstract of it."""
    parent = element.getparent()
    while parent is not None and parent is not place:
        if local_name(parent) in (
            "fig",
            "table-wrap",
            "abstract",
            "trans-abstract",
            "related-object",
            "contrib",
        ):
            return False
        parent = parent.getparent()
    return True


def _links(element: Any) -> Iterable[str]:
    for inner in element.iter():
        if inner.get(_HREF):
            yield inner.get(_HREF)
        if local_name(inner) in ("ext-link", "uri", "license_ref") and inner.text:
            yield inner.text


def _words(element: Any) -> str:
    """The words of ``element``; block elements are kept apart by a space."""
    return " ".join(" ".join(part for part in element.itertext()).split())


def _authors(meta: Any, flow: Flow) -> tuple[str, ...]:
    names = []
    for group in _children(meta, "contrib-group"):
        for contributor in _children(group, "contrib"):
            if (contributor.get("contrib-type") or "author") != "author":
                continue
            name = next((e for e in contributor.iter() if local_name(e) in ("name", "string-name")), None)
            collective = next((e for e in contributor.iter() if local_name(e) == "collab"), None)
            if name is not None:
                surname, given = (
                    title_of(_child(name, "surname"), flow),
                    title_of(_child(name, "given-names"), flow),
                )
                names.append(f"{surname or title_of(name, flow)} {initials(given)}".strip())
            elif collective is not None:
                names.append(tidy_text(collective.text or "") or title_of(collective, flow))
    return tuple(name for name in names if name)


def initials(given: str) -> str:
    """The initials of given names: "Mary-Jane K." gives "MJK"."""
    return "".join(
        part[0].upper() for part in re.split(r"[\s.\u2010-]+", given) if part and part[0].isalpha()
    )


def _keywords(meta: Any, flow: Flow) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """Keywords, and the abbreviations that some publishers print as a group of keywords."""
    words: dict[str, None] = {}
    short_forms = []
    for group in _children(meta, "kwd-group"):
        kind = f"{group.get('kwd-group-type') or ''} {title_of(_child(group, 'title'), flow)}".casefold()
        for element in group.iter():
            if local_name(element) not in ("kwd", "compound-kwd"):
                continue
            word = title_of(element, flow)
            if "abbr" in kind:
                pair = abbreviations.listed(word)
                short_forms += [pair] if pair else []
            elif word:
                words.setdefault(word)
    return tuple(words), tuple(short_forms)


def _child(element: Any, name: str) -> Any:
    return next(_children(element, name), None)


def _children(element: Any, name: str) -> Iterator[Any]:
    return iter(()) if element is None else (child for child in element if local_name(child) == name)
