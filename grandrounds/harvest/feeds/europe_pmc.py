"""Europe PMC: search by cursor mark, full text as JATS, pictures from the archive of supplementary files.

Source: Europe PMC's description of its Articles RESTful API. Records are asked for by the day on which
their metadata changed, so corrections and retractions of old articles come by themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, Literal
from urllib.parse import urlencode

from pydantic import Field, field_validator

from grandrounds.harvest.archive import pictures_in
from grandrounds.harvest.documents import listed, read_json, words
from grandrounds.harvest.feed import (
    CONCERN,
    CORRECTED_BY,
    CORRECTS,
    RETRACTED_BY,
    RETRACTS,
    FeedPage,
    FeedRecord,
    Fetched,
    FetchedFile,
    Related,
    day,
)
from grandrounds.harvest.feeds import Plugin
from grandrounds.harvest.http import PoliteClient
from grandrounds.harvest.known import identifier
from grandrounds.harvest.problems import (
    FeedError,
    ForbiddenError,
    HarvestError,
    MalformedError,
    NotThereError,
    TooLargeError,
)
from grandrounds.harvest.relations import article_in, graphics_of, is_withdrawn
from grandrounds.harvest.settings import FeedSettings, checked_address
from grandrounds.records.parts import Identifier

BASE = "https://www.ebi.ac.uk/europepmc/webservices/rest"
_FIRST = "*"
# By how the type's name begins; "in" points from the article, "of" and "for" from the notice.
_RELATIONS = (
    ("retraction in", RETRACTED_BY),
    ("partial retraction in", RETRACTED_BY),
    ("retraction of", RETRACTS),
    ("partial retraction of", RETRACTS),
    ("erratum in", CORRECTED_BY),
    ("corrected and republished in", CORRECTED_BY),
    ("erratum for", CORRECTS),
    ("corrected and republished from", CORRECTS),
    ("expression of concern", CONCERN),
)


class EuropePmcSettings(FeedSettings):
    """``query`` is in Europe PMC's search language; ``date_field`` names the day that is asked for.

    ``figures: false`` leaves pictures alone.
    """

    kind: Literal["europe_pmc"]
    base: str = BASE
    query: str = Field(min_length=1, max_length=4000)
    date_field: str = Field("UPDATE_DATE", pattern=r"[A-Z_]{2,40}")
    page_size: int = Field(100, ge=1, le=1000)
    figures: bool = True

    _base = field_validator("base")(checked_address)


class EuropePmcFeed:
    """The search of Europe PMC as a feed."""

    def __init__(self, name: str, settings: EuropePmcSettings, client: PoliteClient) -> None:
        self.name = name
        self._settings = settings
        self._client = client
        self._base = settings.base.rstrip("/")

    def pages(self, cursor: str, *, since: date | None, until: date | None) -> Iterator[FeedPage]:
        """As ``Feed`` says; the cursor is the service's own mark."""
        if since is None and not cursor:
            raise HarvestError(
                f"The feed {self.name} was never harvested.",
                remedy="Say once from when on: --since 2026-11-01.",
            )
        mark = cursor or _FIRST
        while True:
            url = self._search(mark, since, until)
            answer = read_json(self._client.get(url, accept="application/json").body, url=url)
            results = answer.get("resultList") if isinstance(answer, dict) else None
            if not isinstance(results, dict):
                said = words(answer.get("errMsg")) if isinstance(answer, dict) else ""
                raise FeedError(f"{url} answered without results{': ' + said[:200] if said else ''}.")
            records, faults = [], []
            for result in listed(results.get("result")):
                record = self._record(result) if isinstance(result, dict) else None
                if record is None:
                    faults.append("A result without an id was passed by.")
                else:
                    records.append(record)
            after = words(answer.get("nextCursorMark"))
            # The service ends by giving no mark, or the one that it was asked with.
            last = not after or after == mark or not listed(results.get("result"))
            yield FeedPage(
                records=tuple(records), cursor="" if last else after, last=last, faults=tuple(faults)
            )
            if last:
                return
            mark = after

    def fetch(self, record: FeedRecord) -> Fetched:
        """Full text and, where the article names pictures, those of them that the archive holds."""
        from grandrounds.harvest.documents import read_xml

        main = record.links.get("main", "")
        if not main:
            raise NotThereError(f"{record.record_id} has no full text at Europe PMC.")
        data = self._client.get(main, accept="application/xml").body
        files: tuple[FetchedFile, ...] = (FetchedFile(name="article.xml", data=data),)
        notes: list[str] = []
        if self._settings.figures:
            article = article_in(read_xml(data, url=main))
            named = graphics_of(article) if article is not None else ()
            if named:
                try:
                    pictures, notes_of = self._pictures(record, named)
                    files, notes = (*files, *pictures), list(notes_of)
                except (NotThereError, TooLargeError, ForbiddenError, MalformedError) as exc:
                    notes.append(f"There are no figures: {exc.what}")
        return Fetched(files=files, notes=tuple(notes))

    def _pictures(
        self, record: FeedRecord, named: tuple[str, ...]
    ) -> tuple[tuple[FetchedFile, ...], tuple[str, ...]]:
        limit = self._settings.maximum_unpacked - self._settings.maximum_bytes
        url = record.links["figures"]
        answer = self._client.get(url, accept="application/zip", limit=max(limit, 1))
        return pictures_in(answer.body, wanted=named, limit=max(limit, 1))

    def _search(self, mark: str, since: date | None, until: date | None) -> str:
        window = f"{self._settings.date_field}:[{since or date(1900, 1, 1)} TO {until or date(3000, 1, 1)}]"
        asked = {
            "query": f"({self._settings.query}) AND ({window})",
            "resultType": "core",
            "format": "json",
            "pageSize": self._settings.page_size,
            "cursorMark": mark,
        }
        return f"{self._base}/search?{urlencode(asked)}"

    def _record(self, said: dict[str, Any]) -> FeedRecord | None:
        own, source = words(said.get("id")), words(said.get("source"))
        pmcid = identifier("pmcid", words(said.get("pmcid")))
        if not own and pmcid is None:
            return None
        found = (
            pmcid,
            identifier("doi", words(said.get("doi"))),
            identifier("pmid", words(said.get("pmid"))),
        )
        identifiers: tuple[Identifier, ...] = tuple(one for one in found if one is not None)
        types = [words(one) for one in listed(_inner(said.get("pubTypeList"), "pubType"))]
        folded = [name.casefold() for name in types]
        related = _related(said)
        title = words(said.get("title"))
        notice = next((name for name in types if name.casefold() in _NOTICE_TYPES), "")
        kind = notice or ("case-report" if any(name in _CASE_TYPES for name in folded) else "")
        links = {}
        if pmcid is not None:
            links["main"] = f"{self._base}/{pmcid.value}/fullTextXML"
            links["figures"] = f"{self._base}/{pmcid.value}/supplementaryFiles?includeInlineImage=true"
        revised = words(said.get("dateOfRevision"))
        return FeedRecord(
            feed=self.name,
            record_id=pmcid.value if pmcid is not None else f"{source}:{own}",
            version=revised,
            title=title,
            licence=words(said.get("license")),
            first_public=day(words(said.get("firstPublicationDate"))),
            revised=day(revised),
            retracted=not notice
            and (
                "retracted publication" in folded
                or is_withdrawn(article_type="", title=title, related=related)
            ),
            article_type=kind,
            language=words(said.get("language")),
            identifiers=identifiers,
            related=related,
            links=links,
        )


_NOTICE_TYPES = frozenset(
    {"retraction of publication", "published erratum", "expression of concern", "retraction"}
)
_CASE_TYPES = frozenset({"case reports", "case-report", "case report"})


def _related(said: dict[str, Any]) -> tuple[Related, ...]:
    made = []
    for entry in listed(_inner(said.get("commentCorrectionList"), "commentCorrection")):
        if not isinstance(entry, dict):
            continue
        kind = words(entry.get("type")).casefold()
        relation = next((name for start, name in _RELATIONS if kind.startswith(start)), "")
        other = identifier(words(entry.get("source")) or "med", words(entry.get("id")))
        if relation:
            # A retraction counts even where the notice has no id.
            scheme, value = (
                (other.scheme, other.value) if other else ("", words(entry.get("reference"))[:200])
            )
            made.append(Related(relation=relation, scheme=scheme, value=value))
    return tuple(sorted(dict.fromkeys(made), key=lambda one: (one.relation, one.scheme, one.value)))


def _inner(value: Any, name: str) -> Any:
    """The list inside ``{name: [...]}``, also where the outer is wrapped in a list of one."""
    outer = listed(value)
    return outer[0].get(name) if outer and isinstance(outer[0], dict) else None


PLUGIN = Plugin(settings=EuropePmcSettings, addresses=lambda settings: (settings.base,), make=EuropePmcFeed)
