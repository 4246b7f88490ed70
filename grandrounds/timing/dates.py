"""Dates of items: which there are, the stretch between two of them, and the periods they fall in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from grandrounds.errors import TimingError
from grandrounds.weeks import Week

if TYPE_CHECKING:
    from collections.abc import Iterator

PUBLISHED = "source_published"
AVAILABLE = "available_from"
FIELDS = (PUBLISHED, AVAILABLE)
"""The dates that an item carries: first publication of its source, and the first release that held it."""

MONTH, QUARTER, WEEK = "month", "quarter", "week"
PERIODS = (MONTH, QUARTER, WEEK)


@dataclass(frozen=True, slots=True, kw_only=True)
class DateFilter:
    """A stretch of time: ``after`` is its first day, ``before`` the first behind it; either may be open.

    So that stretches that meet share no item, and miss none. Raises ``TimingError`` when it is empty, or
    open at both ends.
    """

    by: str = PUBLISHED
    after: date | None = None
    before: date | None = None

    def __post_init__(self) -> None:
        if self.by not in FIELDS:
            raise TimingError(f"Items have no date {self.by!r}.", remedy=f"Use {' or '.join(FIELDS)}.")
        if self.after is None and self.before is None:
            raise TimingError("No date was given.", remedy="Give --after, --before or both.")
        if self.after is not None and self.before is not None and self.after >= self.before:
            raise TimingError(
                f"No day is on or after {self.after} and before {self.before}.",
                remedy="--after is the first day that counts, --before the first that no longer does.",
            )

    def keeps(self, day: date | None) -> bool:
        """Whether ``day`` lies in the stretch; an unknown day lies in none."""
        if day is None:
            return False
        return (self.after is None or day >= self.after) and (self.before is None or day < self.before)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedItem:
    """An item and its dates."""

    item_id: str
    group_id: str
    task: str
    split: str
    source_published: date | None
    available_from: date | None

    def day(self, by: str) -> date | None:
        """Its date of that name."""
        return self.available_from if by == AVAILABLE else self.source_published


def dated_items(directory: Path) -> list[DatedItem]:
    """The items of a release, or of a part of one that was exported, by id; their texts are not read.

    Raises ``TimingError`` or ``ReleaseError``.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = ["item_id", "group_id", "task", "split", *FIELDS]
    rows: list[DatedItem] = []
    for path in _item_files(directory):
        try:
            with pq.ParquetFile(path) as opened:
                known = [name for name in columns if name in opened.schema_arrow.names]
                rows += (
                    DatedItem(**dict.fromkeys(FIELDS) | row)
                    for row in opened.read(columns=known).to_pylist()
                )
        except (OSError, pa.ArrowException, TypeError) as exc:
            raise TimingError(
                f"{path} can't be read: {exc}.",
                remedy=f"`grandrounds verify {directory}` says what is wrong.",
            ) from exc
    return sorted(rows, key=lambda row: row.item_id)


def period_of(day: date, kind: str) -> str:
    """The name of the period that ``day`` falls in: ``2026-03``, ``2026-Q1`` or ``2026-W11``."""
    if kind == MONTH:
        return f"{day.year:04d}-{day.month:02d}"
    if kind == QUARTER:
        return f"{day.year:04d}-Q{(day.month - 1) // 3 + 1}"
    return str(Week.of(day))


def periods_between(first: date, last: date, kind: str) -> Iterator[str]:
    """The names of all periods from that of ``first`` to that of ``last``."""
    day, seen = first, ""
    step = timedelta(days=7 if kind == WEEK else 28)
    while day <= last:
        if (name := period_of(day, kind)) != seen:
            seen = name
            yield name
        day += step
    if (name := period_of(last, kind)) != seen:
        yield name


def _item_files(directory: Path) -> list[Path]:
    from grandrounds.release.manifest import read_manifest
    from grandrounds.release.published import inside
    from grandrounds.timing.export import NAME, read_export

    if (directory / NAME).is_file():
        return [directory / file.path for file in read_export(directory).files if file.kind == "items"]
    return [inside(directory, file) for file in read_manifest(directory).files_of("items")]
