"""What is known of an article: what its record says, and what its full text adds or corrects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from grandrounds.harvest.feed import FeedRecord, Related
from grandrounds.records.parts import Identifier
from grandrounds.sources.article import Article
from grandrounds.sources.identity import clean_doi, clean_pmcid
from grandrounds.sources.languages import clean_tag

NAMING = ("doi", "pmcid", "pmid")
"""Schemes by which two records are told to be one article."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Title, first publication, language, identifiers and relations, and whether the text names itself.

    ``named`` says that the full text carries a group, DOI, PMCID or PMID, so that readers find its group.
    """

    title: str = ""
    first_public: date | None = None
    language: str = ""
    article_type: str = ""
    identifiers: tuple[Identifier, ...] = ()
    related: tuple[Related, ...] = ()
    named: bool = False
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """JSON types, keys in a fixed order."""
        return {
            "title": self.title,
            "first_public": self.first_public.isoformat() if self.first_public else None,
            "language": self.language,
            "article_type": self.article_type,
            "identifiers": [[i.scheme, i.value] for i in self.identifiers],
            "related": [[r.relation, r.scheme, r.value] for r in self.related],
            "named": self.named,
            "notes": list(self.notes),
        }

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Known:
        """What ``as_json`` wrote."""
        first = said.get("first_public")
        return cls(
            title=said.get("title", ""),
            first_public=date.fromisoformat(first) if first else None,
            language=said.get("language", ""),
            article_type=said.get("article_type", ""),
            identifiers=tuple(Identifier(scheme=s, value=v) for s, v in said.get("identifiers", ())),
            related=tuple(Related(relation=r, scheme=s, value=v) for r, s, v in said.get("related", ())),
            named=bool(said.get("named")),
            notes=tuple(said.get("notes", ())),
        )

    @property
    def keys(self) -> tuple[tuple[str, str], ...]:
        """The names of the article that other records may give it too."""
        return tuple((i.scheme, i.value.casefold()) for i in self.identifiers if i.scheme in NAMING)


def of_record(record: FeedRecord) -> Known:
    """What the record alone says."""
    return Known(
        title=record.title,
        first_public=record.first_public,
        language=clean_tag(record.language) or "",
        article_type=record.article_type,
        identifiers=record.identifiers,
        related=record.related,
    )


def with_text(
    record: FeedRecord, article: Article, *, related: Iterable[Related] = (), notes: Iterable[str] = ()
) -> Known:
    """What record and full text say together. Of two whole dates the earlier is the first publication: a
    feed may list an article long after it was public. A date without a day is no reason to go back."""
    said = article.published if "only" not in article.published_origin else None
    dates = [found for found in (record.first_public, said) if found is not None]
    identifiers = dict.fromkeys((*record.identifiers, *article.identifiers))
    return Known(
        title=article.title or record.title,
        first_public=min(dates) if dates else article.published,
        language=article.language,
        article_type=article.article_type or record.article_type,
        identifiers=tuple(identifiers),
        related=tuple(dict.fromkeys((*record.related, *related))),
        named=bool(article.group) or any(i.scheme in NAMING for i in article.identifiers),
        notes=tuple(notes),
    )


def identifier(scheme: str, value: str) -> Identifier | None:
    """An identifier in the one spelling of its scheme; ``None`` where it is none."""
    scheme = {"pmc": "pmcid", "pmcid": "pmcid", "med": "pmid"}.get(scheme.casefold(), scheme.casefold())
    if scheme == "doi":
        value = clean_doi(value) or ""
    elif scheme == "pmcid":
        value = clean_pmcid(value) or ""
    elif scheme == "pmid":
        value = value.strip() if value.strip().isdigit() else ""
    value = value.strip()
    return Identifier(scheme=scheme, value=value) if value else None
