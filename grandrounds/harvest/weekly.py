"""The harvest of one week of a live recipe: every feed asked once, and the sources as of the week's end.

What a feed lists belongs to the week for which it was asked, so the moment that is written beside it is
never later than the week's end. A feed that was asked to its end for a week, or for a later one, is not
asked for that week again: so the week stays as it was, whenever it is built again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from grandrounds.errors import RecipeError
from grandrounds.fingerprint import content_id
from grandrounds.harvest.collect import Clock, HarvestReport
from grandrounds.harvest.journal import LATER, TAKEN, Journal, Version
from grandrounds.harvest.lives import main_sha256
from grandrounds.harvest.room import HarvestRoom
from grandrounds.harvest.settings import load_feeds
from grandrounds.harvest.snapshot import Retired, Snapshot, SnapshotSource, snapshot, source_id
from grandrounds.live import Live
from grandrounds.recipe import Recipe
from grandrounds.records import harvested
from grandrounds.records.harvested import Harvested
from grandrounds.records.retired import Withdrawal
from grandrounds.settings import Settings
from grandrounds.weeks import Week

_LAST_MOMENT = timedelta(seconds=1)
_DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedOutcome:
    """How a feed fared in a week: whether it was asked to its end, and why not."""

    feed: str
    finished: bool
    trouble: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What is known at the end of a week. ``rows`` are all versions that were ever listed, ``reports`` what
    the feeds that were asked now said, ``feeds`` how each fared; none where the week was closed before."""

    rows: tuple[Harvested, ...]
    reports: tuple[HarvestReport, ...] = ()
    feeds: tuple[FeedOutcome, ...] = ()

    @property
    def troubles(self) -> tuple[str, ...]:
        """Why feeds could not be asked to their end."""
        return tuple(f"{each.feed}: {each.trouble}" for each in self.feeds if each.trouble)


def gather(
    recipe: Recipe,
    *,
    settings: Settings,
    folder: Path,
    room: HarvestRoom | None = None,
    now: Clock = lambda: datetime.now(UTC),
) -> Gathered:
    """Ask the feeds for what is new in the recipe's week; lay out in ``folder`` what is live at its end.

    A feed that fails is told of; the others go on. ``room`` and ``now`` stand in for the network and the
    clock in simulations. Raises ``GrandRoundsError`` when the list of feeds, the journal or the folder
    can't be used.
    """
    live, week = _live(recipe)
    ends = live.ends(week)
    last = ends - _LAST_MOMENT
    used, feeds = _feeds(settings, room, last)
    reports = used.harvest_all(
        _open_feeds(used, feeds, ends),
        now=lambda: min(now(), last),
        since=live.first.monday,
        until=week.after.monday - timedelta(days=1),
    )
    with used.open_journal() as journal:
        made = snapshot(journal, store=used.store, until=ends, folder=folder)
        rows = tuple(_rows(journal, made, live))
    return Gathered(
        rows=rows,
        reports=reports,
        feeds=tuple(
            FeedOutcome(
                feed=each.feed, finished=each.finished, trouble=f"{each.trouble} {each.remedy}".strip()
            )
            for each in reports
        ),
    )


def withdrawals(rows: tuple[Harvested, ...] | list[Harvested]) -> dict[str, Withdrawal]:
    """Why sources that were live once no longer count, by source id."""
    return {
        row.source_id: Withdrawal(reason=row.reason, words=row.words)
        for row in rows
        if row.status == harvested.RETIRED and row.source_id is not None
    }


def _feeds(
    settings: Settings, room: HarvestRoom | None, last: datetime
) -> tuple[HarvestRoom, Mapping[str, Mapping[str, Any]]]:
    """Where to harvest, and what: the feeds that were named, else the demo's as they were at ``last``."""
    folder = settings.home_path / "harvest"
    if not settings.feeds.value:
        from grandrounds.demo.live import demo_harvest

        return demo_harvest(folder, last)
    listed = load_feeds(Path(settings.feeds.value))
    return room or HarvestRoom(folder=folder, contact=listed.contact), listed.feeds


def _live(recipe: Recipe) -> tuple[Live, Week]:
    if recipe.live is None or recipe.week is None:
        raise RecipeError(f"Recipe {recipe.name!r} is harvested by the week; no week is named.")
    return recipe.live, recipe.week


def _open_feeds(
    room: HarvestRoom, feeds: Mapping[str, Mapping[str, Any]], ends: datetime
) -> dict[str, Mapping[str, Any]]:
    """The feeds that were not yet asked to their end for the week, none once a later week has begun."""
    with room.open_journal() as journal:
        newest = journal.last_moment()
        if newest is not None and newest >= ends:
            return {}
        done = {name: journal.last_whole_run(name) for name in feeds}
    closes = ends - _LAST_MOMENT
    return {
        name: said for name, said in feeds.items() if (run := done[name]) is None or run.started_at < closes
    }


def _rows(journal: Journal, made: Snapshot, live: Live) -> Iterator[Harvested]:
    """The newest line about each version of each record, with what counts of it now."""
    alive = {(one.feed, one.record_id, one.source_id): one for one in made.sources}
    ended = {(one.feed, one.record_id, one.source_id): one for one in made.retired}
    newest: dict[tuple[str, str, str], Version] = {}
    first: dict[tuple[str, str, str], datetime] = {}
    for version in journal.versions(until=made.until):
        key = (version.record.feed, version.record.record_id, version.fingerprint)
        newest[key] = version
        first.setdefault(key, version.seen_at)
    for key, version in sorted(newest.items()):
        digest = main_sha256(version) if version.files else ""
        source = source_id(digest) if digest else None
        place = (key[0], key[1], source or "")
        yield _row(
            version,
            week=Week.at(first[key], live.timezone),
            source=source,
            alive=alive.get(place),
            ended=ended.get(place),
            live=live,
        )


def _row(
    version: Version,
    *,
    week: Week,
    source: str | None,
    alive: SnapshotSource | None,
    ended: Retired | None,
    live: Live,
) -> Harvested:
    status, reason, words = _status(version, alive, ended)
    return Harvested(
        version_id=content_id(
            "harvested", [version.record.feed, version.record.record_id, version.fingerprint]
        ),
        feed=version.record.feed,
        record_id=version.record.record_id,
        version=version.record.version,
        title=version.known.title or version.record.title,
        licence=version.licence,
        first_public=version.known.first_public or version.record.first_public,
        week=str(week),
        status=status,
        reason=reason,
        words=words,
        retired_week=str(Week.at(ended.retired_at, live.timezone))
        if status == harvested.RETIRED and ended
        else None,
        source_id=source,
        path=alive.path if alive else None,
    )


def _status(version: Version, alive: SnapshotSource | None, ended: Retired | None) -> tuple[str, str, str]:
    if version.decision == LATER:
        return harvested.LATER, version.reason or "not_there", version.detail
    if version.decision != TAKEN:
        return harvested.REFUSED, version.reason, version.detail
    if alive is not None:
        return harvested.LIVE, "", ""
    if ended is not None:
        return harvested.RETIRED, ended.reason, ended.detail
    return harvested.REFUSED, _DUPLICATE, "Another record of the same article is the one that counts."
