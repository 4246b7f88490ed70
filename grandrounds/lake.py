"""The lake: where tables and media live. A directory, or an object-store prefix (``s3://...``).

Tables are Parquet files named by key (``case_diagnosis/drafts``); media are named by the hash of
their bytes. Every write goes to a temporary name first and is renamed, so a reader never sees half
a file and a killed run leaves the last whole one.

A *step* is a table together with the fingerprint of what made it (code, parameters, the bytes of
its inputs). When nothing of that changed, the step is reused and its body doesn't run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO

from grandrounds.errors import LakeError
from grandrounds.fingerprint import sha256_bytes, sha256_value
from grandrounds.lake_files import (
    GROUP_ROWS,
    MediaFile,
    TableFile,
    address,
    has_size,
    is_local,
    media_path,
    replace,
)

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq
    from upath import UPath

    from grandrounds.contracts import Contract

_STEP_KEY = b"grandrounds.step"
_HASH_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class StepResult:
    """What became of a step: its tables' row counts, and whether it was reused."""

    fingerprint: str
    rows: Mapping[str, int]
    reused: bool


class Lake:
    """Tables and media under one address."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._root: UPath | None = None

    @property
    def root(self) -> UPath:
        """The lake's folder; made on first use. Raises ``LakeError`` when that can't be done."""
        if self._root is None:
            try:
                root = address(self.url)
                root.mkdir(parents=True, exist_ok=True)
            except (OSError, ValueError, ImportError) as exc:
                raise LakeError(
                    f"The lake {self.url} can't be opened: {exc}.",
                    remedy="Set GRANDROUNDS_LAKE_URL to a folder or bucket you may write to.",
                ) from exc
            self._root = root
        return self._root

    # Tables -----------------------------------------------------------------------------------

    def table_path(self, key: str) -> UPath:
        """Where the table ``key`` is or would be."""
        return self.root / "tables" / f"{_inside(key)}.parquet"

    def has_table(self, key: str) -> bool:
        """Whether the table was ever written."""
        return bool(self.table_path(key).exists())

    def tables_below(self, prefix: str, name: str) -> list[str]:
        """The names between ``prefix`` and ``name`` of tables like ``prefix/2026-W47/name``, in order."""
        try:
            folders = [
                path.name for path in self.table_path(f"{prefix}/_").parent.iterdir() if path.is_dir()
            ]
        except (FileNotFoundError, NotADirectoryError):
            return []
        return sorted(folder for folder in folders if self.has_table(f"{prefix}/{folder}/{name}"))

    def read_table(self, key: str, *, columns: Sequence[str] | None = None) -> pa.Table:
        """The table ``key`` as Arrow, or some ``columns`` of it in that order.

        Raises ``LakeError`` when absent or damaged.
        """
        import pyarrow as pa

        with self._opened(key) as file:
            try:
                table = file.read(columns=list(columns) if columns is not None else None)
            except (OSError, pa.ArrowException) as exc:
                raise self._damaged(key, exc) from exc
        return table.select(list(columns)) if columns is not None else table

    def table_rows(self, key: str) -> int:
        """How many rows the table ``key`` has, read from its footer alone."""
        with self._opened(key) as file:
            return int(file.metadata.num_rows)

    def read_records(self, key: str, record_type: type[Any]) -> list[Any]:
        """The rows of table ``key`` as records."""
        from grandrounds.records.table import from_table

        return from_table(record_type, self.read_table(key))

    def iter_records(self, key: str, record_type: type[Any]) -> Iterator[Any]:
        """The rows of table ``key`` as records, few in memory at a time. Raises like ``read_table``."""
        import pyarrow as pa

        from grandrounds.records.table import from_table

        with self._opened(key) as file:
            batches = file.iter_batches(batch_size=GROUP_ROWS)
            while True:
                try:
                    batch = next(batches, None)
                except (OSError, pa.ArrowException) as exc:
                    raise self._damaged(key, exc) from exc
                if batch is None:
                    return
                yield from from_table(record_type, pa.Table.from_batches([batch]))

    def group_sizes(self, key: str) -> list[int]:
        """How many rows each group of the table ``key`` has. Raises like ``read_table``."""
        with self._opened(key) as file:
            groups = range(file.num_row_groups)
            return [int(file.metadata.row_group(group).num_rows) for group in groups]

    def read_group(self, key: str, group: int) -> pa.Table:
        """One group of the rows of table ``key``, from 0. Raises like ``read_table``."""
        import pyarrow as pa

        with self._opened(key) as file:
            try:
                return file.read_row_group(group)
            except (OSError, pa.ArrowException) as exc:
                raise self._damaged(key, exc) from exc

    def write_table(self, key: str, table: pa.Table, *, step: str = "") -> None:
        """Write ``table`` whole or not at all. The same rows give the same bytes."""
        path = self.table_path(key)
        with ExitStack() as drops:
            try:
                file = self._table_file(key, table.schema, step=step)
                drops.callback(file.drop)
                file.write(table)
                file.keep()
            except OSError as exc:
                raise _unwritable(path, exc) from exc

    def table_sha256(self, key: str) -> str:
        """Hash of the table's bytes, ``absent`` when there is none."""
        path = self.table_path(key)
        digest = hashlib.sha256()
        try:
            with path.open("rb") as handle:
                while piece := handle.read(_HASH_BYTES):
                    digest.update(piece)
        except FileNotFoundError:
            return "absent"
        except OSError as exc:
            raise _unreadable(path, exc) from exc
        return digest.hexdigest()

    @contextmanager
    def _opened(self, key: str) -> Iterator[pq.ParquetFile]:
        """The table's file. Not ``pq.read_table``: that imports the whole dataset machinery."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        with ExitStack() as closes:
            try:
                handle = closes.enter_context(_parquet_source(self.table_path(key)))
                file = closes.enter_context(pq.ParquetFile(handle, page_checksum_verification=True))
            except FileNotFoundError as exc:
                raise LakeError(
                    f"There is no table {key!r} in {self.url}.", remedy="Build the recipe first."
                ) from exc
            except (OSError, pa.ArrowException) as exc:
                raise self._damaged(key, exc) from exc
            yield file

    def _damaged(self, key: str, exc: Exception) -> LakeError:
        return LakeError(
            f"The table {key!r} at {self.table_path(key)} is damaged: {exc}.",
            remedy="Delete the file and build again.",
        )

    def _table_file(self, key: str, schema: pa.Schema, *, step: str) -> TableFile:
        metadata = dict(schema.metadata or {})
        metadata[_STEP_KEY] = step.encode()
        return TableFile(self.table_path(key), schema.with_metadata(metadata))

    # Steps ------------------------------------------------------------------------------------

    def step(
        self,
        *,
        outputs: Mapping[str, Contract],
        inputs: Sequence[str],
        parameters: Any,
        body: Callable[[], Mapping[str, Iterable[Any]]],
    ) -> StepResult:
        """Make the tables ``outputs`` (key -> contract) with ``body``, unless nothing changed.

        ``inputs`` are table keys whose bytes count; ``parameters`` is any JSON-able value that
        names code and settings. ``body`` returns records by key, and is called at most once; what it
        returns may be generators, which are written as they come. A table gets its name only after
        the records of all of them passed their contracts.

        Raises ``LakeError`` when ``body`` makes other tables than ``outputs``, or when another run
        changed an input meanwhile (what was made would be filed under the wrong fingerprint).
        """
        hashes = [[key, self.table_sha256(key)] for key in inputs]
        fingerprint = sha256_value(
            [
                parameters,
                hashes,
                [[key, made.name, made.version, made.fingerprint()] for key, made in outputs.items()],
            ]
        )
        known = {key: self._step_rows(key, fingerprint) for key in outputs}
        if all(rows is not None for rows in known.values()):
            rows = {key: count for key, count in known.items() if count is not None}
            return StepResult(fingerprint=fingerprint, rows=rows, reused=True)
        made = body()
        if set(made) != set(outputs):
            raise LakeError(
                f"A step made the tables {', '.join(sorted(made))}, not {', '.join(sorted(outputs))}.",
                remedy="This is a fault of the code that made them: no row may be lost.",
            )
        with ExitStack() as drops:
            files: dict[str, TableFile] = {}
            for key, wanted in outputs.items():
                try:
                    files[key] = self._table_file(key, wanted.arrow_schema(), step=fingerprint)
                except OSError as exc:
                    raise _unwritable(self.table_path(key), exc) from exc
                drops.callback(files[key].drop)
                _fill(files[key], made[key], wanted)
            if [[key, self.table_sha256(key)] for key in inputs] != hashes:
                raise LakeError(
                    f"Another run changed {', '.join(inputs)} in {self.url} while a step was reading it.",
                    remedy="Nothing was written. Run again when the other run has ended.",
                )
            for file in files.values():
                try:
                    file.keep()
                except OSError as exc:
                    raise _unwritable(file.path, exc) from exc
        return StepResult(
            fingerprint=fingerprint, rows={key: file.rows for key, file in files.items()}, reused=False
        )

    def _step_rows(self, key: str, fingerprint: str) -> int | None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            with self.table_path(key).open("rb") as handle:
                footer = pq.read_metadata(handle)
        except (FileNotFoundError, pa.ArrowException, OSError):
            return None
        metadata = footer.metadata or {}
        return int(footer.num_rows) if metadata.get(_STEP_KEY) == fingerprint.encode() else None

    # Media and blobs --------------------------------------------------------------------------

    def put_media(self, data: bytes) -> str:
        """Store media bytes; the answer is their SHA-256, which is also their name."""
        digest = sha256_bytes(data)
        path = self._media_path(digest)
        if not has_size(path, len(data)):
            self._write(path, data)
        return digest

    def new_media(self) -> MediaFile:
        """Media to be written in pieces. Raises ``LakeError`` when nothing can be written here."""
        try:
            return MediaFile(self.root)
        except OSError as exc:
            raise _unwritable(self.root / "incoming", exc) from exc

    def get_media(self, sha256: str) -> bytes:
        """The media bytes named ``sha256``; refused when they don't hash to their name."""
        _media_name(sha256)
        try:
            data = bytes(self._media_path(sha256).read_bytes())
        except FileNotFoundError as exc:
            raise LakeError(
                f"Media {sha256} is not in the lake.", remedy="Build the recipe again."
            ) from exc
        except OSError as exc:
            raise _unreadable(self._media_path(sha256), exc) from exc
        if sha256_bytes(data) != sha256:
            raise LakeError(f"Media {sha256} is damaged.", remedy="Delete the file and build again.")
        return data

    def open_media(self, sha256: str) -> BinaryIO:
        """The media named ``sha256``, open for reading in pieces; their bytes are not checked here.

        Raises ``LakeError`` when there are none.
        """
        _media_name(sha256)
        path = self._media_path(sha256)
        try:
            return path.open("rb")
        except FileNotFoundError as exc:
            raise LakeError(
                f"Media {sha256} is not in the lake.", remedy="Build the recipe again."
            ) from exc
        except OSError as exc:
            raise _unreadable(path, exc) from exc

    def has_media(self, sha256: str) -> bool:
        """Whether the media named ``sha256`` were stored; their bytes are checked when they are read."""
        return bool(self._media_path(sha256).exists())

    def read_blob(self, key: str) -> bytes | None:
        """A cached value by key (``cache/...``), or ``None``."""
        path = self.root / "cache" / _inside(key)
        try:
            return bytes(path.read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as exc:
            raise _unreadable(path, exc) from exc

    def write_blob(self, key: str, data: bytes) -> None:
        """Store a cached value, whole or not at all."""
        self._write(self.root / "cache" / _inside(key), data)

    # State ------------------------------------------------------------------------------------

    def state_path(self, name: str) -> UPath:
        """Where state that no build can make again lives, such as the split register."""
        return self.root / "state" / name

    def read_state(self, name: str) -> bytes | None:
        """The bytes of a state file, or ``None`` when it was never written."""
        path = self.state_path(name)
        try:
            return bytes(path.read_bytes())
        except FileNotFoundError:
            return None
        except OSError as exc:
            raise LakeError(
                f"{path} can't be read: {exc.strerror or exc}.", remedy="Check its rights."
            ) from exc

    def write_state(self, name: str, data: bytes) -> None:
        """Replace a state file, whole or not at all."""
        self._write(self.state_path(name), data)

    def _media_path(self, sha256: str) -> UPath:
        return media_path(self.root, sha256)

    def _write(self, path: UPath, data: bytes) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if is_local(path):
                replace(str(path.path), data)
            else:
                path.write_bytes(data)
        except OSError as exc:
            raise _unwritable(path, exc) from exc


def _parquet_source(path: UPath) -> Any:
    """What Arrow reads a table from.

    A local file is opened by Arrow itself: were it a Python object, a thread of Arrow's that lets go of it
    while Python shuts down would end the program ("terminate called without an active exception").
    """
    import pyarrow as pa

    return pa.OSFile(path.path) if path.protocol in ("", "file", "local") else path.open("rb")


def _inside(key: str) -> str:
    """``key``, refused where it would lead out of its folder."""
    if not key or key.startswith("/") or "\\" in key or not {"", ".", ".."}.isdisjoint(key.split("/")):
        raise LakeError(f"{key!r} is not a name in the lake.", remedy="Keys look like recipe/table.")
    return key


def _media_name(sha256: str) -> None:
    if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
        raise LakeError(f"{sha256!r} is not a media name (64 hex digits).")


def _unreadable(path: UPath, exc: OSError) -> LakeError:
    return LakeError(f"{path} can't be read: {exc.strerror or exc}.", remedy="Check its rights.")


def _unwritable(path: UPath, exc: OSError) -> LakeError:
    return LakeError(
        f"{path} can't be written: {exc.strerror or exc}.",
        remedy="Check free space and rights; what was there before is untouched.",
    )


def _fill(file: TableFile, records: Iterable[Any], wanted: Contract) -> None:
    """Write ``records`` into ``file``, a group at a time. Errors of whoever makes them go through."""
    from grandrounds.records.table import to_table

    remaining = iter(records)
    while group := list(islice(remaining, GROUP_ROWS)):
        table = to_table(group, wanted)
        try:
            file.write(table)
        except OSError as exc:
            raise _unwritable(file.path, exc) from exc
