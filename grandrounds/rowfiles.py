"""Rows of files that others made: Parquet, JSON Lines, JSON, CSV, as streams. Nothing in them is trusted.

A file is never held whole: Parquet is read batch by batch, JSON element by element, the others line by
line. A line that can't be read is counted and passed by; a file that breaks off gives what came before.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from grandrounds.errors import SourceError

if TYPE_CHECKING:
    import pyarrow as pa

Row = Mapping[str, Any]

SUFFIXES = {
    ".parquet": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".csv": "csv",
    ".tsv": "tsv",
}
"""The kinds of files with rows, by the end of their name; all but Parquet may end in ``.gz`` besides."""

# One line, or one element of a JSON array: what is longer is no row of a benchmark.
LONGEST = 64 * 1024 * 1024
_CHUNK = 1 << 20
_BATCH = 2048
_BEHIND = frozenset(",:]} \t\r\n")  # what may stand behind a value
_SPACE = re.compile(r"[ \t\r\n]*")


@dataclass(slots=True)
class Reading:
    """What became of one file: ``rows`` read, ``passed_by`` rows that can't be, and the first reason."""

    rows: int = 0
    passed_by: int = 0
    reason: str = ""
    broken: bool = field(default=False)

    def pass_by(self, reason: str) -> None:
        """One row can't be read."""
        self.passed_by += 1
        self.reason = self.reason or reason

    def break_off(self, reason: str) -> None:
        """The file can't be read any further."""
        self.broken = True
        self.reason = reason


def kind_of(path: Path) -> str | None:
    """The kind of a file with rows, by its name; ``None`` for others."""
    suffixes = [each.lower() for each in path.suffixes[-2:]]
    if suffixes[-1:] == [".gz"]:
        kind = SUFFIXES.get(suffixes[0]) if len(suffixes) == 2 else None
        return None if kind == "parquet" else kind
    return SUFFIXES.get(suffixes[-1]) if suffixes else None


def read_rows(path: Path, reading: Reading, *, text_only: bool = False) -> Iterator[Row]:
    """The rows of ``path`` in order. ``reading`` says afterwards how many, and what was wrong.

    ``text_only`` leaves out columns of a Parquet file that hold no text, such as pictures. Raises
    ``SourceError`` for a file of another kind; everything else that is wrong goes into ``reading``.
    """
    kind = kind_of(path)
    if kind is None:
        raise SourceError(
            f"{path} is not a file of rows.",
            remedy=f"Give a file that ends in {', '.join(SUFFIXES)}.",
        )
    try:
        found = _parquet(path, text_only=text_only) if kind == "parquet" else _TEXTS[kind](path, reading)
        for row in found:
            reading.rows += 1
            yield row
    except (OSError, EOFError, ValueError, csv.Error, RecursionError, MemoryError) as exc:
        reading.break_off(f"{type(exc).__name__}: {' '.join(str(exc).split())[:200]}")


@contextmanager
def open_text(path: Path) -> Iterator[IO[str]]:
    """``path`` as text, unpacked where it ends in ``.gz``; bytes that are no text become U+FFFD."""
    with _open(path) as raw:
        head = raw.peek(4)[:4]
        wide = head.startswith((b"\xff\xfe", b"\xfe\xff"))
        with io.TextIOWrapper(
            raw, encoding="utf-16" if wide else "utf-8-sig", errors="replace", newline=""
        ) as opened:
            yield opened


@contextmanager
def _open(path: Path) -> Iterator[io.BufferedReader]:
    with path.open("rb") as plain:
        if path.suffix.lower() == ".gz":
            with gzip.open(plain) as unpacked:
                yield io.BufferedReader(unpacked)
        else:
            yield plain


def _parquet(path: Path, *, text_only: bool) -> Iterator[Row]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path, buffer_size=_CHUNK, pre_buffer=False) as opened:
            names = [each.name for each in opened.schema_arrow if not text_only or _has_text(each.type)]
            for batch in opened.iter_batches(_BATCH, columns=names, use_threads=False):
                columns = [column.to_pylist() for column in batch.columns]
                for values in zip(*columns, strict=True):
                    yield dict(zip(batch.schema.names, values, strict=True))
    except pa.ArrowException as exc:
        raise ValueError(str(exc)) from exc


def _has_text(kind: pa.DataType) -> bool:
    """Whether values of an Arrow type hold text somewhere, and no bytes."""
    from pyarrow import types

    if types.is_dictionary(kind):
        return _has_text(kind.value_type)
    if types.is_struct(kind):
        parts = [kind.field(number).type for number in range(kind.num_fields)]
        return any(map(_has_text, parts)) and not any(
            types.is_binary(part) or types.is_large_binary(part) for part in parts
        )
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        return _has_text(kind.value_type)
    if types.is_map(kind):
        return _has_text(kind.item_type) or _has_text(kind.key_type)
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def _jsonl(path: Path, reading: Reading) -> Iterator[Row]:
    import orjson

    with _open(path) as lines:
        number = 0
        while line := lines.readline(LONGEST + 1):
            number += 1
            if len(line) > LONGEST:
                raise ValueError(f"line {number} is longer than {LONGEST} bytes")
            if not line.strip(b" \t\r\n\xef\xbb\xbf\x00"):
                continue
            line = line.lstrip(b"\xef\xbb\xbf")  # a mark of byte order
            try:
                value = orjson.loads(line)
            except orjson.JSONDecodeError:
                try:  # what orjson is too strict for, such as NaN and halves of pairs
                    value = json.loads(line)
                except (ValueError, RecursionError) as exc:
                    reading.pass_by(f"line {number} is not JSON: {exc}")
                    continue
            yield _as_row(value)


def _json(path: Path, _: Reading) -> Iterator[Row]:
    with open_text(path) as opened:
        stream = _JsonStream(opened)
        first = stream.next_character()
        if first == "[":
            for value in stream.elements():
                yield _as_row(value)
        elif first == "{":
            yield from _members(stream)
        else:
            raise ValueError("it is neither a JSON array nor a JSON object")


def _members(stream: _JsonStream) -> Iterator[Row]:
    """The rows of one large object: those of its arrays, its members that are objects, the rest as one."""
    alone: dict[str, Any] = {}
    for key in stream.names():
        if stream.next_character() == "[":
            for value in stream.elements():
                yield _as_row(value)
        else:
            value = stream.value()
            if isinstance(value, dict):
                yield value
            else:
                alone[key] = value
    if alone:
        yield alone


class _JsonStream:
    """A JSON document read piece by piece: its outer array or object is walked, what is inside decoded."""

    def __init__(self, opened: IO[str]) -> None:
        self._opened = opened
        self._text = ""
        self._at = 0
        self._ended = False
        self._decode = json.JSONDecoder().raw_decode

    def next_character(self) -> str:
        """The next character that is no white space, which is not consumed; empty at the end."""
        while True:
            match = _SPACE.match(self._text, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def elements(self) -> Iterator[Any]:
        """The values of the array that begins here."""
        self._at += 1
        while (character := self.next_character()) != "]":
            if character == ",":
                self._at += 1
                continue
            if not character:
                raise ValueError("the file ends inside an array")
            yield self.value()
        self._at += 1

    def names(self) -> Iterator[str]:
        """The names of the object that begins here; the caller takes the value after each."""
        self._at += 1
        while (character := self.next_character()) != "}":
            if character == ",":
                self._at += 1
                continue
            if not character:
                raise ValueError("the file ends inside an object")
            key = self.value()
            if not isinstance(key, str) or self.next_character() != ":":
                raise ValueError("a member of an object has no name")
            self._at += 1
            yield key
        self._at += 1

    def value(self) -> Any:
        """Decode the value that begins here, reading on as far as it goes."""
        self.next_character()
        while True:
            try:
                value, end = self._decode(self._text, self._at)
            except json.JSONDecodeError:
                if not self._more():
                    raise
                continue
            # What ends where the text read so far ends may be half a number, such as 1e of 1e+16.
            if self._text[end : end + 1] in _BEHIND or not self._more():
                self._at = end
                return value

    def _more(self) -> bool:
        if self._ended:
            return False
        rest = self._text[self._at :]
        if len(rest) > LONGEST:
            raise ValueError(f"one value is longer than {LONGEST} characters")
        # As much again as is there, so that a long value is not decoded over and over.
        piece = self._opened.read(max(_CHUNK, len(rest)))
        self._ended = not piece
        self._text, self._at = rest + piece, 0
        return bool(piece)


def _csv(path: Path, reading: Reading, *, delimiter: str = ",") -> Iterator[Row]:
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST))
    with open_text(path) as opened:
        table = csv.reader(_lines(opened), delimiter=delimiter)
        names = next(table, [])
        for number, values in enumerate(table, start=2):
            if not values:
                continue
            if len(values) != len(names):
                reading.pass_by(
                    f"record {number} has {len(values)} values, but there are {len(names)} names"
                )
            yield dict(zip(names, values, strict=False))


def _tsv(path: Path, reading: Reading) -> Iterator[Row]:
    return _csv(path, reading, delimiter="\t")


def _lines(opened: IO[str]) -> Iterator[str]:
    while line := opened.readline(LONGEST + 1):
        if len(line) > LONGEST:
            raise ValueError(f"one line is longer than {LONGEST} characters")
        yield line


def _as_row(value: Any) -> Row:
    return value if isinstance(value, dict) else {"": value}


_TEXTS: dict[str, Callable[[Path, Reading], Iterator[Row]]] = {
    "jsonl": _jsonl,
    "json": _json,
    "csv": _csv,
    "tsv": _tsv,
}
