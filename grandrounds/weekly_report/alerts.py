"""What of a week needs a person: rules over its note and those of the weeks before. Each says what is
the matter in numbers; a week that is as it should be has none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from grandrounds.statistics.intervals import wilson
from grandrounds.weekly_report.note import ArrivalNote, FeedNote, Note
from grandrounds.weekly_report.values import ERROR, WARNING
from grandrounds.weekly_report.wording import be, count, day, number, retired_words, share
from grandrounds.weeks import Week

ALERT, NOTICE = "alert", "notice"

HISTORY = 8
"""Weeks that a rule looks back at most."""
REFUSAL_JUMP = 0.15
AGREEMENT_FALL = 0.05
RETIRED_SHARE = 0.1
SILENT_WEEKS = 3
_FEWEST = 20
_HISTORY_FEWEST = 40
_FEW_RETIRED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """``level`` is ``alert`` (somebody should act) or ``notice`` (somebody should know)."""

    level: str
    title: str
    words: str


def alerts_of(note: Note, earlier: Sequence[Note]) -> tuple[Alert, ...]:
    """All that ``note`` gives cause for, alerts first. ``earlier`` are the notes of the weeks before,
    oldest first."""
    recent = list(earlier)[-HISTORY:]
    found = [
        *_checks(note),
        *_funnel(note),
        *_nothing_came(note),
        *_feeds(note, recent),
        *_refusals(note, recent),
        *_release(note, recent),
        *_agreement(note),
        *_readers(note),
    ]
    return tuple(sorted(found, key=lambda alert: alert.level != ALERT))


def stale_after(note: Note) -> date:
    """The last day on which this may be the newest week without the benchmark being stale."""
    return Week.parse(note.week).after.monday + timedelta(days=note.stale_days)


def _checks(note: Note) -> Iterator[Alert]:
    failed = note.failed_checks or ()
    for level, severity in ((ALERT, ERROR), (NOTICE, WARNING)):
        own = [check for check in failed if (check.severity == ERROR) == (severity == ERROR)]
        if own:
            names = ", ".join(f"{check.table}/{check.check}" for check in own[:3])
            more = f" and {len(own) - 3} more" if len(own) > 3 else ""
            title = "A check failed" if len(own) == 1 else f"{len(own)} checks failed"
            yield Alert(level=level, title=title, words=f"{names}{more}.")


def _funnel(note: Note) -> Iterator[Alert]:
    if note.funnel_faults:
        yield Alert(
            level=ALERT,
            title="The funnel does not add up",
            words="; ".join(note.funnel_faults[:3]) + ".",
        )


def _nothing_came(note: Note) -> Iterator[Alert]:
    came = note.arrivals
    if came is not None and not came.total("came"):
        words = (
            "No feed was asked."
            if not came.feeds
            else f"{count(len(came.feeds), 'feed')} listed nothing new."
        )
        yield Alert(level=ALERT, title="Nothing came", words=words)


def _feeds(note: Note, earlier: Sequence[Note]) -> Iterator[Alert]:
    if note.arrivals is None:
        return
    everything_silent = not note.arrivals.total("came")
    for feed in note.arrivals.feeds:
        past = [_feed(other.arrivals, feed.feed) for other in reversed(earlier)]
        if not feed.finished:
            weeks = 1 + _run(past, lambda other: not other.finished)
            since = "" if weeks == 1 else f", {_weeks(weeks)} running"
            yield Alert(
                level=ALERT,
                title=f"The feed {feed.feed} failed{since}",
                words=feed.trouble
                or "Its harvest did not come to its end; the next one goes on from there.",
            )
        elif not feed.came and not everything_silent:
            weeks = 1 + _run(past, lambda other: other.finished and not other.came)
            brought = any(other is not None and other.came for other in past)
            if weeks >= SILENT_WEEKS and brought:
                yield Alert(
                    level=NOTICE,
                    title=f"The feed {feed.feed} is silent",
                    words=f"It answers, but has listed nothing new for {_weeks(weeks)}.",
                )


def _feed(arrivals: ArrivalNote | None, name: str) -> FeedNote | None:
    return next((feed for feed in arrivals.feeds if feed.feed == name), None) if arrivals else None


def _run(past: Sequence[FeedNote | None], held: Callable[[FeedNote], bool]) -> int:
    """For how many weeks, from the newest back, something held."""
    weeks = 0
    for feed in past:
        if feed is None or not held(feed):
            break
        weeks += 1
    return weeks


def _weeks(number: int) -> str:
    """How many weeks, as far as they are looked back on."""
    return f"more than {HISTORY} weeks" if number > HISTORY else f"{number} weeks"


def _refusals(note: Note, earlier: Sequence[Note]) -> Iterator[Alert]:
    """The share refused is well above that of the weeks before, and more than chance would make it."""
    if note.arrivals is None:
        return
    refused = note.arrivals.total("refused")
    decided = refused + note.arrivals.total("taken")
    past = [other.arrivals for other in earlier if other.arrivals is not None]
    was_refused = sum(each.total("refused") for each in past)
    was_decided = was_refused + sum(each.total("taken") for each in past)
    if decided < _FEWEST or was_decided < _HISTORY_FEWEST:
        return
    usual = was_refused / was_decided
    if refused / decided - usual >= REFUSAL_JUMP and wilson(refused, decided).low > usual:
        yield Alert(
            level=ALERT,
            title="More was refused than usual",
            words=f"{share(refused, decided)} of {count(decided, 'record')}, against "
            f"{share(was_refused, was_decided)} in the {count(len(past), 'week')} before.",
        )


def _release(note: Note, earlier: Sequence[Note]) -> Iterator[Alert]:
    weeks = [Week.parse(other.week) for other in earlier]
    if weeks and weeks[-1].after != Week.parse(note.week):
        yield Alert(
            level=ALERT,
            title="A week is missing",
            words=f"The report before this one is of {weeks[-1]}; nothing is told of the time between.",
        )
    if note.release is None:
        without = 1 + next(
            (place for place, other in enumerate(reversed(earlier)) if other.release), len(earlier)
        )
        level = ALERT if without > 1 else NOTICE
        since = f" for {_weeks(without)}" if without > 1 else ""
        yield Alert(
            level=level, title=f"No release{since}", words=note.waits or "This week has no release yet."
        )
        return
    yield from _stale(note, earlier)
    release = note.release
    if release.items and not release.new and release.before:
        yield Alert(
            level=NOTICE,
            title="No new item",
            words="The release holds nothing that the one before did not.",
        )
    if release.gone >= _FEW_RETIRED and release.gone > RETIRED_SHARE * release.items_before:
        reasons = ", ".join(
            f"{retired_words(part.name)} {part.count:,}" for part in release.retired_by_reason
        )
        yield Alert(
            level=ALERT,
            title="Many items were retired",
            words=f"{share(release.gone, release.items_before)} of {count(release.items_before, 'item')}"
            f"{': ' + reasons if reasons else ''}.",
        )


def _stale(note: Note, earlier: Sequence[Note]) -> Iterator[Alert]:
    """The release came later than it may."""
    assert note.release is not None
    last = next((other for other in reversed(earlier) if other.release), None)
    released = note.release.released
    if last is None or last.release is None or released is None or last.release.released is None:
        return
    days = (released - last.release.released).days
    if days > note.stale_days:
        yield Alert(
            level=ALERT,
            title="The benchmark was stale",
            words=f"This release came {days} days after the one before ({day(last.release.released)}); "
            f"{note.stale_days} are allowed.",
        )


def _agreement(note: Note) -> Iterator[Alert]:
    before = note.release.agreement_before if note.release else None
    now = note.agreement
    if now is None or before is None or now.ac1 is None or before.ac1 is None:
        return
    if before.ac1 - now.ac1 >= AGREEMENT_FALL:
        yield Alert(
            level=ALERT,
            title="Readers agree less",
            words=f"Gwet's AC1 is {number(now.ac1, 2)}, against {number(before.ac1, 2)} the week before.",
        )


def _readers(note: Note) -> Iterator[Alert]:
    waiting = note.readers.waiting_before if note.readers is not None else 0
    if waiting:
        yield Alert(
            level=NOTICE,
            title="Candidates wait for a second week",
            words=f"{count(waiting, 'candidate')} {be(waiting)} carried over the week before already.",
        )
