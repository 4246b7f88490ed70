"""Settings of feeds: a ``feeds.yaml``, or the same mapping inside a live recipe.

::

    contact: mailto:benchmarks@example.org
    feeds:
      europe-pmc: {kind: europe_pmc, query: 'PUB_TYPE:"Case Reports"', profile: open}
      inbox:      {kind: drop_folder, folder: /srv/inbox}
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from grandrounds.harvest.problems import HarvestError
from grandrounds.licences import UNKNOWN
from grandrounds.sources import safe_yaml

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_CONTACT = re.compile(r"(mailto:)?[^@\s<>()]+@[^@\s<>()]+\.[^@\s<>()]+|https?://[^\s<>()]+")


class FeedSettings(BaseModel):
    """What every feed knows. Sizes in bytes, times in seconds.

    ``profile`` says which licences are taken (as in releases). ``licence`` is what the operator knows
    of a whole feed whose records state none; ``unlicensed: read`` lets the full text say it.
    ``languages`` and ``article_types`` empty mean any. ``seconds_between`` is the least time between
    two requests to one host, over all processes. ``hosts`` may be visited besides the feed's own.
    ``robots: false`` is for interfaces made for programs, whose site's robots.txt speaks to crawlers.
    ``attempts`` harvests try a document that can't be had before it is given up. ``overlap_days`` are
    asked for again each time, since feeds list late.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str
    profile: Literal["open", "non_commercial", "private"] = "open"
    licence: str = ""
    unlicensed: Literal["refuse", "read"] = "refuse"
    languages: tuple[str, ...] = ()
    article_types: tuple[str, ...] = ()
    seconds_between: float = Field(1.0, ge=0, le=3600)
    timeout: float = Field(60.0, gt=0, le=3600)
    patience: float = Field(300.0, ge=0, le=86_400)
    tries: int = Field(5, ge=1, le=20)
    maximum_bytes: int = Field(48 * 1024 * 1024, gt=0, le=1 << 30)
    maximum_unpacked: int = Field(256 * 1024 * 1024, gt=0, le=1 << 32)
    hosts: tuple[str, ...] = ()
    robots: bool = True
    loopback: bool = False
    attempts: int = Field(4, ge=1, le=1000)
    overlap_days: int = Field(3, ge=0, le=365)

    @field_validator("licence")
    @classmethod
    def _licence(cls, value: str) -> str:
        from grandrounds.harvest.licensing import resolve

        if value and resolve(value) == UNKNOWN:
            raise ValueError(f"{value!r} is no licence: give an SPDX id such as CC-BY-4.0")
        return value


class FeedsFile(BaseModel):
    """A ``feeds.yaml``: who answers for the harvest, and the feeds by name (not yet checked by kind)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    contact: str = ""
    feeds: dict[str, dict[str, Any]] = Field(default_factory=dict)

    @field_validator("contact")
    @classmethod
    def _contact(cls, value: str) -> str:
        return checked_contact(value)

    @field_validator("feeds")
    @classmethod
    def _names(cls, value: dict[str, Any]) -> dict[str, Any]:
        for name in value:
            checked_name(name)
        return value


def load_feeds(path: Path, environ: Mapping[str, str] = os.environ) -> FeedsFile:
    """The feeds that the file at ``path`` names. Raises ``HarvestError`` with file and key.

    ``GRANDROUNDS_CONTACT`` in ``environ`` goes before the file's contact. A drop folder that is named
    from nowhere lies beside the file.
    """
    try:
        document = safe_yaml.load(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise HarvestError(
            f"The list of feeds {path} can't be read: {exc.strerror or exc}.",
            remedy="Write one (docs/harvest.md shows how) and name it with --feeds or GRANDROUNDS_FEEDS.",
        ) from exc
    except (safe_yaml.YamlError, UnicodeDecodeError) as exc:
        raise HarvestError(f"{path} can't be read: {exc}.", remedy="Correct it.") from exc
    try:
        read = FeedsFile.model_validate(document or {})
        feeds = {name: _beside(said, path.parent) for name, said in read.feeds.items()}
        contact = environ.get("GRANDROUNDS_CONTACT") or read.contact
        return FeedsFile.model_validate({"contact": contact, "feeds": feeds})
    except ValidationError as exc:
        raise HarvestError(
            f"{path}: {safe_yaml.explain(exc)}.", remedy="It holds `contact:` and `feeds:` by name."
        ) from exc


def _beside(said: dict[str, Any], folder: Path) -> dict[str, Any]:
    named = said.get("folder")
    return {**said, "folder": str(folder.absolute() / named)} if isinstance(named, str) else said


def checked_contact(value: str) -> str:
    """``value`` if it is empty, a mail address or a page. Raises ``ValueError``."""
    if value and not (value.isascii() and _CONTACT.fullmatch(value)):
        raise ValueError(f"{value!r} is no contact: give a mail address or the address of a page")
    return value


def checked_name(value: str) -> str:
    """``value`` if it can name a feed, and a folder of it. Raises ``ValueError``."""
    if not NAME.fullmatch(value):
        raise ValueError(f"{value!r} can't name a feed: use a-z, 0-9, - and _")
    return value


def checked_address(value: str) -> str:
    """``value`` if it is the base of http(s) addresses. Raises ``ValueError``."""
    parts = urlsplit(value)
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.username is not None:
        raise ValueError(f"{value!r} is no https address")
    return value
