"""``sources.yaml``: what a person says of files that do not say it themselves, or say it wrongly.

It stands at the top of the source folder::

    files:
      - path: "case_reports/*.xml"       # a path or a glob (`**` any depth), or a list of them
        licence: CC-BY-4.0               # SPDX id, "CC BY 4.0", or a licence link
        published: 2024-05-01
        group: patient-7                 # what splits must not cut
        protected: true                  # evidence may go to local models only
        title: A better title
        citation: Doe J. A better title. 2024.
        language: en

What stands here wins over what a file says of itself; of several entries for one file, the last
one wins, key by key. A folder's path speaks for everything in it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from grandrounds.errors import SourceError
from grandrounds.sources import safe_yaml
from grandrounds.sources.languages import clean_tag
from grandrounds.sources.licences import UNKNOWN, from_name

_MAXIMUM_BYTES = 16 * 1024 * 1024


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Rule(_Strict):
    """One entry: which files, and what is said of them. What is not given stays as the file says."""

    path: tuple[str, ...] = Field(min_length=1)
    licence: str | None = None
    published: date | None = None
    group: str | None = Field(None, min_length=1)
    protected: bool | None = None
    title: str | None = Field(None, min_length=1)
    citation: str | None = None
    language: str | None = None

    @field_validator("path", mode="before")
    @classmethod
    def _as_list(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("path")
    @classmethod
    def _inside(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in value:
            if pattern.startswith("/") or ".." in pattern.split("/") or not pattern.strip("/"):
                raise ValueError(f"{pattern!r} must be a path inside the source folder")
        return value

    @field_validator("licence")
    @classmethod
    def _licence(cls, value: str | None) -> str | None:
        if value is None:
            return None
        read = from_name(value)
        if read.spdx == UNKNOWN and value.strip().casefold() != UNKNOWN:
            raise ValueError(f"{value!r} is no licence: give an SPDX id such as CC-BY-4.0, or unknown")
        return read.spdx

    @field_validator("language")
    @classmethod
    def _language(cls, value: str | None) -> str | None:
        if value is not None and clean_tag(value) is None:
            raise ValueError(f"{value!r} is no language tag such as en")
        return clean_tag(value) if value else None


class _File(_Strict):
    files: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What ``sources.yaml`` says of one file; ``None`` where it says nothing."""

    licence: str | None = None
    published: date | None = None
    group: str | None = None
    protected: bool | None = None
    title: str | None = None
    citation: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """All entries of a ``sources.yaml``, in order."""

    entries: tuple[Rule, ...] = ()

    def about(self, name: str) -> Said:
        """What is said of the file ``name`` (a path inside the folder)."""
        told: dict[str, Any] = {}
        for rule in self.entries:
            if any(matches(pattern, name) for pattern in rule.path):
                given = rule.model_dump(exclude={"path"}, exclude_none=True)
                told.update(given)
        return Said(**told)

    def idle(self, names: Sequence[str]) -> tuple[str, ...]:
        """The paths and globs that match none of ``names``: most likely mistakes."""
        patterns = [pattern for rule in self.entries for pattern in rule.path]
        return tuple(p for p in dict.fromkeys(patterns) if not any(matches(p, name) for name in names))


def load_rules(path: Path | None) -> Rules:
    """Read ``sources.yaml``; none gives no rules. Raises ``SourceError`` naming the file and the key."""
    if path is None:
        return Rules()
    try:
        if path.stat().st_size > _MAXIMUM_BYTES:
            raise SourceError(f"{path} is too large to be a list of rules.", remedy="Use globs.")
        document = safe_yaml.load(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise SourceError(
            f"{path} can't be read: {exc.strerror or exc}.", remedy="Check its rights."
        ) from exc
    except (safe_yaml.YamlError, UnicodeDecodeError) as exc:
        raise SourceError(f"{path} can't be read: {exc}.", remedy="Correct it.") from exc
    if document is None:
        return Rules()
    try:
        return Rules(entries=_File.model_validate(document).files)
    except ValidationError as exc:
        raise SourceError(
            f"{path}: {safe_yaml.explain(exc)}.",
            remedy="It holds `files:`, a list of entries with the keys "
            + ", ".join(Rule.model_fields)
            + ".",
        ) from exc


def matches(pattern: str, name: str) -> bool:
    """Whether ``pattern`` (a path, a folder, or a glob) speaks for the file ``name``."""
    bare = pattern.removeprefix("./").rstrip("/")
    return name == bare or name.startswith(f"{bare}/") or _compiled(bare).fullmatch(name) is not None


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    """A glob as a pattern: ``*`` and ``?`` stay inside one folder, ``**`` crosses folders."""
    made = ""
    position = 0
    while position < len(pattern):
        if pattern.startswith("**/", position):
            made, position = made + "(?:[^/]+/)*+", position + 3
        elif pattern.startswith("**", position):
            made, position = made + ".*", position + 2
        elif pattern[position] == "*":
            made, position = made + "[^/]*", position + 1
        elif pattern[position] == "?":
            made, position = made + "[^/]", position + 1
        else:
            made, position = made + re.escape(pattern[position]), position + 1
    return re.compile(made, re.DOTALL)
