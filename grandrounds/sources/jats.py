"""JATS and NLM articles: PubMed Central, Hindawi, Frontiers, PLOS, BMC, Springer, Elsevier and others."""

from __future__ import annotations

from typing import Any

from grandrounds.errors import SourceError
from grandrounds.sources import abbreviations, languages
from grandrounds.sources.article import Article
from grandrounds.sources.assembly import assemble
from grandrounds.sources.formulas import local_name
from grandrounds.sources.identity import cite
from grandrounds.sources.jats_inline import start_flow
from grandrounds.sources.jats_meta import read_meta
from grandrounds.sources.jats_text import JatsWalk
from grandrounds.sources.passages import ABSTRACT, BODY, TABLES, TITLE
from grandrounds.sources.xml_safety import parse


def read_jats(data: bytes) -> Article:
    """The article that the bytes of a JATS or NLM file hold, also inside a PMC or OAI wrapper.

    Raises ``SourceError`` saying what is wrong with the file.
    """
    document = parse(data)
    article = _single_article(document.root)
    notes = list(document.notes)
    flow = start_flow(article)
    meta = read_meta(article, flow, notes)
    walk = JatsWalk(flow=flow)
    walk.read(article, title=meta.title)
    if not meta.title:
        notes.append("The article has no title.")
    made = assemble(
        walk.passages,
        figures=walk.figures,
        tables=walk.tables,
        groups=walk.groups,
    )
    text = made.stored.text
    notes += [f"Left out: {name} ({count})." for name, count in sorted(flow.skipped.items()) if count]
    prose = "\n".join(p.text for p in walk.passages if p.spot.area in (TITLE, ABSTRACT, BODY))
    return Article(
        title=meta.title or "(untitled)",
        text=text,
        sections=made.stored.sections,
        marks=made.stored.marks,
        figures=made.figures,
        tables=made.tables,
        case_count=made.case_count,
        keywords=meta.keywords,
        abbreviations=abbreviations.merge(
            flow.abbreviations,
            meta.abbreviations,
            abbreviations.find_definitions(
                "\n\n".join(s.span.of(text) for s in made.stored.sections if s.kind != "tables")
            ),
            _table_notes(walk),
        ),
        # JATS means English where it says nothing.
        language=languages.decide(meta.language, prose, notes, default="en"),
        licence=meta.licence.spdx,
        licence_evidence=meta.licence.evidence,
        identifiers=meta.identifiers,
        journal=meta.journal,
        article_type=meta.article_type,
        published=meta.published,
        published_origin=meta.published_origin,
        citation=cite(
            authors=meta.authors,
            title=meta.title,
            journal=meta.journal,
            published=meta.published,
            identifiers=meta.identifiers,
        ),
        notes=tuple(dict.fromkeys(notes)),
    )


def _table_notes(walk: JatsWalk) -> list[tuple[str, str]]:
    """Abbreviations that stand under tables ("T4 = thyroxine")."""
    lines = [passage.text for passage in walk.passages if passage.spot.area == TABLES]
    pairs = [abbreviations.listed(line) for line in lines if "\n" not in line and "=" in line]
    return [pair for pair in pairs if pair is not None]


def _single_article(root: Any) -> Any:
    """The one ``article`` of a document."""
    if local_name(root) == "article":
        return root
    found = [
        element
        for element in root.iter()
        if local_name(element) == "article"
        and not any(local_name(ancestor) == "article" for ancestor in element.iterancestors())
    ]
    if len(found) == 1:
        return found[0]
    if not found:
        reply = next((e for e in root.iter() if local_name(e) in ("Reply", "error")), None)
        said = ""
        if reply is not None:
            said = reply.get("error") or " ".join("".join(reply.itertext()).split())
        raise SourceError(
            f"The <{local_name(root)}> holds no article"
            + (f" but the answer {said[:120]!r}." if said else "."),
            remedy="Download the article again.",
        )
    raise SourceError(
        f"The <{local_name(root)}> holds {len(found)} articles.",
        remedy="Save each article as a file of its own.",
    )
