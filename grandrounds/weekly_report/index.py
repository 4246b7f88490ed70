"""The page of all weeks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grandrounds.weekly_report import drawing
from grandrounds.weekly_report.alerts import ALERT, HISTORY, alerts_of, stale_after
from grandrounds.weekly_report.note import Note, title_of
from grandrounds.weekly_report.rendering import drawn, render
from grandrounds.weekly_report.wording import age, count, number

_DRAWN = 104
"""Weeks that a chart shows: two years."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    week: str
    version: str = ""
    numbers: tuple[str, ...] = ()
    alerts: int = 0
    notices: int = 0
    fault: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chart:
    name: str
    drawn: str
    words: str
    keys: tuple[tuple[str, str], ...] = ()


def index_page(notes: Sequence[Note], *, faults: Mapping[str, str]) -> bytes:
    """The bytes of ``index.html``: all weeks of ``notes`` (oldest first), newest on top, and the weeks
    whose notes can't be read with the reason."""
    rows = [_row(note, notes[max(0, place - HISTORY) : place]) for place, note in enumerate(notes)]
    rows += [_Row(week=week, fault=fault) for week, fault in faults.items()]
    newest = notes[-1] if notes else None
    return render(
        "index.html.j2",
        title=title_of(notes) if notes else "Weekly reports",
        under=_under(notes),
        charts=_charts(notes[-_DRAWN:]),
        rows=sorted(rows, key=lambda row: row.week, reverse=True),
        stale_after=stale_after(newest) if newest else None,
    )


def _under(notes: Sequence[Note]) -> str:
    if not notes:
        return "No week can be shown."
    released = [note.release for note in notes if note.release is not None]
    words = f"{count(len(notes), 'week')}, {len(released):,} of them released."
    return (
        f"{words} {count(released[-1].items, 'item')} in version {released[-1].version}."
        if released
        else words
    )


def _row(note: Note, earlier: Sequence[Note]) -> _Row:
    found = alerts_of(note, earlier)
    release, came = note.release, note.arrivals
    ac1 = note.agreement.ac1 if note.agreement else None
    return _Row(
        week=note.week,
        version=release.version if release else "",
        numbers=(
            number(release.items) if release else "–",
            number(release.new) if release else "–",
            number(release.gone) if release else "–",
            number(came.total("came")) if came else "–",
            number(came.total("taken")) if came else "–",
            age(release.ages.median) if release and release.ages.dated else "–",
            number(ac1, 2) if ac1 is not None else "–",
        ),
        alerts=sum(alert.level == ALERT for alert in found),
        notices=sum(alert.level != ALERT for alert in found),
    )


def _charts(notes: Sequence[Note]) -> list[_Chart]:
    releases = [note.release for note in notes]
    sizes = [release.items for release in releases if release is not None]
    if len(sizes) < 2:
        return []
    weeks = f"From week {notes[0].week} to {notes[-1].week}"
    told = f"{weeks}: from {number(sizes[0])} to {count(sizes[-1], 'item')}."
    turned = [(release.new, release.gone) if release is not None else (0, 0) for release in releases]
    # All items of a first release are new, and would dwarf every other week.
    first = next(
        (place for place, release in enumerate(releases) if release is not None and not release.before),
        None,
    )
    if first is not None:
        turned[first] = (0, 0)
    new, gone = (sum(each) for each in zip(*turned, strict=True))
    changed = f"{weeks}: {number(new)} new, {number(gone)} retired" + (
        "; the first release, all new, is not drawn." if first is not None else "."
    )
    return [
        _Chart(
            name="Items",
            drawn=drawn(
                drawing.line(
                    [r.items if r is not None else None for r in releases], name="Items", words=told
                )
            ),
            words=told,
        ),
        _Chart(
            name="New and retired",
            drawn=drawn(drawing.up_and_down(turned, name="New and retired items by week", words=changed)),
            words=changed,
            keys=(("new", "new, upwards"), ("fell", "retired, downwards")),
        ),
    ]
