"""Any JSON interface, by a mapping: where its records are, what stands where in one, how it pages.

Places are JSON pointers (RFC 6901): ``/metadata/title``, ``/authors/0``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Literal
from urllib.parse import parse_qsl, quote, urlencode, urljoin, urlsplit, urlunsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from grandrounds.harvest.documents import listed, read_json, words
from grandrounds.harvest.feed import FIGURE, FeedPage, FeedRecord, Fetched, FetchedFile, day
from grandrounds.harvest.feeds import Plugin
from grandrounds.harvest.http import PoliteClient
from grandrounds.harvest.known import identifier
from grandrounds.harvest.names import PICTURES, safe_name
from grandrounds.harvest.problems import FeedError, ForbiddenError, NotThereError, TooLargeError
from grandrounds.harvest.relations import is_withdrawn
from grandrounds.harvest.settings import FeedSettings, checked_address
from grandrounds.sources import kinds

_ENDINGS = {kinds.JATS: ".xml", kinds.CASE_MARKDOWN: ".md", kinds.CASE_TEXT: ".txt"}
_MOST_FIGURES = 100
_MISSING = object()


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _pointer(value: str) -> str:
    if value and not value.startswith("/"):
        raise ValueError(f"{value!r} is no JSON pointer: it begins with /")
    return value


class Places(_Part):
    """JSON pointers inside a record; empty where the interface does not say it.

    ``full_text`` and ``figures`` hold addresses (the latter a list), absolute or from the interface's own.
    """

    id: str = Field(min_length=2)
    version: str = ""
    title: str = ""
    licence: str = ""
    first_public: str = ""
    revised: str = ""
    retracted: str = ""
    deleted: str = ""
    language: str = ""
    article_type: str = ""
    doi: str = ""
    pmcid: str = ""
    pmid: str = ""
    full_text: str = ""
    figures: str = ""

    _pointers = field_validator("*")(_pointer)


class Paging(_Part):
    """How to come to the next page. ``param`` is what is sent (page number, offset, or cursor); ``place``
    is where an answer says the next cursor or address. ``first`` is the number of the first page."""

    kind: Literal["none", "page", "offset", "cursor", "next"] = "none"
    param: str = ""
    place: str = ""
    size_param: str = ""
    size: int = Field(100, ge=1, le=10_000)
    first: int = Field(1, ge=0, le=1)

    _pointers = field_validator("place")(_pointer)

    @model_validator(mode="after")
    def _complete(self) -> Paging:
        if self.kind in ("page", "offset", "cursor") and not self.param:
            raise ValueError(f"paging by {self.kind} needs `param`")
        if self.kind in ("cursor", "next") and not self.place:
            raise ValueError(f"paging by {self.kind} needs `place`")
        return self


class JsonApiSettings(FeedSettings):
    """``records`` is where in an answer the list stands (empty: the answer itself). ``since_param`` and
    ``until_param`` name the window. ``full_text_address`` makes an address from ``{id}`` where records
    hold none. ``retracted_values`` are what its place says of a retracted article. ``whole`` says that
    the interface always lists everything, so what is missing has gone."""

    kind: Literal["json_api"]
    url: str
    params: dict[str, str] = Field(default_factory=dict)
    records: str = ""
    places: Places
    paging: Paging = Field(default_factory=lambda: Paging.model_validate({}))
    since_param: str = ""
    until_param: str = ""
    full_text_address: str = ""
    retracted_values: tuple[str, ...] = ("true", "retracted", "1", "yes")
    whole: bool = False

    _url = field_validator("url")(checked_address)
    _pointers = field_validator("records")(_pointer)


class JsonApiFeed:
    """A JSON interface as a feed."""

    def __init__(self, name: str, settings: JsonApiSettings, client: PoliteClient) -> None:
        self.name = name
        self._settings = settings
        self._client = client

    def pages(self, cursor: str, *, since: date | None, until: date | None) -> Iterator[FeedPage]:
        """As ``Feed`` says; the cursor is the next page's number, offset, mark or address."""
        window = {}
        if since is not None and self._settings.since_param:
            window[self._settings.since_param] = since.isoformat()
        if until is not None and self._settings.until_param:
            window[self._settings.until_param] = until.isoformat()
        while True:
            url = self._address(cursor, window)
            answer = read_json(self._client.get(url, accept="application/json").body, url=url)
            found = at(answer, self._settings.records)
            if not isinstance(found, list):
                raise FeedError(
                    f"{url} has no list of records at {self._settings.records or 'its top'!r}.",
                    remedy="Set `records:` right, or report it to the feed.",
                )
            records, faults = [], []
            for number, said in enumerate(found):
                record = self._record(said, url)
                if record is None:
                    faults.append(f"Entry {number} of {url} has no id; it was passed by.")
                else:
                    records.append(record)
            after = self._after(answer, cursor, len(found), url)
            last = not after
            yield FeedPage(
                records=tuple(records),
                cursor=after,
                last=last,
                whole=last and self._settings.whole,
                faults=tuple(faults),
            )
            if last:
                return
            cursor = after

    def fetch(self, record: FeedRecord) -> Fetched:
        """Full text and, where the mapping says so, figures."""
        main = record.links.get("main", "")
        if not main:
            raise NotThereError(f"{record.record_id} has no address of a full text.")
        data = self._client.get(main, accept="application/xml, text/markdown, text/plain").body
        kind = kinds.recognise_head(data[: kinds.HEAD_BYTES], size=len(data))
        files = [FetchedFile(name=f"article{_ENDINGS.get(kind, '.bin')}", data=data)]
        notes: list[str] = []
        left = self._settings.maximum_unpacked - len(data)
        for role, url in sorted(record.links.items()):
            name = safe_name(urlsplit(url).path)
            if not role.startswith(FIGURE):
                continue
            if not name.casefold().endswith(PICTURES) or name in {file.name for file in files}:
                notes.append(f"{url[:200]} was left out: it is named like no picture, or twice.")
                continue
            try:
                picture = self._client.get(
                    url, accept="image/*", limit=max(1, min(left, self._settings.maximum_bytes))
                )
            except (NotThereError, TooLargeError, ForbiddenError) as exc:
                notes.append(f"A figure is missing: {exc.what}")
                continue
            files.append(FetchedFile(name=name, data=picture.body, role=FIGURE))
            left -= len(picture.body)
        return Fetched(files=tuple(files), notes=tuple(notes))

    def _address(self, cursor: str, window: Mapping[str, str]) -> str:
        paging = self._settings.paging
        if paging.kind == "next" and cursor:
            return cursor
        asked = {**self._settings.params, **window}
        if paging.size_param:
            asked[paging.size_param] = str(paging.size)
        if paging.kind == "page":
            asked[paging.param] = cursor or str(paging.first)
        elif paging.kind == "offset":
            asked[paging.param] = cursor or "0"
        elif paging.kind == "cursor" and cursor:
            asked[paging.param] = cursor
        parts = urlsplit(self._settings.url)
        query = urlencode([*parse_qsl(parts.query), *asked.items()])
        return urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))

    def _after(self, answer: Any, cursor: str, count: int, url: str) -> str:
        """Where the next page is; empty at the end."""
        paging = self._settings.paging
        if paging.kind in ("cursor", "next"):
            said = words(at(answer, paging.place))
            return urljoin(url, said) if said and paging.kind == "next" else said
        if paging.kind == "none" or count == 0 or count < paging.size:
            return ""
        if cursor and not cursor.isdigit():
            raise FeedError(f"The cursor {cursor[:40]!r} is no number.")
        return (
            str(int(cursor or paging.first) + 1) if paging.kind == "page" else str(int(cursor or 0) + count)
        )

    def _record(self, said: Any, url: str) -> FeedRecord | None:
        places = self._settings.places
        own = _plain(said, places.id)
        if not own:
            return None
        named = (identifier(s, _plain(said, getattr(places, s))) for s in ("doi", "pmcid", "pmid"))
        title = _plain(said, places.title)
        retracted = _plain(said, places.retracted).casefold() in self._settings.retracted_values
        revised = _plain(said, places.revised)
        kind = _plain(said, places.article_type)
        return FeedRecord(
            feed=self.name,
            record_id=own,
            version=_plain(said, places.version) or revised,
            title=title,
            licence=_plain(said, places.licence),
            first_public=day(_plain(said, places.first_public)),
            revised=day(revised),
            retracted=retracted or is_withdrawn(article_type=kind, title=title, related=()),
            gone=_plain(said, places.deleted).casefold() in ("true", "1", "deleted", "yes"),
            article_type=kind,
            language=_plain(said, places.language),
            identifiers=tuple(one for one in named if one is not None),
            links=self._links(said, own, url),
        )

    def _links(self, said: Any, own: str, url: str) -> dict[str, str]:
        main = _plain(said, self._settings.places.full_text)
        if not main and self._settings.full_text_address:
            main = self._settings.full_text_address.replace("{id}", quote(own, safe=""))
        links = {"main": urljoin(url, main)} if main else {}
        figures = listed(at(said, self._settings.places.figures)) if self._settings.places.figures else []
        for number, figure in enumerate(figures[:_MOST_FIGURES]):
            if isinstance(figure, str) and figure:
                links[f"{FIGURE}-{number:03d}"] = urljoin(url, figure)
        return links


def at(document: Any, pointer: str) -> Any:
    """What stands at a JSON pointer; ``None`` where there is nothing."""
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(document, dict):
            document = document.get(name, _MISSING)
        elif isinstance(document, list) and re.fullmatch(r"0|[1-9][0-9]{0,8}", name):
            document = document[int(name)] if int(name) < len(document) else _MISSING
        else:
            return None
        if document is _MISSING:
            return None
    return document


def _plain(said: Any, pointer: str) -> str:
    """The text at a pointer; ``true`` and ``false`` as words."""
    if not pointer:
        return ""
    value = at(said, pointer)
    return str(value).lower() if isinstance(value, bool) else words(value)


PLUGIN = Plugin(settings=JsonApiSettings, addresses=lambda settings: (settings.url,), make=JsonApiFeed)
