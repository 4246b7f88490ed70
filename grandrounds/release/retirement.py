"""Which items of a live benchmark no longer count: those of the release before that this one lacks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from grandrounds.contracts import contract
from grandrounds.errors import ReleaseError
from grandrounds.records.envelope import Item
from grandrounds.records.rejection import Rejection
from grandrounds.records.retired import REFUSED, REMADE, Retired, Withdrawal
from grandrounds.records.table import from_table
from grandrounds.release.findings import Problem
from grandrounds.release.manifest import Manifest, read_manifest
from grandrounds.release.published import inside

if TYPE_CHECKING:
    from grandrounds.release.writer import ReleaseRequest

KIND = "retired"
NAME = "retired.parquet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """The release before: its items, and what had been retired by then."""

    items: Sequence[Item] = ()
    retired: Sequence[Retired] = ()


def read_retired(directory: Path) -> list[Retired]:
    """What the release at ``directory`` lists as retired; nothing where it is not live.

    Raises ``ReleaseError`` when it can't be read.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows: list[Retired] = []
    columns = [column.name for column in contract("retired").columns]
    for file in read_manifest(directory).files_of(KIND):
        path = inside(directory, file)
        try:
            with pq.ParquetFile(path) as opened:
                rows += from_table(Retired, opened.read(columns=columns))
        except (OSError, pa.ArrowException) as exc:
            raise ReleaseError(
                f"{path} can't be read: {exc}.",
                remedy=f"`grandrounds verify {directory}` lists everything that is wrong with it.",
            ) from exc
    return rows


def retire(request: ReleaseRequest, earlier: Earlier) -> list[Retired]:
    """All that is retired as of ``request``, by id: what was so before, and what it lacks of ``earlier``.

    An item that came back (its licence was restored, say) is retired no longer.
    """
    week = request.recipe.week
    if week is None:
        return []
    there = {item.item_id for item in request.items}
    day = request.released or week.after.monday
    kept = [row for row in earlier.retired if row.item_id not in there]
    known = {row.item_id for row in kept}
    refused = _refusals(request.rejections)
    fresh = [
        _retired(item, day=day, week=str(week), withdrawn=request.withdrawn, refused=refused)
        for item in earlier.items
        if item.item_id not in there and item.item_id not in known
    ]
    return sorted([*kept, *fresh], key=lambda row: row.item_id)


def retirement_problems(
    rows: Sequence[Retired], items: Sequence[Item], manifest: Manifest
) -> Iterator[Problem]:
    """What is wrong with a release's list of retired items."""
    there = {item.item_id for item in items}
    seen: set[str] = set()
    for row in rows:
        if row.item_id in there:
            yield Problem(where=row.item_id, what="is retired, but is an item of this release")
        if row.item_id in seen:
            yield Problem(where=row.item_id, what="is retired twice")
        if row.week > (manifest.week or ""):
            yield Problem(
                where=row.item_id, what=f"was retired in {row.week}, later than week {manifest.week}"
            )
        if row.available_from is not None and row.available_from > row.retired_at:
            yield Problem(where=row.item_id, what="was retired before it was available")
        seen.add(row.item_id)


def _retired(
    item: Item,
    *,
    day: date,
    week: str,
    withdrawn: Mapping[str, Withdrawal],
    refused: Mapping[tuple[str, str], str],
) -> Retired:
    why = withdrawn.get(item.source_id)
    if why is None:
        words = refused.get((item.source_id, item.task), "")
        why = Withdrawal(reason=REFUSED if words else REMADE, words=words)
    return Retired(
        item_id=item.item_id,
        task=item.task,
        source_id=item.source_id,
        group_id=item.group_id,
        available_from=item.available_from,
        retired_at=day,
        week=week,
        reason=why.reason,
        words=why.words,
    )


def _refusals(rejections: Sequence[Rejection]) -> dict[tuple[str, str], str]:
    """The gate that refused what was made of a source for a task."""
    return {
        (row.source_id, row.task or ""): f"{row.stage}/{row.gate}"
        for row in sorted(rejections, key=lambda each: each.rejection_id)
    }
