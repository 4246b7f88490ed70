"""RSS 2.0 and 1.0, and Atom: entries whose link, by a rule, leads to the full text.

The feed is asked for only when it changed (ETag, Last-Modified). Atom may page by ``rel="next"``
(RFC 5005) and tell of deleted entries (RFC 6721); what scrolls off an RSS feed has not gone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, date
from email.utils import parsedate_to_datetime
from typing import Any, Literal
from urllib.parse import urljoin

from pydantic import field_validator

from grandrounds.fingerprint import sha256_text
from grandrounds.harvest.documents import read_xml, text_of
from grandrounds.harvest.feed import FeedPage, FeedRecord, Fetched, FetchedFile, day
from grandrounds.harvest.feeds import Plugin
from grandrounds.harvest.http import PoliteClient
from grandrounds.harvest.known import identifier
from grandrounds.harvest.problems import CursorLostError, FeedError, NotThereError
from grandrounds.harvest.relations import is_withdrawn
from grandrounds.harvest.settings import FeedSettings, checked_address
from grandrounds.sources import kinds
from grandrounds.sources.formulas import local_name

_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_ENDINGS = {kinds.JATS: ".xml", kinds.CASE_MARKDOWN: ".md", kinds.CASE_TEXT: ".txt"}


class SyndicationSettings(FeedSettings):
    """``url`` is the feed. The full text's address is the entry's link of relation ``link_rel``
    (``alternate`` is the entry's own link, ``enclosure`` what comes with it) and, where given, media type
    ``link_type``; ``rewrite`` then replaces a pattern in it by a text (``\\1`` for its first group)."""

    kind: Literal["syndication"]
    url: str
    link_rel: str = "alternate"
    link_type: str = ""
    rewrite: tuple[str, str] | None = None

    _url = field_validator("url")(checked_address)

    @field_validator("rewrite")
    @classmethod
    def _pattern(cls, value: tuple[str, str] | None) -> tuple[str, str] | None:
        if value is not None:
            try:
                re.compile(value[0])
            except re.error as exc:
                raise ValueError(f"{value[0]!r} is no pattern: {exc}") from exc
        return value


class SyndicationFeed:
    """An RSS or Atom feed."""

    def __init__(self, name: str, settings: SyndicationSettings, client: PoliteClient) -> None:
        self.name = name
        self._settings = settings
        self._client = client

    def pages(self, cursor: str, *, since: date | None, until: date | None) -> Iterator[FeedPage]:
        """As ``Feed`` says; the cursor is what the next conditional request sends. A window is not asked
        for: such feeds hold only the newest entries."""
        state = _state(cursor)
        url, marks = state.get("next", ""), {k: state[k] for k in ("etag", "modified") if state.get(k)}
        while True:
            first = not url
            sent = {"If-None-Match": marks.get("etag", ""), "If-Modified-Since": marks.get("modified", "")}
            answer = self._client.get(
                url or self._settings.url,
                accept="application/atom+xml, application/rss+xml, application/xml",
                headers={name: value for name, value in sent.items() if value and first},
            )
            if answer.status == 304:
                yield FeedPage(records=(), cursor=cursor, last=True)
                return
            if first:
                marks = {
                    "etag": answer.headers.get("etag", ""),
                    "modified": answer.headers.get("last-modified", ""),
                }
            root = read_xml(answer.body, url=answer.url)
            if local_name(root) not in ("rss", "feed", "RDF"):
                raise FeedError(f"{answer.url} answered with <{local_name(root)}>, which is no feed.")
            records, faults = self._records(root, answer.url)
            follows = _link(root, "next") if local_name(root) == "feed" else ""
            url = urljoin(answer.url, follows) if follows else ""
            said = {**marks, "next": url} if url else marks
            packed = json.dumps({k: v for k, v in sorted(said.items()) if v})
            yield FeedPage(records=records, cursor=packed, last=not url, faults=faults)
            if not url:
                return

    def fetch(self, record: FeedRecord) -> Fetched:
        """What the entry's full-text link leads to."""
        main = record.links.get("main", "")
        if not main:
            raise NotThereError(
                f"The entry {record.record_id} has no link of relation {self._settings.link_rel}."
            )
        data = self._client.get(main, accept="application/xml, text/markdown, text/plain").body
        kind = kinds.recognise_head(data[: kinds.HEAD_BYTES], size=len(data))
        name = f"article{_ENDINGS.get(kind, '.bin')}"
        return Fetched(files=(FetchedFile(name=name, data=data),))

    def _records(self, root: Any, base: str) -> tuple[tuple[FeedRecord, ...], tuple[str, ...]]:
        language = root.get(_LANG) or text_of(_below(root, "language"))
        records, faults = [], []
        for element in root.iter():
            name = local_name(element)
            if name == "deleted-entry":
                ref, when = element.get("ref") or "", element.get("when") or ""
                if ref:
                    records.append(
                        FeedRecord(
                            feed=self.name, record_id=ref, version=when, revised=day(when), gone=True
                        )
                    )
            elif name in ("item", "entry"):
                record = self._entry(element, base, language)
                if record is None:
                    faults.append(f"An entry without id and link was passed by: {text_of(element)[:80]!r}.")
                else:
                    records.append(record)
        return tuple(records), tuple(faults)

    def _entry(self, entry: Any, base: str, language: str) -> FeedRecord | None:
        own_link = _link(entry, "alternate") or text_of(_child(entry, "link"))
        own = text_of(_child(entry, "guid")) or text_of(_child(entry, "id")) or own_link
        if not own:
            return None
        title = text_of(_child(entry, "title"))
        updated = text_of(_child(entry, "updated")) or text_of(_child(entry, "modified"))
        published = _day(text_of(_child(entry, "published")) or text_of(_child(entry, "pubDate")))
        published = published or _day(text_of(_child(entry, "date")))
        doi = identifier("doi", text_of(_child(entry, "doi"))) or next(
            (
                found
                for e in entry
                if local_name(e) == "identifier" and (found := identifier("doi", text_of(e)))
            ),
            None,
        )
        licence = (
            _link(entry, "license") or text_of(_child(entry, "license")) or text_of(_child(entry, "rights"))
        )
        link = self._full_text(entry, own_link)
        return FeedRecord(
            feed=self.name,
            record_id=own if len(own) <= 500 else sha256_text(own),
            version=updated,
            title=title,
            licence=licence,
            first_public=published,
            revised=_day(updated),
            retracted=is_withdrawn(article_type="", title=title, related=()),
            language=entry.get(_LANG) or text_of(_child(entry, "language")) or language,
            identifiers=(doi,) if doi is not None else (),
            links={"main": urljoin(base, link)} if link else {},
        )

    def _full_text(self, entry: Any, own_link: str) -> str:
        wanted, media = self._settings.link_rel, self._settings.link_type
        plain = wanted == "alternate" and not media
        link = own_link if plain else _link(entry, wanted, media=media)
        if link and self._settings.rewrite is not None:
            link = re.sub(self._settings.rewrite[0], self._settings.rewrite[1], link)
        return link


def _state(cursor: str) -> dict[str, str]:
    if not cursor:
        return {}
    try:
        said = json.loads(cursor)
        return {str(name): str(value) for name, value in said.items()}
    except (ValueError, AttributeError) as exc:
        raise CursorLostError("The place where the feed stood can't be read.") from exc


def _link(element: Any, relation: str, *, media: str = "") -> str:
    """The address of a link element of one relation (Atom), or of an enclosure (RSS)."""
    for child in element:
        if local_name(child) == "link" and child.get("href"):
            fits = (child.get("rel") or "alternate") == relation
        elif local_name(child) == "enclosure" and child.get("url"):
            fits = relation == "enclosure"
        else:
            continue
        if fits and (not media or (child.get("type") or "").split(";")[0].strip() == media):
            return str(child.get("href") or child.get("url")).strip()
    return ""


def _child(element: Any, name: str) -> Any:
    return next((child for child in element if local_name(child) == name), None)


def _below(element: Any, name: str) -> Any:
    channel = _child(element, "channel")
    return _child(channel if channel is not None else element, name)


def _day(text: str) -> date | None:
    """A date of RSS (RFC 822) or Atom (RFC 3339), as the day it was in UTC."""
    found = day(text)
    if found is not None or not text:
        return found
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return (moment.astimezone(UTC) if moment.tzinfo else moment).date()


PLUGIN = Plugin(
    settings=SyndicationSettings, addresses=lambda settings: (settings.url,), make=SyndicationFeed
)
