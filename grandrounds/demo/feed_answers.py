"""How a ``FeedWorld`` answers: Europe PMC, OAI-PMH, RSS, Atom and a JSON interface, by path.

``WorldWire`` is a wire without a network. All answers are the same for the same world, moment and
address.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape, quoteattr

from grandrounds.demo.feed_world import FeedWorld, State
from grandrounds.fingerprint import sha256_bytes
from grandrounds.harvest.wire import Reply

BASE = "https://feeds.example.org"
_DECLARATION = b"<?xml version='1.0' encoding='UTF-8'?>\n"
_PMC_PREFIX = "oai:pubmedcentral.nih.gov:"


@dataclass(slots=True, kw_only=True)
class FeedAnswers:
    """The world's servers, all under ``base``. ``asked`` counts requests by path, for who wants to know.

    ``page_size`` is how many records an answer lists; ``robots`` the text of robots.txt.
    """

    world: FeedWorld
    base: str = BASE
    page_size: int = 2
    robots: str = ""
    asked: list[str] = field(default_factory=list)

    def answer(self, path: str, query: Mapping[str, str], headers: Mapping[str, str]) -> Reply:
        """The answer to a GET; names of ``headers`` are in lower case."""
        self.asked.append(path)
        if path == "/robots.txt":
            return _text(self.robots) if self.robots else Reply(status=404)
        if path == "/oai":
            return _xml(self._oai(query))
        if path in ("/rss", "/atom"):
            return self._conditional(self._rss() if path == "/rss" else self._atom(), headers)
        if path == "/epmc/search":
            return _json(self._search(query))
        if path.startswith("/epmc/"):
            return self._document(path.removeprefix("/epmc/"))
        if path.startswith("/articles/"):
            return self._article(path.removeprefix("/articles/"))
        if path.startswith("/api/"):
            try:
                return _json(self._listing(path.removeprefix("/api/"), query))
            except ValueError:
                return Reply(status=400)
        return Reply(status=404)

    def settings(self, **more: Any) -> dict[str, dict[str, Any]]:
        """Settings of feeds over this world, as ``feeds.yaml`` has them, by kind; ``more`` goes to all."""
        shared = {"seconds_between": 0, **more}
        places = {
            "id": "/id", "version": "/version", "title": "/title", "licence": "/rights/licence",
            "first_public": "/dates/first", "revised": "/dates/revised", "retracted": "/status",
            "deleted": "/deleted", "language": "/language", "article_type": "/type", "doi": "/doi",
            "full_text": "/files/0", "figures": "/pictures",
        }  # fmt: skip
        return {
            "europe-pmc": {
                "kind": "europe_pmc", "base": f"{self.base}/epmc", "query": "case",
                "page_size": self.page_size, **shared,
            },
            "pmc-oai": {"kind": "oai_pmh", "base": f"{self.base}/oai", **shared},
            "rss": {"kind": "syndication", "url": f"{self.base}/rss", "link_rel": "enclosure", **shared},
            "atom": {
                "kind": "syndication", "url": f"{self.base}/atom",
                "rewrite": [r"/landing/(\d+)$", r"/articles/\1.xml"], **shared,
            },
            "json": {
                "kind": "json_api", "url": f"{self.base}/api/cursor", "records": "/data", "places": places,
                "paging": {"kind": "cursor", "param": "after", "place": "/next", "size": self.page_size},
                "since_param": "since", **shared,
            },
        }  # fmt: skip

    # Europe PMC -------------------------------------------------------------------------------

    def _search(self, query: Mapping[str, str]) -> Any:
        since, until = _window(query.get("query", ""))
        found = [s for s in self.world.states() if not s.deleted and since <= s.changed.date() <= until]
        mark = query.get("cursorMark", "*")
        start = 0 if mark == "*" else int(mark.removeprefix("m"))
        size = int(query.get("pageSize", self.page_size))
        page = found[start : start + size]
        after = f"m{start + size}" if start + size < len(found) else mark
        return {
            "hitCount": len(found),
            "nextCursorMark": after,
            "resultList": {"result": [_core(state) for state in page]},
        }

    def _document(self, name: str) -> Reply:
        pmcid, _, what = name.partition("/")
        state = self.world.find(pmcid)
        if state is None or state.deleted:
            return Reply(status=404)
        if what == "fullTextXML":
            return _xml(state.article.full_text())
        if what == "supplementaryFiles" and state.article.figures:
            return Reply(
                status=200, headers={"content-type": "application/zip"}, body=state.article.archive()
            )
        return Reply(status=404)

    # OAI-PMH ----------------------------------------------------------------------------------

    def _oai(self, query: Mapping[str, str]) -> bytes:
        if query.get("verb") == "GetRecord":
            state = self.world.find(query.get("identifier", "").removeprefix(_PMC_PREFIX))
            if state is None:
                return _oai_error("idDoesNotExist", "no such record")
            return _oai_answer("GetRecord", _oai_record(state, full=True))
        if query.get("verb") != "ListRecords":
            return _oai_error("badVerb", "this world only lists and gets")
        token = query.get("resumptionToken", "")
        if token and token.count("|") != 2:
            return _oai_error("badResumptionToken", "it has expired")
        since, until, place = (
            token.split("|") if token else (query.get("from", ""), query.get("until", ""), "0")
        )
        found = [
            state
            for state in self.world.states()
            if (since or "0001-01-01") <= state.changed.date().isoformat() <= (until or "9999-12-31")
        ]
        if not found:
            return _oai_error("noRecordsMatch", "nothing changed then")
        start = int(place)
        records = b"".join(
            _oai_record(state, full=False) for state in found[start : start + self.page_size]
        )
        more = start + self.page_size
        after = f"{since}|{until}|{more}" if more < len(found) else ""
        token_element = f"<resumptionToken>{escape(after)}</resumptionToken>" if token or after else ""
        return _oai_answer("ListRecords", records + token_element.encode())

    # RSS and Atom -----------------------------------------------------------------------------

    def _newest(self) -> list[State]:
        return list(reversed(self.world.states()))

    def _rss(self) -> bytes:
        items = "".join(
            "<item>"
            f"<guid isPermaLink='false'>{escape(s.article.doi)}</guid><title>{escape(_title(s))}</title>"
            f"<link>{self.base}/landing/{s.article.number}</link>"
            f"<pubDate>{format_datetime(_midnight(s.article.first_public))}</pubDate>"
            f"<dc:rights>{escape(s.article.licence)}</dc:rights>"
            f"<dc:identifier>doi:{escape(s.article.doi)}</dc:identifier>"
            f"<dc:language>{escape(s.article.language)}</dc:language>"
            f"<atom:updated>{_z(s.changed)}</atom:updated>"
            f"<enclosure url='{self.base}/articles/{s.article.number}.xml' type='application/xml'/>"
            "</item>"
            for s in self._newest()
            if not s.deleted
        )
        made = (
            "<rss version='2.0' xmlns:dc='http://purl.org/dc/elements/1.1/' "
            "xmlns:atom='http://www.w3.org/2005/Atom'><channel><title>Made-up cases</title>"
            f"<link>{self.base}</link><description>Fiction</description>{items}</channel></rss>"
        )
        return _DECLARATION + made.encode()

    def _atom(self) -> bytes:
        entries = "".join(self._entry(state) for state in self._newest())
        made = (
            "<feed xmlns='http://www.w3.org/2005/Atom' xmlns:at='http://purl.org/atompub/tombstones/1.0' "
            f"xmlns:dc='http://purl.org/dc/elements/1.1/'><id>{self.base}/atom</id>"
            f"<title>Made-up cases</title>{entries}</feed>"
        )
        return _DECLARATION + made.encode()

    def _entry(self, state: State) -> str:
        article = state.article
        own = f"urn:doi:{article.doi}"
        if state.deleted:
            return f"<at:deleted-entry ref={quoteattr(own)} when='{_z(state.changed)}'/>"
        return (
            f"<entry xml:lang={quoteattr(article.language)}><id>{escape(own)}</id>"
            f"<title>{escape(_title(state))}</title>"
            f"<published>{article.first_public.isoformat()}T00:00:00Z</published>"
            f"<updated>{_z(state.changed)}</updated><rights>{escape(article.licence)}</rights>"
            f"<link href='{self.base}/landing/{article.number}'/>"
            f"<dc:identifier>{escape(article.doi)}</dc:identifier>"
            "</entry>"
        )

    def _conditional(self, body: bytes, headers: Mapping[str, str]) -> Reply:
        tag = f'"{sha256_bytes(body)[:16]}"'
        if headers.get("if-none-match") == tag:
            return Reply(status=304, headers={"etag": tag})
        return Reply(status=200, headers={"content-type": "application/xml", "etag": tag}, body=body)

    def _article(self, name: str) -> Reply:
        stem, _, ending = unquote(name).rpartition(".")
        state = self.world.find(stem.partition("/")[0])
        if state is None or state.deleted:
            return Reply(status=404)
        if "/" in stem:
            picture = state.article.figures.get(f"{stem.partition('/')[2]}.{ending}")
            return Reply(status=404) if picture is None else Reply(status=200, body=picture)
        return _xml(state.article.full_text())

    # JSON -------------------------------------------------------------------------------------

    def _listing(self, paging: str, query: Mapping[str, str]) -> Any:
        since = query.get("since", "0001-01-01")
        found = [s for s in self.world.states() if s.changed.date().isoformat() >= since]
        start = {
            "page": lambda: (int(query.get("page", "1")) - 1) * self.page_size,
            "offset": lambda: int(query.get("offset", "0")),
        }.get(paging, lambda: int(query.get("after", "0") or 0))()
        page = found[start : start + self.page_size]
        more = start + self.page_size
        left = more < len(found)
        answer: dict[str, Any] = {"data": [self._described(state) for state in page]}
        if paging == "cursor":
            answer["next"] = str(more) if left else None
        elif paging == "next":
            answer["links"] = {"next": f"/api/next?after={more}&since={since}" if left else None}
        return answer

    def _described(self, state: State) -> Any:
        article = state.article
        return {
            "id": article.number,
            "version": _z(state.changed),
            "title": article.title,
            "rights": {"licence": article.licence},
            "dates": {
                "first": article.first_public.isoformat(),
                "revised": article.revised.isoformat() if article.revised else None,
            },
            "status": "retracted" if article.retracted else "published",
            "deleted": state.deleted,
            "language": article.language,
            "type": article.article_type,
            "doi": article.doi,
            "files": [f"/articles/{article.number}.xml"],
            "pictures": [f"/articles/{article.number}/{name}" for name in sorted(article.figures)],
        }


class WorldWire:
    """A wire that leads into worlds in this process, by host; ``rough`` may spoil an answer."""

    def __init__(self, answers: FeedAnswers, *, rough: Callable[[str, Reply], Reply] | None = None) -> None:
        self._answers = answers
        self._rough = rough

    def get(self, url: str, *, headers: Mapping[str, str], timeout: float, limit: int) -> Reply:
        """As ``Wire`` says."""
        from grandrounds.harvest.problems import TooLargeError

        parts = urlsplit(url)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        said = {name.casefold(): value for name, value in headers.items()}
        reply = self._answers.answer(parts.path, query, said)
        if self._rough is not None:
            reply = self._rough(url, reply)
        if len(reply.body) > limit:
            raise TooLargeError(f"{url} has more than the {limit:,} bytes that are taken.")
        return reply

    def close(self) -> None:
        """Nothing is held."""


def _core(state: State) -> dict[str, Any]:
    article = state.article
    types = {"retraction": ["Retraction of Publication"]}.get(
        article.article_type, ["Case Reports", "Journal Article"]
    )
    said: dict[str, Any] = {
        "id": str(article.number),
        "source": "MED",
        "pmcid": article.pmcid,
        "doi": article.doi,
        "title": _title(state),
        "language": {"en": "eng", "de": "ger", "fr": "fre"}.get(article.language, article.language),
        "license": article.licence,
        "isOpenAccess": "Y",
        "pubTypeList": {"pubType": [*types, *(["Retracted Publication"] if article.retracted else [])]},
        "firstPublicationDate": article.first_public.isoformat(),
        "dateOfRevision": (article.revised or state.changed.date()).isoformat(),
    }
    if article.related:
        said["commentCorrectionList"] = {
            "commentCorrection": [
                {"type": "Retraction of", "source": "PMC", "id": f"PMC{doi.rpartition('.')[2]}"}
                for kind, doi in article.related
                if kind == "retracted-article"
            ]
        }
    return said


def _oai_record(state: State, *, full: bool) -> bytes:
    status = " status='deleted'" if state.deleted else ""
    head = (
        f"<record><header{status}><identifier>{_PMC_PREFIX}{state.article.number}</identifier>"
        f"<datestamp>{state.changed.date().isoformat()}</datestamp><setSpec>pmc-open</setSpec></header>"
    )
    if state.deleted:
        return f"{head}</record>".encode()
    article = state.article.full_text() if full else state.article.front()
    bare = article[article.index(b"<article") :].rstrip()
    return head.encode() + b"<metadata>" + bare + b"</metadata></record>"


def _oai_answer(verb: str, inner: bytes) -> bytes:
    return (
        _DECLARATION
        + b"<OAI-PMH xmlns='http://www.openarchives.org/OAI/2.0/'><responseDate>2026-01-01T00:00:00Z</responseDate>"
        + f"<{verb}>".encode()
        + inner
        + f"</{verb}></OAI-PMH>".encode()
    )


def _oai_error(code: str, words: str) -> bytes:
    inner = f"<error code='{code}'>{words}</error>"
    made = f"<OAI-PMH xmlns='http://www.openarchives.org/OAI/2.0/'>{inner}</OAI-PMH>"
    return _DECLARATION + made.encode()


def _title(state: State) -> str:
    return ("RETRACTED: " if state.article.retracted else "") + state.article.title


def _window(query: str) -> tuple[date, date]:
    """The days between the brackets of a Europe PMC query."""
    inner = query.rpartition("[")[2].partition("]")[0]
    since, _, until = inner.partition(" TO ")
    return date.fromisoformat(since), date.fromisoformat(until)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _z(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _xml(body: bytes) -> Reply:
    return Reply(status=200, headers={"content-type": "application/xml"}, body=body)


def _json(value: Any) -> Reply:
    body = json.dumps(value, ensure_ascii=False).encode()
    return Reply(status=200, headers={"content-type": "application/json"}, body=body)


def _text(words: str) -> Reply:
    return Reply(status=200, headers={"content-type": "text/plain"}, body=words.encode())
