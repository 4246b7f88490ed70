"""Charts as SVG inside the page: drawn here, without a script, in the colours of the page.

Lengths are per cent of the width, heights and letters are pixels, so a chart fills a phone as it fills
a desk and its words stay as large as the text around it. A chart has a name and a description for those
who don't see it, and a table of its numbers stands beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

_ROW = 40
_BAR = 13
_LEAST = 0.6  # per cent of the width: what is there is seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A bar: its name, words at its end, and lengths by the name of their colour, from the left."""

    name: str
    words: str
    parts: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """An upright bar: its name below, and heights by the name of their colour, from the foot."""

    name: str
    parts: tuple[tuple[str, int], ...]


def bars(rows: Sequence[Row], *, name: str, words: str) -> str:
    """Lying bars on one scale, each below its name."""
    widest = max((sum(size for _, size in row.parts) for row in rows), default=0) or 1
    drawn = []
    for place, row in enumerate(rows):
        top = place * _ROW
        drawn.append(f'<text class="name" x="0" y="{top + 14}">{escape(row.name)}</text>')
        drawn.append(f'<text class="value" x="100%" y="{top + 14}">{escape(row.words)}</text>')
        drawn.append(_rectangle("track", 0, top + 20, 100, _BAR))
        left = 0.0
        for colour, size in row.parts:
            if size > 0:
                width = min(max(100 * size / widest, _LEAST), 100 - left)
                drawn.append(_rectangle(colour, left, top + 20, width, _BAR))
                left += width
    return _svg(drawn, height=len(rows) * _ROW, name=name, words=words)


def columns(given: Sequence[Column], *, name: str, words: str, height: int = 150) -> str:
    """Upright bars on one scale, each above its name and below its number."""
    tallest = max((sum(size for _, size in column.parts) for column in given), default=0) or 1
    step = 100 / (len(given) or 1)
    foot, most = height - 22, height - 22 - 18
    drawn = [f'<line class="axis" x1="0" y1="{foot}" x2="100%" y2="{foot}"/>']
    for place, column in enumerate(given):
        middle = _number((place + 0.5) * step)
        total = sum(size for _, size in column.parts)
        at = float(foot)
        for colour, size in column.parts:
            if size > 0:
                tall = max(most * size / tallest, 1.5)
                at -= tall
                drawn.append(_rectangle(colour, (place + 0.14) * step, at, 0.72 * step, tall))
        drawn.append(f'<text class="middle" x="{middle}%" y="{height - 6}">{escape(column.name)}</text>')
        if total:
            drawn.append(
                f'<text class="middle strong" x="{middle}%" y="{_number(at - 5)}">{total:,}</text>'
            )
    return _svg(drawn, height=height, name=name, words=words)


def interval(
    rows: Sequence[tuple[str, float, float | None, float | None]], *, name: str, words: str
) -> str:
    """Values from 0 to 1 with the ends of their intervals; what lies below 0 is drawn at 0."""
    drawn = []
    for place, (label, value, low, high) in enumerate(rows):
        top = place * _ROW
        drawn.append(f'<text class="name" x="0" y="{top + 14}">{escape(label)}</text>')
        ends = "" if low is None or high is None else f" ({low:.2f} to {high:.2f})".replace("-", "−")
        shown = f"{value:.2f}".replace("-", "−") + ends
        drawn.append(f'<text class="value" x="100%" y="{top + 14}">{shown}</text>')
        drawn.append(_rectangle("track", 0, top + 25, 100, 2))
        tone = "kept" if place == 0 else "older"
        if low is not None and high is not None:
            left, right = _share(low), _share(high)
            drawn.append(_rectangle(f"{tone} soft", left, top + 22, max(right - left, _LEAST), 8))
        drawn.append(f'<circle class="{tone}" cx="{_number(_share(value))}%" cy="{top + 26}" r="6"/>')
    foot = len(rows) * _ROW + 12
    drawn += [
        f'<text class="{anchor}" x="{at}%" y="{foot}">{words_}</text>'
        for at, anchor, words_ in ((0, "small", "0"), (50, "middle", "0.5"), (100, "value small", "1"))
    ]
    return _svg(drawn, height=foot + 4, name=name, words=words, more="room")


def line(values: Sequence[float | None], *, name: str, words: str, height: int = 64) -> str:
    """A line over the weeks with its last point marked; a week without a value is a gap. One week is a
    dot."""
    known = [value for value in values if value is not None]
    low, high = (min(known), max(known)) if known else (0.0, 0.0)
    room = height - 12
    points = [
        None if value is None else (_at(place, len(values)), 6 + room * (1 - _part(value, low, high)))
        for place, value in enumerate(values)
    ]
    drawn = [
        f'<line class="stroke" x1="{_number(one[0])}%" y1="{_number(one[1])}" x2="{_number(other[0])}%" '
        f'y2="{_number(other[1])}"/>'
        for one, other in pairwise(points)
        if one is not None and other is not None
    ]
    last = next((point for point in reversed(points) if point is not None), None)
    if last is not None:
        drawn.append(f'<circle class="kept" cx="{_number(last[0])}%" cy="{_number(last[1])}" r="4"/>')
    return _svg(drawn, height=height, name=name, words=words, more="room")


def up_and_down(pairs: Sequence[tuple[int, int]], *, name: str, words: str, height: int = 84) -> str:
    """For each week a bar up and a bar down, on one scale."""
    up = max((one for one, _ in pairs), default=0)
    down = max((other for _, other in pairs), default=0)
    scale = (height - 2) / ((up + down) or 1)
    middle = 1 + up * scale
    step = 100 / (len(pairs) or 1)
    drawn = []
    for place, (one, other) in enumerate(pairs):
        left, width = (place + 0.15) * step, 0.7 * step
        if one:
            tall = max(one * scale, 1)
            drawn.append(_rectangle("new", left, middle - tall, width, tall))
        if other:
            drawn.append(_rectangle("fell", left, middle, width, max(other * scale, 1)))
    drawn.append(f'<line class="axis" x1="0" y1="{_number(middle)}" x2="100%" y2="{_number(middle)}"/>')
    return _svg(drawn, height=height, name=name, words=words)


def _svg(drawn: Iterable[str], *, height: int, name: str, words: str, more: str = "") -> str:
    kind = f"chart {more}".strip()
    return (
        f'<svg class="{kind}" role="img" width="100%" height="{height}" '
        f'aria-label="{escape(f"{name}. {words}")}">{"".join(drawn)}</svg>'
    )


def _rectangle(colour: str, left: float, top: float, width: float, height: float) -> str:
    return (
        f'<rect class="{colour}" x="{_number(left)}%" y="{_number(top)}" width="{_number(width)}%" '
        f'height="{_number(height)}"/>'
    )


def _number(value: float) -> str:
    """Two places at most, in one spelling."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _share(value: float) -> float:
    return 100 * min(max(value, 0.0), 1.0)


def _part(value: float, low: float, high: float) -> float:
    return 0.5 if high <= low else (value - low) / (high - low)


def _at(place: int, among: int) -> float:
    return 50.0 if among < 2 else 100 * place / (among - 1)
