"""robots.txt as RFC 9309 reads it: the group of our name or of all, the longest rule that matches."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes

_MAXIMUM_BYTES = 512 * 1024  # the RFC asks for 500 KiB at least
_MAXIMUM_LINE = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Robots:
    """The rules for one agent: (allowed, pattern), and the seconds that ``Crawl-delay`` asks for."""

    rules: tuple[tuple[bool, str], ...] = ()
    delay: float = 0.0

    def allows(self, path: str) -> bool:
        """Whether the path (with query) of an address may be visited."""
        asked = _normal(path or "/")
        best = (-1, True)
        for allowed, pattern in self.rules:
            if _matches(pattern, asked):
                best = max(best, (len(pattern), allowed))
        return best[1]


def read_robots(data: bytes, *, agent: str) -> Robots:
    """The rules that ``data`` has for ``agent`` (a product name). Never raises: odd lines say nothing."""
    groups: dict[str, list[tuple[bool, str]]] = {}
    delays: dict[str, float] = {}
    names: list[str] = []
    open_group = False
    for line in data[:_MAXIMUM_BYTES].decode("utf-8", errors="replace").splitlines():
        key, colon, value = line[:_MAXIMUM_LINE].split("#", 1)[0].partition(":")
        key, value = key.strip().casefold(), value.strip()
        if not colon:
            continue
        if key == "user-agent":
            names = [*names, value.casefold()] if open_group else [value.casefold()]
            open_group = True
            for name in names:
                groups.setdefault(name, [])
            continue
        open_group = False
        for name in names:
            if key in ("allow", "disallow") and value:
                groups[name].append((key == "allow", _normal(value)))
            elif key == "crawl-delay":
                delays[name] = _seconds(value)
    wanted = agent.casefold() if agent.casefold() in groups else "*"
    return Robots(rules=tuple(groups.get(wanted, ())), delay=delays.get(wanted, 0.0))


def _matches(pattern: str, path: str) -> bool:
    """``*`` is anything, ``$`` at the end is the end. Plain finding: no pattern can take long."""
    ends = pattern.endswith("$")
    pieces = (pattern[:-1] if ends else pattern).split("*")
    if not path.startswith(pieces[0]):
        return False
    position = len(pieces[0])
    for piece in pieces[1:-1]:
        found = path.find(piece, position)
        if found < 0:
            return False
        position = found + len(piece)
    if len(pieces) == 1:
        return not ends or position == len(path)
    last = pieces[-1]
    if ends:
        return len(path) - len(last) >= position and path.endswith(last)
    return path.find(last, position) >= 0


def _normal(path: str) -> str:
    """One spelling for percent-encoded and plain characters."""
    return quote(unquote_to_bytes(path), safe="/?&=*$:;,@!~'()+-._%#[]")


def _seconds(value: str) -> float:
    return min(float(value), 300.0) if re.fullmatch(r"\d{1,6}(\.\d+)?", value) else 0.0
