"""Where harvested things lie, and the harvest of several feeds, one after another."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from grandrounds.errors import GrandRoundsError
from grandrounds.harvest.collect import Clock, HarvestReport, Progress, harvest
from grandrounds.harvest.feeds import make_feed, settings_of
from grandrounds.harvest.http import PoliteClient
from grandrounds.harvest.journal import Journal
from grandrounds.harvest.pace import Pace
from grandrounds.harvest.settings import FeedSettings
from grandrounds.harvest.store import FileStore
from grandrounds.harvest.wire import NetworkWire, Wire

WireMaker = Callable[[FeedSettings], Wire]


@dataclass(frozen=True, slots=True, kw_only=True)
class HarvestRoom:
    """The folder of a harvest. ``contact`` is who answers for it; ``wire`` stands in for the network
    (the demo, simulations); ``sleep`` and ``clock`` are those of the polite client."""

    folder: Path
    contact: str = ""
    wire: WireMaker | None = None
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.time

    @property
    def journal_path(self) -> Path:
        """The journal's file."""
        return self.folder / "journal.sqlite"

    @property
    def store(self) -> FileStore:
        """The harvested files."""
        return FileStore(self.folder / "files")

    def open_journal(self) -> Journal:
        """The journal; the caller closes it. Raises ``HarvestError``."""
        return Journal(self.journal_path)

    def harvest(
        self,
        name: str,
        said: Mapping[str, Any],
        *,
        now: Clock,
        since: date | None = None,
        until: date | None = None,
        accept_losses: bool = False,
        progress: Progress | None = None,
    ) -> HarvestReport:
        """Harvest one feed; its settings ``said`` are as in ``feeds.yaml``. Raises as ``collect`` does."""
        settings = settings_of(name, said)
        wire = self.wire(settings) if self.wire is not None else NetworkWire(loopback=settings.loopback)
        try:
            feed = make_feed(name, settings, client=lambda own, homes: self._client(own, homes, wire))
            with self.open_journal() as journal:
                return harvest(
                    feed,
                    settings=settings,
                    journal=journal,
                    store=self.store,
                    now=now,
                    since=since,
                    until=until,
                    accept_losses=accept_losses,
                    progress=progress,
                )
        finally:
            wire.close()

    def harvest_all(
        self,
        feeds: Mapping[str, Mapping[str, Any]],
        *,
        now: Clock,
        since: date | None = None,
        until: date | None = None,
        progress: Progress | None = None,
    ) -> tuple[HarvestReport, ...]:
        """Harvest feeds in the order named. One that fails is reported; the others go on.

        ``since`` counts only for feeds that were never harvested to an end.
        """
        reports = []
        for name, said in feeds.items():
            try:
                with self.open_journal() as journal:
                    known = journal.last_whole_run(name) is not None or journal.open_run(name) is not None
                first = None if known else since
                report = self.harvest(name, said, now=now, since=first, until=until, progress=progress)
            except GrandRoundsError as exc:
                report = HarvestReport(feed=name, finished=False, trouble=exc.what, remedy=exc.remedy)
            reports.append(report)
        return tuple(reports)

    def _client(self, settings: FeedSettings, homes: tuple[str, ...], wire: Wire) -> PoliteClient:
        return PoliteClient(
            settings=settings,
            homes=homes,
            contact=self.contact,
            wire=wire,
            pace=Pace(self.folder / "pace", now=self.clock, sleep=self.sleep),
            now=lambda: datetime.fromtimestamp(self.clock(), UTC),
        )
