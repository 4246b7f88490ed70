"""The split register: which split a group has for ever, and on which day an item was first released.

One register serves all recipes of a lake, so that a patient whose case is in the test split of one
benchmark is never in the training split of another. It can't be made again from the sources, so it
is only ever added to, carries its own checksum, and a damaged one is reported, never started anew.

Two writers: a local lake is guarded by a file lock. Object stores have no lock, so there the
register is read again just before it is replaced and the work repeated when it changed in between;
that leaves a gap of milliseconds, so let one build at a time write to a remote lake.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from grandrounds.errors import LakeError, ReleaseError
from grandrounds.fingerprint import canonical, sha256_bytes
from grandrounds.lake import Lake
from grandrounds.locks import exclusive
from grandrounds.recipe import Splits
from grandrounds.records.envelope import Item
from grandrounds.release.splits import SPLITS, Group, assign_splits

_FORMAT = "grandrounds-splits/1"
_ATTEMPTS = 5
_WAIT_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """What the register holds: the split of each group, the first day of each released item."""

    splits: Mapping[str, str] = field(default_factory=dict)
    available_from: Mapping[str, date] = field(default_factory=dict)


class SplitRegister:
    """The register of one lake. Raises ``ReleaseError`` when the file is damaged."""

    def __init__(self, lake: Lake, *, name: str = "splits.jsonl") -> None:
        self._lake = lake
        self._name = name

    @property
    def path(self) -> str:
        """Where the register is, for messages and backups."""
        return str(self._lake.state_path(self._name))

    def read(self) -> Remembered:
        """All that is remembered; empty when nothing was ever assigned."""
        return _remembered(self._parse(self._lake.read_state(self._name)))

    def assign(self, groups: Iterable[Group], *, shares: Splits, recipe: str) -> dict[str, str]:
        """The split of each group, remembered from now on. ``recipe`` is noted as the first user."""
        wanted = tuple(groups)
        assigned: dict[str, str] = {}

        def additions(known: Remembered) -> list[dict[str, str]]:
            assigned.clear()
            assigned.update(assign_splits(wanted, shares=shares, previous=known.splits))
            return [
                {"group": group, "split": split, "recipe": recipe}
                for group, split in assigned.items()
                if group not in known.splits
            ]

        self._append(additions)
        return assigned

    def first_days(self, item_ids: Iterable[str], *, released: date | None) -> dict[str, date]:
        """The day each item became available: as remembered, else ``released``. Remembers nothing.

        Without ``released`` (a preview) items that were never released are left out.
        """
        known = self.read().available_from
        days = {item: known.get(item, released) for item in item_ids}
        return {item: day for item, day in days.items() if day is not None}

    def remember_release(self, items: Iterable[Item]) -> None:
        """Note the days of ``items`` that were published; call it after the release is in place."""
        days = {item.item_id: item.available_from for item in items if item.available_from}

        def additions(known: Remembered) -> list[dict[str, str]]:
            return [
                {"item": item, "available_from": day.isoformat()}
                for item, day in sorted(days.items())
                if item not in known.available_from
            ]

        self._append(additions)

    def adopt(self, items: Iterable[Item]) -> None:
        """Take splits and days over from the items of a published release.

        For a lake whose register was lost. Raises ``ReleaseError`` when the register already says
        otherwise for one of the groups.
        """
        published = tuple(items)

        def additions(known: Remembered) -> list[dict[str, str]]:
            splits: dict[str, tuple[str, str]] = {}
            for item in sorted(published, key=lambda each: each.item_id):
                before = known.splits.get(item.group_id) or splits.get(item.group_id, (item.split, ""))[0]
                if before != item.split:
                    raise ReleaseError(
                        f"Group {item.group_id} is in {item.split!r} in the release, "
                        f"but in {before!r} in {self.path}.",
                        remedy="One of them is wrong; nothing was changed.",
                    )
                if item.group_id not in known.splits:
                    splits[item.group_id] = (item.split, item.recipe)
            return [
                {"group": group, "split": split, "recipe": recipe}
                for group, (split, recipe) in sorted(splits.items())
            ]

        self._append(additions)
        self.remember_release(published)

    def _append(self, additions: Callable[[Remembered], list[dict[str, str]]]) -> None:
        with self._guard():
            for _ in range(_ATTEMPTS):
                before = self._lake.read_state(self._name)
                entries = self._parse(before)
                added = additions(_remembered(entries))
                if not added:
                    return
                if self._lake.read_state(self._name) == before:
                    self._lake.write_state(self._name, _document([*entries, *added]))
                    return
        raise LakeError(
            f"The split register {self.path} keeps changing while it is written.",
            remedy="Let one build at a time write to this lake.",
        )

    @contextmanager
    def _guard(self) -> Iterator[None]:
        path = self._lake.state_path(f"{self._name}.lock")
        if path.protocol not in ("", "file"):
            yield
            return
        with exclusive(Path(path.path), what="The split register", wait_seconds=_WAIT_SECONDS):
            yield

    def _parse(self, data: bytes | None) -> list[dict[str, str]]:
        if data is None:
            return []
        head, _, body = data.partition(b"\n")
        header = self._json(head)
        if header.get("format") != _FORMAT:
            raise self._damaged(f"it says format {header.get('format')!r}, not {_FORMAT!r}")
        if header.get("sha256") != sha256_bytes(body):
            raise self._damaged("its checksum does not fit its contents")
        entries = [self._json(line) for line in body.splitlines()]
        for number, entry in enumerate(entries, start=2):
            if not _sound(entry):
                raise self._damaged(f"line {number} is neither a group nor an item")
        return entries

    def _json(self, line: bytes) -> dict[str, Any]:
        try:
            value = json.loads(line)
        except ValueError as exc:
            raise self._damaged(f"a line is not JSON ({exc})") from exc
        if not isinstance(value, dict):
            raise self._damaged("a line is not a JSON object")
        return value

    def _damaged(self, why: str) -> ReleaseError:
        return ReleaseError(
            f"The split register {self.path} is damaged: {why}.",
            remedy="Put it back from a backup. Don't delete it: groups would change splits. "
            "Without a backup, move it away and take the splits over from your releases "
            "(docs/releases.md, `The split register`).",
        )


def _remembered(entries: Iterable[Mapping[str, str]]) -> Remembered:
    splits: dict[str, str] = {}
    days: dict[str, date] = {}
    for entry in entries:
        if "group" in entry:
            splits.setdefault(entry["group"], entry["split"])
        else:
            days.setdefault(entry["item"], date.fromisoformat(entry["available_from"]))
    return Remembered(splits=splits, available_from=days)


def _sound(entry: Mapping[str, Any]) -> bool:
    if not all(isinstance(value, str) for value in entry.values()):
        return False
    if set(entry) == {"group", "split", "recipe"}:
        return entry["split"] in SPLITS
    if set(entry) != {"item", "available_from"}:
        return False
    try:
        date.fromisoformat(entry["available_from"])
    except ValueError:
        return False
    return True


def _document(entries: Iterable[Mapping[str, str]]) -> bytes:
    body = b"".join(canonical(dict(entry)) + b"\n" for entry in entries)
    return canonical({"format": _FORMAT, "sha256": sha256_bytes(body)}) + b"\n" + body
