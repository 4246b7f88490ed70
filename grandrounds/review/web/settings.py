"""How the server is set up: from the settings and the flags of ``grandrounds review serve``."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from grandrounds.errors import SettingsError
from grandrounds.paths import demo_sources
from grandrounds.review.people.oidc import Provider
from grandrounds.settings import Settings

_PREFIX = re.compile(r"(/[A-Za-z0-9_-][A-Za-z0-9._~-]{0,60}){1,5}")
_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    """``prefix`` is the path before every address ("/review", or empty). ``https`` tells that browsers come
    by https: cookies are then sent that way only. ``hosts`` are the names that the page answers to; empty
    takes all. ``public`` is the page's address as browsers know it, with the prefix, for links that leave
    the page. ``dagster_url`` is where runs are looked at, empty for nowhere. ``sources`` is the folder of
    the source files, to draw pages of; empty for none."""

    prefix: str = ""
    https: bool = False
    hosts: tuple[str, ...] = ()
    public: str = ""
    dagster_url: str = ""
    provider: Provider | None = None
    sources: str = ""

    @property
    def cookie(self) -> str:
        """The session cookie's name."""
        return self.cookie_named("grandrounds")

    @property
    def cookie_path(self) -> str:
        """Where cookies are sent to: nothing else on a shared host gets them."""
        return self.prefix or "/"

    def cookie_named(self, name: str) -> str:
        """``name`` with the prefix that browsers hold: ``__Host-`` binds a cookie to this host, https and
        the path "/"; with a path of our own, ``__Secure-`` binds it to https."""
        if not self.https:
            return name
        return f"__Secure-{name}" if self.prefix else f"__Host-{name}"


def web_settings(
    settings: Settings, *, prefix: str | None = None, https_only: bool = False, host: str = "127.0.0.1"
) -> WebSettings:
    """The page's settings. What isn't given follows from ``GRANDROUNDS_PAGE_URL``.

    Raises ``SettingsError`` for a prefix that is no path, or half a login provider.
    """
    public = settings.page_url.value
    parts = urlsplit(public)
    path = parts.path if prefix is None else prefix
    path = "" if path in {"", "/"} else "/" + path.strip("/")
    if path and not _PREFIX.fullmatch(path):
        raise SettingsError(f"The prefix {path!r} is no plain path.", remedy='Give one such as "/review".')
    return WebSettings(
        prefix=path,
        https=https_only or parts.scheme == "https",
        hosts=_hosts(parts.hostname or "", host),
        public=public,
        dagster_url=settings.dagster_url.value,
        provider=_provider(settings),
        sources=settings.sources.value or str(demo_sources()),
    )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a server that listens on ``host``."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _hosts(public: str, listens_on: str) -> tuple[str, ...]:
    """Names to answer to. A page that only this machine reaches must not answer to a name that somebody
    else's DNS points here; one that others reach by an unknown name can't tell."""
    if public:
        return tuple(dict.fromkeys((public, *_LOOPBACK)))
    return tuple(dict.fromkeys((*_LOOPBACK, listens_on))) if is_loopback(listens_on) else ()


def _provider(settings: Settings) -> Provider | None:
    issuer, client = settings.oidc_issuer.value, settings.oidc_client_id.value
    if not issuer and not client:
        return None
    if not issuer or not client or not settings.page_url.value:
        raise SettingsError(
            "A login provider is set up by half.",
            remedy="Set GRANDROUNDS_OIDC_ISSUER, GRANDROUNDS_OIDC_CLIENT_ID and GRANDROUNDS_PAGE_URL.",
        )
    parts = urlsplit(issuer)
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        raise SettingsError(
            f"The login provider {issuer!r} is not reached by https.", remedy="Give its https address."
        )
    return Provider(issuer=issuer, client_id=client, client_secret=settings.oidc_client_secret.value)
