"""Requests become shards of OpenAI Batch JSONL, and are found in them again."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grandrounds.errors import RequestsError
from grandrounds.lake import Lake
from grandrounds.llm import wire
from grandrounds.llm.backends.dialect import Dialect
from grandrounds.llm.files.exported import ExportedRequests
from grandrounds.llm.files.manifest import INDEX, read_manifest
from grandrounds.llm.files.shards import MAXIMUM_BYTES, Export, write_shards
from grandrounds.llm.request import MediaPart, Message, ModelRequest
from tests.llm.helpers import SCHEMA, ask, asks

PNG = b"\x89PNG\r\n\x1a\n"


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def lines(export: Export) -> list[dict[str, Any]]:
    return [
        json.loads(line)
        for shard in export.shards
        for line in (export.folder / shard.file).read_bytes().splitlines()
    ]


def shown(lake: Lake, size: int, number: int = 0) -> ModelRequest:
    data = PNG + number.to_bytes(4, "big") + b"x" * (size - len(PNG) - 4)
    part = MediaPart(sha256=lake.put_media(data), media_type="image/png")
    return ask("", messages=(Message(role="user", content=f"picture {number}", media=(part,)),))


# What is written ----------------------------------------------------------------------------------


def test_a_line_is_what_the_batch_api_reads(tmp_path: Path) -> None:
    asked = ask("A case.")

    export = write_shards([asked], out=tmp_path)

    assert lines(export) == [
        {
            "custom_id": asked.request_id,
            "method": "POST",
            "url": "/v1/chat/completions",
            "body": wire.body(asked),
        }
    ]


def test_a_shard_holds_no_more_requests_than_allowed(tmp_path: Path) -> None:
    export = write_shards(asks(7), out=tmp_path, maximum_requests=3)

    assert [shard.requests for shard in export.shards] == [3, 3, 1]
    assert [shard.file for shard in export.shards] == [f"requests-0000{n}.jsonl" for n in (1, 2, 3)]
    assert [line["custom_id"] for line in lines(export)] == [asked.request_id for asked in asks(7)]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sizes=st.lists(st.integers(0, 900), min_size=1, max_size=12), most=st.integers(700, 3000))
def test_a_shard_holds_no_more_bytes_than_allowed_and_nothing_is_lost(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], most: int
) -> None:
    folder = tmp_path_factory.mktemp("export")
    requests = [ask(f"{number} " + "é" * size) for number, size in enumerate(sizes)]

    export = write_shards(requests, out=folder, maximum_bytes=most)

    assert all((folder / shard.file).stat().st_size == shard.bytes <= most for shard in export.shards)
    written = {line["custom_id"] for line in lines(export)}
    refused = {left.request_id for left in export.left_out}
    assert written | refused == {asked.request_id for asked in requests}
    assert not written & refused
    assert len(export.left_out) == export.manifest.left_out.get("too_large", 0)


def test_pictures_count_with_the_bytes_they_have_in_the_file(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    requests = [shown(lake, 3000, number) for number in range(5)]

    export = write_shards(requests, out=tmp_path / "out", media=lake, maximum_bytes=9500)

    assert [shard.requests for shard in export.shards] == [2, 2, 1]


def test_a_request_larger_than_a_shard_is_named_and_the_others_are_written(tmp_path: Path) -> None:
    large = ask("x" * 5000)

    export = write_shards([ask("one"), large, ask("two")], out=tmp_path, maximum_bytes=2000)

    assert len(lines(export)) == 2
    (left,) = export.left_out
    assert (left.request_id, left.reason) == (large.request_id, "too_large")
    assert "a shard at most 2000" in left.words


def test_a_picture_that_cannot_be_sent_is_named_and_the_others_are_written(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    lost = ask("", messages=(Message(role="user", content="", media=(MediaPart(sha256="0" * 64, media_type="image/png"),)),))  # fmt: skip

    export = write_shards([shown(lake, 50), lost], out=tmp_path / "out", media=lake)

    assert len(lines(export)) == 1
    assert [left.reason for left in export.left_out] == ["media_unusable"]


def test_equal_requests_are_written_once(tmp_path: Path) -> None:
    """A line twice would be paid twice, and the Batch API refuses the whole file."""
    export = write_shards([*asks(600), *asks(3), *asks(600)], out=tmp_path, maximum_requests=100)

    assert len(lines(export)) == 600
    assert export.manifest.left_out == {"repeated": 603}


def test_each_shard_asks_one_model(tmp_path: Path) -> None:
    requests = [ask(f"case {n}", model=f"model-{n % 3}") for n in range(9)]

    export = write_shards(requests, out=tmp_path, maximum_requests=2)

    for shard in export.shards:
        found = [json.loads(line) for line in (tmp_path / shard.file).read_bytes().splitlines()]
        assert {line["body"]["model"] for line in found} == {shard.model}
    assert export.manifest.requests == 9


def test_what_is_answered_is_left_out_and_counted(tmp_path: Path) -> None:
    done = {asked.request_id: "answered" for asked in asks(4)}

    export = write_shards(asks(10), out=tmp_path, skip=lambda _: done)

    assert len(lines(export)) == 6
    assert export.manifest.left_out == {"answered": 4}
    assert export.left_out == ()


def test_nothing_is_written_when_nothing_is_left_to_ask(tmp_path: Path) -> None:
    export = write_shards(
        asks(3), out=tmp_path / "out", skip=lambda some: {r.request_id: "answered" for r in some}
    )

    assert export.shards == ()
    assert not (tmp_path / "out").exists()


def test_the_same_requests_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_shards(asks(50), out=tmp_path / name, maximum_requests=20, recipe="cases", stage="draft")

    assert files(tmp_path / "one") == files(tmp_path / "two")


def test_the_manifest_says_what_is_there_without_a_word_of_any_request(tmp_path: Path) -> None:
    write_shards(asks(5, "unmistakable"), out=tmp_path, recipe="cases", stage="draft", name="cases-draft")

    manifest = read_manifest(tmp_path)
    assert (manifest.recipe, manifest.stage, manifest.models) == ("cases", "draft", ("stub",))
    assert manifest.made_by.startswith("grandrounds ")
    (shard,) = manifest.shards
    data = (tmp_path / shard.file).read_bytes()
    assert b"unmistakable" in data
    assert (len(data), shard.requests) == (shard.bytes, 5)
    assert shard.sha256 == __import__("hashlib").sha256(data).hexdigest()
    others = b"".join(data for name, data in files(tmp_path).items() if name != shard.file)
    assert b"unmistakable" not in others


def test_few_requests_are_in_memory_at_a_time(tmp_path: Path) -> None:
    def many() -> Iterator[ModelRequest]:
        for number in range(3000):
            yield ask(f"{number} " + "word " * 4000)  # 60 MB in all

    tracemalloc.start()
    try:
        export = write_shards(many(), out=tmp_path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert export.manifest.requests == 3000
    assert peak < 25_000_000


@pytest.mark.parametrize(
    "limits", [{"maximum_requests": 50_001}, {"maximum_bytes": MAXIMUM_BYTES + 1}, {"maximum_requests": 0}]
)
def test_limits_beyond_the_batch_apis_own_are_refused(tmp_path: Path, limits: dict[str, int]) -> None:
    with pytest.raises(RequestsError, match="at most 50000 requests and 200000000 bytes"):
        write_shards(asks(1), out=tmp_path, **limits)


# Protected evidence -------------------------------------------------------------------------------


def test_protected_evidence_reaches_no_file(tmp_path: Path) -> None:
    secret = "the patient of room 12"
    lake = Lake(str(tmp_path / "lake"))
    picture = MediaPart(sha256=lake.put_media(PNG + b"secret pixels"), media_type="image/png")
    requests = [
        ask("open case"),
        ask(f"case: {secret}", protected=True),
        ask("", messages=(Message(role="user", content=secret, media=(picture,)),), protected=True),
    ]

    export = write_shards(requests, out=tmp_path / "out", media=lake)

    written = b"".join(files(tmp_path / "out").values())
    assert b"open case" in written
    assert secret.encode() not in written
    assert secret not in repr(export)
    assert wire._data_uri(picture, lake).encode() not in written
    assert export.manifest.left_out == {"protected": 2}
    assert [left.reason for left in export.left_out] == ["protected", "protected"]
    assert not export.manifest.local


def test_protected_evidence_is_exported_when_somebody_vouches_for_where_it_goes(tmp_path: Path) -> None:
    asked = ask("protected case", protected=True)

    export = write_shards([asked], out=tmp_path, local=True)

    assert len(lines(export)) == 1
    assert export.manifest.local
    with ExportedRequests([tmp_path]) as known:
        assert known.requests([asked.request_id])[asked.request_id].protected


# The folder ---------------------------------------------------------------------------------------


def test_a_folder_with_an_export_is_not_written_over(tmp_path: Path) -> None:
    write_shards(asks(3), out=tmp_path)
    before = files(tmp_path)

    with pytest.raises(RequestsError, match="holds an export already"):
        write_shards(asks(5), out=tmp_path)

    assert files(tmp_path) == before


def test_a_folder_with_other_files_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")

    with pytest.raises(RequestsError, match=r"other files \(thesis.txt\)"):
        write_shards(asks(1), out=tmp_path)

    assert files(tmp_path) == {"thesis.txt": b"years of work"}


def test_an_interrupted_export_is_no_export_and_is_begun_again(tmp_path: Path) -> None:
    def breaks() -> Iterator[ModelRequest]:
        yield from asks(2500)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_shards(breaks(), out=tmp_path / "again", maximum_requests=700)
    left = files(tmp_path / "again")
    assert left and "manifest.json" not in left
    assert not [name for name in left if name.endswith((".jsonl", ".tsv"))], "none may be taken for whole"

    write_shards(asks(10), out=tmp_path / "again")
    write_shards(asks(10), out=tmp_path / "fresh")

    assert files(tmp_path / "again") == files(tmp_path / "fresh")


def test_a_full_disk_is_told_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)

    with pytest.raises(RequestsError, match="No space left on device"):
        write_shards(asks(1), out=tmp_path / "out")


# Finding requests again ---------------------------------------------------------------------------

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@settings(max_examples=60, deadline=None)
@given(
    data=st.data(),
    dialect=st.builds(Dialect, schema_in_prompt=st.booleans(), completion_tokens=st.booleans()),
    temperature=st.one_of(st.none(), st.floats(0, 2)),
)
def test_every_request_comes_back_from_its_line_as_it_was(
    tmp_path_factory: pytest.TempPathFactory,
    data: st.DataObject,
    dialect: Dialect,
    temperature: float | None,
) -> None:
    folder = tmp_path_factory.mktemp("export")
    lake = Lake(str(folder / "lake"))
    part = MediaPart(sha256=lake.put_media(PNG), media_type="image/png")
    schema = {**SCHEMA, "title": data.draw(TEXT), "properties": {**SCHEMA["properties"], "diagnosis": {"maximum": 2**70}}}  # fmt: skip
    asked = ModelRequest.of(
        messages=tuple(
            Message(role=role, content=data.draw(TEXT), media=(part,) * data.draw(st.integers(0, 2)))
            for role in data.draw(st.lists(st.just("user"), min_size=1, max_size=3))
        ),
        schema_name=data.draw(TEXT),
        schema=schema,
        model=data.draw(st.sampled_from(["stub", "org/model:1"])),
        temperature=temperature,
        max_tokens=data.draw(st.integers(1, 10**6)),
        prompt_name=data.draw(TEXT),
        prompt_version=data.draw(TEXT),
        prompt_sha256="1" * 64,
        protected=data.draw(st.booleans()),
    )

    write_shards([asked], out=folder / "out", media=lake, dialect=dialect, local=True)

    with ExportedRequests([folder / "out"]) as known:
        found = known.requests([asked.request_id])[asked.request_id]
    assert found == asked
    assert found.request_id == asked.request_id
    assert (found.prompt_name, found.protected) == (asked.prompt_name, asked.protected)


def test_requests_of_several_exports_and_many_shards_are_found(tmp_path: Path) -> None:
    write_shards(asks(100, "a"), out=tmp_path / "a", maximum_requests=1)
    write_shards(asks(100, "b"), out=tmp_path / "b", maximum_requests=30)
    wanted = [*asks(100, "b"), *asks(100, "a")]

    with ExportedRequests([tmp_path / "a", tmp_path / "b"]) as known:
        found = known.requests([asked.request_id for asked in wanted])
        assert found == {asked.request_id: asked for asked in wanted}
        assert known.requests(["req-" + "0" * 24, "", "'; DROP TABLE lines; --"]) == {}


def test_a_line_that_was_changed_is_no_request_of_ours(tmp_path: Path) -> None:
    export = write_shards(asks(2), out=tmp_path)
    path = tmp_path / export.shards[0].file
    path.write_bytes(path.read_bytes().replace(b"case 1", b"case 7"))
    first, second = (asked.request_id for asked in asks(2))

    with ExportedRequests([tmp_path]) as known:
        assert set(known.requests([first, second])) == {first}
        assert "was changed after the export" in known.why_not(second)
        assert "no exported request" in known.why_not("req-other")


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("manifest.json", b"{", "damaged or not from this program"),
        ("manifest.json", b'{"format": "something else"}', "format"),
        ("manifest.json", b'{"version": 99}', "another version"),
        ("manifest.json", b'{"key_version": 0}', "another version"),
        (f"{INDEX}/requests-00001.tsv", b"req-1\tzero\t1\t0\t0\n", "is damaged"),
        (f"{INDEX}/requests-00001.tsv", b"\xff\xfe", "is damaged"),
        (f"{INDEX}/requests-00001.tsv", None, "can't be read"),
    ],
)
def test_a_damaged_export_is_told_in_words(
    tmp_path: Path, name: str, data: bytes | None, words: str
) -> None:
    write_shards(asks(1), out=tmp_path)
    (tmp_path / name).unlink() if data is None else (tmp_path / name).write_bytes(data)

    with pytest.raises(RequestsError, match=words):
        ExportedRequests([tmp_path])


@pytest.mark.parametrize("file", ["../../etc/passwd", "/etc/passwd.jsonl", "a/b.jsonl", ".hidden.jsonl"])
def test_a_manifest_opens_no_file_outside_its_folder(tmp_path: Path, file: str) -> None:
    write_shards(asks(1), out=tmp_path)
    path = tmp_path / "manifest.json"
    document = json.loads(path.read_bytes())
    document["shards"][0]["file"] = file
    path.write_text(json.dumps(document))

    with pytest.raises(RequestsError, match="damaged"):
        ExportedRequests([tmp_path])


def test_a_shard_that_is_gone_is_told_when_it_is_needed(tmp_path: Path) -> None:
    export = write_shards(asks(1), out=tmp_path)
    (tmp_path / export.shards[0].file).unlink()

    with ExportedRequests([tmp_path]) as known:
        assert known.holds([asks(1)[0].request_id])
        with pytest.raises(RequestsError, match="Leave the shards"):
            known.requests([asks(1)[0].request_id])
