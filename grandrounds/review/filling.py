"""Filling the queue: what changes between what is asked and what shall be, and writing it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from grandrounds.errors import ReviewError
from grandrounds.records.envelope import Candidate, content_sha256
from grandrounds.review import tables
from grandrounds.review.rows import batches, candidate_to_json
from grandrounds.review.tables import OPEN, REPLACED, WITHDRAWN

_CHOSEN_BY = ("priority", "wanted", "free")  # worked out anew by the desk


@dataclass(frozen=True, slots=True, kw_only=True)
class EnqueueResult:
    """What filling the queue did. ``added`` are asked for the first time or again after a time away,
    ``changed`` are asked again because their content changed, ``withdrawn`` are asked no more."""

    added: int
    kept: int
    changed: int
    withdrawn: int


class Plan:
    """What filling a queue will do, worked out before anything is written."""

    def __init__(self, connection: Connection, *, recipe: str, run_id: str) -> None:
        self._connection = connection
        self._recipe = recipe
        self._run_id = run_id
        self._rows: dict[str, dict[str, Row[Any]]] = {}
        rows = connection.execute(select(tables.queue).where(tables.queue.c.recipe == recipe)).all()
        for row in rows:
            self._rows.setdefault(row.item_id, {})[row.content_sha256] = row
        self._position = max((row.position for row in rows), default=0)
        self._seen: set[str] = set()
        self._added = self._kept = self._changed = 0
        self._inserts: list[dict[str, Any]] = []
        self._updates: list[tuple[Row[Any], dict[str, Any]]] = []
        self._withdrawn: list[Row[Any]] = []

    def ask(self, candidate: Candidate, *, split: str) -> None:
        """Have ``candidate`` asked with the content it has now."""
        self._seen.add(candidate.item_id)
        versions = self._rows.get(candidate.item_id, {})
        opened = next((row for row in versions.values() if row.state == OPEN), None)
        same = versions.get(candidate.content_sha256)
        text = candidate_to_json(candidate)
        if opened is not None and opened is same:
            self._kept += 1
            if (same.candidate, same.split) != (text, split):  # labels and votes are no content, but change
                values = {"candidate": text, "split": split, **dict.fromkeys(_CHOSEN_BY)}
                self._updates.append((same, values))
            return
        if opened is None:
            self._added += 1
            self._position += 1
        else:
            self._changed += 1
            self._updates.append((opened, {"state": REPLACED}))
        position = self._position if opened is None else opened.position
        values = {"state": OPEN, "position": position, "run_id": self._run_id, "candidate": text}
        values |= {"split": split, **dict.fromkeys(_CHOSEN_BY)}
        if same is not None:
            self._updates.append((same, values))
        else:
            key = {"item_id": candidate.item_id, "content_sha256": candidate.content_sha256}
            self._inserts.append({"recipe": self._recipe, **key, **values})

    def withdraw_the_rest(self) -> None:
        """Mark what is open and was not asked."""
        for item, versions in self._rows.items():
            if item not in self._seen:
                self._withdrawn += [row for row in versions.values() if row.state == OPEN]
        self._updates += [(row, {"state": WITHDRAWN}) for row in self._withdrawn]

    def carry_out(self) -> EnqueueResult:
        """Write it, in the order noted: an item's old content closes before the other one opens."""
        for row, values in self._updates:
            self._connection.execute(
                update(tables.queue)
                .where(
                    tables.queue.c.recipe == row.recipe,
                    tables.queue.c.item_id == row.item_id,
                    tables.queue.c.content_sha256 == row.content_sha256,
                )
                .values(values)
            )
        for batch in batches(self._inserts):
            self._connection.execute(insert(tables.queue), batch)
        return EnqueueResult(
            added=self._added, kept=self._kept, changed=self._changed, withdrawn=len(self._withdrawn)
        )


def checked(recipe: str, candidates: Iterable[Candidate]) -> list[Candidate]:
    """``candidates``, once it is sure that decisions can hang on them. Raises ``ReviewError`` otherwise."""
    wanted = list(candidates)
    seen: set[str] = set()
    for candidate in wanted:
        if candidate.recipe != recipe:
            raise ReviewError(
                f"Candidate {candidate.item_id} is of recipe {candidate.recipe!r}, not {recipe!r}."
            )
        if candidate.item_id in seen:
            raise ReviewError(
                f"Candidate {candidate.item_id} of {recipe!r} stands twice among the candidates.",
                remedy="The gate against duplicates must leave one of them.",
            )
        if candidate.content_sha256 != content_sha256(candidate):
            raise ReviewError(
                f"Candidate {candidate.item_id} of {recipe!r} carries a hash that is not its content's.",
                remedy="The step that made it must hash it last; decisions hang on that hash.",
            )
        seen.add(candidate.item_id)
    return wanted
