"""A stub that "recognises" speech: real HTTP in a process of its own, no model.

Each loud stretch of the WAVE file that it is sent becomes a segment, whose words tell how long it lasts
("spoken 12 tenths"). What goes wrong is scripted: a list of behaviours, one a request, then all is well.
"""

from __future__ import annotations

import array
import io
import json
import subprocess
import sys
import threading
import urllib.request
import wave
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

_LOUD = 1500
_GAP_SECONDS = 0.4


class SpeechProcess:
    """The stub in a process: ``base_url``, ``requests()`` (what it was sent), ended with the block."""

    def __init__(self, *behaviours: str) -> None:
        self._behaviours = behaviours

    def __enter__(self) -> SpeechProcess:
        self._process = subprocess.Popen(
            [sys.executable, __file__, json.dumps(self._behaviours)], stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self.base_url = self._process.stdout.readline().strip()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def requests(self) -> list[dict[str, Any]]:
        address = self.base_url.removesuffix("/v1") + "/admin"
        with urllib.request.urlopen(address, timeout=10) as response:
            found: list[dict[str, Any]] = json.load(response)
            return found


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    behaviours: ClassVar[list[str]] = []
    seen: ClassVar[list[dict[str, Any]]] = []
    lock = threading.Lock()

    def do_GET(self) -> None:
        self._reply(200, json.dumps(self.seen).encode())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        fields, sound = _form(self.headers["Content-Type"], body)
        with self.lock:
            behaviour = self.behaviours.pop(0) if self.behaviours else "fine"
            key = self.headers.get("Authorization", "")
            self.seen.append(
                {**fields, "path": self.path, "key": key, "bytes": len(sound), "did": behaviour}
            )
        if behaviour.isdigit():
            words = {"message": "no such luck", "param": "model"}
            return self._reply(int(behaviour), json.dumps({"error": words}).encode())
        if behaviour == "no_grain" or (
            behaviour == "fine" and fields.get("model") == "plain" and _grain(fields)
        ):
            words = {"message": "Unknown field timestamp_granularities[]"}
            return self._reply(400, json.dumps({"error": words}).encode())
        if behaviour == "cut":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b'{"segments": [')
            self.close_connection = True
            return None
        odd = {
            "empty": b"",
            "nonsense": b'{"segments": 7}',
            "html": b"<html>busy</html>",
            "words": b'{"text": "hello"}',
        }
        if behaviour in odd:
            return self._reply(200, odd[behaviour])
        return self._reply(200, json.dumps(_answer(sound)).encode())

    def _reply(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def _grain(fields: dict[str, str]) -> bool:
    return "timestamp_granularities[]" in fields


def _form(kind: str, body: bytes) -> tuple[dict[str, str], bytes]:
    parsed = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
    fields, sound = {}, b""
    for part in parsed.iter_parts():
        name = part.get_param("name", header="content-disposition")
        if name == "file":
            sound = part.get_payload(decode=True)
        else:
            fields[str(name)] = part.get_payload(decode=True).decode()
    return fields, sound


def _answer(sound: bytes) -> dict[str, Any]:
    with wave.open(io.BytesIO(sound)) as file:
        rate = file.getframerate()
        values = array.array("h", file.readframes(file.getnframes()))
    size = rate // 50
    loud = [max(map(abs, values[at : at + size]), default=0) > _LOUD for at in range(0, len(values), size)]
    spans: list[list[float]] = []
    for place, is_loud in enumerate(loud):
        at = place / 50
        if is_loud and spans and at - spans[-1][1] <= _GAP_SECONDS:
            spans[-1][1] = at + 0.02
        elif is_loud:
            spans.append([at, at + 0.02])
    segments = [
        {"start": a, "end": b, "text": f" spoken {round((b - a) * 10)} tenths", "no_speech_prob": 0.01}
        for a, b in spans
    ]
    invented = {
        "start": 0.0,
        "end": 1.0,
        "text": "Thanks for watching!",
        "no_speech_prob": 0.9,
        "avg_logprob": -1.4,
    }
    return {"task": "transcribe", "language": "english", "text": "", "segments": [invented, *segments]}


if __name__ == "__main__":
    _Handler.behaviours = json.loads(sys.argv[1])
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    sys.stdout.write(f"http://127.0.0.1:{server.server_port}/v1\n")
    sys.stdout.flush()
    server.serve_forever()
