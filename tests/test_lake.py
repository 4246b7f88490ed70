"""The lake: whole or not at all, reused only when nothing changed, never led out of its folder."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grandrounds.contracts import contract
from grandrounds.errors import LakeError
from grandrounds.lake import Lake
from grandrounds.records.funnel import FunnelStep
from grandrounds.records.table import to_table

ROOT = Path(__file__).resolve().parent.parent
FUNNEL = contract("funnel")
STEP = FunnelStep(recipe="demo", position=0, step="found", unit="file", entered=3, left=3)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"))


def _rows(count: int) -> list[FunnelStep]:
    return [replace(STEP, position=position, step=f"step {position}") for position in range(count)]


def _body(count: int, calls: list[int] | None = None) -> Callable[[], Mapping[str, list[FunnelStep]]]:
    def body() -> Mapping[str, list[FunnelStep]]:
        if calls is not None:
            calls.append(count)
        return {"demo/funnel": _rows(count)}

    return body


def _leftovers(lake: Lake) -> list[str]:
    return [path.name for path in Path(lake.url).rglob("*.tmp")]


def test_a_table_comes_back_as_it_was_written(lake: Lake) -> None:
    lake.write_table("demo/funnel", to_table(_rows(3), FUNNEL))
    assert lake.read_records("demo/funnel", FunnelStep) == _rows(3)


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    one, other = Lake(str(tmp_path / "a")), Lake(str(tmp_path / "b"))
    for lake in (one, other):
        lake.write_table("demo/funnel", to_table(_rows(50), FUNNEL))
    assert one.table_path("demo/funnel").read_bytes() == other.table_path("demo/funnel").read_bytes()
    assert one.table_sha256("demo/funnel") == other.table_sha256("demo/funnel") != "absent"


def test_plain_pandas_reads_a_table(lake: Lake) -> None:
    import pandas

    lake.write_table("demo/funnel", to_table(_rows(2), FUNNEL))
    assert list(pandas.read_parquet(str(lake.table_path("demo/funnel"))).step) == ["step 0", "step 1"]


def test_an_absent_table_is_named(lake: Lake) -> None:
    assert not lake.has_table("demo/funnel")
    assert lake.table_sha256("demo/funnel") == "absent"
    with pytest.raises(LakeError, match=r"no table 'demo/funnel'.*Build the recipe first"):
        lake.read_table("demo/funnel")


def test_a_step_runs_once_and_again_when_anything_that_made_it_changed(lake: Lake) -> None:
    calls: list[int] = []
    outputs = {"demo/funnel": FUNNEL}
    lake.write_table("demo/input", to_table(_rows(1), FUNNEL))

    def run(**parameters: Any) -> bool:
        return lake.step(
            outputs=outputs, inputs=["demo/input"], parameters=parameters, body=_body(2, calls)
        ).reused

    assert [run(a=1), run(a=1), run(a=2), run(a=2)] == [False, True, False, True]
    lake.write_table("demo/input", to_table(_rows(2), FUNNEL))
    assert [run(a=2), run(a=2)] == [False, True]
    assert len(calls) == 3


def test_a_reused_step_tells_its_rows(lake: Lake) -> None:
    first = lake.step(outputs={"demo/funnel": FUNNEL}, inputs=[], parameters=1, body=_body(7))
    again = lake.step(outputs={"demo/funnel": FUNNEL}, inputs=[], parameters=1, body=_body(9))
    assert (dict(first.rows), first.reused) == ({"demo/funnel": 7}, False)
    assert (dict(again.rows), again.reused) == ({"demo/funnel": 7}, True)


def test_a_step_that_fails_leaves_the_last_whole_table(lake: Lake) -> None:
    lake.step(outputs={"demo/funnel": FUNNEL}, inputs=[], parameters=1, body=_body(2))

    def broken() -> Mapping[str, list[FunnelStep]]:
        raise RuntimeError("half way")

    with pytest.raises(RuntimeError):
        lake.step(outputs={"demo/funnel": FUNNEL}, inputs=[], parameters=2, body=broken)
    assert lake.read_records("demo/funnel", FunnelStep) == _rows(2)


@pytest.mark.parametrize("made", [{}, {"demo/funnel": [], "demo/more": []}])
def test_a_step_may_make_neither_fewer_nor_more_tables_than_it_said(
    lake: Lake, made: dict[str, list[FunnelStep]]
) -> None:
    with pytest.raises(LakeError, match="A step made the tables"):
        lake.step(outputs={"demo/funnel": FUNNEL}, inputs=[], parameters=1, body=lambda: made)
    assert not lake.has_table("demo/funnel")


def test_a_step_whose_input_changed_meanwhile_writes_nothing(lake: Lake) -> None:
    lake.write_table("demo/input", to_table(_rows(1), FUNNEL))

    def body() -> Mapping[str, list[FunnelStep]]:
        Lake(lake.url).write_table("demo/input", to_table(_rows(2), FUNNEL))
        return {"demo/funnel": _rows(1)}

    with pytest.raises(LakeError, match="Another run changed demo/input"):
        lake.step(outputs={"demo/funnel": FUNNEL}, inputs=["demo/input"], parameters=1, body=body)
    assert not lake.has_table("demo/funnel")


def test_two_tables_of_a_step_killed_between_them_are_both_made_again(lake: Lake) -> None:
    outputs = {"demo/one": FUNNEL, "demo/two": FUNNEL}
    both = {"demo/one": _rows(1), "demo/two": _rows(2)}
    first = lake.step(outputs=outputs, inputs=[], parameters=1, body=lambda: both)
    lake.table_path("demo/two").unlink()
    again = lake.step(outputs=outputs, inputs=[], parameters=1, body=lambda: both)
    assert not again.reused
    assert again.fingerprint == first.fingerprint
    assert lake.has_table("demo/two")


# Damage ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("cut", [0, 3, 40, -1])
def test_a_cut_off_table_is_reported_and_its_step_runs_again(lake: Lake, cut: int) -> None:
    lake.step(outputs={"demo/funnel": FUNNEL}, inputs=[], parameters=1, body=_body(20))
    path = Path(str(lake.table_path("demo/funnel")))
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(LakeError, match=r"damaged.*Delete the file"):
        lake.read_table("demo/funnel")
    assert not lake.step(outputs={"demo/funnel": FUNNEL}, inputs=[], parameters=1, body=_body(20)).reused
    assert lake.read_records("demo/funnel", FunnelStep) == _rows(20)


def test_one_flipped_bit_in_the_data_is_noticed(lake: Lake) -> None:
    lake.write_table("demo/funnel", to_table(_rows(200), FUNNEL))
    path = Path(str(lake.table_path("demo/funnel")))
    sound = path.read_bytes()
    data_ends = len(sound) - 8 - int.from_bytes(sound[-8:-4], "little")
    for position in range(60, data_ends, max(1, data_ends // 25)):
        broken = bytearray(sound)
        broken[position] ^= 0x10
        path.write_bytes(bytes(broken))
        try:
            rows = lake.read_records("demo/funnel", FunnelStep)
        except LakeError:
            continue
        assert rows == _rows(200), f"a flipped bit at {position} changed rows unnoticed"


def test_a_folder_where_a_table_should_be_is_an_error_with_a_name(lake: Lake) -> None:
    Path(str(lake.table_path("demo/funnel"))).mkdir(parents=True)
    with pytest.raises(LakeError, match="demo/funnel"):
        lake.table_sha256("demo/funnel")
    with pytest.raises(LakeError, match="demo/funnel"):
        lake.read_table("demo/funnel")
    with pytest.raises(LakeError, match="can't be written"):
        lake.write_table("demo/funnel", to_table(_rows(1), FUNNEL))
    assert _leftovers(lake) == []


def test_a_lake_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "lake").write_text("not a folder")
    with pytest.raises(LakeError, match="GRANDROUNDS_LAKE_URL"):
        Lake(str(tmp_path / "lake")).has_table("demo/funnel")


def test_a_lake_of_an_unknown_protocol_is_refused() -> None:
    with pytest.raises(LakeError, match="nosuch"):
        Lake("nosuch://bucket/lake").has_table("demo/funnel")


def test_media_come_back_and_are_stored_once(lake: Lake) -> None:
    digest = lake.put_media(b"picture")
    path = Path(lake.url) / "media" / digest[:2] / digest
    written = path.stat().st_mtime_ns
    assert lake.put_media(b"picture") == digest
    assert path.stat().st_mtime_ns == written
    assert lake.get_media(digest) == b"picture"


def test_damaged_media_are_refused_and_cut_off_ones_stored_again(lake: Lake) -> None:
    digest = lake.put_media(b"picture")
    path = Path(lake.url) / "media" / digest[:2] / digest
    path.write_bytes(b"pictuRe")
    with pytest.raises(LakeError, match="damaged"):
        lake.get_media(digest)
    path.write_bytes(b"pic")
    lake.put_media(b"picture")
    assert lake.get_media(digest) == b"picture"


@pytest.mark.parametrize("name", ["", "../x", "0" * 63, "G" * 64, "A" * 64, "0" * 64 + "/.."])
def test_a_media_name_is_never_a_path(lake: Lake, name: str) -> None:
    with pytest.raises(LakeError, match="not a media name"):
        lake.get_media(name)


@pytest.mark.parametrize("key", ["", "/etc/x", "../x", "a/../../x", "a//b", "a\\..\\b", "./a"])
def test_a_key_never_leads_out_of_the_lake(lake: Lake, key: str) -> None:
    for use in (lake.read_table, lake.table_sha256, lake.has_table, lake.read_blob):
        with pytest.raises(LakeError, match="not a name in the lake"):
            use(key)
    with pytest.raises(LakeError, match="not a name in the lake"):
        lake.write_blob(key, b"")


@given(data=st.binary(max_size=200))
def test_blobs_come_back(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    lake = Lake(str(tmp_path_factory.mktemp("lake")))
    assert lake.read_blob("reader/1/x") is None
    lake.write_blob("reader/1/x", data)
    assert lake.read_blob("reader/1/x") == data


def test_an_object_store_works_as_a_folder_does() -> None:
    lake = Lake("memory://grandrounds-test-lake")
    lake.step(outputs={"demo/funnel": FUNNEL}, inputs=[], parameters=1, body=_body(4))
    assert lake.step(outputs={"demo/funnel": FUNNEL}, inputs=[], parameters=1, body=_body(4)).reused
    assert lake.read_records("demo/funnel", FunnelStep) == _rows(4)
    assert lake.get_media(lake.put_media(b"x")) == b"x"
    lake.write_blob("a/b", b"y")
    assert lake.read_blob("a/b") == b"y"


# Trouble while writing ------------------------------------------------------------------------


@pytest.fixture
def _small_files() -> Iterator[None]:
    """No file of this process may grow over 64 KiB: what a full disk looks like to a writer."""
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (65536, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.usefixtures("_small_files")
def test_a_full_disk_leaves_the_old_file_whole_and_no_litter(lake: Lake) -> None:
    lake.write_blob("big", b"old")
    with pytest.raises(LakeError, match=r"big can't be written: .*free space"):
        lake.write_blob("big", b"x" * 200_000)
    assert lake.read_blob("big") == b"old"
    assert _leftovers(lake) == []


_WRITER = """
import sys
from grandrounds.contracts import contract
from grandrounds.lake import Lake
from grandrounds.records.funnel import FunnelStep
lake = Lake(sys.argv[1])
who = sys.argv[2]
print("ready", flush=True)
for turn in range(int(sys.argv[3])):
    rows = [
        FunnelStep(recipe=who, position=p, step=f"{turn} {p}", unit="x" * 300, entered=turn, left=turn)
        for p in range(400)
    ]
    lake.step(outputs={"demo/funnel": contract("funnel")}, inputs=[], parameters=[who, turn],
              body=lambda: {"demo/funnel": rows})
"""


def _writer(lake: Lake, who: str, turns: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _WRITER, lake.url, who, str(turns)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_two_writers_at_once_never_show_a_mixed_table(lake: Lake) -> None:
    writers = [_writer(lake, who, 40) for who in ("a", "b")]
    seen = set()
    while any(writer.poll() is None for writer in writers):
        if lake.has_table("demo/funnel"):
            rows = lake.read_records("demo/funnel", FunnelStep)
            assert len(rows) == 400
            (made,) = {(row.recipe, row.entered) for row in rows}
            seen.add(made)
    assert [writer.wait() for writer in writers] == [0, 0]
    assert len(seen) > 2
    assert _leftovers(lake) == []


def test_a_writer_killed_at_any_moment_leaves_a_whole_table(lake: Lake) -> None:
    for attempt in range(4):
        writer = _writer(lake, "a", 1_000_000)
        assert writer.stdout is not None
        writer.stdout.readline()
        while not lake.has_table("demo/funnel"):
            time.sleep(0.01)
        time.sleep(0.05 + 0.037 * attempt)
        writer.kill()
        writer.wait()
        assert len(lake.read_records("demo/funnel", FunnelStep)) == 400
    assert not lake.step(outputs={"demo/funnel": FUNNEL}, inputs=[], parameters="x", body=_body(1)).reused


def test_what_a_killed_run_left_is_swept_up_later(lake: Lake) -> None:
    lake.write_table("demo/funnel", to_table(_rows(1), FUNNEL))
    path = str(lake.table_path("demo/funnel"))
    old, young = Path(f"{path}.1.aa.tmp"), Path(f"{path}.2.bb.tmp")
    for litter in (old, young):
        litter.write_bytes(b"half")
    os.utime(old, (1_000_000, 1_000_000))
    lake.write_table("demo/funnel", to_table(_rows(2), FUNNEL))
    assert _leftovers(lake) == [young.name]


def test_a_table_of_a_newer_version_is_read_without_its_new_columns(lake: Lake) -> None:
    table = to_table(_rows(2), FUNNEL)
    newer = table.append_column("colour", pa.array(["red", "blue"]))
    path = Path(str(lake.table_path("demo/funnel")))
    path.parent.mkdir(parents=True)
    pq.write_table(newer, path)
    assert lake.read_records("demo/funnel", FunnelStep) == _rows(2)


# Streams --------------------------------------------------------------------------------------


def test_a_stream_of_rows_gives_the_same_bytes_as_a_list(tmp_path: Path) -> None:
    written = []
    for name, rows in (("list", _rows(2_345)), ("stream", iter(_rows(2_345)))):
        lake = Lake(str(tmp_path / name))
        made = {"demo/funnel": rows}
        lake.step(outputs={"demo/funnel": FUNNEL}, inputs=[], parameters=1, body=lambda made=made: made)  # type: ignore[misc]
        written.append(Path(str(lake.table_path("demo/funnel"))).read_bytes())
    assert written[0] == written[1]


def test_records_are_read_and_written_few_at_a_time(lake: Lake) -> None:
    alive = 0
    most = 0

    class Counted(FunnelStep):
        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

    def stream() -> Iterator[FunnelStep]:
        nonlocal alive, most
        for row in _rows(10_000):
            alive += 1
            most = max(most, alive)
            yield Counted(**{name: getattr(row, name) for name in row.__slots__})

    made = {"demo/funnel": stream()}
    lake.step(outputs={"demo/funnel": FUNNEL}, inputs=[], parameters=1, body=lambda: made)
    assert most < 4_000
    assert lake.table_rows("demo/funnel") == 10_000
    read = lake.iter_records("demo/funnel", FunnelStep)
    assert next(read) == _rows(1)[0]
    assert sum(1 for _ in read) == 9_999


def test_a_stream_that_breaks_leaves_the_old_table_and_no_litter(lake: Lake) -> None:
    lake.step(outputs={"demo/funnel": FUNNEL}, inputs=[], parameters=1, body=_body(2))

    def stream() -> Iterator[FunnelStep]:
        yield from _rows(3_000)
        raise RuntimeError("the model went away")

    with pytest.raises(RuntimeError, match="went away"):
        lake.step(
            outputs={"demo/funnel": FUNNEL}, inputs=[], parameters=2, body=lambda: {"demo/funnel": stream()}
        )
    assert lake.read_records("demo/funnel", FunnelStep) == _rows(2)
    assert not _leftovers(lake)


def test_media_written_in_pieces_are_those_written_at_once(tmp_path: Path) -> None:
    data = bytes(range(256)) * 100
    for url in (str(tmp_path / "lake"), "memory://pieces"):
        lake = Lake(url)
        media = lake.new_media()
        for start in range(0, len(data), 999):
            media.write(memoryview(data)[start : start + 999])
        name = media.keep()
        media.drop()
        assert lake.get_media(name) == data
        assert lake.put_media(data) == name
        again = lake.new_media()
        again.write(memoryview(data))
        assert again.keep() == name and lake.get_media(name) == data
    assert not list((tmp_path / "lake" / "incoming").iterdir())


def test_media_that_are_dropped_leave_nothing_and_litter_of_killed_runs_goes(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    media = lake.new_media()
    media.write(memoryview(b"half of it"))
    incoming = tmp_path / "lake" / "incoming"
    (left,) = incoming.iterdir()  # as a killed run leaves it
    lake.new_media().drop()
    assert left.exists(), "it may belong to a run that goes on"
    os.utime(left, (1, 1))
    lake.new_media().drop()
    assert not list(incoming.iterdir())
    assert not (tmp_path / "lake" / "media").exists()


@pytest.mark.parametrize("url", ["/tmp/lake", "lake/below", "./lake", "a b", "é"])
def test_a_folder_is_addressed_as_upath_would_without_loading_it(url: str) -> None:
    from upath import UPath

    from grandrounds.lake_files import address, is_local

    mine, theirs = address(url), UPath(url)
    below, beyond = mine / "media" / "x", theirs / "media" / "x"
    assert (below.path, str(below), below.protocol) == (beyond.path, str(beyond), beyond.protocol)
    assert below.parent.path == beyond.parent.path and is_local(below.parent)
    loaded = f"import sys; from grandrounds.lake_files import address; address({url!r}); print('fsspec' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert told.stdout == "False\n"


def test_an_object_store_is_addressed_by_upath() -> None:
    from grandrounds.lake_files import address, is_local

    place = address("memory://bucket/lake") / "media"
    assert place.protocol == "memory" and not is_local(place)
