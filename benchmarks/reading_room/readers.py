"""Readers as clients of their own: each signs in, then reads, types and decides, item after item."""

from __future__ import annotations

import asyncio
import html
import json
import random
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from types import TracebackType

import aiohttp

from benchmarks.reading_room.queue import NAME, PASSWORD

_HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)"')
_ITEM = re.compile(r'data-item="([^"]+)" data-token="([^"]+)"')
_TYPED = re.compile(r'<textarea name="comment"[^>]*>([^<]*)</textarea>')
_CSRF = re.compile(r'data-csrf="([^"]*)"')
_PART = {"X-Part": "1"}
_AGAIN_SECONDS, _PATIENCE_SECONDS = 0.05, 60.0


@dataclass
class Log:
    """What all readers saw. ``times`` are seconds by kind of request, ``given`` who was given each item,
    ``decided`` the acknowledged decisions by event id, ``broken`` what must never happen. ``kills`` is how
    often the server was killed, ``interrupted`` how many requests got no answer, ``kept`` how many texts
    were found as they had been saved."""

    times: dict[str, list[float]] = field(default_factory=lambda: {"next": [], "save": [], "decide": []})
    given: dict[str, list[str]] = field(default_factory=dict)
    decided: dict[str, tuple[str, str]] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)
    done: set[tuple[str, str]] = field(default_factory=set)
    statuses: Counter[int] = field(default_factory=Counter)
    kills: int = 0
    interrupted: int = 0
    kept: int = 0
    page_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """An item on somebody's screen."""

    item: str
    fields: dict[str, str]
    typed: str


@dataclass
class Reader:
    """One person with a browser. ``think`` are seconds spent on an item, give or take a half: fifty
    metronomes would be brought into step by any pause of the server, and stay so."""

    name: str
    url: str
    log: Log
    think: float
    client: aiohttp.ClientSession = field(init=False)
    typed: tuple[str, str] = ("", "")  # item, and what the server said it kept of it
    kills: int = 0  # that this reader has noticed

    def __post_init__(self) -> None:
        self._moods = random.Random(self.name)

    async def __aenter__(self) -> Reader:
        self.client = aiohttp.ClientSession(
            cookie_jar=aiohttp.CookieJar(unsafe=True), timeout=aiohttp.ClientTimeout(total=60)
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.client.close()

    async def sign_in(self) -> None:
        """By the form, as people do."""
        async with self.client.get(f"{self.url}/login") as answer:
            csrf = _found(_CSRF, await answer.text())
        form = {"csrf": csrf, "name": self.name, "password": PASSWORD}
        async with self.client.post(f"{self.url}/login", data=form, allow_redirects=False) as answer:
            if answer.status != 303:
                raise RuntimeError(f"{self.name} can't sign in: {answer.status}")

    async def read_until(self, moment: float, *, begin: float = 0.0) -> None:
        """Read item after item until ``moment`` of the loop's clock, or until there are none left."""
        await asyncio.sleep(begin)
        clock, number = asyncio.get_running_loop().time, 0
        while clock() < moment:
            sheet = await self._next()
            if sheet is None:
                return
            number += 1
            await self._muse()
            await self._save(sheet, f"note {number} of {self.name}")
            await self._muse()
            if self.kills != self.log.kills:  # the page is loaded anew: is what was typed still there?
                self.kills = self.log.kills
                await self._look_again(sheet)
            await self._decide(sheet)

    async def _muse(self) -> None:
        await asyncio.sleep(self.think / 2 * self._moods.uniform(0.5, 1.5))

    async def _next(self) -> Sheet | None:
        status, text = await self._ask("next", "GET", f"/read/{NAME}")
        if status != 200:
            self.log.broken.append(f"{self.name}: the next item answers {status}")
            return None
        found = _ITEM.search(text)
        if found is None:
            return None
        self.log.page_bytes = len(text.encode())
        item = found.group(1)
        fields = {name: html.unescape(value) for name, value in _HIDDEN.findall(text)}
        typed = html.unescape(_found(_TYPED, text))
        self._note_given(item)
        self._note_kept(item, typed)
        return Sheet(item=item, fields=fields, typed=typed)

    async def _save(self, sheet: Sheet, words: str) -> None:
        form = {**sheet.fields, "comment": words, "seconds": "3"}
        status, text = await self._ask("save", "POST", f"/read/{NAME}/{sheet.item}/save", form)
        if status != 200:
            self.log.broken.append(f"{self.name}: saving answers {status} {text[:200]}")
            return
        self.typed = (sheet.item, words)
        sheet.fields["revision"] = str(int(sheet.fields.get("revision", "0")) + 1)

    async def _look_again(self, sheet: Sheet) -> None:
        status, text = await self._ask("", "GET", f"/read/{NAME}/{sheet.item}")
        if status != 200:
            self.log.broken.append(f"{self.name}: an item that is held answers {status}")
            return
        self._note_kept(sheet.item, html.unescape(_found(_TYPED, text)))

    async def _decide(self, sheet: Sheet) -> None:
        words = self.typed[1] if self.typed[0] == sheet.item else ""
        form = {**sheet.fields, "comment": words, "seconds": "5", "decision": "accept"}
        status, text = await self._ask("decide", "POST", f"/read/{NAME}/{sheet.item}/decide", form)
        if status != 200:
            self.log.broken.append(f"{self.name}: deciding answers {status} {text[:200]}")
            return
        self.log.decided[json.loads(text)["event"]] = (self.name, sheet.item)
        self.log.done.add((self.name, sheet.item))

    async def _ask(
        self, kind: str, method: str, path: str, form: dict[str, str] | None = None
    ) -> tuple[int, str]:
        """One request, sent again as long as nobody answers; only the answered one is timed."""
        until = time.monotonic() + _PATIENCE_SECONDS
        while True:
            began = time.perf_counter()
            try:
                async with self.client.request(
                    method, self.url + path, data=form, headers=_PART if form else {}
                ) as answer:
                    text = await answer.text()
            except (aiohttp.ClientError, TimeoutError) as exc:
                self.log.interrupted += 1
                if time.monotonic() > until:
                    raise RuntimeError(f"{self.name}: nobody answers at {path}") from exc
                await asyncio.sleep(_AGAIN_SECONDS)
                continue
            if kind:
                self.log.times[kind].append(time.perf_counter() - began)
            self.log.statuses[answer.status] += 1
            return answer.status, text

    def _note_given(self, item: str) -> None:
        holders = self.log.given.setdefault(item, [])
        if (self.name, item) in self.log.done:
            self.log.broken.append(f"{self.name} was given {item} after deciding on it")
        if self.name not in holders:
            holders.append(self.name)

    def _note_kept(self, item: str, typed: str) -> None:
        """What the server said it kept must still be there."""
        if self.typed[0] != item:
            return
        self.log.kept += 1
        if self.typed[1] != typed:
            self.log.broken.append(f"{self.name}: {self.typed[1]!r} was kept, but {typed!r} came back")


def _found(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found.group(1) if found else ""
