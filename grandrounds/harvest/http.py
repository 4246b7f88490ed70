"""A polite client: it says who it is, asks robots.txt, keeps a rate, waits when asked, stays where told.

Every address is looked at before it is visited, and each step of a redirect again: https only (http to
this machine where a test says so), the feed's own hosts and those its settings name, no private
networks, nothing that robots.txt forbids. Bodies are bounded as they come and as they unpack.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from grandrounds import __version__
from grandrounds.fingerprint import unit_interval
from grandrounds.harvest.pace import Pace
from grandrounds.harvest.problems import (
    FeedError,
    ForbiddenError,
    NotThereError,
    TooLargeError,
    UnreachableError,
)
from grandrounds.harvest.robots import Robots, read_robots
from grandrounds.harvest.settings import FeedSettings
from grandrounds.harvest.wire import Reply, Wire, WireError, is_loopback, visitable
from grandrounds.llm.backends.retry import retry_after

AGENT = "grandrounds"
_REDIRECTS = 5
_FIRST_WAIT, _LONGEST_WAIT = 1.0, 60.0
_RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
_MAXIMUM_ADDRESS = 8000
_AGAIN = "Harvest again later; what was taken is kept."


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A good answer: status 200, or 304 where the caller has the newest already. ``body`` is unpacked."""

    status: int
    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True, kw_only=True)
class PoliteClient:
    """Visits the hosts of one feed. ``homes`` are the addresses that its settings give."""

    settings: FeedSettings
    homes: tuple[str, ...]
    contact: str
    wire: Wire
    pace: Pace
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    _robots: dict[str, Robots] = field(default_factory=dict)

    @property
    def user_agent(self) -> str:
        """Who visits, which version, and whom to write to."""
        return f"{AGENT}/{__version__}" + (f" (+{self.contact})" if self.contact else "")

    def get(
        self, url: str, *, accept: str = "*/*", headers: Mapping[str, str] | None = None, limit: int = 0
    ) -> Answer:
        """The document at ``url``. Raises the kinds of ``HarvestError`` that ``problems`` lists."""
        limit = limit or self.settings.maximum_bytes
        sent = {"Accept": accept, **(headers or {})}
        for _ in range(_REDIRECTS + 1):
            url = self._vetted(url)
            reply = self._patiently(url, headers=sent, limit=limit)
            if reply.status not in (301, 302, 303, 307, 308):
                return self._judged(url, reply, limit)
            target = reply.headers.get("location", "")
            if not target:
                raise FeedError(f"{url} redirects to nowhere.")
            url = urljoin(url, target)
        raise FeedError(f"{url} is at the end of more than {_REDIRECTS} redirects; it was given up.")

    def vet(self, url: str) -> str:
        """``url`` in one spelling, if it may be visited by its looks. Raises ``ForbiddenError``."""
        parts = urlsplit(url.strip())
        try:
            host, port = (parts.hostname or "").rstrip("."), parts.port
        except ValueError as exc:
            raise ForbiddenError(f"{url!r} is no address: {exc}.") from exc
        if len(url) > _MAXIMUM_ADDRESS or not host or parts.username is not None:
            raise ForbiddenError(f"{url[:200]!r} is no address that is visited.")
        here = is_loopback(host)
        if parts.scheme != "https" and not (parts.scheme == "http" and here and self.settings.loopback):
            raise ForbiddenError(
                f"{url[:200]!r} is not visited: only https is.", remedy="Give the feed's https address."
            )
        if here and not self.settings.loopback:
            raise ForbiddenError(f"{url[:200]!r} is not visited: it is this machine.")
        if _is_number(host) and not visitable(host, loopback=self.settings.loopback):
            raise ForbiddenError(f"{url[:200]!r} is not visited: it lies in a private network.")
        origin = _origin(host, port, parts.scheme)
        if not self._known(origin):
            raise ForbiddenError(
                f"{url[:200]!r} is not visited: {origin} is none of the feed's hosts.",
                remedy=f"Add {origin!r} to `hosts:` of the feed if it is to be trusted.",
            )
        if not here and not self.contact:
            raise ForbiddenError(
                "The public internet is harvested only by somebody who can be reached.",
                remedy="Set `contact:` in feeds.yaml or GRANDROUNDS_CONTACT to a mail address or a page.",
            )
        path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
        query = quote(parts.query, safe="/?%:@!$&'()*+,;=~-._[]")
        return urlunsplit((parts.scheme, parts.netloc.casefold(), path, query, ""))

    def _vetted(self, url: str) -> str:
        plain = self.vet(url)
        if self.settings.robots and not self._robots_of(plain).allows(_path(plain)):
            raise ForbiddenError(
                f"{plain} is not visited: the site's robots.txt forbids it.",
                remedy="Ask the site, or set `robots: false` where it offers this interface to programs.",
            )
        return plain

    def _known(self, origin: str) -> bool:
        wanted = [*(_origin_of(home) for home in self.homes), *self.settings.hosts]
        return any(
            origin == name or (name.startswith("*.") and origin.endswith(name[1:])) for name in wanted
        )

    def _robots_of(self, url: str) -> Robots:
        parts = urlsplit(url)
        if parts.netloc not in self._robots:
            address = f"{parts.scheme}://{parts.netloc}/robots.txt"
            reply = self._patiently(address, headers={"Accept": "text/plain"}, limit=1024 * 1024)
            found = Robots()
            if reply.status == 200:
                found = read_robots(unpacked(address, reply, 1024 * 1024), agent=AGENT)
            self._robots[parts.netloc] = found  # any other answer below 500 means that there are no rules
        return self._robots[parts.netloc]

    def _patiently(self, url: str, *, headers: Mapping[str, str], limit: int) -> Reply:
        """The first answer that is not an excuse. Raises ``UnreachableError`` in the end."""
        host = urlsplit(url).netloc
        delay = self._robots[host].delay if host in self._robots else 0.0
        waited, trouble = 0.0, ""
        for attempt in range(1, self.settings.tries + 1):
            self.pace.wait(
                host,
                seconds_between=max(self.settings.seconds_between, delay),
                patience=self.settings.patience,
            )
            asked = None
            try:
                reply = self.wire.get(
                    url,
                    headers={"User-Agent": self.user_agent, "Accept-Encoding": "gzip", **headers},
                    timeout=self.settings.timeout,
                    limit=limit,
                )
                if reply.status not in _RETRIED:
                    return reply
                trouble = f"{url} answered {reply.status}."
                asked = retry_after(reply.headers.get("retry-after"), now=self.now())
            except WireError as exc:
                trouble = exc.what
            longest = min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** (attempt - 1))
            wait = max(longest * (0.5 + 0.5 * unit_interval(url, str(attempt))), asked or 0.0)
            if asked:
                self.pace.hold(host, seconds=asked)
            waited += wait
            if waited > self.settings.patience or attempt == self.settings.tries:
                break
            self.pace.pause(wait)
        raise UnreachableError(f"{trouble} It was tried {attempt} times.", remedy=_AGAIN)

    def _judged(self, url: str, reply: Reply, limit: int) -> Answer:
        status = reply.status
        if status in (200, 304):
            body = unpacked(url, reply, limit) if status == 200 else b""
            return Answer(status=status, url=url, headers=reply.headers, body=body)
        if status in (401, 403, 404, 410, 451):
            raise NotThereError(f"{url} answered {status}.", lasting=status == 410)
        if status >= 500:
            raise UnreachableError(f"{url} answered {status}.", remedy=_AGAIN)
        raise FeedError(f"{url} answered {status}.", remedy="Look at the address and the feed's settings.")


def unpacked(url: str, reply: Reply, limit: int) -> bytes:
    """The body of ``reply`` without its transfer packing. Raises ``FeedError`` where that is not whole,
    ``TooLargeError`` for more than ``limit`` bytes, which are never unpacked."""
    packing = reply.headers.get("content-encoding", "").strip().casefold()
    if packing in ("", "identity"):
        return reply.body
    if packing not in ("gzip", "x-gzip"):
        raise FeedError(f"{url} is packed as {packing[:40]!r}, which was not asked for.")
    unpacker = zlib.decompressobj(wbits=31)
    try:
        data = unpacker.decompress(reply.body, limit + 1)
    except zlib.error as exc:
        raise FeedError(f"{url} is not whole: {exc}.") from exc
    if len(data) > limit:
        raise TooLargeError(f"{url} unpacks to more than the {limit:,} bytes that are taken.")
    if not unpacker.eof:
        raise FeedError(f"{url} is not whole: its packing ends early.")
    return data


def _origin_of(url: str) -> str:
    parts = urlsplit(url)
    return _origin((parts.hostname or "").rstrip("."), parts.port, parts.scheme)


def _origin(host: str, port: int | None, scheme: str) -> str:
    usual = {"https": 443, "http": 80}.get(scheme)
    return host.casefold() if port in (None, usual) else f"{host.casefold()}:{port}"


def _is_number(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()


def _path(url: str) -> str:
    parts = urlsplit(url)
    return parts.path + (f"?{parts.query}" if parts.query else "")
