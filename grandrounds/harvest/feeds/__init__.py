"""The kinds of feeds: those of the project by name, others by entry point.

A package of its own adds a kind with an entry point of the group ``grandrounds.feeds`` whose value is a
``Plugin``; the name of the entry point is the ``kind`` in ``feeds.yaml``.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any

from pydantic import ValidationError

from grandrounds.harvest.feed import Feed
from grandrounds.harvest.http import PoliteClient
from grandrounds.harvest.problems import HarvestError
from grandrounds.harvest.settings import FeedSettings, checked_name
from grandrounds.sources import safe_yaml

_GROUP = "grandrounds.feeds"
_OWN = ("europe_pmc", "oai_pmh", "drop_folder", "syndication", "json_api")

ClientMaker = Callable[[FeedSettings, tuple[str, ...]], PoliteClient]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugin:
    """A kind of feed: its settings, the addresses that these give, and what makes the feed.

    ``make`` is called with the feed's name, its settings, and a client for those addresses.
    """

    settings: type[FeedSettings]
    addresses: Callable[[Any], tuple[str, ...]]
    make: Callable[[str, Any, PoliteClient], Feed]


def kinds() -> tuple[str, ...]:
    """The names of all kinds that are there."""
    return (*_OWN, *sorted({entry.name for entry in entry_points(group=_GROUP)} - set(_OWN)))


def plugin(kind: str) -> Plugin:
    """The plug-in of a kind. Raises ``HarvestError`` when there is none or it can't be loaded."""
    if kind in _OWN:
        found = importlib.import_module(f"grandrounds.harvest.feeds.{kind}").PLUGIN
        assert isinstance(found, Plugin)
        return found
    for entry in entry_points(group=_GROUP, name=kind):
        try:
            loaded = entry.load()
        except Exception as exc:
            raise HarvestError(
                f"The feed plug-in {entry.value} can't be loaded: {type(exc).__name__}: {exc}.",
                remedy="Repair or remove the package that brings it.",
            ) from exc
        if isinstance(loaded, Plugin):
            return loaded
        raise HarvestError(
            f"{entry.value} is no feed plug-in.", remedy="It must be a grandrounds.harvest.feeds.Plugin."
        )
    raise HarvestError(
        f"There is no kind of feed named {kind!r}.", remedy=f"There are: {', '.join(kinds())}."
    )


def settings_of(name: str, said: Mapping[str, Any]) -> FeedSettings:
    """The checked settings of the feed ``name``. Raises ``HarvestError`` naming feed and key."""
    try:
        checked_name(name)
    except ValueError as exc:
        raise HarvestError(str(exc), remedy="Rename the feed.") from exc
    kind = said.get("kind")
    if not isinstance(kind, str):
        raise HarvestError(
            f"The feed {name!r} says no kind.", remedy=f"Set `kind:` to one of {', '.join(kinds())}."
        )
    try:
        return plugin(kind).settings.model_validate(dict(said))
    except ValidationError as exc:
        raise HarvestError(
            f"The feed {name!r}: {safe_yaml.explain(exc)}.", remedy="docs/harvest.md lists the keys."
        ) from exc


def make_feed(name: str, settings: FeedSettings, *, client: ClientMaker) -> Feed:
    """The feed ``name``. ``client`` makes the polite client for the addresses of its settings."""
    found = plugin(settings.kind)
    return found.make(name, settings, client(settings, found.addresses(settings)))
