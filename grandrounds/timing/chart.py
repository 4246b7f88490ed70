"""Scores by date as a drawing: one inline SVG a model, and the page around them. No script in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from math import ceil, floor

from grandrounds.timing.dates import period_of
from grandrounds.timing.scores import Around, DatedScores, ModelScores, Score

_WIDTH, _HEIGHT = 760, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 48, 16, 16, 58
_LABELS = 12
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;color:#1c2430;
background:#fff}
h1{font-size:1.4rem}h2{font-size:1.1rem;margin:2rem 0 .3rem;overflow-wrap:anywhere}
table{border-collapse:collapse;margin:.6rem 0}td,th{padding:.15rem .7rem;text-align:right;
border-bottom:1px solid #dde3ea}td:first-child,th:first-child{text-align:left}
svg{width:100%;height:auto}summary{cursor:pointer}
""".strip()


def svg(scores: DatedScores, model: ModelScores) -> str:
    """The chart of one model: a point a period, its interval, how many items, the cut-off as a line."""
    low, high = _range(scores)
    place = {name: number for number, name in enumerate(scores.periods)}
    step = (_WIDTH - _LEFT - _RIGHT) / max(1, len(place))
    title = f"Scores of {model.model} by {scores.kind} of {scores.by}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{escape(title, quote=True)}" font-family="system-ui,sans-serif" font-size="11">',
        f"<title>{escape(title)}</title>",
        *_axes(low, high),
        *_names(scores.periods, step),
    ]
    if model.around is not None:
        parts += _cutoff(scores, model.around, place, step)
    most = max((score.items for score in model.periods.values()), default=1)
    line: list[str] = []
    for name, score in model.periods.items():
        x = _LEFT + (place[name] + 0.5) * step
        parts += _point(score, name, x=x, low=low, high=high, bar=18 * score.items / most, step=step)
        line.append(f"{x:.1f},{_y(score.mean, low, high):.1f}")
    if len(line) > 1:
        drawn = " ".join(line)
        parts.insert(2, f'<polyline points="{drawn}" fill="none" stroke="#1f6feb" stroke-opacity="0.45"/>')
    return "\n".join([*parts, "</svg>"])


def page(scores: DatedScores, *, title: str, notes: Sequence[str] = ()) -> str:
    """One HTML page: of each model its chart, its table and what the cut-off makes of it."""
    body = [
        f"<h1>{escape(title)}</h1>",
        f"<p>By {escape(scores.kind)} of <code>{escape(scores.by)}</code>. Bars below the points show how "
        "many items a period has; lines through the points are 95% intervals.</p>",
        *(f"<p>{escape(note)}</p>" for note in notes),
    ]
    for model in scores.models:
        body += [
            f"<section><h2>{escape(model.model)}</h2>",
            svg(scores, model),
            *_table(model),
            "</section>",
        ]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(body)
        + "\n</body>\n</html>\n"
    )


def around_sentence(around: Around) -> str:
    """What the cut-off makes of a model's scores, in words."""
    days = f"Cut-off {around.cutoff.day} ({around.cutoff.source}): "
    if around.before is None or around.after is None or around.difference is None:
        side = "before" if around.before is None else "after"
        return f"{days}no item {side} it, so nothing can be compared."
    told = (
        f"{days}{around.before.mean:.3f} on {around.before.items} items up to it, "
        f"{around.after.mean:.3f} on {around.after.items} after it; difference {around.difference:+.3f}"
    )
    if around.interval is None:
        return f"{told}, without an interval: a side has fewer than two groups."
    low, high = around.interval.low, around.interval.high
    verdict = "" if low > 0 or high < 0 else ", which may be chance"
    return f"{told} (95% interval {low:+.3f} to {high:+.3f}{verdict})."


def _range(scores: DatedScores) -> tuple[float, float]:
    """The scale: 0 to 1, or as far as scores of another scale go."""
    means = [score.mean for model in scores.models for score in model.periods.values()]
    low, high = min(means, default=0.0), max(means, default=1.0)
    if low >= 0 and high <= 1:
        return 0.0, 1.0
    return float(min(0, floor(low))), float(max(1, ceil(high)))


def _y(value: float, low: float, high: float) -> float:
    inside = min(max(value, low), high)
    return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (1 - (inside - low) / (high - low))


def _axes(low: float, high: float) -> Iterator[str]:
    for number in range(5):
        value = low + (high - low) * number / 4
        y = _y(value, low, high)
        yield f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#dde3ea"/>'
        yield f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end" fill="#57606a">{value:g}</text>'


def _names(periods: Sequence[str], step: float) -> Iterator[str]:
    every = max(1, ceil(len(periods) / _LABELS))
    for number, name in enumerate(periods):
        if not number % every:
            x = _LEFT + (number + 0.5) * step
            yield (
                f'<text x="{x:.1f}" y="{_HEIGHT - 8}" text-anchor="middle" fill="#57606a">{escape(name)}'
                "</text>"
            )


def _point(
    score: Score, name: str, *, x: float, low: float, high: float, bar: float, step: float
) -> Iterator[str]:
    floor_y = _HEIGHT - 24
    width = max(1.0, min(12.0, step * 0.7))
    yield (
        f'<rect x="{x - width / 2:.1f}" y="{floor_y - bar:.1f}" width="{width:.1f}" height="{bar:.1f}" '
        'fill="#c8d3df"/>'
    )
    y = _y(score.mean, low, high)
    told = f"{name}: {score.mean:.3f} on {score.items} items of {score.groups} groups"
    if score.interval is not None:
        top, bottom = _y(score.interval.high, low, high), _y(score.interval.low, low, high)
        yield f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top:.1f}" y2="{bottom:.1f}" stroke="#1f6feb"/>'
        told += f", {score.interval.low:.3f} to {score.interval.high:.3f}"
    yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="#1f6feb"><title>{escape(told)}</title></circle>'


def _cutoff(scores: DatedScores, around: Around, place: dict[str, int], step: float) -> Iterator[str]:
    """A line behind the period that the cut-off lies in; at an end when it lies outside."""
    name = period_of(around.cutoff.day, scores.kind)
    passed = sum(period <= name for period in place)
    x = _LEFT + passed * step
    anchor, shift = ("end", -4) if passed > len(place) / 2 else ("start", 4)
    yield (
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{_HEIGHT - 24}" stroke="#b3261e" '
        'stroke-dasharray="4 3"/>'
    )
    yield (
        f'<text x="{x + shift:.1f}" y="{_TOP + 10}" text-anchor="{anchor}" fill="#b3261e">'
        f"cut-off {around.cutoff.day}</text>"
    )


def _table(model: ModelScores) -> Iterator[str]:
    if model.around is not None:
        yield f"<p>{escape(around_sentence(model.around))}</p>"
    yield "<details open><summary>Table</summary><table>"
    yield "<tr><th>period</th><th>score</th><th>95% interval</th><th>items</th><th>groups</th></tr>"
    for name, score in {**model.periods, "all": model.overall}.items():
        interval = f"{score.interval.low:.3f} to {score.interval.high:.3f}" if score.interval else ""
        yield (
            f"<tr><td>{escape(name)}</td><td>{score.mean:.3f}</td><td>{interval}</td><td>{score.items}</td>"
            f"<td>{score.groups}</td></tr>"
        )
    yield "</table></details>"
    if model.undated or model.unknown:
        yield (
            f"<p>{model.undated} items have no date and count in the last line alone; {model.unknown} "
            "results are for items that this release does not have.</p>"
        )
