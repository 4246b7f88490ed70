"""Requests out as files, answers back: the build that goes on from there makes what a live one makes."""

from __future__ import annotations

import gzip
import json
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from grandrounds.lake import Lake
from grandrounds.records.envelope import Draft, Item
from tests.support.commands import ROOT, Ended, environment
from tests.support.expert import answer
from tests.support.stub_batches import StubBatches
from tests.support.stub_openai import StubServer

Command = Callable[..., Ended]

RECIPE = "case_diagnosis"
MODEL = "stub"
FILES = {"GRANDROUNDS_LLM_BACKEND": "files", "GRANDROUNDS_LLM_MODEL": MODEL}


def answer_elsewhere(shards: Path, out: Path, *, fail: int = 0, style: str = "openai") -> list[Path]:
    """Another program, in a process of its own, answers what it finds in ``shards``."""
    program = str(ROOT / "tests" / "support" / "answering.py")
    responder = str(ROOT / "tests" / "support" / "expert.py") + ":answer"
    files = sorted(map(str, shards.glob("*.jsonl")))
    done = subprocess.run(
        [sys.executable, program, *files, "--out", str(out), "--responder", responder,
         "--fail", str(fail), "--style", style],
        env=environment(), cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [Path(line) for line in done.stdout.split()]


def mangled(files: list[Path], out: Path, *, seed: int) -> list[Path]:
    """The same answers after a hard journey: shuffled, repeated, packed, cut off, with rubbish between."""
    chance = random.Random(seed)
    lines = [line + b"\n" for path in files for line in path.read_bytes().splitlines()]
    foreign = lines[0].replace(b'"req-', b'"req-f00')
    lines += chance.sample(lines, -(-len(lines) // 3))
    chance.shuffle(lines)
    lines.insert(len(lines) // 2, b"<html>502 Bad Gateway</html>\n")
    lines.insert(1, foreign)
    half = len(lines) // 2
    out.mkdir(parents=True)
    first, second = out / "part-2.jsonl", out / "part-1.jsonl.gz"
    first.write_bytes(b"".join(lines[:half]) + lines[-1][: len(lines[-1]) // 2])
    second.write_bytes(gzip.compress(b"".join(lines[half:])))
    return [first, second]


def rows(home: Path, table: str, record: type[Any]) -> list[Any]:
    return Lake(str(home / "lake")).read_records(f"{RECIPE}/{table}", record)


def table_bytes(home: Path, table: str) -> bytes:
    """The rows of a table to the last byte, without the note of the step that made them."""
    sink = pa.BufferOutputStream()
    found = Lake(str(home / "lake")).read_table(f"{RECIPE}/{table}").replace_schema_metadata(None)
    with pa.ipc.new_stream(sink, found.schema) as writer:
        writer.write_table(found)
    return bytes(sink.getvalue().to_pybytes())


def release_files(home: Path) -> dict[str, bytes]:
    folder = home / "releases" / RECIPE
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.parquet"))}


def data(ended: Ended) -> Any:
    assert ended.calm, ended.err
    return json.loads(ended.out)


def round_trip(command: Command, home: Path, sources: Path, stage: str, place: Path) -> None:
    """Export a stage, have it answered elsewhere in two goes, and bring everything home."""
    for go, fail in enumerate((4, 0)):
        out, back = place / f"{stage}-{go}", place / f"{stage}-{go}-back"
        made = data(
            command("requests", "export", RECIPE, "--stage", stage, "--out", out, "--sources", sources,
                    "--local", "--maximum-requests", "7", "--json", home=home, **FILES)
        )  # fmt: skip
        assert made["requests"] > 0 and len(made["shards"]) > 1 - go
        files = answer_elsewhere(out, back, fail=fail, style="openai" if go else "vllm")
        report = data(
            command("requests", "import", *mangled(files, back / "mangled", seed=go), "--json", home=home)
        )
        skipped = report["skipped"]
        assert skipped["malformed"] == skipped["unknown"] == skipped["cut_off"] == 1
        assert skipped["same_again"] > 0
        assert bool(skipped.get("failed")) == bool(fail)


# There and back -----------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_build_from_files_gives_the_items_of_a_live_build(
    command: Command, tmp_path: Path, sources: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live, filed = tmp_path / "live", tmp_path / "filed"
    with StubServer(responder=answer) as stub:
        ended = command("build", RECIPE, "--sources", sources, home=live,
                        GRANDROUNDS_LLM_BASE_URL=stub.base_url, GRANDROUNDS_LLM_MODEL=MODEL)  # fmt: skip
        assert ended.code == 0, ended.err
    monkeypatch.delenv("GRANDROUNDS_LLM_BASE_URL")

    round_trip(command, filed, sources, "draft", tmp_path)
    round_trip(command, filed, sources, "revise", tmp_path)
    ended = command("build", RECIPE, "--sources", sources, home=filed, **FILES)

    assert ended.code == 0, ended.err
    assert "Release" in ended.out
    made = rows(filed, "items", Item)
    assert len(made) > 5
    assert {row.authorship.author for row in made} == {"model"}
    assert [row.item_id for row in made] == [row.item_id for row in rows(live, "items", Item)]
    for table in ("drafts", "revisions", "candidates", "rejections", "items"):
        assert table_bytes(filed, table) == table_bytes(live, table), table
    assert release_files(filed) == release_files(live)


def test_a_build_with_a_part_of_the_answers_waits_for_the_rest(
    command: Command, tmp_path: Path, few: Path
) -> None:
    home, out = tmp_path / "home", tmp_path / "out"
    made = data(command("requests", "export", RECIPE, "--stage", "draft", "--out", out, "--sources", few,
                        "--maximum-requests", "1", "--json", home=home, **FILES))  # fmt: skip
    files = answer_elsewhere(out, tmp_path / "back")
    assert made["requests"] == len(files) > 2
    command("requests", "import", files[0], home=home)

    ended = command("build", RECIPE, "--sources", few, home=home, **FILES)

    assert ended.code == 0, ended.err
    waiting = [row for row in rows(home, "drafts", Draft) if row.status == "waiting"]
    assert len(waiting) == made["requests"] - 1
    assert f"{len(waiting)}" in ended.out and "Waiting" in ended.out
    (before,) = data(command("requests", "status", "--json", home=home))
    assert (before["answered"], before["missing"]) == ({"ok": 1}, len(waiting))

    command("requests", "import", *files, home=home)
    command("build", RECIPE, "--sources", few, home=home, **FILES)

    assert not [row for row in rows(home, "drafts", Draft) if row.status == "waiting"]
    (after,) = data(command("requests", "status", "--json", home=home))
    assert (after["answered"], after["missing"]) == ({"ok": made["requests"]}, 0)


# Export -------------------------------------------------------------------------------------------


def test_protected_evidence_is_left_out_and_told(command: Command, tmp_path: Path, few: Path) -> None:
    secret = "ascites-and-a-knock.md"
    (few / "sources.yaml").write_text(
        f"files:\n  - path: {secret}\n    protected: true\n", encoding="utf-8"
    )
    words = max((few / secret).read_text(encoding="utf-8").splitlines(), key=len)[:60].encode()
    out = tmp_path / "out"

    made = data(command("requests", "export", RECIPE, "--stage", "draft", "--out", out, "--sources", few,
                        "--json", home=tmp_path / "home", **FILES))  # fmt: skip

    assert made["left_out"] == {"protected": 2}
    written = b"".join(path.read_bytes() for path in out.rglob("*") if path.is_file())
    assert words not in written

    told = command("requests", "export", RECIPE, "--stage", "draft", "--out", tmp_path / "local", "--local",
                   "--sources", few, home=tmp_path / "home", **FILES)  # fmt: skip
    assert told.code == 0
    written = b"".join(path.read_bytes() for path in (tmp_path / "local").glob("*.jsonl"))
    assert words in written


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--stage", "draft"], "No model is named"),
        (["--stage", "vote", "--model", "m"], "asks no panel"),
    ],
)
def test_what_cannot_be_exported_is_told(
    command: Command, tmp_path: Path, few: Path, arguments: list[str], words: str
) -> None:
    ended = command("requests", "export", RECIPE, *arguments, "--out", tmp_path / "out", "--sources", few,
                    home=tmp_path / "home")  # fmt: skip

    assert (ended.code, ended.calm) == (1, True)
    assert words in ended.err
    assert not (tmp_path / "out").exists()


def test_the_environment_is_as_before_an_export(
    command: Command, tmp_path: Path, few: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    monkeypatch.setenv("GRANDROUNDS_LLM_BACKEND", "live")
    command("requests", "export", RECIPE, "--stage", "draft", "--out", tmp_path / "out", "--sources", few,
            "--model", "m", home=tmp_path / "home")  # fmt: skip

    assert os.environ["GRANDROUNDS_LLM_BACKEND"] == "live"
    assert "GRANDROUNDS_LLM_MODEL" not in os.environ


# Import -------------------------------------------------------------------------------------------


def test_answers_without_their_requests_are_told(command: Command, tmp_path: Path) -> None:
    (tmp_path / "answers.jsonl").write_text("{}\n")

    ended = command("requests", "import", tmp_path / "answers.jsonl", home=tmp_path / "home")

    assert ended.code == 1
    assert "--requests DIR" in ended.err


def test_a_folder_of_answers_beside_their_requests_needs_no_more_words(
    command: Command, tmp_path: Path, few: Path
) -> None:
    out = tmp_path / "out"
    command("requests", "export", RECIPE, "--stage", "draft", "--out", out, "--sources", few,
            home=tmp_path / "home", **FILES)  # fmt: skip
    answer_elsewhere(out, out / "back")

    ended = command("requests", "import", out, "--json", home=tmp_path / "another home")

    report = data(ended)
    assert ended.code == 0
    assert report["imported"] == report["lines"] > 0, "shards are not taken for answers"


def test_the_exit_code_says_whether_anything_came_of_it(
    command: Command, tmp_path: Path, few: Path
) -> None:
    home, out = tmp_path / "home", tmp_path / "out"
    command(
        "requests", "export", RECIPE, "--stage", "draft", "--out", out, "--sources", few, home=home, **FILES
    )
    files = answer_elsewhere(out, tmp_path / "back")
    bad = tmp_path / "bad.jsonl"
    bad.write_text("no answer\n")

    assert command("requests", "import", bad, home=home).code == 1
    assert command("requests", "import", bad, *files, "--strict", home=home).code == 1
    shown = command("requests", "import", bad, *files, home=home)
    assert shown.code == 0, "the answers are known already"
    assert "bad.jsonl:1" in shown.out.replace("\n", "")
    assert "skipped" in shown.out


# The Batch API ------------------------------------------------------------------------------------


def test_the_batch_api_takes_a_stage_there_and_back(command: Command, tmp_path: Path, few: Path) -> None:
    home = tmp_path / "home"
    with StubBatches(responder=answer, api_key="sk-a-key-nobody-sees") as stub:
        settings = {
            **FILES, "GRANDROUNDS_LLM_BASE_URL": stub.base_url, "OPENAI_API_KEY": "sk-a-key-nobody-sees",
        }  # fmt: skip
        export = ("requests", "export", RECIPE, "--stage", "draft", "--sources", few)
        sent = data(
            command(*export, "--out", tmp_path / "one", "--submit", "--json", home=home, **settings)
        )
        assert [one["new"] for one in sent["submitted"]] == [True]

        again = data(
            command(*export, "--out", tmp_path / "two", "--submit", "--json", home=home, **settings)
        )
        assert (again["requests"], again["left_out"]) == (0, {"on_their_way": sent["requests"]})

        polled = [data(command("requests", "poll", "--json", home=home)) for _ in range(3)]
        assert [[one["status"] for one in found] for found in polled] == [
            ["in_progress"],
            ["completed"],
            [],
        ]
        assert polled[1][0]["report"]["filed"] == {"ok": sent["requests"]}

        (state,) = data(command("requests", "status", "--json", home=home))
        assert (state["missing"], state["batches"]) == (0, {"completed": 1})
        shown = command("requests", "status", home=home)
        assert f"{sent['requests']} requests, {sent['requests']} answered, 0 missing" in shown.out
        assert "Batches: completed 1" in shown.out
        assert len(stub.batches) == 1

    done = data(command(*export, "--out", tmp_path / "three", "--json", home=home, **settings))
    assert (done["requests"], done["left_out"]) == (0, {"answered": sent["requests"]})
    told = command(*export, "--out", tmp_path / "three", home=home, **settings)
    assert "Nothing is left to ask" in told.out
