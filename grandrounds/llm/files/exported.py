"""Finds exported requests again by their ids, on another day, from the export's files alone.

The index of every shard goes into a private temporary database, so that millions of ids cost no memory;
a request is read from its shard when it is asked for. It is rebuilt whole and named again: a line that
was changed by anybody no longer has its id, and is no request of ours.
"""

from __future__ import annotations

import json
import os
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Protocol

import orjson

from grandrounds.errors import ModelError, RequestsError
from grandrounds.llm.files.ids import scratch
from grandrounds.llm.files.manifest import Manifest, Shard, read_manifest
from grandrounds.llm.request import ModelRequest
from grandrounds.llm.wire import request_of

_CHUNK = 500
_MOST_OPEN = 64  # files at a time


class Known(Protocol):
    """The requests that answers may belong to."""

    def requests(self, keys: Sequence[str]) -> Mapping[str, ModelRequest]:
        """Those of ``keys`` that are known, by id."""

    def why_not(self, key: str) -> str:
        """Why ``key`` is not among them, in words."""


class KnownRequests:
    """Requests at hand."""

    def __init__(self, requests: Mapping[str, ModelRequest]) -> None:
        self._requests = requests

    def requests(self, keys: Sequence[str]) -> Mapping[str, ModelRequest]:
        """See ``Known``."""
        return {key: self._requests[key] for key in keys if key in self._requests}

    def why_not(self, key: str) -> str:
        """See ``Known``."""
        return "no request has this id"


class _Place(NamedTuple):
    """Where a request stands: the shard by number, then as in the index."""

    key: str
    shard: int
    start: int
    length: int
    form: int
    protected: int


class ExportedRequests:
    """The requests of the exports in ``folders``. Close it, or use it in a ``with``.

    Raises ``RequestsError`` when a folder holds no export, or an index is damaged.
    """

    def __init__(self, folders: Iterable[Path]) -> None:
        self._store = scratch()
        self._store.execute(
            "CREATE TABLE lines (id TEXT PRIMARY KEY, shard INTEGER, start INTEGER, length INTEGER, "
            "form INTEGER, protected INTEGER) WITHOUT ROWID"
        )
        self._shards: list[tuple[Path, Shard, Manifest]] = []
        self._handles: OrderedDict[int, int] = OrderedDict()
        self._changed: dict[str, str] = {}
        try:
            for folder in dict.fromkeys(path.absolute() for path in folders):
                manifest = read_manifest(folder)
                for shard in manifest.shards:
                    self._add(folder, shard, manifest)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> ExportedRequests:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the shards and forget the index."""
        for handle in self._handles.values():
            os.close(handle)
        self._handles.clear()
        self._store.close()

    def requests(self, keys: Sequence[str]) -> Mapping[str, ModelRequest]:
        """See ``Known``."""
        found: dict[str, ModelRequest] = {}
        for place in self._places(keys):
            request = self._read(place)
            if request is not None:
                found[place.key] = request
        return found

    def why_not(self, key: str) -> str:
        """See ``Known``."""
        return self._changed.get(key, "no exported request has this id")

    def keys(self) -> Iterator[str]:
        """The ids of all exported requests, shard by shard."""
        for (key,) in self._store.execute("SELECT id FROM lines ORDER BY shard, start"):
            yield key

    def holds(self, keys: Sequence[str]) -> set[str]:
        """Which of ``keys`` were exported; reads no shard."""
        return {place.key for place in self._places(keys)}

    def _add(self, folder: Path, shard: Shard, manifest: Manifest) -> None:
        number = len(self._shards)
        self._shards.append((folder, shard, manifest))
        path = folder / shard.index
        insert = "INSERT OR IGNORE INTO lines VALUES (?, ?, ?, ?, ?, ?)"
        try:
            self._store.execute("BEGIN")
            with path.open("rb") as handle:
                rows = ((entry[0], number, *map(int, entry[1:])) for entry in _entries(handle))
                self._store.executemany(insert, rows)
            self._store.execute("COMMIT")
        except OSError as exc:
            raise RequestsError(
                f"{path} can't be read: {exc.strerror or exc}.", remedy="Give the whole export folder."
            ) from exc
        except ValueError as exc:
            raise RequestsError(f"{path} is damaged.", remedy="Export the requests again.") from exc

    def _places(self, keys: Sequence[str]) -> Iterator[_Place]:
        for start in range(0, len(keys), _CHUNK):
            part = list(keys[start : start + _CHUNK])
            marks = ", ".join("?" * len(part))
            query = f"SELECT * FROM lines WHERE id IN ({marks}) ORDER BY shard, start"  # noqa: S608
            yield from map(_Place._make, self._store.execute(query, part))

    def _read(self, place: _Place) -> ModelRequest | None:
        """The request of one line; ``None`` when the line is no longer what was exported."""
        folder, shard, manifest = self._shards[place.shard]
        line = os.pread(self._handle(place.shard), place.length, place.start)
        for loads in (orjson.loads, json.loads):  # the second knows numbers of any length
            request = _rebuilt(line, loads, manifest=manifest, place=place)
            if request is not None and request.request_id == place.key:
                return request
        self._changed[place.key] = f"its line in {folder / shard.file} was changed after the export"
        return None

    def _handle(self, number: int) -> int:
        if number in self._handles:
            self._handles.move_to_end(number)
            return self._handles[number]
        folder, shard, _ = self._shards[number]
        try:
            handle = os.open(folder / shard.file, os.O_RDONLY)
        except OSError as exc:
            raise RequestsError(
                f"The shard {folder / shard.file} can't be read: {exc.strerror or exc}.",
                remedy="Leave the shards in the export's folder until their answers are imported.",
            ) from exc
        self._handles[number] = handle
        if len(self._handles) > _MOST_OPEN:
            os.close(self._handles.popitem(last=False)[1])
        return handle


def _entries(handle: Iterable[bytes]) -> Iterator[list[str]]:
    for line in handle:
        entry = line.decode("ascii").rstrip("\n").split("\t")
        if len(entry) != 5:
            raise ValueError("an entry of another length")
        yield entry


def _rebuilt(
    line: bytes, loads: Callable[[bytes], Any], *, manifest: Manifest, place: _Place
) -> ModelRequest | None:
    try:
        document, shared = loads(line), manifest.forms[place.form]
        return request_of(
            document["body"],
            schema_name=shared.schema_name,
            prompt_name=shared.prompt_name,
            prompt_version=shared.prompt_version,
            prompt_sha256=shared.prompt_sha256,
            protected=bool(place.protected),
            dialect=manifest.dialect.dialect(),
        )
    except (ModelError, ValueError, LookupError, TypeError, RecursionError):
        return None
