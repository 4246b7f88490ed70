"""Charts as SVG, drawn on the server: each has a title, its words as text, and a table beside it.

Colours come from the style sheet by class, so they follow the dark scheme; nothing is told by colour alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

_WIDTH, _LABEL, _ROW, _TOP = 720, 260, 24, 22
_LONGEST = 34  # characters of a label
_MARKS = ("circle", "square", "diamond", "triangle")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A bar: how long, and what is written behind it; ``kind`` is a class of the style sheet."""

    label: str
    value: float
    words: str
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """A value with the ends of its interval, where it has one."""

    label: str
    value: float
    low: float | None
    high: float | None


def bars(rows: Sequence[Bar], *, name: str, title: str, words: str) -> Markup:
    """Bars from left to right, one a row."""
    most = max((row.value for row in rows), default=0) or 1
    room = _WIDTH - _LABEL - 110
    parts = []
    for number, row in enumerate(rows):
        y = number * _ROW
        length = max(0.0, row.value) / most * room
        parts.append(
            Markup('<text class="label" x="{}" y="{}" text-anchor="end">{}</text>').format(
                _LABEL - 8, y + 16, _short(row.label)
            )
            + Markup('<rect class="bar-of {}" x="{}" y="{}" width="{}" height="16" rx="2"/>').format(
                row.kind, _LABEL, y + 4, _round(length)
            )
            + Markup('<text x="{}" y="{}">{}</text>').format(_round(_LABEL + length + 6), y + 16, row.words)
        )
    return _svg(Markup("").join(parts), height=len(rows) * _ROW + 4, name=name, title=title, words=words)


def dots(rows: Sequence[Dot], *, name: str, title: str, words: str) -> Markup:
    """Values with their intervals on a scale up to 1, one a row."""
    ends = [end for row in rows for end in (row.value, row.low, row.high) if end is not None]
    least = min([0.0, *ends])
    least = -1.0 if least < -0.5 else -0.5 if least < 0 else 0.0
    room = _WIDTH - _LABEL - 60

    def x(value: float) -> float:
        return _round(_LABEL + (min(max(value, least), 1.0) - least) / (1 - least) * room)

    bottom = _TOP + len(rows) * _ROW
    step = 0.5 if least < -0.5 else 0.25
    marks = [least + step * number for number in range(round((1 - least) / step) + 1)]
    parts = [
        Markup('<line class="grid" x1="{0}" x2="{0}" y1="{1}" y2="{2}"/>').format(x(mark), _TOP, bottom)
        + Markup('<text class="scale" x="{}" y="14" text-anchor="middle">{}</text>').format(
            x(mark), f"{mark:.2f}"
        )
        for mark in marks
    ]
    for number, row in enumerate(rows):
        y = _TOP + number * _ROW + 12
        parts.append(
            Markup('<text class="label" x="{}" y="{}" text-anchor="end">{}</text>').format(
                _LABEL - 8, y + 4, _short(row.label)
            )
        )
        if row.low is not None and row.high is not None:
            parts.append(
                Markup('<line class="interval" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(
                    x(row.low), x(row.high), y, y
                )
            )
        parts.append(
            Markup('<circle class="dot" cx="{}" cy="{}" r="4.5"/>').format(x(row.value), y)
            + Markup('<text x="{}" y="{}">{}</text>').format(_WIDTH - 50, y + 4, f"{row.value:.2f}")
        )
    return _svg(Markup("").join(parts), height=bottom + 4, name=name, title=title, words=words)


def columns(rows: Sequence[tuple[str, float]], *, name: str, title: str, words: str) -> Markup:
    """Columns from left to right: counts by day. The first and the last are named."""
    most = max((value for _, value in rows), default=0) or 1
    height, left, room = 130, 40, _WIDTH - 60
    step = room / max(1, len(rows))
    parts = [
        Markup('<text class="scale" x="{}" y="16" text-anchor="end">{}</text>').format(
            left - 6, f"{most:g}"
        ),
        Markup('<line class="grid" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(left, left + room, 110, 110),
    ]
    for number, (label, value) in enumerate(rows):
        tall = value / most * 98
        parts.append(
            Markup('<rect class="bar-of" x="{}" y="{}" width="{}" height="{}"/>').format(
                _round(left + number * step + 0.5),
                _round(110 - tall),
                _round(max(0.8, step - 1)),
                _round(tall),
            )
        )
        if number in {0, len(rows) - 1}:
            anchor, place = ("start", left) if number == 0 else ("end", left + room)
            if number == 0 or len(rows) > 1:
                parts.append(
                    Markup('<text class="scale" x="{}" y="126" text-anchor="{}">{}</text>').format(
                        place, anchor, label
                    )
                )
    return _svg(Markup("").join(parts), height=height, name=name, title=title, words=words)


def lines(
    series: Mapping[str, Sequence[tuple[str, float]]], *, name: str, title: str, words: str
) -> Markup:
    """Shares from 0 to 1 over weeks, one line a reader. Lines differ by mark and dashes, too, and are named
    at their ends."""
    places = sorted({label for points in series.values() for label, _ in points})
    height, left, right, top, low = 210, 44, _WIDTH - 150, 12, 180

    def x(label: str) -> float:
        return _round(left + (places.index(label) + 0.5) / max(1, len(places)) * (right - left))

    def y(value: float) -> float:
        return _round(low - min(max(value, 0.0), 1.0) * (low - top))

    parts = [
        Markup('<line class="grid" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(left, right, y(mark), y(mark))
        + Markup('<text class="scale" x="{}" y="{}" text-anchor="end">{}</text>').format(
            left - 6, y(mark) + 4, f"{mark:.0%}"
        )
        for mark in (0.0, 0.5, 1.0)
    ]
    for number, label in enumerate(places):
        if number in {0, len(places) - 1}:
            parts.append(
                Markup('<text class="scale" x="{}" y="{}" text-anchor="middle">{}</text>').format(
                    x(label), low + 18, label
                )
            )
    taken: list[float] = []
    for number, (reader, points) in enumerate(sorted(series.items())):
        kind = f"line-{number % 6}"
        path = " ".join(f"{x(label)},{y(value)}" for label, value in points)
        parts.append(Markup('<polyline class="line {}" points="{}"/>').format(kind, path))
        parts += [_mark(x(label), y(value), kind=kind, number=number) for label, value in points]
        if points:
            place = _free(y(points[-1][1]), taken)
            taken.append(place)
            parts.append(
                Markup('<text x="{}" y="{}">{}</text>').format(right + 10, place + 4, _short(reader, 20))
            )
    return _svg(
        Markup("").join(parts),
        height=max(height, int(max(taken, default=0)) + 16),
        name=name,
        title=title,
        words=words,
    )


def _mark(x: float, y: float, *, kind: str, number: int) -> Markup:
    shape = _MARKS[number % len(_MARKS)]
    if shape == "circle":
        return Markup('<circle class="point {}" cx="{}" cy="{}" r="4"/>').format(kind, x, y)
    paths = {
        "square": f"M{x - 4} {y - 4}h8v8h-8z",
        "diamond": f"M{x} {y - 5}l5 5l-5 5l-5 -5z",
        "triangle": f"M{x} {y - 5}l5 9h-10z",
    }
    return Markup('<path class="point {}" d="{}"/>').format(kind, paths[shape])


def _free(wanted: float, taken: Sequence[float]) -> float:
    """A place for a name that is on no other: below, if need be."""
    place = wanted
    while any(abs(place - other) < 13 for other in taken):
        place += 13
    return place


def _svg(inside: Markup, *, height: int, name: str, title: str, words: str) -> Markup:
    head = Markup(
        '<svg class="chart" viewBox="0 0 {0} {1}" width="{0}" height="{1}" role="img" '
        'aria-labelledby="{2}-title {2}-words" focusable="false">'
        '<title id="{2}-title">{3}</title><desc id="{2}-words">{4}</desc>'
    ).format(_WIDTH, height, name, title, words)
    return head + inside + Markup("</svg>")


def _short(label: str, most: int = _LONGEST) -> Markup:
    return escape(label if len(label) <= most else label[: most - 1] + "…")


def _round(value: float) -> float:
    return round(value, 1)
