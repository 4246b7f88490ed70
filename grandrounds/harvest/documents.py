"""Answers of feeds as documents: JSON and XML, read so that no answer can do harm."""

from __future__ import annotations

import json
from typing import Any

from grandrounds.errors import SourceError
from grandrounds.harvest.problems import FeedError
from grandrounds.sources.xml_safety import parse


def read_json(data: bytes, *, url: str) -> Any:
    """The JSON document ``data``. Raises ``FeedError``."""
    try:
        return json.loads(data, parse_constant=lambda _: None)
    except (ValueError, RecursionError) as exc:
        raise FeedError(
            f"{url} answered with broken JSON: {str(exc)[:120]}.",
            remedy="Harvest again; report it to the feed if it stays.",
        ) from exc


def read_xml(data: bytes, *, url: str) -> Any:
    """The root of the XML document ``data``, without entities, comments or instructions."""
    try:
        return parse(data).root
    except SourceError as exc:
        raise FeedError(
            f"{url} answered with broken XML: {exc.what}",
            remedy="Harvest again; report it to the feed if it stays.",
        ) from exc


def text_of(element: Any) -> str:
    """The words in an element, in one line; empty for ``None``."""
    return "" if element is None else " ".join("".join(element.itertext()).split())


def listed(value: Any) -> list[Any]:
    """``value`` as a list: many interfaces give one thing bare and several in a list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def words(value: Any) -> str:
    """The text of a JSON value; the first of a list, since some writers wrap each value in one."""
    while isinstance(value, list):
        value = value[0] if value else ""
    return value.strip() if isinstance(value, str) else str(value) if isinstance(value, int) else ""
