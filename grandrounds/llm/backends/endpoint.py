"""Where requests go: the base URL, whether it is local, the key and how the key stays unseen."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from grandrounds.errors import SettingsError

_SHOWN_INSTEAD = "[api key]"
_SHORTEST_SECRET = 8  # shorter ones ("EMPTY", "x") are placeholders, and words of real text


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """An OpenAI-compatible endpoint.

    ``base_url`` is what stands before ``path``; ``local`` says that protected evidence may go there. The
    key is never shown: not in ``repr``, not in messages, not in the ledger. ``content_type`` is that of
    requests. The ``..._setting`` say where people set address, model and key, for messages about them.
    """

    base_url: str
    local: bool
    api_key: str = field(default="", repr=False)
    address_setting: str = "GRANDROUNDS_LLM_BASE_URL"
    model_setting: str = "GRANDROUNDS_LLM_MODEL"
    key_setting: str = "OPENAI_API_KEY"
    path: str = "/chat/completions"
    content_type: str = "application/json"

    def __post_init__(self) -> None:
        object.__setattr__(self, "base_url", self._checked_url())
        object.__setattr__(self, "api_key", self._checked_key())

    @property
    def url(self) -> str:
        """The address that requests are posted to."""
        return f"{self.base_url}{self.path}"

    @property
    def headers(self) -> dict[str, str]:
        """What every request carries. No compression: a small packed reply could unpack without end."""
        headers = {
            "Content-Type": self.content_type,
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": "grandrounds",
        }
        if self.api_key:
            headers["Authorization"] = f"Bearer {self.api_key}"
        return headers

    @property
    def proxy(self) -> str | None:
        """The proxy that the environment names for this address; never one for a local endpoint."""
        parts = urlsplit(self.base_url)
        if self.local or is_loopback(self.base_url) or proxy_bypass(parts.hostname or ""):
            return None
        return getproxies().get(parts.scheme)

    def scrub(self, text: str) -> str:
        """``text`` without the key: some servers send it back in their messages."""
        if len(self.api_key) >= _SHORTEST_SECRET and self.api_key in text:
            return text.replace(self.api_key, _SHOWN_INSTEAD)
        return text

    def _checked_url(self) -> str:
        example = f"Set {self.address_setting} to something like http://localhost:8000/v1."
        try:
            parts = urlsplit(self.base_url)
            _ = parts.port
        except ValueError as exc:
            raise SettingsError(
                f"The model endpoint's address can't be read: {exc}.", remedy=example
            ) from exc
        if parts.username or parts.password:
            raise SettingsError(
                "The model endpoint's address holds a user name or password.",
                remedy=f"Put the key into {self.key_setting}; addresses are shown in messages.",
            )
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
            raise SettingsError(
                f"{self.base_url!r} is not the base URL of a model endpoint.", remedy=example
            )
        return self.base_url.rstrip("/").removesuffix(self.path)

    def _checked_key(self) -> str:
        key = self.api_key.strip()
        if not key.isascii() or not key.isprintable() or " " in key:
            raise SettingsError(
                "The API key holds characters that no header can carry.",
                remedy=f"Set {self.key_setting} again, without quotes, spaces or line breaks.",
            )
        return key


def is_loopback(base_url: str) -> bool:
    """Whether the address is this machine: ``localhost``, ``127.0.0.0/8`` or ``::1``, nothing cleverer."""
    host = (urlsplit(base_url).hostname or "").rstrip(".").casefold()
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
