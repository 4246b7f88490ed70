"""The feed: Atom 1.0 (RFC 4287), an entry a week, with ids that never change (RFC 4151).

Nothing in it depends on when it is written: an entry is as old as its release, a week without one as
its end.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from html import escape as escape_markup
from urllib.parse import quote, urljoin

from grandrounds.weekly_report.alerts import HISTORY, Alert, alerts_of
from grandrounds.weekly_report.lead import lead
from grandrounds.weekly_report.note import Note, WeeklyReportError, title_of
from grandrounds.weekly_report.values import Site
from grandrounds.weekly_report.wording import plain, span_of
from grandrounds.weeks import Week

NAME = "feed.xml"
ENTRIES = 104
"""Weeks that the feed holds: two years. The index has all."""
_LONGEST = 20_000

_DOMAIN = re.compile(
    r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+"
)


def authority(name: str) -> str:
    """A domain name as ids have it. Raises ``WeeklyReportError`` when ``name`` is none."""
    if not _DOMAIN.fullmatch(name.lower()):
        raise WeeklyReportError(
            f"{name!r} is not a domain name, so the feed can't have ids of it.",
            remedy="Give one that is yours, such as example.org.",
        )
    return name.lower()


def atom(notes: Sequence[Note], *, site: Site) -> bytes:
    """The bytes of ``feed.xml``; ``notes`` (at least one) oldest first."""
    newest = notes[-1]
    first = max(0, len(notes) - ENTRIES)
    entries = [
        _entry(note, alerts_of(note, notes[max(0, place - HISTORY) : place]), site=site)
        for place, note in enumerate(notes)
        if place >= first
    ]
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        '<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en">',
        f"<id>{_escaped(_tag(site, newest.benchmark))}</id>",
        f"<title>{_escaped(title_of(notes))}</title>",
        "<subtitle>What came, what is new and what was retired, week by week.</subtitle>",
        f"<updated>{_moment(max(_updated(note) for note in notes[first:]))}</updated>",
        f"<author><name>{_escaped(title_of(notes))}</name></author>",
        "<generator>Grand Rounds</generator>",
        f'<link rel="alternate" type="text/html" href="{_escaped(_address(site, "index.html"))}"/>',
    ]
    if site.address:
        lines.append(
            f'<link rel="self" type="application/atom+xml" href="{_escaped(_address(site, NAME))}"/>'
        )
    return ("\n".join([*lines, *reversed(entries), "</feed>"]) + "\n").encode("utf-8")


def _entry(note: Note, alerts: Sequence[Alert], *, site: Site) -> str:
    moment = _moment(_updated(note))
    said = lead(note)
    version = f"version {note.release.version}" if note.release else "not released yet"
    content = _content(said, alerts, f"{span_of(Week.parse(note.week))}, {version}.")
    address = _address(site, f"{note.week}.html")
    return "\n".join(
        [
            "<entry>",
            f"<id>{_escaped(_tag(site, note.benchmark, note.week))}</id>",
            f"<title>{_escaped(f'Week {note.week}: {_title(note)}')}</title>",
            f"<updated>{moment}</updated>",
            f'<link rel="alternate" type="text/html" href="{_escaped(address)}"/>',
            f"<summary>{_escaped(' '.join(said))}</summary>",
            f'<content type="html">{_escaped(content)}</content>',
            "</entry>",
        ]
    )


def _title(note: Note) -> str:
    release = note.release
    if release is None:
        return "not released yet"
    if not release.before:
        return f"{release.items:,} items"
    return f"{release.new:,} new, {release.gone:,} retired, {release.items:,} items"


def _content(said: Sequence[str], alerts: Sequence[Alert], under: str) -> str:
    """The entry's HTML, before it is escaped once more as text of XML."""
    parts = [f"<p>{_escaped(under)}</p>", f"<p>{_escaped(' '.join(said))}</p>"]
    if alerts:
        parts += ["<ul>"]
        parts += [f"<li><b>{_escaped(alert.title)}</b>: {_escaped(alert.words)}</li>" for alert in alerts]
        parts += ["</ul>"]
    return "".join(parts)


def _updated(note: Note) -> date:
    """The day of the release; of previews, and of weeks without one, the day after the week."""
    release = note.release
    if release is not None and release.released is not None:
        return release.released
    return Week.parse(note.week).after.monday


def _moment(day: date) -> str:
    return f"{day.isoformat()}T00:00:00Z"


def _tag(site: Site, *parts: str) -> str:
    path = "/".join(quote(part, safe="") for part in ("weekly", *parts))
    return f"tag:{site.authority},{site.minted.isoformat()}:{path}"


def _address(site: Site, name: str) -> str:
    return urljoin(site.address, name) if site.address else name


def _escaped(text: str) -> str:
    """``text`` for XML and HTML; what no XML may hold is gone."""
    return escape_markup(plain(text, _LONGEST))
