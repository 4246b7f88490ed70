"""A release may come from anybody: what lies in it is reported, never followed, never believed."""

from __future__ import annotations

import json
import os
import zlib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from grandrounds.release.verify import verify
from tests.support.releases import change_cell, change_manifest, seal_again

TRAIN = "data/diagnosis_open/train-00000-of-00001.parquet"


def told(directory: Path) -> str:
    return "\n".join(f"{problem.where}: {problem.what}" for problem in verify(directory).problems)


@pytest.mark.parametrize(
    "path",
    ["../secret.txt", "/etc/hostname", "data/../../secret.txt", "./README.md", "data\\x", "a//b", ""],
)
def test_a_listed_path_that_leaves_the_release_is_reported_and_not_read(release, path):
    secret = release.parent / "secret.txt"
    secret.write_text("the secret")
    change_manifest(release, lambda m: m["files"][0].update(path=path))
    problems = told(release)
    assert "more than one spelling" in problems or "is not a plain file" in problems
    assert "the secret" not in problems


@pytest.mark.parametrize(
    "name", ["README.md", "data/extra.parquet", "manifest.json", "SHA256SUMS", "evidence"]
)
def test_a_link_is_reported_and_not_followed(release, name):
    outside = release.parent / "outside"
    place = release / name
    if place.exists():
        place.rename(outside)
    else:
        outside.write_text("outside")
    place.symlink_to(outside)
    assert verify(release).sound is False
    problems = told(release)
    assert f"{name}: is a link" in problems or "is not a release" in problems


def test_a_link_to_itself_ends(release):
    (release / "loop").symlink_to(release)
    assert "loop: is a link" in told(release)


def test_a_pipe_is_reported_and_not_opened(release):
    (release / "README.md").unlink()
    os.mkfifo(release / "README.md")
    assert "README.md: is a special file" in told(release)


def test_a_huge_file_is_reported_without_being_read(release):
    with (release / "README.md").open("ab") as handle:
        handle.truncate(1 << 40)
    assert f"has {1 << 40} bytes instead of" in told(release)


def test_a_huge_manifest_is_refused(release):
    with (release / "manifest.json").open("ab") as handle:
        handle.truncate(1 << 40)
    assert "which no manifest is" in told(release)


@pytest.mark.parametrize(
    "text",
    [
        "", "null", "[]", "{}", "\x00", '{"files": 3}', "[" * 100_000, '{"a":' * 50_000, "1" * 5_000, '"\\ud800"',
        '{"format": NaN}', "\ufeff{}",
    ],
)  # fmt: skip
def test_a_manifest_of_anything_is_told(release, text):
    (release / "manifest.json").write_text(text, encoding="utf-8")
    assert "manifest.json" in told(release)


def test_a_manifest_that_is_not_text_is_told(release):
    (release / "manifest.json").write_bytes(b"\xff\xfe\x00{")
    assert "is not a manifest" in told(release)


@pytest.mark.parametrize(
    "key", ["files", "counts", "funnel", "recipe", "sources", "released", "version", "bias"]
)
@pytest.mark.parametrize("value", [None, 7, "x", [], {}, [None], [{}], True, 1.5])
def test_a_wrong_type_anywhere_in_the_manifest_is_told(release, key, value):
    before = json.loads((release / "manifest.json").read_text())[key]
    if value == before:
        return
    change_manifest(release, lambda m: m.update({key: value}))
    assert verify(release).sound is False


def test_control_characters_in_names_do_not_reach_the_terminal(release):
    (release / "evil\x1b[31m\nname").write_text("x")
    assert "\x1b" not in told(release)
    assert "evil\\x1b[31m\\nname" in told(release)


def test_a_name_that_is_not_unicode_is_told(release):
    (Path(os.fsdecode(os.fsencode(release) + b"/bad-\xff-name"))).write_text("x")
    problems = told(release)
    assert "is not listed in the manifest" in problems
    problems.encode("utf-8")


@pytest.mark.parametrize("data", [b"", b"PAR1", b"PAR1" + b"\x00" * 100 + b"PAR1", b"no parquet at all"])
def test_a_file_that_is_no_parquet_is_told(release, data):
    (release / TRAIN).write_bytes(data)
    seal_again(release)
    assert "can't be read as Parquet" in told(release)


def test_values_of_impossible_kinds_are_told(release):
    spans = [{"start": 9, "end": 2}]
    change_cell(release / TRAIN, "visible_spans", lambda _: spans)
    seal_again(release)
    assert TRAIN in told(release)


def test_columns_of_other_types_are_told(release):
    table = pq.read_table(release / TRAIN)
    place = table.schema.get_field_index("answer")
    changed = table.set_column(place, "answer", pa.array([None] * table.num_rows, pa.int32()))
    pq.write_table(changed, release / TRAIN)
    seal_again(release)
    assert "breaks the contract items" in told(release)


def test_a_picture_that_would_fill_the_memory_is_told(release):
    """A PNG of a few bytes that claims to be 50,000 by 50,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    header = (50_000).to_bytes(4, "big") * 2 + bytes([8, 2, 0, 0, 0])
    bomb = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )
    from grandrounds.fingerprint import sha256_bytes

    digest = sha256_bytes(bomb)
    table = pq.read_table(release / TRAIN)
    row = next(n for n, pictures in enumerate(table.column("images").to_pylist()) if pictures)
    change_cell(release / TRAIN, "images", lambda _: [{"bytes": bomb, "path": f"{digest}.png"}], row=row)
    change_cell(release / TRAIN, "media", lambda m: [{**m[0], "sha256": digest}], row=row)
    seal_again(release)
    assert "can't be decoded" in told(release)


def test_a_small_file_that_unpacks_to_gigabytes_is_refused(release, monkeypatch):
    monkeypatch.setattr("grandrounds.release.reading._LARGEST_GROUP", 10_000)
    assert "unpacks to more than" in told(release)


def test_folders_without_end_are_told(release):
    deep = release
    for _ in range(40):
        deep = deep / "d"
        deep.mkdir()
    (deep / "x").write_text("x")
    assert "folders deep" in told(release)
