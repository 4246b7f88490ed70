"""The wire: one GET, bounded in time and bytes, to public addresses only. Politeness is ``http``'s.

aiohttp's total timeout covers headers too, so a server that trickles bytes can't hold a harvest.
Names are resolved here, and what they resolve to is looked at before anybody connects: a public name
may point into a private network.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from grandrounds.harvest.problems import ForbiddenError, HarvestError, TooLargeError

if TYPE_CHECKING:
    import aiohttp

_PIECE = 64 * 1024
_Kept = TypeVar("_Kept")


class WireError(HarvestError):
    """No whole answer came: refused, reset, cut short, too slow. Worth another try."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer as it came. Names of ``headers`` are in lower case; ``body`` is still packed."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Wire(Protocol):
    """Whatever can answer a GET: the network, or a world in this process."""

    def get(self, url: str, *, headers: Mapping[str, str], timeout: float, limit: int) -> Reply:
        """One answer, redirects not followed. Raises ``WireError`` and kinds of ``HarvestError``."""
        ...

    def close(self) -> None:
        """Give back what is held."""
        ...


class NetworkWire:
    """The network. ``loopback`` lets names resolve to this machine (tests); no other private network."""

    def __init__(self, *, loopback: bool = False) -> None:
        self._loopback = loopback
        self._loop: asyncio.AbstractEventLoop | None = None
        self._session: aiohttp.ClientSession | None = None

    def get(self, url: str, *, headers: Mapping[str, str], timeout: float, limit: int) -> Reply:
        """As ``Wire`` says."""
        return self._run(self._get(url, headers=headers, seconds=timeout, limit=limit))

    def close(self) -> None:
        """Close connections and end the thread."""
        if self._loop is None:
            return
        if self._session is not None:
            self._run(self._session.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._loop, self._session = None, None

    def _run(self, work: Coroutine[Any, Any, _Kept]) -> _Kept:
        """In a thread of its own: the caller may itself stand in an event loop."""
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            threading.Thread(target=_serve, args=(self._loop,), name="harvest-wire", daemon=True).start()
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _get(self, url: str, *, headers: Mapping[str, str], seconds: float, limit: int) -> Reply:
        import aiohttp
        from yarl import URL

        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(resolver=_resolver(self._loopback), limit=4),
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
            )
        waits = aiohttp.ClientTimeout(total=seconds, connect=min(seconds, 30.0))
        try:
            async with self._session.get(
                URL(url, encoded=True), headers=dict(headers), timeout=waits, allow_redirects=False
            ) as response:
                body = await _body(response, limit)
                plain = {name.casefold(): value for name, value in response.headers.items()}
                return Reply(status=response.status, headers=plain, body=body)
        except TimeoutError as exc:
            raise WireError(f"{url} did not answer within {seconds:g} seconds.") from exc
        except aiohttp.ClientError as exc:
            if isinstance(exc.__cause__, _PrivateAddressError) or isinstance(exc, aiohttp.InvalidURL):
                raise ForbiddenError(f"{url} is not visited: {exc.__cause__ or exc}.") from exc
            raise WireError(f"{url} gave no whole answer: {str(exc) or type(exc).__name__}.") from exc
        except (OSError, ValueError) as exc:
            raise WireError(f"{url} gave no whole answer: {str(exc) or type(exc).__name__}.") from exc


def is_loopback(host: str) -> bool:
    """Whether ``host`` is plainly this machine: ``localhost``, 127.0.0.0/8 or ::1."""
    if host.casefold().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def visitable(address: str, *, loopback: bool) -> bool:
    """Whether an IP address may be connected to: public ones, and this machine where told."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    found = mapped or found
    if loopback and found.is_loopback:
        return True
    return found.is_global and not found.is_multicast


class _PrivateAddressError(OSError):
    """A name that resolves to where nobody is to go."""


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        loop.close()


def _resolver(loopback: bool) -> Any:
    from aiohttp.abc import AbstractResolver, ResolveResult
    from aiohttp.resolver import ThreadedResolver

    class PublicOnly(AbstractResolver):
        """Refuses a name when any of its addresses is private."""

        def __init__(self) -> None:
            self._inner = ThreadedResolver()

        async def resolve(
            self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
        ) -> list[ResolveResult]:
            found = await self._inner.resolve(host, port, family)
            for entry in found:
                if not visitable(entry["host"], loopback=loopback):
                    raise _PrivateAddressError(f"{host} leads to the private address {entry['host']}")
            return found

        async def close(self) -> None:
            await self._inner.close()

    return PublicOnly()


async def _body(response: aiohttp.ClientResponse, limit: int) -> bytes:
    said = response.content_length
    if said is not None and said > limit:
        response.close()
        raise TooLargeError(f"{response.url} has {said:,} bytes, more than the {limit:,} that are taken.")
    pieces, size = [], 0
    async for piece in response.content.iter_chunked(_PIECE):
        size += len(piece)
        if size > limit:
            response.close()
            raise TooLargeError(f"{response.url} has more than the {limit:,} bytes that are taken.")
        pieces.append(piece)
    return b"".join(pieces)
