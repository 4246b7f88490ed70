"""Signing in by a login provider: OpenID Connect Core 1.0, code flow with PKCE (RFC 7636), by Authlib.

Nothing is kept on the server between going and coming back. The browser keeps one random text in a cookie
of its own; state, nonce and the code's verifier all follow from it, so an answer counts only in the browser
that asked. Nothing that the provider says is taken on trust: not the addresses it names, not the size of
its answers, not the kind of signature.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from grandrounds.errors import ReviewError
from grandrounds.review.people.accounts import Login

if TYPE_CHECKING:
    import aiohttp

SIGNATURES = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Kinds of signature that are believed: never none, never one with a secret that others may know."""
_LONGEST_ANSWER = 256 * 1024
_SECONDS = 10.0
_KEPT_SECONDS = 3600.0  # how long the provider's description is believed
_LEEWAY = 60  # seconds that its clock may differ
_OLDEST = 600  # seconds since a token was issued


class ProviderError(ReviewError):
    """The login provider failed, or said something that can't be believed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A login provider, and what this page is called there. ``client_secret`` is empty for a public
    client."""

    issuer: str
    client_id: str
    client_secret: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Description:
    """What the provider says of itself."""

    authorize: str
    token: str
    keys: str
    basic: bool
    says_issuer: bool


class Flow:
    """Going to a provider and coming back. ``redirect`` is where it sends browsers back to."""

    def __init__(self, provider: Provider, *, redirect: str) -> None:
        self._provider = provider
        self._redirect = redirect
        self._known: tuple[float, _Description, Any] | None = None

    async def start(self, seed: str) -> str:
        """Where to send the browser whose cookie holds ``seed``. Raises ``ProviderError``."""
        from authlib.oauth2.rfc6749.parameters import prepare_grant_uri  # type: ignore[import-untyped]
        from authlib.oauth2.rfc7636 import create_s256_code_challenge  # type: ignore[import-untyped]

        described, _ = await self._described()
        return str(
            prepare_grant_uri(
                described.authorize,
                client_id=self._provider.client_id,
                response_type="code",
                redirect_uri=self._redirect,
                scope="openid",
                state=_derived(seed, "state"),
                nonce=_derived(seed, "nonce"),
                code_challenge=create_s256_code_challenge(_derived(seed, "verifier")),
                code_challenge_method="S256",
            )
        )

    async def finish(self, seed: str, answer: Mapping[str, str]) -> Login:
        """Who came back to the browser whose cookie holds ``seed``, with ``answer`` in the address.

        Raises ``ProviderError`` unless all of it fits: state, issuer, code, signature, audience, nonce,
        times.
        """
        if not seed or not secrets.compare_digest(
            answer.get("state", "").encode(), _derived(seed, "state").encode()
        ):
            raise ProviderError("The answer is not for a login that this browser began.")
        if "error" in answer:
            raise ProviderError("The provider refused.")
        described, keys = await self._described()
        said = answer.get("iss")  # RFC 9207: an answer by another provider, mixed in
        if (described.says_issuer or said is not None) and said != self._provider.issuer:
            raise ProviderError("The answer is another provider's.")
        code = answer.get("code", "")
        if not 0 < len(code) <= 4096:
            raise ProviderError("The answer has no code.")
        token = await self._redeemed(described, code, verifier=_derived(seed, "verifier"))
        return await self._believed(token, keys, nonce=_derived(seed, "nonce"))

    async def _redeemed(self, described: _Description, code: str, *, verifier: str) -> Mapping[str, Any]:
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect,
            "code_verifier": verifier,
        }
        headers: dict[str, str] = {}
        client, secret = self._provider.client_id, self._provider.client_secret
        if secret and described.basic:
            # RFC 6749, section 2.3.1: each half is form-encoded first.
            pair = f"{quote(client, safe='')}:{quote(secret, safe='')}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        else:
            fields |= {"client_id": client} | ({"client_secret": secret} if secret else {})
        return await _asked("POST", described.token, fields=fields, headers=headers)

    async def _believed(self, answer: Mapping[str, Any], keys: Any, *, nonce: str) -> Login:
        """The login in an ID token that is the provider's, fresh, and for this page and browser."""
        from authlib.oidc.core import CodeIDToken  # type: ignore[import-untyped]

        text = answer.get("id_token")
        if not isinstance(text, str) or not 0 < len(text) <= _LONGEST_ANSWER:
            raise ProviderError("The provider sent no ID token.")
        try:
            token = _verified(text, keys)
        except ProviderError:
            _, keys = await self._described(anew=True)  # it may have changed its keys since
            token = _verified(text, keys)
        client = self._provider.client_id
        claims = CodeIDToken(
            token.claims,
            token.header,
            {
                "iss": {"essential": True, "value": self._provider.issuer},
                "aud": {"essential": True, "value": client},
            },
            {"nonce": nonce, "client_id": client, "access_token": answer.get("access_token")},
        )
        try:
            claims.validate(leeway=_LEEWAY)
        except Exception as exc:
            raise ProviderError(f"The ID token is not believed ({type(exc).__name__}).") from exc
        subject, issued = token.claims.get("sub"), token.claims.get("iat")
        if not isinstance(subject, str) or not 0 < len(subject) <= 255:  # the standard's own limit
            raise ProviderError("The ID token names nobody.")
        if not isinstance(issued, int | float) or time.time() - issued > _OLDEST:
            raise ProviderError("The ID token is too old.")
        return Login(issuer=self._provider.issuer, subject=subject)

    async def _described(self, *, anew: bool = False) -> tuple[_Description, Any]:
        now = time.monotonic()
        if self._known is not None and not anew and now - self._known[0] < _KEPT_SECONDS:
            return self._known[1], self._known[2]
        issuer = self._provider.issuer
        said = await _asked("GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if said.get("issuer") != issuer:
            raise ProviderError("The provider's description is of another issuer.")
        ways = said.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        described = _Description(
            authorize=_address(said, "authorization_endpoint", issuer=issuer),
            token=_address(said, "token_endpoint", issuer=issuer),
            keys=_address(said, "jwks_uri", issuer=issuer),
            basic=not isinstance(ways, list) or "client_secret_basic" in ways,
            says_issuer=said.get("authorization_response_iss_parameter_supported") is True,
        )
        keys = _key_set(await _asked("GET", described.keys))
        self._known = (now, described, keys)
        return described, keys


def new_seed() -> str:
    """What the browser keeps while it is at the provider."""
    return secrets.token_urlsafe(32)


def _derived(seed: str, purpose: str) -> str:
    """43 characters that follow from ``seed`` and don't tell it, nor one another."""
    digest = hashlib.sha256(f"grandrounds {purpose} {seed}".encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _verified(text: str, keys: Any) -> Any:
    from joserfc import jwt

    try:
        token = jwt.decode(text, keys, algorithms=list(SIGNATURES))
    except Exception as exc:
        raise ProviderError(f"The ID token is not the provider's ({type(exc).__name__}).") from exc
    if not isinstance(token.claims, dict):
        raise ProviderError("The ID token is no object.")
    return token


def _key_set(said: Mapping[str, Any]) -> Any:
    """The provider's public keys. A secret among them is no key to believe."""
    from joserfc.jwk import KeySet

    given = said.get("keys")
    public = [
        key
        for key in (given if isinstance(given, list) else [])
        if isinstance(key, dict)
        and key.get("kty") in {"RSA", "EC", "OKP"}
        and key.get("use", "sig") == "sig"
    ]
    try:
        return KeySet.import_key_set({"keys": public})
    except Exception as exc:
        raise ProviderError(f"The provider's keys can't be read ({type(exc).__name__}).") from exc


def _address(said: Mapping[str, Any], name: str, *, issuer: str) -> str:
    """An address that the provider names: https, unless the provider itself is on this machine."""
    found = said.get(name)
    if isinstance(found, str) and len(found) <= 2000:
        parts, home = urlsplit(found), urlsplit(issuer)
        local = home.scheme == "http" and parts.scheme == "http" and parts.hostname == home.hostname
        if parts.hostname and not parts.username and (parts.scheme == "https" or local):
            return found
    raise ProviderError(f"The provider's {name} is no address to trust.")


async def _asked(
    method: str,
    address: str,
    *,
    fields: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Mapping[str, Any]:
    """A JSON object from the provider. No redirects are followed: they could lead a secret elsewhere."""
    import aiohttp

    wanted = {"Accept": "application/json", **(headers or {})}
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_SECONDS)) as client,
            client.request(method, address, data=fields, headers=wanted, allow_redirects=False) as answer,
        ):
            body = await _bounded(answer)
            status = answer.status
    except (TimeoutError, aiohttp.ClientError, ValueError, OSError) as exc:
        raise ProviderError(f"The provider can't be reached ({type(exc).__name__}).") from exc
    if status != 200:
        raise ProviderError(f"The provider answered with {status}.")
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as exc:
        raise ProviderError("The provider's answer is no JSON.") from exc
    if not isinstance(found, dict):
        raise ProviderError("The provider's answer is no JSON object.")
    return found


async def _bounded(answer: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for piece in answer.content.iter_chunked(16 * 1024):
        body += piece
        if len(body) > _LONGEST_ANSWER:
            raise ProviderError("The provider's answer is too large.")
    return bytes(body)
