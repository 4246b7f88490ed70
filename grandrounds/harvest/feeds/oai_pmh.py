"""OAI-PMH 2.0, as PubMed Central speaks it: front matter by ListRecords, full text by GetRecord.

Listing front matter only (``pmc_fm``) keeps the order that licences ask for: terms first, full text
then. Source: the protocol's own specification, version 2.0.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any, Literal
from urllib.parse import urlencode

from pydantic import Field, field_validator

from grandrounds.harvest.documents import read_xml, text_of
from grandrounds.harvest.feed import FeedPage, FeedRecord, Fetched, FetchedFile, day
from grandrounds.harvest.feeds import Plugin
from grandrounds.harvest.http import PoliteClient
from grandrounds.harvest.known import identifier
from grandrounds.harvest.problems import (
    CursorLostError,
    FeedError,
    HarvestError,
    MalformedError,
    NotThereError,
)
from grandrounds.harvest.relations import article_in, is_notice, is_withdrawn, related_of
from grandrounds.harvest.settings import FeedSettings, checked_address
from grandrounds.sources.formulas import local_name

BASE = "https://pmc.ncbi.nlm.nih.gov/api/oai/v1/mh/"
_PMC = re.compile(r"oai:pubmedcentral\.nih\.gov:(\d{1,10})")


class OaiSettings(FeedSettings):
    """``sets`` and prefixes as the repository names them."""

    kind: Literal["oai_pmh"]
    base: str = BASE
    set: str = "pmc-open"
    list_prefix: str = Field("pmc_fm", pattern=r"[A-Za-z0-9_.!~*'()-]+")
    full_prefix: str = Field("pmc", pattern=r"[A-Za-z0-9_.!~*'()-]+")

    _base = field_validator("base")(checked_address)


class OaiFeed:
    """One set of an OAI-PMH repository as a feed."""

    def __init__(self, name: str, settings: OaiSettings, client: PoliteClient) -> None:
        self.name = name
        self._settings = settings
        self._client = client

    def pages(self, cursor: str, *, since: date | None, until: date | None) -> Iterator[FeedPage]:
        """As ``Feed`` says; the cursor is the repository's resumption token."""
        if since is None and not cursor:
            raise HarvestError(
                f"The feed {self.name} was never harvested.",
                remedy="Say once from when on: --since 2026-11-01.",
            )
        token = cursor
        while True:
            url = self._address(token, since, until)
            root = read_xml(self._client.get(url, accept="text/xml, application/xml").body, url=url)
            error = _error(root)
            if error is not None:
                if error[0] == "noRecordsMatch":
                    yield FeedPage(records=(), last=True)
                    return
                if error[0] == "badResumptionToken":
                    raise CursorLostError(
                        f"{self.name} no longer knows where the harvest stood.",
                        remedy="The next harvest begins its window anew; nothing is taken twice.",
                    )
                raise FeedError(f"{url} answered {error[0]}: {error[1][:200]}.")
            listing = _first(root, "ListRecords")
            if listing is None:
                raise FeedError(f"{url} answered without records.")
            records, faults = self._records(listing)
            token = text_of(_first(listing, "resumptionToken"))
            yield FeedPage(records=records, cursor=token, last=not token, faults=faults)
            if not token:
                return

    def fetch(self, record: FeedRecord) -> Fetched:
        """The article of one record, taken out of the answer around it."""
        from lxml import etree

        url = self._with(
            verb="GetRecord", identifier=record.record_id, metadataPrefix=self._settings.full_prefix
        )
        root = read_xml(self._client.get(url, accept="text/xml, application/xml").body, url=url)
        error = _error(root)
        if error is not None:
            if error[0] in ("idDoesNotExist", "cannotDisseminateFormat"):
                raise NotThereError(f"{record.record_id} can't be had: {error[0]}.")
            raise FeedError(f"{url} answered {error[0]}: {error[1][:200]}.")
        header = _first(root, "header")
        if header is not None and header.get("status") == "deleted":
            raise NotThereError(f"{record.record_id} was deleted.", lasting=True)
        if header is not None and text_of(_first(header, "identifier")) != record.record_id:
            raise MalformedError(f"{url} answered with another record.")
        article = article_in(root)
        if article is None:
            raise MalformedError(f"{url} answered without an article.")
        article.tail = None
        data = etree.tostring(article, encoding="UTF-8", xml_declaration=True)
        return Fetched(files=(FetchedFile(name="article.xml", data=data),))

    def _address(self, token: str, since: date | None, until: date | None) -> str:
        if token:
            return self._with(verb="ListRecords", resumptionToken=token)
        asked = {"verb": "ListRecords", "metadataPrefix": self._settings.list_prefix}
        if self._settings.set:
            asked["set"] = self._settings.set
        if since is not None:
            asked["from"] = since.isoformat()
        if until is not None:
            asked["until"] = until.isoformat()
        return self._with(**asked)

    def _with(self, **asked: str) -> str:
        joint = "&" if "?" in self._settings.base else "?"
        return f"{self._settings.base}{joint}{urlencode(asked)}"

    def _records(self, listing: Any) -> tuple[tuple[FeedRecord, ...], tuple[str, ...]]:
        records, faults = [], []
        for element in listing:
            if local_name(element) != "record":
                continue
            header = _first(element, "header")
            own = text_of(_first(header, "identifier")) if header is not None else ""
            if not own:
                faults.append("A record without an identifier was passed by.")
                continue
            records.append(self._record(own, header, element))
        return tuple(records), tuple(faults)

    def _record(self, own: str, header: Any, element: Any) -> FeedRecord:
        stamp = text_of(_first(header, "datestamp"))
        number = _PMC.fullmatch(own)
        pmcid = identifier("pmcid", number.group(1)) if number else None
        named = (pmcid,) if pmcid is not None else ()
        article = article_in(element)
        if header.get("status") == "deleted" or article is None:
            return FeedRecord(
                feed=self.name,
                record_id=own,
                version=stamp,
                revised=day(stamp),
                gone=header.get("status") == "deleted",
                identifiers=named,
            )
        from grandrounds.sources.jats_inline import start_flow
        from grandrounds.sources.jats_meta import read_meta

        meta = read_meta(article, start_flow(article), [])
        related = related_of(article)
        kind = meta.article_type or ""
        return FeedRecord(
            feed=self.name,
            record_id=own,
            version=stamp,
            title=meta.title,
            licence=meta.licence.spdx if meta.licence.spdx != "unknown" else meta.licence.evidence,
            first_public=meta.published,
            revised=day(stamp),
            retracted=not is_notice(kind)
            and is_withdrawn(article_type=kind, title=meta.title, related=related),
            article_type=kind,
            language=meta.language or "",
            identifiers=tuple(dict.fromkeys((*named, *meta.identifiers))),
            related=related,
        )


def _error(root: Any) -> tuple[str, str] | None:
    if local_name(root) != "OAI-PMH":
        raise FeedError(f"The answer is <{local_name(root)}>, not OAI-PMH.")
    found = next((child for child in root if local_name(child) == "error"), None)
    return None if found is None else (found.get("code") or "error", text_of(found))


def _first(element: Any, name: str) -> Any:
    return next((inner for inner in element.iter() if local_name(inner) == name), None)


PLUGIN = Plugin(settings=OaiSettings, addresses=lambda settings: (settings.base,), make=OaiFeed)
