"""The answers of a ledger as one file, JSON Lines or Parquet: an answer a line, with what was asked.

The file appears whole or not at all, and never in the place of another. Memory stays bounded, however
large the ledger is.
"""

from __future__ import annotations

import gzip
import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import orjson

from grandrounds.errors import LedgerError
from grandrounds.fingerprint import canonical
from grandrounds.llm.ledger.values import StoredRequest

if TYPE_CHECKING:
    import pyarrow as pa

#: What the name may end in.
ENDINGS = (".jsonl", ".jsonl.gz", ".parquet")
_NAMED_ENDINGS = ".jsonl, .jsonl.gz or .parquet"

_GROUP_ROWS = 1000
_GROUP_CHARACTERS = 16_000_000
_GLANCE = 1000  # answers between two calls of `on_progress`


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What was exported: answers, those of protected requests that were left out, the file, its bytes."""

    file: str
    answers: int
    protected_left_out: int
    bytes: int


def export(
    stored: Iterable[StoredRequest],
    out: Path,
    *,
    include_protected: bool,
    on_progress: Callable[[int], None] | None = None,
) -> Exported:
    """Write ``stored`` (each a request with one answer) to the new file ``out``.

    Raises ``LedgerError`` when its name ends in none of ``ENDINGS``, when it exists, or can't be written.
    """
    writer = next((_WRITERS[ending] for ending in ENDINGS if out.name.endswith(ending)), None)
    if writer is None:
        raise LedgerError(f"{out} is no name to export to.", remedy=f"Let it end in {_NAMED_ENDINGS}.")
    count = _Count(on_progress)
    temporary = out.with_name(f".{out.name}.{secrets.token_hex(4)}.tmp")
    try:
        if out.exists():
            raise FileExistsError
        with temporary.open("xb") as raw:
            writer(count.through(stored, include_protected=include_protected), raw)
            raw.flush()
            os.fsync(raw.fileno())
        _name(temporary, out)
    except FileExistsError as exc:
        raise LedgerError(f"{out} exists already.", remedy="Give another name, or delete it.") from exc
    except OSError as exc:
        raise LedgerError(f"{out} can't be written: {exc.strerror or exc}.") from exc
    finally:
        temporary.unlink(missing_ok=True)
    return Exported(
        file=str(out),
        answers=count.answers,
        protected_left_out=count.protected_left_out,
        bytes=out.stat().st_size,
    )


def record(stored: StoredRequest) -> dict[str, Any]:
    """One answer with its request, flat. The id is the hash of ``request``."""
    (one,) = stored.answers
    answer = one.answer
    return {
        "request_id": stored.request_id,
        "key_version": stored.key_version,
        "model": stored.model,
        "prompt_name": stored.prompt_name,
        "prompt_version": stored.prompt_version,
        "prompt_sha256": stored.prompt_sha256,
        "protected": stored.protected,
        "request": dict(stored.key),
        "status": answer.status,
        "text": answer.text,
        "finish_reason": answer.finish_reason,
        "refusal": answer.refusal,
        "served_by": answer.model,
        "prompt_tokens": answer.prompt_tokens,
        "completion_tokens": answer.completion_tokens,
        "cost": answer.cost,
        "seconds": answer.seconds,
        "attempts": answer.attempts,
        "error_class": answer.error_class,
        "error": answer.error,
        "backend": one.backend,
        "created_at": one.created_at,
    }


def _name(temporary: Path, out: Path) -> None:
    """Give the finished file its name, never in the place of another."""
    try:
        os.link(temporary, out)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        if out.exists():
            raise FileExistsError from None
        os.replace(temporary, out)


class _Count:
    """Counts what goes through, and leaves out what is protected."""

    def __init__(self, on_progress: Callable[[int], None] | None) -> None:
        self.answers = 0
        self.protected_left_out = 0
        self._on_progress = on_progress

    def through(
        self, stored: Iterable[StoredRequest], *, include_protected: bool
    ) -> Iterator[dict[str, Any]]:
        for one in stored:
            if one.protected and not include_protected:
                self.protected_left_out += 1
                continue
            self.answers += 1
            if self._on_progress is not None and self.answers % _GLANCE == 0:
                self._on_progress(self.answers)
            yield record(one)


def _write_lines(records: Iterable[dict[str, Any]], raw: BinaryIO) -> None:
    for one in records:
        raw.write(orjson.dumps(one) + b"\n")


def _write_packed_lines(records: Iterable[dict[str, Any]], raw: BinaryIO) -> None:
    # No name and no time inside: the same answers make the same bytes.
    with gzip.GzipFile("", "wb", 6, raw, mtime=0) as packed:
        _write_lines(records, cast(BinaryIO, packed))


def _write_parquet(records: Iterable[dict[str, Any]], raw: BinaryIO) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = _schema()
    with pq.ParquetWriter(raw, schema, compression="zstd", use_dictionary=False) as writer:
        for group in _groups(records):
            writer.write_table(pa.Table.from_pylist(group, schema=schema))


_WRITERS = {".jsonl": _write_lines, ".jsonl.gz": _write_packed_lines, ".parquet": _write_parquet}


def _groups(records: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    group: list[dict[str, Any]] = []
    size = 0
    for one in records:
        request = canonical(one["request"]).decode()
        group.append({**one, "request": request})
        size += len(request) + len(one["text"])
        if len(group) == _GROUP_ROWS or size > _GROUP_CHARACTERS:
            yield group
            group, size = [], 0
    if group:
        yield group


def _schema() -> pa.Schema:
    import pyarrow as pa

    others = {
        "key_version": pa.int32(),
        "protected": pa.bool_(),
        "prompt_tokens": pa.int64(),
        "completion_tokens": pa.int64(),
        "cost": pa.float64(),
        "seconds": pa.float64(),
        "attempts": pa.int32(),
    }
    names = (
        "request_id", "key_version", "model", "prompt_name", "prompt_version", "prompt_sha256", "protected",
        "request", "status", "text", "finish_reason", "refusal", "served_by", "prompt_tokens",
        "completion_tokens", "cost", "seconds", "attempts", "error_class", "error", "backend", "created_at",
    )  # fmt: skip
    return pa.schema([pa.field(name, others.get(name, pa.string()), nullable=False) for name in names])
