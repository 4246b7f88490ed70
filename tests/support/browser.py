"""A real browser for tests of pages: started without a window, driven over its own protocol."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import aiohttp
import pytest

_WAIT_SECONDS = 60.0


def chromium() -> str:
    """The program; the test is skipped, visibly, where there is none."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.skip("no Chromium is installed")
    return found


def press(
    page: Path, keys: list[str], *, profile: Path, downloads: Path, look: str, saved: str = ""
) -> Any:
    """Open ``page``, press ``keys`` one after another, wait for a download like ``saved``, and give what the
    script ``look`` gives then."""
    return asyncio.run(_press(page, keys, profile=profile, downloads=downloads, look=look, saved=saved))


async def _press(
    page: Path, keys: list[str], *, profile: Path, downloads: Path, look: str, saved: str
) -> Any:
    process = subprocess.Popen(
        [
            chromium(), "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0",
            f"--user-data-dir={profile}", "--window-size=1280,800", page.as_uri(),
        ],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        port = await _port(profile / "DevToolsActivePort")
        async with aiohttp.ClientSession() as session:
            target = await _target(session, port)
            async with session.ws_connect(target, max_msg_size=1 << 26) as socket:
                browser = _Browser(socket)
                await browser.ask(
                    "Browser.setDownloadBehavior", behavior="allow", downloadPath=str(downloads)
                )
                await browser.wait_for(
                    "location.protocol === 'file:' && document.readyState === 'complete'"
                )
                for key in keys:
                    for kind in ("keyDown", "keyUp"):
                        await browser.ask("Input.dispatchKeyEvent", type=kind, key=key)
                until = time.monotonic() + _WAIT_SECONDS
                while saved and not list(downloads.glob(saved)):
                    assert time.monotonic() < until, f"no {saved} was saved"
                    await asyncio.sleep(0.05)
                return await browser.look(look)
    finally:
        process.kill()
        process.wait()


class _Browser:
    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._number = 0

    async def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        await self._socket.send_json({"id": self._number, "method": method, "params": parameters})
        while True:
            message = json.loads(await self._socket.receive_str(timeout=_WAIT_SECONDS))
            if message.get("id") == self._number:
                assert "error" not in message, message
                return dict(message["result"])

    async def look(self, script: str) -> Any:
        found = await self.ask("Runtime.evaluate", expression=script, returnByValue=True)
        return found["result"].get("value")

    async def wait_for(self, script: str) -> None:
        until = time.monotonic() + _WAIT_SECONDS
        while not await self.look(script):
            assert time.monotonic() < until, f"{script} never held"
            await asyncio.sleep(0.05)


async def _port(place: Path) -> int:
    until = time.monotonic() + _WAIT_SECONDS
    while not (place.exists() and place.read_text().strip()):
        assert time.monotonic() < until, "the browser did not start"
        await asyncio.sleep(0.05)
    return int(place.read_text().splitlines()[0])


async def _target(session: aiohttp.ClientSession, port: int) -> str:
    async with session.get(f"http://127.0.0.1:{port}/json") as answer:
        pages = await answer.json()
    return next(str(page["webSocketDebuggerUrl"]) for page in pages if page["type"] == "page")
