"""The page of one week."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from grandrounds.weekly_report import drawing, lead
from grandrounds.weekly_report.ages import BINS
from grandrounds.weekly_report.alerts import alerts_of, stale_after
from grandrounds.weekly_report.note import LabelNote, Note, ReleasedNote
from grandrounds.weekly_report.rendering import drawn, render
from grandrounds.weekly_report.summary import LATE_DAYS
from grandrounds.weekly_report.wording import age, change, count, number, spaced, span_of
from grandrounds.weeks import Week

_LABELS_DRAWN = 12
_FEEDS_DRAWN = 12

Link = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Where a page leads: name and address of the weeks beside it, and (address, name, words) of what
    lies further; an empty address is only named."""

    before: Link | None = None
    after: Link | None = None
    more: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Figure:
    name: str
    value: str
    under: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _LabelChart:
    name: str
    chart: str
    rows: tuple[LabelNote, ...] = field(default=())


def week_page(note: Note, *, earlier: Sequence[Note], links: Links) -> bytes:
    """The bytes of the page of ``note``; ``earlier`` are the notes of the weeks before, oldest first."""
    week = Week.parse(note.week)
    return render(
        "week.html.j2",
        title=note.title,
        week=note.week,
        year=week.year,
        number_of_week=week.number,
        dates=span_of(week),
        lead=lead.lead(note),
        alerts=alerts_of(note, earlier),
        figures=_figures(note),
        release=note.release,
        links=links,
        stale_after=stale_after(note),
        late_days=LATE_DAYS,
        **_came(note),
        **_funnel(note),
        **_items(note.release),
        **_readers(note),
        cost=note.cost,
        cost_words=lead.cost(note.cost) if note.cost else "",
        checks=note.failed_checks,
    )


def _figures(note: Note) -> list[_Figure]:
    release, figures = note.release, []
    if release is not None:
        grown = (
            f"{change(release.items - release.items_before)} in a week"
            if release.before
            else "the first week"
        )
        figures += [
            _Figure(name="Items", value=number(release.items), under=grown),
            _Figure(name="New", value=number(release.new), under=_of_before(release.new, release)),
            _Figure(name="Retired", value=number(release.gone), under=_of_before(release.gone, release)),
            _Figure(
                name="Median age",
                value=age(release.ages.median) if release.ages.dated else "–",
                under=f"newest {age(release.ages.youngest)}" if release.ages.dated else "no dates",
            ),
        ]
    if note.agreement is not None and note.agreement.ac1 is not None:
        told = note.agreement
        ends = "" if told.low is None or told.high is None else (
            f"{number(told.low, 2)} to {number(told.high, 2)}"
        )  # fmt: skip
        figures.append(_Figure(name="Agreement", value=number(told.ac1 or 0.0, 2), under=ends))
    if note.arrivals is not None and release is None:
        figures.append(_Figure(name="Came", value=number(note.arrivals.total("came")), under="records"))
        figures.append(_Figure(name="Taken", value=number(note.arrivals.total("taken")), under="records"))
    if note.readers is not None and note.readers.waiting:
        figures.append(_Figure(name="Carried over", value=number(note.readers.waiting), under="candidates"))
    return figures


def _of_before(amount: int, release: ReleasedNote) -> str:
    if not release.before or not release.items_before:
        return ""
    return f"{100 * amount / release.items_before:.1f}% of those before"


def _came(note: Note) -> dict[str, Any]:
    arrivals = note.arrivals
    chart = ""
    if arrivals is not None and arrivals.total("came"):
        rows = [
            drawing.Row(
                name=feed.feed[:24],
                words=f"{feed.taken:,} of {feed.came:,} taken",
                parts=(("kept", feed.taken), ("older", feed.later), ("fell", feed.refused)),
            )
            for feed in sorted(arrivals.feeds, key=lambda feed: (-feed.came, feed.feed))
            if feed.came
        ]
        told = "; ".join(f"{row.name}: {row.words}" for row in rows[:_FEEDS_DRAWN])
        chart = drawing.bars(rows[:_FEEDS_DRAWN], name="Records by feed", words=told)
    return {
        "arrivals": arrivals,
        "came": lead.came(arrivals) if arrivals else "",
        "came_chart": drawn(chart) if chart else "",
    }


def _funnel(note: Note) -> dict[str, Any]:
    rows = [
        drawing.Row(
            name=spaced(step.step)[:18],
            words=f"{step.left:,} of {count(step.left + step.fell, spaced(step.unit)[:12])}",
            parts=(("kept", step.left), ("fell", step.fell)),
        )
        for step in note.funnel
    ]
    told = "; ".join(f"{row.name}: {row.words} went on" for row in rows)
    chart = drawing.bars(rows, name="The funnel", words=told) if rows else ""
    return {"funnel": note.funnel, "funnel_chart": drawn(chart)}


def _items(release: ReleasedNote | None) -> dict[str, Any]:
    if release is None:
        return {}
    names = [f"up to {words}" for _, words, _ in BINS] + [f"over {BINS[-1][1]}"]
    shorts = [short for _, _, short in BINS] + ["older"]
    bins = release.ages.bins
    columns = [
        drawing.Column(name=short, parts=(("older", older), ("new", new)))
        for short, (older, new) in zip(shorts, bins, strict=False)
    ]
    rows = [(name, older, new) for name, (older, new) in zip(names, bins, strict=False)]
    told = "; ".join(f"{name}: {older + new:,}" for name, older, new in rows)
    return {
        "balance": lead.balance(release),
        "retired_total": sum(part.count for part in release.retired_by_reason),
        "ages": lead.ages(release),
        "age_rows": rows,
        "age_chart": drawn(drawing.columns(columns, name="Items by age", words=told)),
        "label_charts": [
            _labels(scheme, release) for scheme in dict.fromkeys(r.scheme for r in release.labels)
        ],
    }


def _labels(scheme: str, release: ReleasedNote) -> _LabelChart:
    rows = tuple(row for row in release.labels if row.scheme == scheme)
    lines = [
        drawing.Row(
            name=spaced(row.label)[:26],
            words=f"{row.items:,}" + (f", {row.new:,} new" if row.new and release.before else ""),
            parts=(("older", row.items - row.new), ("new", row.new)),
        )
        for row in rows[:_LABELS_DRAWN]
    ]
    told = "; ".join(f"{line.name}: {line.words}" for line in lines)
    name = spaced(scheme)
    chart = drawing.bars(lines, name=f"Items by {name}", words=told)
    return _LabelChart(name=name[:1].upper() + name[1:], chart=drawn(chart), rows=rows)


def _readers(note: Note) -> dict[str, Any]:
    now = note.agreement
    before = note.release.agreement_before if note.release else None
    chart = ""
    if now is not None and now.ac1 is not None:
        rows = [("This week", now.ac1, now.low, now.high)]
        if before is not None and before.ac1 is not None:
            rows.append(("Week before", before.ac1, before.low, before.high))
        told = "; ".join(f"{label}: {number(value, 2)}" for label, value, _, _ in rows)
        chart = drawing.interval(rows, name="Agreement of readers, from 0 to 1", words=told)
    return {
        "agreement_chart": drawn(chart) if chart else "",
        "agreement_words": lead.agreement(now, before) if now else "",
        "readers": note.readers,
        "load_words": lead.load(note.readers) if note.readers else "",
    }
