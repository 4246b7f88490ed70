"""What every answer carries and every request must meet: headers, a name that is ours, nothing untold.

The policy for content (CSP level 3) allows this server's own scripts, styles and pictures, nothing inline.
The volume viewer needs WebAssembly and blobs that it makes itself.
"""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from grandrounds.review.web.errors import RefusedError
from grandrounds.review.web.failures import answer_to
from grandrounds.review.web.settings import WebSettings

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    # Not "no-referrer": with it browsers say Origin: null for our own forms.
    "referrer-policy": "same-origin",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": (
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"
    ),
    "x-permitted-cross-domain-policies": "none",
    "cache-control": "no-store",
}
_YEAR = "max-age=31536000"


class Guarded:
    """Wraps the app, outermost: no answer without the headers, no error without a page of its own."""

    def __init__(self, app: ASGIApp, *, settings: WebSettings) -> None:
        self._app = app
        self._prefix = settings.prefix
        self._hosts = frozenset(host.lower() for host in settings.hosts)
        self._headers = dict(_HEADERS)
        if settings.https:
            # A host shared with others' pages isn't ours to bind with all its subdomains.
            self._headers["strict-transport-security"] = (
                _YEAR if settings.prefix else f"{_YEAR}; includeSubDomains"
            )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1003})
            return
        scope = self._placed(scope)
        started = False

        async def headed(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                given = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    given.setdefault(name, value)
            await send(message)

        try:
            if "\0" in scope["path"]:  # PostgreSQL takes none, and no honest address holds one
                raise RefusedError(400, "error.unreadable")
            self._refuse_strangers(Request(scope).headers.getlist("host"))
            await self._app(scope, receive, headed)
        except Exception as exc:  # noqa: BLE001 - no trace of anything ever reaches a browser
            answer = answer_to(Request(scope), exc)
            if not started:
                await answer(scope, receive, headed)

    def _placed(self, scope: Scope) -> Scope:
        """The request below the prefix, whether a proxy has taken it off or not."""
        path: str = scope["path"]
        below = path == self._prefix or path.startswith(f"{self._prefix}/")
        return {**scope, "root_path": self._prefix, "path": path if below else self._prefix + path}

    def _refuse_strangers(self, hosts: list[str]) -> None:
        if not self._hosts:
            return
        if len(hosts) != 1 or _without_port(hosts[0]) not in self._hosts:
            raise RefusedError(400, "error.host")


def _without_port(host: str) -> str:
    name, colon, port = host.lower().rpartition(":")
    return name if colon and port.isdigit() else host.lower()
