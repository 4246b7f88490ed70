"""The Basic Application Level Confidentiality Profile (PS3.15 Annex E, Table E.1-1), read from data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

import yaml

from grandrounds.errors import SettingsError

ACTIONS = frozenset({"D", "Z", "X", "U", "Z/D", "X/Z", "X/D", "X/Z/D", "X/Z/U*"})
OPTIONS = frozenset(
    {
        "uids",
        "device",
        "institution",
        "patient",
        "dates_full",
        "dates_modified",
        "descriptors",
        "structured",
        "graphics",
    }
)
_TABLE = Path(__file__).with_name("annex_e.yaml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One attribute of the table: its action, and what options do instead (``K`` keep, ``C`` clean)."""

    tag: int
    keyword: str
    action: str
    options: Mapping[str, str]


@cache
def rows() -> Mapping[int, Row]:
    """The table by tag. Raises ``SettingsError`` when the data file is damaged."""
    made = {}
    for line in str(_document()["attributes"]).splitlines():
        row = _row(line)
        made[row.tag] = row
    return MappingProxyType(made)


def edition() -> str:
    """The edition of the standard that the table follows."""
    return str(_document()["edition"])


@cache
def _document() -> Mapping[str, object]:
    found = yaml.load(_TABLE.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    if not isinstance(found, dict) or not {"attributes", "edition"} <= set(found):
        raise _damaged("its head")
    return MappingProxyType(found)


def _row(line: str) -> Row:
    parts = line.split()
    if len(parts) < 3 or len(parts[0]) != 8 or parts[2] not in ACTIONS:
        raise _damaged(f"the line {line!r}")
    options = {}
    for pair in parts[3:]:
        name, _, code = pair.partition("=")
        if name not in OPTIONS or code not in ("K", "C"):
            raise _damaged(f"the line {line!r}")
        options[name] = code
    return Row(tag=int(parts[0], 16), keyword=parts[1], action=parts[2], options=MappingProxyType(options))


def _damaged(where: str) -> SettingsError:
    return SettingsError(
        f"The table of attributes {_TABLE.name} can't be used: {where} is wrong.",
        remedy="Install the package again.",
    )
