"""Reading the tables of a release that is being verified: nothing in them is trusted, nothing raises."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grandrounds.contracts import contract
from grandrounds.errors import GrandRoundsError
from grandrounds.records.envelope import Item
from grandrounds.records.rejection import Rejection
from grandrounds.records.retired import Retired
from grandrounds.records.review_event import ReviewEvent
from grandrounds.records.table import from_table
from grandrounds.records.vote import PanelVote
from grandrounds.release.evidence import TABLES, Evidence, made_of
from grandrounds.release.findings import Checked, Problem
from grandrounds.release.manifest import Manifest, ManifestFile
from grandrounds.release.shards import CANARY, IMAGES, item_schema, schema_sha256, schema_shape

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

# Ours hold some 64 MB; a small file that unpacks to more than this was made to fill the memory.
_LARGEST_GROUP = 4 * 1024**3

_TABLES: dict[str, tuple[str, type[Any]]] = {
    "items": ("items", Item),
    "rejections": ("rejections", Rejection),
    "reviews": ("review_events", ReviewEvent),
    "votes": ("votes", PanelVote),
    "retired": ("retired", Retired),
    **{table.kind: (table.contract, table.record) for tables in TABLES.values() for table in tables},
}


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it stands in a row: its name and its bytes."""

    path: str | None
    bytes: bytes | None


@dataclass(frozen=True, slots=True)
class ReadItem:
    """An item, the file it stands in, and the two columns that the record does not have."""

    item: Item
    file: ManifestFile
    canary: str | None
    pictures: tuple[Picture, ...]


@dataclass(slots=True)
class Reader:
    """Reads the sound files of a release and gathers what is wrong with them."""

    directory: Path
    manifest: Manifest
    sound: frozenset[str]
    problems: list[Problem] = field(default_factory=list)
    checked: list[Checked] = field(default_factory=list)

    def items(self) -> Iterator[ReadItem]:
        """Every item, one row group in memory at a time."""
        for file, table, rows in self._groups("items"):
            canaries = (
                table.column(CANARY).to_pylist() if CANARY in table.column_names else [None] * len(rows)
            )
            pictures = (
                table.column(IMAGES).to_pylist() if IMAGES in table.column_names else [None] * len(rows)
            )
            for item, canary, own in zip(rows, canaries, pictures, strict=True):
                shown = tuple(_picture(each) for each in own or ())
                yield ReadItem(item, file, canary, shown)

    def rows(self, kind: str) -> list[Any]:
        """Every row of ``rejections``, ``reviews``, ``votes``, ``retired`` or a table of evidence."""
        return [row for _, _, rows in self._groups(kind) for row in rows]

    def evidence(self) -> Evidence:
        """What the items rest on."""
        kind = self.manifest.evidence_kind
        return made_of(kind, {table.kind: self.rows(table.kind) for table in TABLES[kind]})

    def text(self, kind: str) -> str | None:
        """The text of the ``datasheet`` or ``croissant`` file; ``None`` when it can't be read."""
        for file in self.manifest.files_of(kind):
            if file.path in self.sound:
                try:
                    return (self.directory / file.path).read_text(encoding="utf-8")
                except (OSError, UnicodeDecodeError) as exc:
                    self.problems.append(Problem(where=file.path, what=f"can't be read as text: {exc}"))
        return None

    def _groups(self, kind: str) -> Iterator[tuple[ManifestFile, pa.Table, list[Any]]]:
        import pyarrow as pa
        import pyarrow.parquet as pq

        name, record = _TABLES[kind]
        total = 0
        for file in self.manifest.files_of(kind):
            if file.path not in self.sound:
                # Its bytes are wrong, which is reported; what a damaged file says means nothing.
                continue
            count = 0
            try:
                with pq.ParquetFile(self.directory / file.path, page_checksum_verification=True) as opened:
                    self._check_schema(file, opened, name)
                    for group in range(opened.num_row_groups):
                        if opened.metadata.row_group(group).total_byte_size > _LARGEST_GROUP:
                            self._say(
                                file, f"row group {group} unpacks to more than {_LARGEST_GROUP} bytes"
                            )
                            continue
                        table = opened.read_row_group(group)
                        count += table.num_rows
                        yield file, table, from_table(record, table)
            except GrandRoundsError as exc:
                self._say(file, exc.what)
            except (OSError, pa.ArrowException, ValueError, OverflowError, TypeError) as exc:
                self._say(file, f"can't be read as Parquet: {exc}")
            if count != file.rows:
                self._say(file, f"has {count} rows that can be read, but the manifest says {file.rows}")
            total += count
        self.checked.append(
            Checked(what=f"{kind}: rows, columns and types under their contract", count=total)
        )

    def _check_schema(self, file: ManifestFile, opened: pq.ParquetFile, name: str) -> None:
        schema = opened.schema_arrow
        if schema_sha256(schema) != file.schema_sha256:
            self._say(file, "its columns are not those that the manifest names by hash")
        made = contract(name)
        known = {each.name: each.sha256 for each in self.manifest.contracts}
        if known.get(name) != made.fingerprint():
            # Written under another version of the contract; what both know is still read and checked.
            return
        expected = item_schema() if name == "items" else made.arrow_schema()
        here, there = schema_shape(schema), schema_shape(expected)
        if here != there:
            differing = sorted({str(each[0]) for each in here + there if (each in here) != (each in there)})
            where = ", ".join(differing) or "the order of columns"
            self._say(file, f"breaks the contract {made.name} {made.version} in {where}")
        if name == "items" and _features(schema) != _features(expected):
            self._say(file, "its description of features for datasets is not the one that was written")

    def _say(self, file: ManifestFile, what: str) -> None:
        self.problems.append(Problem(where=file.path, what=what))


def _picture(value: Any) -> Picture:
    row = value if isinstance(value, dict) else {}
    return Picture(row.get("path"), row.get("bytes"))


def _features(schema: pa.Schema) -> Any:
    try:
        return json.loads((schema.metadata or {}).get(b"huggingface", b"null"))
    except (ValueError, RecursionError):
        return None
