"""Made articles, and harvests over them."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from PIL import Image

from grandrounds.demo.feed_answers import FeedAnswers, WorldWire
from grandrounds.demo.feed_world import FeedWorld, WorldArticle
from grandrounds.harvest.collect import HarvestReport
from grandrounds.harvest.room import HarvestRoom
from grandrounds.harvest.snapshot import Snapshot, snapshot
from grandrounds.harvest.wire import Reply

MONDAY = datetime(2026, 11, 2, tzinfo=UTC)
SINCE = date(2026, 10, 1)


def picture() -> bytes:
    held = io.BytesIO()
    Image.new("L", (8, 8), 90).save(held, "PNG")
    return held.getvalue()


def case(number: int, **more: Any) -> WorldArticle:
    """A small case report; each number has a text of its own."""
    said: dict[str, Any] = {
        "number": number,
        "title": f"An unusual fever in patient {number}",
        "first_public": date(2026, 10, 28),
        "sections": (
            (
                "Case presentation",
                f"A {20 + number % 60}-year-old woman had a fever for {number} days and a rash.",
            ),
            ("Discussion", "The fever ended when the cause was found and treated, and it did not return."),
        ),
    }
    return WorldArticle(**{**said, **more})


def week(number: int) -> datetime:
    """Wednesday noon of the n-th week of the world."""
    return MONDAY + timedelta(days=7 * number + 2, hours=12)


def week_end(number: int) -> datetime:
    return MONDAY + timedelta(days=7 * (number + 1))


@dataclass
class Harvests:
    """A world, its answers in this process, and a room that harvests them."""

    folder: Path
    world: FeedWorld = field(default_factory=lambda: FeedWorld(MONDAY))
    page_size: int = 2
    rough: Callable[[str, Reply], Reply] | None = None

    def __post_init__(self) -> None:
        self.answers = FeedAnswers(world=self.world, page_size=self.page_size)
        self.room = HarvestRoom(
            folder=self.folder / "harvest",
            contact="mailto:tests@example.org",
            wire=lambda _: WorldWire(self.answers, rough=self.rough),
            sleep=lambda _: None,
        )

    def settings(self, kind: str, **more: Any) -> dict[str, Any]:
        if kind == "drop":
            return {"kind": "drop_folder", "folder": str(self.folder / "inbox"), **more}
        return {**self.answers.settings()[kind], **more}

    def harvest(self, kind: str, at: datetime, *, since: date | None = None, **more: Any) -> HarvestReport:
        """Move the world to ``at`` and harvest one feed of it."""
        self.world.now = at
        if kind == "drop":
            self.world.drop(self.folder / "inbox")
        with self.room.open_journal() as journal:
            known = journal.last_whole_run(kind) or journal.open_run(kind)
        since = since or (None if known else SINCE)
        losses = more.pop("accept_losses", False)
        return self.room.harvest(
            kind, self.settings(kind, **more), now=lambda: at, since=since, accept_losses=losses
        )

    def snapshot(self, until: datetime, name: str = "snapshot") -> Snapshot:
        with self.room.open_journal() as journal:
            return snapshot(journal, store=self.room.store, until=until, folder=self.folder / name)


KINDS = ("europe-pmc", "pmc-oai", "rss", "atom", "json", "drop")


def tree(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }
