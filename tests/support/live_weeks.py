"""A live recipe over a world of journals, built week by week against its loopback servers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from lxml import etree

from grandrounds.demo.feed_world import FeedWorld, WorldArticle
from grandrounds.paths import demo_sources
from grandrounds.recipe import Recipe
from grandrounds.settings import Settings, resolve
from grandrounds.weeks import Week
from pipelines.outcome import Outcome
from pipelines.running import run_job
from tests.support.feeds.server import FeedServer

FIRST = Week(2025, 2)
FEEDS = ("europe-pmc", "atom")


def live_recipe(**more: Any) -> Recipe:
    """Open questions on diagnoses, made anew every week."""
    said = {
        "name": "weekly_cases",
        "title": "Diagnosis from this week's case reports",
        "tasks": [{"name": "diagnosis_open"}],
        "review": {"policy": "none"},
        "author": "rule",
        "live": {"start": str(FIRST)},
    }
    return Recipe.model_validate(said | more)


def nth(number: int) -> Week:
    """The ``number``-th week of the world, from 0."""
    week = FIRST
    for _ in range(number):
        week = week.after
    return week


def during(number: int, *, hours: int = 60) -> datetime:
    """A moment in the ``number``-th week."""
    return nth(number).begins("UTC") + timedelta(hours=hours)


def articles() -> Iterator[WorldArticle]:
    """The demo's fictional case reports as articles of the world, in a fixed order."""
    number = 700_000
    for path in sorted((demo_sources() / "case_reports").rglob("*.xml")):
        if "troubled" in path.parts or path.parent.name == "other":
            continue
        root = etree.parse(str(path), etree.XMLParser(resolve_entities=False, no_network=True)).getroot()
        body, title = root.find(".//body"), root.find(".//article-title")
        if body is None or title is None:
            continue
        sections = tuple(
            (_words(part.find("title")), " ".join(_words(p) for p in part.findall("p")))
            for part in body.iter("sec")
            if part.findall("p") and part.find("title") is not None
        )
        number += 1
        yield WorldArticle(
            number=number, title=_words(title), sections=sections, first_public=during(0).date()
        )


def _words(element: Any) -> str:
    return " ".join("".join(element.itertext()).split()) if element is not None else ""


@dataclass(slots=True, kw_only=True)
class Weeks:
    """A home in which weeks of a recipe are built against a server."""

    home: Path
    server: FeedServer
    recipe: Recipe = field(default_factory=live_recipe)

    @property
    def world(self) -> FeedWorld:
        return self.server.answers.world

    @property
    def settings(self) -> Settings:
        listed = self.home.parent / f"{self.home.name}-feeds.yaml"
        known = self.server.answers.settings(
            loopback=True, timeout=5, patience=2, tries=2, seconds_between=0
        )
        feeds = {name: known[name] for name in FEEDS}
        listed.write_text(yaml.safe_dump({"contact": "mailto:demo@example.org", "feeds": feeds}))
        return resolve({"GRANDROUNDS_HOME": str(self.home), "GRANDROUNDS_FEEDS": str(listed)}, environ={})

    def build(self, number: int) -> Outcome:
        """Build the ``number``-th week as on the Monday after it."""
        week = nth(number)
        self.world.now = week.ends("UTC") - timedelta(seconds=1)
        return run_job("build", self.recipe.in_week(week), settings=self.settings, quiet=True)

    def publish(self, number: int) -> Outcome:
        """Publish the ``number``-th week."""
        return run_job("publish", self.recipe.in_week(nth(number)), settings=self.settings, quiet=True)

    def releases(self) -> dict[str, str | None]:
        """The weeks of the releases, by version."""
        root = self.home / "releases" / self.recipe.name
        return {
            path.parent.name: json.loads(path.read_text())["week"]
            for path in sorted(root.glob("*/manifest.json"))
        }


def world() -> FeedWorld:
    """A world in which nothing was published yet."""
    return FeedWorld(datetime(2025, 1, 1, tzinfo=UTC))
