"""A login provider for tests: OpenID Connect over loopback, honest until told otherwise.

Run as a program it prints its port. ``POST /control`` with JSON sets ``subject``, ``claims`` (changed in the ID
token), ``lie`` (one of the names in the code) or ``description`` (changed in the discovery document).
"""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

CLIENT, SECRET = "grand-rounds", "a secret/of:the client"


class Provider:
    """A running provider, for the tests' side."""

    def __init__(self, port: int) -> None:
        self.issuer = f"http://127.0.0.1:{port}"
        self.port = port

    def control(self, **what) -> None:
        """Be honest again, but for ``what``."""
        body = json.dumps(what).encode()
        urllib.request.urlopen(
            urllib.request.Request(f"{self.issuer}/control", data=body), timeout=10
        ).read()

    def seen(self) -> dict:
        """What the token endpoint was sent last."""
        return json.loads(urllib.request.urlopen(f"{self.issuer}/seen", timeout=10).read())


@contextmanager
def running() -> Iterator[Provider]:
    """Start one as a process of its own."""
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__))], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        yield Provider(int(process.stdout.readline()))
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


class _State:
    def __init__(self) -> None:
        from joserfc.jwk import OctKey, RSAKey

        self.key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
        self.other = RSAKey.generate_key(2048, {"kid": "one"})
        self.shared = OctKey.import_key(SECRET.encode(), {"kid": "one"})
        self.told: dict = {}
        self.codes: dict[str, dict] = {}
        self.seen: dict = {}
        self.issuer = ""

    def describe(self) -> dict:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            **self.told.get("description", {}),
        }

    def id_token(self, asked: dict) -> str:
        from joserfc import jwt

        now = int(time.time())
        claims = {
            "iss": self.issuer, "sub": self.told.get("subject", "person-1"), "aud": CLIENT,
            "iat": now, "exp": now + 300, "nonce": asked["nonce"],
        }  # fmt: skip
        for name, value in self.told.get("claims", {}).items():
            if value is None:
                claims.pop(name)
            elif isinstance(value, dict):
                claims[name] = now + value["now_plus"]
            else:
                claims[name] = value
        lie = self.told.get("lie", "")
        if lie == "unsigned":
            parts = [{"alg": "none"}, claims]
            return ".".join(_b64(json.dumps(part).encode()) for part in parts) + "."
        if lie == "shared_secret":
            return jwt.encode({"alg": "HS256", "kid": "one"}, claims, self.shared, algorithms=["HS256"])
        if lie == "public_key_as_secret":
            from joserfc.jwk import OctKey

            pem = OctKey.import_key(self.key.as_pem(private=False), {"kid": "one"})
            return jwt.encode({"alg": "HS256", "kid": "one"}, claims, pem, algorithms=["HS256"])
        if lie == "own_key_inside":
            head = {"alg": "RS256", "kid": "one", "jwk": self.other.as_dict(private=False)}
            return jwt.encode(head, claims, self.other)
        key = self.other if lie == "other_key" else self.key
        text = jwt.encode({"alg": "RS256", "kid": "one"}, claims, key)
        if lie == "changed":
            head, _, signature = text.split(".")
            return f"{head}.{_b64(json.dumps({**claims, 'sub': 'admin'}).encode())}.{signature}"
        return text


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class _Handler(BaseHTTPRequestHandler):
    state: _State

    def log_message(self, *args) -> None:
        pass

    def do_GET(self) -> None:
        parts, state = urlsplit(self.path), self.state
        lie = state.told.get("lie", "")
        if parts.path == "/.well-known/openid-configuration":
            if lie == "huge":
                self._answer(b" " * 5_000_000)
            elif lie == "redirect":
                self._answer(b"", status=302, location=f"{state.issuer}/elsewhere")
            elif lie == "nonsense":
                self._answer(b"[" * 200_000)
            else:
                self._json(state.describe())
        elif parts.path == "/keys":
            self._json({"keys": [state.key.as_dict(private=False), state.shared.as_dict()]})
        elif parts.path == "/authorize":
            self._authorize({name: values[0] for name, values in parse_qs(parts.query).items()})
        elif parts.path == "/seen":
            self._json(state.seen)
        else:
            self._answer(b"", status=404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.path == "/control":
            self.state.told = json.loads(body)
            self._json({})
        elif self.path == "/token":
            self._token({name: values[0] for name, values in parse_qs(body.decode()).items()})
        else:
            self._answer(b"", status=404)

    def _authorize(self, asked: dict) -> None:
        code = _b64(hashlib.sha256(json.dumps(asked).encode()).digest())
        self.state.codes[code] = asked
        back = {"code": code, "state": asked["state"], **self.state.told.get("back", {})}
        self._answer(b"", status=302, location=f"{asked['redirect_uri']}?{urlencode(back)}")

    def _token(self, given: dict) -> None:
        state = self.state
        state.seen = {**given, "authorization": self.headers.get("authorization", "")}
        asked = state.codes.pop(given.get("code", ""), None)
        proof = _b64(hashlib.sha256(given.get("code_verifier", "").encode()).digest())
        if (
            asked is None
            or asked["code_challenge_method"] != "S256"
            or proof != asked["code_challenge"]
            or given["redirect_uri"] != asked["redirect_uri"]
        ):
            self._json({"error": "invalid_grant"}, status=400)
            return
        answer = {
            "access_token": "an access token",
            "token_type": "Bearer",
            "id_token": state.id_token(asked),
        }
        if state.told.get("lie") == "no_id_token":
            answer.pop("id_token")
        self._json(answer)

    def _json(self, value: dict, *, status: int = 200) -> None:
        self._answer(json.dumps(value).encode(), status=status)

    def _answer(self, body: bytes, *, status: int = 200, location: str = "") -> None:
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    _Handler.state = _State()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    _Handler.state.issuer = f"http://127.0.0.1:{server.server_port}"
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()
