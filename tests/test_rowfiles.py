"""Rows of other people's files: every kind the same, whatever is wrong with them, and never the whole at once."""

from __future__ import annotations

import csv
import gzip
import io
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grandrounds import rowfiles
from grandrounds.errors import SourceError
from grandrounds.rowfiles import Reading, kind_of, read_rows

ROWS = [{"id": "a", "question": 'What, "now"?\nThen'}, {"id": "b", "question": "Größe 漢字"}]


def read(path: Path, **options: Any) -> tuple[list[Any], Reading]:
    reading = Reading()
    return list(read_rows(path, reading, **options)), reading


def write(folder: Path, name: str) -> Path:
    path = folder / name
    if name.endswith(".parquet"):
        pq.write_table(pa.Table.from_pylist(ROWS), path)
        return path
    if ".csv" in name or ".tsv" in name:
        text = io.StringIO()
        table = csv.DictWriter(text, ["id", "question"], delimiter="\t" if ".tsv" in name else ",")
        table.writeheader()
        table.writerows(ROWS)
        data = text.getvalue().encode()
    elif ".jsonl" in name or ".ndjson" in name:
        data = "\n\n".join(json.dumps(row) for row in ROWS).encode()
    else:
        data = json.dumps(ROWS, indent=3).encode()
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


@pytest.mark.parametrize(
    "name",
    ["a.parquet", "a.jsonl", "a.ndjson", "a.JSON", "a.json", "a.csv", "a.tsv", "a.jsonl.gz", "a.json.gz", "b.x.csv.gz"],
)  # fmt: skip
def test_every_kind_of_file_gives_the_same_rows(tmp_path: Path, name: str) -> None:
    found, reading = read(write(tmp_path, name))
    assert found == ROWS
    assert (reading.rows, reading.passed_by, reading.broken) == (2, 0, False)


@pytest.mark.parametrize("name", ["a.txt", "a", "a.parquet.gz", "a.gz", "a.pdf"])
def test_other_files_are_no_files_of_rows(tmp_path: Path, name: str) -> None:
    assert kind_of(Path(name)) is None
    with pytest.raises(SourceError, match="not a file of rows"):
        read(tmp_path / name)


@pytest.mark.parametrize(
    ("document", "rows"),
    [
        ({"data": [{"a": 1}, {"a": 2}], "version": "1.0"}, [{"a": 1}, {"a": 2}, {"version": "1.0"}]),
        ({"q1": {"a": 1}, "q2": {"a": 2}}, [{"a": 1}, {"a": 2}]),
        (["one", "two"], [{"": "one"}, {"": "two"}]),
        ({}, []),
        ([], []),
        ([12345, -1.5e3, True, None], [{"": 12345}, {"": -1500.0}, {"": True}, {"": None}]),
    ],
)
def test_rows_lie_in_json_in_several_ways(tmp_path: Path, document: Any, rows: list[Any]) -> None:
    (tmp_path / "a.json").write_text(json.dumps(document))
    assert read(tmp_path / "a.json")[0] == rows


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
            ),
            max_leaves=6,
        ),
        max_size=8,
    ),
    st.integers(1, 9),
)
def test_json_read_in_pieces_is_json_read_whole(values: list[Any], chunk: int) -> None:
    import tempfile
    from unittest import mock

    with tempfile.TemporaryDirectory() as folder, mock.patch.object(rowfiles, "_CHUNK", chunk):
        path = Path(folder) / "a.json"
        path.write_text(json.dumps(values, indent=chunk % 3 or None))
        found, reading = read(path)
    assert found == [value if isinstance(value, dict) else {"": value} for value in values]
    assert not reading.broken


def test_lines_that_are_no_json_are_counted_and_the_others_read(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b'\xef\xbb\xbf{"a": 1}\n{"a": \n\xff\xfe\n[1]\n"text"\n')
    found, reading = read(tmp_path / "a.jsonl")
    assert found == [{"a": 1}, {"": [1]}, {"": "text"}]
    assert reading.passed_by == 2
    assert "line 2 is not JSON" in reading.reason


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.json", b'[{"a": 1}, {"a": '),
        ("a.json", b'[{"a": 1}, nonsense]'),
        ("a.json", b"[" + b'{"a": 1},' + b"[" * 100_000),
        ("a.jsonl.gz", gzip.compress(b'{"a": 1}\n' * 50_000)[:-20]),
    ],
)
def test_what_stands_before_a_break_is_read(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    found, reading = read(tmp_path / name)
    assert found[0] == {"a": 1}
    assert reading.broken
    assert reading.reason


@pytest.mark.parametrize(
    ("name", "data"),
    [("a.parquet", b"PAR1 no"), ("a.json", b"nothing"), ("a.json", b""), ("a.csv.gz", b"not packed")],
)
def test_a_file_that_is_not_what_its_name_says_is_said(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    found, reading = read(tmp_path / name)
    assert (found, reading.broken) == ([], True)


def test_a_line_without_end_is_not_read_into_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rowfiles, "LONGEST", 1000)
    for name in ("a.jsonl", "a.csv", "a.json"):
        (tmp_path / name).write_text('[{"a": "' + "x" * 3_000_000)
        found, reading = read(tmp_path / name)
        assert (found, reading.broken) == ([], True)
        assert "longer than 1000" in reading.reason


def test_pictures_in_parquet_are_left_alone_where_only_text_is_wanted(tmp_path: Path) -> None:
    table = pa.table(
        {
            "text": ["question"],
            "number": [1],
            "image": [{"bytes": b"png", "path": "a.png"}],
            "choices": [["a", "b"]],
            "parts": [{"label": ["A"], "text": ["words"]}],
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    (row,), _ = read(tmp_path / "a.parquet", text_only=True)
    assert set(row) == {"text", "choices", "parts"}
    (row,), _ = read(tmp_path / "a.parquet")
    assert row["image"]["bytes"] == b"png"


def test_records_of_another_width_are_read_as_far_as_they_have_names(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,q\n1,one\n2\n3,three,more\n\n")
    found, reading = read(tmp_path / "a.csv")
    assert found == [{"id": "1", "q": "one"}, {"id": "2"}, {"id": "3", "q": "three"}]
    assert reading.passed_by == 2


def test_utf_16_is_text_too(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("id,q\n1,Größe\n".encode("utf-16"))
    assert read(tmp_path / "a.csv")[0] == [{"id": "1", "q": "Größe"}]


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.csv", "a.parquet"])
def test_the_memory_is_that_of_a_batch_not_of_the_file(tmp_path: Path, name: str) -> None:
    path, row = tmp_path / name, {"text": "x" * 1000}
    if name == "a.parquet":
        with pq.ParquetWriter(path, pa.schema([("text", pa.string())])) as writer:
            for number in range(30):
                rows = [{"text": f"{number} {at} " + "x" * 1000} for at in range(1000)]
                writer.write_table(pa.Table.from_pylist(rows))
    elif name == "a.csv":
        path.write_text("text\n" + (row["text"] + "\n") * 30_000)
    else:
        line = json.dumps(row)
        path.write_text(
            (line + "\n") * 30_000 if name == "a.jsonl" else "[" + ",".join([line] * 30_000) + "]"
        )
    tracemalloc.start()
    try:
        assert sum(1 for _ in read_rows(path, Reading())) == 30_000
        assert tracemalloc.get_traced_memory()[1] < 15_000_000
    finally:
        tracemalloc.stop()
