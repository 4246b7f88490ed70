"""How files get into the lake: under a temporary name first, so that nobody ever sees half of one."""

from __future__ import annotations

import contextlib
import glob
import hashlib
import os
import secrets
import shutil
import sys
import tempfile
from typing import TYPE_CHECKING, cast

if sys.platform == "win32":
    from pathlib import WindowsPath as _Path
else:
    from pathlib import PosixPath as _Path

if TYPE_CHECKING:
    import pyarrow as pa
    from upath import UPath

#: Rows held in memory at once, when a table is written or read as a stream.
GROUP_ROWS = 1_000

_LITTER_AGE = 3600


class LocalPath(_Path):
    """What ``UPath`` gives for a plain path, as far as a lake asks it. Loading ``UPath`` and what object
    stores need takes each process as long as reading a whole series."""

    protocol = ""

    @property
    def path(self) -> str:
        """The path as text."""
        return str(self)


def address(url: str) -> UPath:
    """The place that ``url`` names. Raises ``ValueError`` or ``ImportError`` where nothing can open it."""
    if ":" not in url:
        return cast("UPath", LocalPath(url))
    from upath import UPath

    return UPath(url)


class TableFile:
    """A Parquet table in the making. ``write`` adds rows, ``keep`` gives the file its name, ``drop``
    removes what was not kept. The same rows give the same bytes, however they were handed over.

    All three may raise ``OSError``.
    """

    def __init__(self, path: UPath, schema: pa.Schema) -> None:
        import pyarrow.parquet as pq

        self.path = path
        self.rows = 0
        self._local = is_local(path)
        self._temporary = _beside(path) if self._local else _elsewhere()
        self._waiting: list[pa.RecordBatch] = []
        self._waiting_rows = 0
        self._schema = schema
        self._writer = pq.ParquetWriter(
            self._temporary, schema, compression="zstd", use_dictionary=False, write_page_checksum=True
        )

    def write(self, table: pa.Table) -> None:
        """Add the rows of ``table``."""
        self.rows += table.num_rows
        self._waiting.extend(table.to_batches())
        self._waiting_rows += table.num_rows
        while self._waiting_rows >= GROUP_ROWS:
            self._write_group(GROUP_ROWS)

    def keep(self) -> None:
        """Finish the file, put it on the disk and give it its name."""
        if self._waiting_rows:
            self._write_group(self._waiting_rows)
        self._writer.close()
        if self._local:
            with open(self._temporary, "rb") as handle:
                os.fsync(handle.fileno())
            os.replace(self._temporary, str(self.path.path))
            sweep(str(self.path.path))
            return
        with open(self._temporary, "rb") as source, self.path.open("wb") as sink:
            shutil.copyfileobj(source, sink, 1 << 20)
        self.drop()

    def drop(self) -> None:
        """Remove the temporary file; harmless after ``keep``."""
        with contextlib.suppress(Exception):
            self._writer.close()
        with contextlib.suppress(OSError):
            os.unlink(self._temporary)

    def _write_group(self, rows: int) -> None:
        import pyarrow as pa

        waiting = pa.Table.from_batches(self._waiting, schema=self._schema)
        self._writer.write_table(waiting.slice(0, rows).combine_chunks(), row_group_size=rows)
        rest = waiting.slice(rows)
        self._waiting = rest.to_batches()
        self._waiting_rows = rest.num_rows


class MediaFile:
    """Media in the making, written in pieces and named by their hash when all are there: what is too
    large to be held in memory twice. ``keep`` stores them, ``drop`` removes what was not kept.

    All three may raise ``OSError``.
    """

    def __init__(self, root: UPath) -> None:
        self._root = root
        self._local = is_local(root)
        self.size = 0
        self._digest = hashlib.sha256()
        if self._local:
            start = root / "incoming" / "media"
            self._temporary = _beside(start)
            sweep(str(start), newest=os.stat(str(start.path.rpartition("/")[0])).st_mtime)
        else:
            self._temporary = _elsewhere()
        self._handle = os.open(self._temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)

    def write(self, piece: memoryview) -> None:
        """Add ``piece``."""
        left = piece.cast("B")
        self._digest.update(left)
        self.size += len(left)
        while left:
            left = left[os.write(self._handle, left) :]

    def keep(self) -> str:
        """Put the media on the disk under their name, unless they are there; the answer is their hash."""
        sha256 = self._digest.hexdigest()
        path = media_path(self._root, sha256)
        if has_size(path, self.size):
            self.drop()
            return sha256
        path.parent.mkdir(parents=True, exist_ok=True)
        if self._local:
            os.fsync(self._handle)
            self._close()
            os.replace(self._temporary, str(path.path))
            return sha256
        with open(self._temporary, "rb") as source, path.open("wb") as sink:
            shutil.copyfileobj(source, sink, 1 << 20)
        self.drop()
        return sha256

    def drop(self) -> None:
        """Remove the temporary file; harmless after ``keep``."""
        self._close()
        with contextlib.suppress(OSError):
            os.unlink(self._temporary)

    def _close(self) -> None:
        handle, self._handle = self._handle, -1
        if handle >= 0:
            os.close(handle)


def media_path(root: UPath, sha256: str) -> UPath:
    """Where the media named ``sha256`` are in the lake at ``root``, or would be."""
    return root / "media" / sha256[:2] / sha256


def has_size(path: UPath, size: int) -> bool:
    """Whether there is a file of ``size`` bytes at ``path``."""
    try:
        return bool(path.stat().st_size == size)
    except OSError:
        return False


def is_local(path: UPath) -> bool:
    """Whether ``path`` is in this machine's file system."""
    return path.protocol in ("", "file")


def replace(path: str, data: bytes) -> None:
    """Write a local file by rename, synced, so that a crash leaves the old or the new one whole."""
    temporary = _named(path)
    try:
        with open(temporary, "wb") as handle:
            handle.write(data)
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(temporary, path)
    except BaseException:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise


def sweep(path: str, *, newest: float | None = None) -> None:
    """Remove what killed runs left of ``path``: temporary files over an hour older than it is (or than
    ``newest``, a time of the same file system)."""
    newest = os.stat(path).st_mtime if newest is None else newest
    for name in glob.glob(f"{glob.escape(path)}.*.tmp"):
        with contextlib.suppress(OSError):
            if os.stat(name).st_mtime < newest - _LITTER_AGE:
                os.unlink(name)


def _beside(path: UPath) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    return _named(str(path.path))


def _named(path: str) -> str:
    return f"{path}.{os.getpid()}.{secrets.token_hex(4)}.tmp"


def _elsewhere() -> str:
    handle, name = tempfile.mkstemp(suffix=".parquet")
    os.close(handle)
    return name
