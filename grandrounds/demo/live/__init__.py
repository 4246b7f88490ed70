"""The demo's live feeds: a small world of fictional articles, harvested inside this process."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from grandrounds.demo.feed_answers import FeedAnswers, WorldWire
from grandrounds.demo.feed_world import FeedWorld, WorldArticle
from grandrounds.harvest.room import HarvestRoom
from grandrounds.sources import safe_yaml

_SCRIPT = Path(__file__).with_name("articles.yaml")
_FEEDS = ("europe-pmc", "rss")
_NOON = time(12, tzinfo=UTC)


def demo_world(now: datetime) -> FeedWorld:
    """The fictional publisher's servers as they were at ``now``."""
    script = safe_yaml.load(_SCRIPT.read_text(encoding="utf-8"))
    world = FeedWorld(now)
    articles: dict[int, WorldArticle] = {}
    for entry in script["articles"]:
        article = _article(entry)
        articles[article.number] = article
        world.publish(_noon(entry["listed"]), article)
    for entry in script["changes"]:
        at, number = _noon(entry["day"]), entry["number"]
        if entry.get("retract"):
            world.retract(at, number, notice=entry["notice"])
        else:
            changed = dict(articles[number].sections) | entry["sections"]
            articles[number] = replace(articles[number], sections=tuple(changed.items()))
            world.revise(at, number, sections=articles[number].sections)
    return world


def demo_harvest(folder: Path, now: datetime) -> tuple[HarvestRoom, dict[str, dict[str, Any]]]:
    """The room in which the demo is harvested as of ``now``, and its feeds by name: nothing leaves this
    process, and nothing waits."""
    answers = FeedAnswers(world=demo_world(now), page_size=5)
    feeds = answers.settings()
    room = HarvestRoom(
        folder=folder,
        contact="https://example.org/grand-rounds-demo",
        wire=lambda _: WorldWire(answers),
        sleep=lambda _: None,
    )
    return room, {name: feeds[name] for name in _FEEDS}


def _article(entry: dict[str, Any]) -> WorldArticle:
    given = {name: value for name, value in entry.items() if name not in {"listed", "sections"}}
    return WorldArticle(**given, sections=tuple(entry["sections"].items()))


def _noon(day: date) -> datetime:
    return datetime.combine(day, _NOON)
