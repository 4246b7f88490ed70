"""Writes requests as shards of OpenAI Batch JSONL: one stream in, few requests in memory, whole files out.

A shard holds requests to one model (the Batch API wants it so), at most ``MAXIMUM_REQUESTS`` lines and
``MAXIMUM_BYTES`` bytes, pictures included. The same requests give the same files, byte for byte.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import TracebackType

from grandrounds.errors import RequestsError
from grandrounds.llm.backends.dialect import Dialect
from grandrounds.llm.files.ids import IdSet
from grandrounds.llm.files.lines import request_line
from grandrounds.llm.files.manifest import (
    INDEX,
    NAME,
    Form,
    Manifest,
    Shard,
    Spelling,
    is_export,
    write_manifest,
)
from grandrounds.llm.request import ModelRequest
from grandrounds.llm.wire import MediaError, MediaSource

#: The Batch API's own limits of one file.
MAXIMUM_REQUESTS = 50_000
MAXIMUM_BYTES = 200 * 1000 * 1000

#: Why a request is not in the export.
REPEATED = "repeated"
PROTECTED = "protected"
TOO_LARGE = "too_large"

_WINDOW = 500  # requests looked up at a time
_MOST_NAMED = 1000
_SHARD_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*-\d{5}\.(jsonl|tsv)(\.part)?\Z")

Skip = Callable[[Sequence[ModelRequest]], Mapping[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A request that can't be exported, with the reason by kind and in words."""

    request_id: str
    reason: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What was written. ``left_out`` names the first thousand requests that can't be exported; the
    manifest counts all, also those left out because they are answered."""

    folder: Path
    manifest: Manifest
    left_out: tuple[LeftOut, ...]

    @property
    def shards(self) -> tuple[Shard, ...]:
        """The shards, in the order of their names."""
        return self.manifest.shards


def write_shards(
    requests: Iterable[ModelRequest],
    *,
    out: Path,
    name: str = "requests",
    recipe: str = "",
    stage: str = "",
    media: MediaSource | None = None,
    dialect: Dialect | None = None,
    local: bool = False,
    skip: Skip | None = None,
    maximum_requests: int = MAXIMUM_REQUESTS,
    maximum_bytes: int = MAXIMUM_BYTES,
) -> Export:
    """Write ``requests`` to the folder ``out``, each once, ``custom_id`` being the request's id.

    ``skip`` tells of a few requests at a time which to leave out, and why, by id (those that are
    answered). Protected requests are left out unless ``local``, which says that somebody vouches for where
    the files go. A request that fits no shard, or whose pictures can't be sent, is left out and named.
    Nothing is written when no request is left. Raises ``RequestsError`` when ``out`` can't be written or
    holds something else; an export that was interrupted there is begun again.
    """
    if not (1 <= maximum_requests <= MAXIMUM_REQUESTS and 1 <= maximum_bytes <= MAXIMUM_BYTES):
        raise RequestsError(
            f"A shard holds at most {MAXIMUM_REQUESTS} requests and {MAXIMUM_BYTES} bytes.",
            remedy="These are the limits of the Batch API; give smaller ones.",
        )
    _refuse_used(out)
    spelling = dialect or Dialect()
    try:
        with _Writer(out, name, maximum_requests=maximum_requests, maximum_bytes=maximum_bytes) as writer:
            sieve = _Sieve(skip, local=local)
            for request in sieve.taken(requests):
                try:
                    line = request_line(request, media=media, dialect=spelling)
                except MediaError as exc:
                    sieve.leave_out(request, exc.error_class, exc.what)
                    continue
                if len(line) > maximum_bytes:
                    words = f"the request has {len(line)} bytes, a shard at most {maximum_bytes}"
                    sieve.leave_out(request, TOO_LARGE, words)
                    continue
                writer.add(request, line)
            manifest = Manifest(
                recipe=recipe,
                stage=stage,
                local=local,
                dialect=Spelling(
                    schema_in_prompt=spelling.schema_in_prompt, completion_tokens=spelling.completion_tokens
                ),
                forms=writer.forms,
                shards=writer.finish(),
                left_out=dict(sorted(sieve.counts.items())),
            )
        if manifest.shards:
            write_manifest(out, manifest)
    except OSError as exc:
        raise RequestsError(
            f"Requests can't be written to {out}: {exc.strerror or exc}.",
            remedy="Check free space and rights, then export again; nothing was sent.",
        ) from exc
    return Export(folder=out, manifest=manifest, left_out=tuple(sieve.named))


class _Sieve:
    """Lets each request through once, unless it is to be left out; counts those by reason."""

    def __init__(self, skip: Skip | None, *, local: bool) -> None:
        self._skip = skip
        self._local = local
        self.counts: Counter[str] = Counter()
        self.named: list[LeftOut] = []

    def taken(self, requests: Iterable[ModelRequest]) -> Iterator[ModelRequest]:
        stream = iter(requests)
        with IdSet() as seen:
            while window := list(islice(stream, _WINDOW)):
                fresh = seen.new([request.request_id for request in window])
                once = [request for request, new in zip(window, fresh, strict=True) if new]
                self._count(REPEATED, len(window) - len(once))
                yield from self._wanted(once)

    def leave_out(self, request: ModelRequest, reason: str, words: str) -> None:
        self.counts[reason] += 1
        if len(self.named) < _MOST_NAMED:
            self.named.append(LeftOut(request_id=request.request_id, reason=reason, words=words))

    def _wanted(self, window: Sequence[ModelRequest]) -> Iterator[ModelRequest]:
        skipped = self._skip(window) if self._skip else {}
        for request in window:
            reason = skipped.get(request.request_id, "")
            if reason:
                self._count(reason, 1)
            elif request.protected and not self._local:
                words = "protected evidence goes into no file unless somebody vouches for it (--local)"
                self.leave_out(request, PROTECTED, words)
            else:
                yield request

    def _count(self, reason: str, times: int) -> None:
        if times:
            self.counts[reason] += times


class _Writer:
    """Puts lines into shards, one open for each model."""

    def __init__(self, out: Path, name: str, *, maximum_requests: int, maximum_bytes: int) -> None:
        self._out = out
        self._name = name
        self._maximum_requests = maximum_requests
        self._maximum_bytes = maximum_bytes
        self._forms: dict[Form, int] = {}
        self._open: dict[str, _OpenShard] = {}
        self._shards: list[_OpenShard] = []
        self._stack = ExitStack()

    def __enter__(self) -> _Writer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def forms(self) -> tuple[Form, ...]:
        return tuple(self._forms)

    def add(self, request: ModelRequest, line: bytes) -> None:
        shard = self._open.get(request.model)
        if shard is not None and not shard.has_room(line, self._maximum_requests, self._maximum_bytes):
            shard.close()
            shard = None
        if shard is None:
            shard = self._open[request.model] = self._begin(request.model)
        form = Form(
            prompt_name=request.prompt_name,
            prompt_version=request.prompt_version,
            prompt_sha256=request.prompt_sha256,
            schema_name=request.schema_name,
        )
        number = self._forms.setdefault(form, len(self._forms))
        shard.add(request, line, form=number)

    def finish(self) -> tuple[Shard, ...]:
        """Give every shard its name; only now can any of them be taken for whole."""
        for shard in self._shards:
            shard.close()
        return tuple(shard.publish() for shard in self._shards)

    def _begin(self, model: str) -> _OpenShard:
        if not self._shards:
            _clear(self._out)
        shard = _OpenShard(self._out, f"{self._name}-{len(self._shards) + 1:05d}.jsonl", model)
        self._shards.append(shard)
        self._stack.callback(shard.close)
        return shard


class _OpenShard:
    """One shard and its index while they are written, under other names."""

    def __init__(self, out: Path, file: str, model: str) -> None:
        self._made = Shard(file=file, model=model, requests=1, bytes=1, sha256="0" * 64)
        self._path, self._index_path = out / file, out / self._made.index
        self._file = _part(self._path).open("wb")
        self._index = _part(self._index_path).open("wb")
        self._digest = hashlib.sha256()
        self._requests = self._bytes = self._protected = 0

    def has_room(self, line: bytes, maximum_requests: int, maximum_bytes: int) -> bool:
        return self._requests < maximum_requests and self._bytes + len(line) <= maximum_bytes

    def add(self, request: ModelRequest, line: bytes, *, form: int) -> None:
        self._file.write(line)
        self._digest.update(line)
        entry = f"{request.request_id}\t{self._bytes}\t{len(line)}\t{form}\t{int(request.protected)}\n"
        self._index.write(entry.encode())
        self._requests += 1
        self._protected += request.protected
        self._bytes += len(line)

    def close(self) -> None:
        for handle in (self._file, self._index):
            if not handle.closed:
                handle.flush()
                os.fsync(handle.fileno())
                handle.close()

    def publish(self) -> Shard:
        for path in (self._index_path, self._path):
            _part(path).replace(path)
        measured = {
            "requests": self._requests,
            "protected": self._protected,
            "bytes": self._bytes,
            "sha256": self._digest.hexdigest(),
        }
        return self._made.model_copy(update=measured)


def _part(path: Path) -> Path:
    return path.with_name(f"{path.name}.part")


def _refuse_used(out: Path) -> None:
    """Refuse a folder with anything in it that an interrupted export didn't leave there."""
    remedy = "Give a folder that is new or empty."
    if is_export(out):
        raise RequestsError(f"{out} holds an export already ({NAME}).", remedy=remedy)
    try:
        found = [path for path in (out, out / INDEX) if path.exists() for path in path.iterdir()]
    except OSError as exc:
        raise RequestsError(f"{out} can't be used: {exc.strerror or exc}.", remedy=remedy) from exc
    foreign = [path.name for path in found if not _is_ours(path)]
    if foreign:
        raise RequestsError(f"{out} holds other files ({', '.join(sorted(foreign)[:3])}).", remedy=remedy)


def _is_ours(path: Path) -> bool:
    if path.name == INDEX:
        return path.is_dir()
    return bool(_SHARD_NAME.match(path.name)) or path.name == f".{NAME}.tmp"


def _clear(out: Path) -> None:
    """Make the folder, without what an interrupted export left in it."""
    (out / INDEX).mkdir(parents=True, exist_ok=True)
    for path in [*out.iterdir(), *(out / INDEX).iterdir()]:
        if path.is_file():
            with suppress(FileNotFoundError):
                path.unlink()
