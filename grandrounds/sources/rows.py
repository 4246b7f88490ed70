"""Rows of the sources and cases tables, from what was found, read, and said in ``sources.yaml``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from grandrounds.fingerprint import content_id, sha256_text
from grandrounds.records.case import Case, Figure
from grandrounds.records.source import DUPLICATE, FAILED, PASSED_BY, READ, Source
from grandrounds.sources.article import Article
from grandrounds.sources.folder import RULES_NAME, Found, FoundFile
from grandrounds.sources.identity import article_group
from grandrounds.sources.licences import Licence
from grandrounds.sources.provenance import Settled
from grandrounds.sources.rules import Rules, Said


def passed_by(file: FoundFile, kind: str, *, reason: str = "", notes: tuple[str, ...] = ()) -> Source:
    """A file of a kind that is not needed, or a link that is not followed."""
    return Source(
        source_id=content_id("source", ["path", file.name]),
        path=file.name,
        kind=kind,
        status=PASSED_BY,
        reason=reason,
        bytes=file.size,
        notes=notes,
    )


def rules_file(found: Found, rules: Rules) -> tuple[Source, ...]:
    """The row of the rules file with its entries that match no file, where a folder has rules."""
    if found.rules is None:
        return ()
    idle = rules.idle([file.name for file in found.files])
    notes = tuple(f"{pattern!r} matches no file." for pattern in idle)
    file = FoundFile(name=RULES_NAME, path=found.rules, size=found.rules.stat().st_size)
    return (passed_by(file, "rules", notes=notes),)


def misplaced_rules(name: str) -> str:
    """Why a file with the rules file's name doesn't count; empty for files of other names."""
    nested = name.endswith(f"/{RULES_NAME}")
    return "Only the sources.yaml at the top of the source folder counts." if nested else ""


def unreadable(file: FoundFile, kind: str, *, said: Said, settled: Settled) -> Source:
    """A file that can't be opened, whatever it holds."""
    trouble = file.trouble or "The file can't be opened."
    why = f"{trouble} {file.remedy or 'Check its rights.'}"
    return failed(file, kind, reason=why, said=said, settled=settled)


def failed(
    file: FoundFile,
    kind: str,
    *,
    reason: str,
    said: Said,
    settled: Settled,
    sha256: str = "",
    reader: str = "",
    version: str = "",
) -> Source:
    """A file that was wanted and can't be read."""
    identity = ["sha256", sha256] if sha256 else ["path", file.name]
    return Source(
        source_id=content_id("source", identity),
        path=file.name,
        kind=kind,
        status=FAILED,
        reason=reason,
        bytes=file.size,
        sha256=sha256 or None,
        reader=reader or None,
        reader_version=version or None,
        title=said.title,
        licence=settled.licence,
        licence_evidence=settled.evidence,
        licence_origin=settled.origin,
        protected=bool(said.protected),
        notes=settled.notes,
    )


def duplicate(file: FoundFile, kind: str, *, sha256: str, first: str) -> Source:
    """A file with the same bytes as ``first``."""
    return Source(
        source_id=content_id("source", ["duplicate", sha256, file.name]),
        path=file.name,
        kind=kind,
        status=DUPLICATE,
        reason=f"The same bytes as {first}, which is used instead.",
        bytes=file.size,
        sha256=sha256,
    )


def own_licence(article: Article) -> Licence:
    """What an article says of its licence."""
    return Licence(spdx=article.licence, evidence=article.licence_evidence)


def read(
    file: FoundFile,
    kind: str,
    article: Article,
    *,
    sha256: str,
    said: Said,
    settled: Settled,
    reader: str,
    version: str,
) -> Source:
    """A file that was read: what it says of itself, overruled by ``sources.yaml``; ``settled`` is what came
    of all that was said of its licence."""
    group = said.group or article.group
    return Source(
        source_id=content_id("source", ["sha256", sha256]),
        path=file.name,
        kind=kind,
        status=READ,
        bytes=file.size,
        sha256=sha256,
        reader=reader,
        reader_version=version,
        title=said.title or article.title,
        licence=settled.licence,
        licence_evidence=settled.evidence,
        licence_origin=settled.origin,
        citation=said.citation if said.citation is not None else article.citation,
        identifiers=article.identifiers,
        journal=article.journal,
        article_type=article.article_type,
        language=said.language or article.language,
        published=said.published or article.published,
        published_origin="sources.yaml" if said.published else article.published_origin,
        group_id=f"group:{group}"
        if group
        else article_group(article.identifiers, title=article.title, text=article.text),
        protected=article.protected if said.protected is None else said.protected,
        notes=(*article.notes, *settled.notes),
    )


def cases(article: Article, source: Source, figures: Sequence[Figure]) -> list[Case]:
    """One row for each patient of an article: the same text, the patient's own and the shared figures."""
    digest = sha256_text(article.text)
    return [
        Case(
            evidence_id=content_id("case", [source.source_id, digest, number]),
            source_id=source.source_id,
            case_number=number,
            case_count=article.case_count,
            title=source.title or article.title,
            text=article.text,
            text_sha256=digest,
            sections=article.sections,
            marks=article.marks,
            figures=tuple(figure for figure in figures if figure.case_number in (None, number)),
            tables=article.tables,
            keywords=article.keywords,
            abbreviations=article.abbreviations,
            language=source.language or article.language,
            licence=source.licence,
            citation=source.citation,
            identifiers=source.identifiers,
            journal=source.journal,
            article_type=source.article_type,
            published=source.published,
            group_id=source.group_id or "",
            protected=source.protected,
        )
        for number in range(1, article.case_count + 1)
    ]


def join_groups(sources: Sequence[Source]) -> list[Source]:
    """Sources that share an identifier get one group: the same article may name itself by DOI in one
    file and by PMCID in another. A group that a person gave is kept before one that was worked out."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    def join(first: str, second: str) -> None:
        low, high = sorted((root(first), root(second)), key=_group_rank)
        parent[high] = low

    owner: dict[tuple[str, str], str] = {}
    for source in sources:
        if source.group_id is None:
            continue
        for identifier in source.identifiers:
            if identifier.scheme in ("doi", "pmcid", "pmid"):
                key = (identifier.scheme, identifier.value.casefold())
                join(owner.setdefault(key, source.group_id), source.group_id)
    return [
        replace(source, group_id=root(source.group_id)) if source.group_id is not None else source
        for source in sources
    ]


def _group_rank(group: str) -> tuple[int, str]:
    order = ("group:", "article:doi:", "article:pmcid:", "article:pmid:", "article:title:")
    return next((i for i, start in enumerate(order) if group.startswith(start)), len(order)), group


def with_media(figures: Sequence[Figure], media: Mapping[str, tuple[str, str]]) -> tuple[Figure, ...]:
    """Figures with the media that were found for their graphics; ``media`` gives hash and type by name."""
    made = []
    for figure in figures:
        found = [media[name] for name in figure.graphics if name in media]
        made.append(
            replace(
                figure,
                media_sha256=tuple(sha256 for sha256, _ in found),
                media_mime=tuple(mime for _, mime in found),
            )
        )
    return tuple(made)


def told_apart(sources: Sequence[Source]) -> list[Source]:
    """Each row with an id of its own, where copies of one file are read: one label table may lie beside
    many masks, one picture in two chapters. The first copy keeps the id of the bytes, which others name."""
    seen: set[str] = set()
    made = []
    for source in sources:
        known = source.source_id in seen
        own = content_id("source", ["copy", source.source_id, source.path]) if known else source.source_id
        seen.add(own)
        made.append(replace(source, source_id=own))
    return made
