"""Bad input of every kind, through the command line: a message with file and remedy, nothing lost."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from grandrounds.release.verify import verify
from tests.support.commands import ROOT, Ended, ended, grandrounds, start, without_override
from tests.support.dagster_records import records_of
from tests.support.expert import answer
from tests.support.stub_openai import StubServer

Command = Callable[..., Ended]
ARTICLE = "ascites-and-a-knock.md"


def build(command: Command, home: Path, sources: Path, *more: str, **settings: str) -> Ended:
    return command("build", "case_diagnosis", "--sources", sources, *more, home=home, **settings)


def model(stub: StubServer, **more: str) -> dict[str, str]:
    return {"GRANDROUNDS_LLM_BASE_URL": stub.base_url, "GRANDROUNDS_LLM_MODEL": "stub", **more}


def refused(found: Ended, *words: str) -> None:
    """Ended with 1, in words on standard error, without a traceback."""
    assert found.code == 1, found
    assert found.calm, found
    for word in words:
        assert word in found.err, found


def releases(home: Path) -> list[str]:
    return sorted(path.name for path in (home / "releases" / "case_diagnosis").glob("[!.]*"))


# Sources ------------------------------------------------------------------------------------------


def test_a_folder_without_case_reports_is_named_with_what_is_in_it(
    command: Command, tmp_path: Path
) -> None:
    home, empty, other, broken = (tmp_path / name for name in ("home", "empty", "other", "broken"))
    for folder in (empty, other, broken):
        folder.mkdir()
    (other / "report.pdf").write_bytes(b"%PDF-1.4\n%%EOF\n")
    (broken / "cut.xml").write_text("<article><front>")
    refused(build(command, home, empty), f"no files in {empty}", "--sources")
    refused(build(command, home, other), f"no case report among the 1 files in {other} (pdf 1)")
    refused(build(command, home, broken), str(broken), "cut.xml: The XML is broken", "Get the file again")
    refused(build(command, home, tmp_path / "nowhere"), f"no folder of sources at {tmp_path / 'nowhere'}")
    assert releases(home) == []


def test_a_build_goes_on_without_the_broken_file_and_says_which_it_is(
    command: Command, tmp_path: Path, few: Path
) -> None:
    found = build(command, tmp_path / "home", few)
    assert (found.code, found.err) == (0, "")
    assert "Not read 1 file\n  truncated.xml: The XML is broken" in found.out
    assert "Get the file again" in found.out
    assert "Warning" not in found.out and "Error" not in found.out
    assert "\x1b" not in found.out, "no colours where nobody looks"
    path = tmp_path / "home/releases/case_diagnosis/0.1.0"
    assert f"Release  {path}\n" in found.out
    assert f"grandrounds verify {path}\n" in found.out


def test_of_several_recipes_one_that_fails_keeps_none_from_being_built(
    command: Command, tmp_path: Path, few: Path
) -> None:
    home = tmp_path / "home"
    found = command("build", "measurement_chain", "case_diagnosis", "--sources", few, "--json", home=home)
    assert found.code == 1
    failed, made = json.loads(found.out)
    assert (failed["recipe"], failed["success"], bool(failed["errors"])) == (
        "measurement_chain",
        False,
        True,
    )
    assert (made["recipe"], made["success"]) == ("case_diagnosis", True)
    assert releases(home) == ["0.1.0"]


def test_a_wrong_name_among_several_is_told_before_anything_is_built(
    command: Command, tmp_path: Path, few: Path
) -> None:
    home = tmp_path / "home"
    found = command("build", "case_diagnosis", "nothing_such", "--sources", few, home=home)
    assert found.code != 0
    assert "nothing_such" in found.err
    assert not (home / "lake").exists()


def test_a_single_file_is_a_source(command: Command, tmp_path: Path, few: Path) -> None:
    found = build(command, tmp_path / "home", few / ARTICLE, "--json")
    assert json.loads(found.out)["rows"]["sources"] == 1


def test_hostile_names_and_words_reach_neither_terminal_nor_page(
    command: Command, tmp_path: Path, few: Path
) -> None:
    text = (few / ARTICLE).read_text(encoding="utf-8")
    hostile = (
        "{{ 7 * 7 }} {% raw %} <script>alert(1)</script> ![x](http://h.example/y.png) | a | b | "
        "\u202eesrever\u202c [bold red]markup[/] "
    )
    assert "title:" in text
    (few / "evil \u202egnp\n\x1b[31m|<b>.md").write_text(
        text.replace("title: ", f"title: '{hostile}' #", 1).replace("\n\n", f"\n\n{hostile}\n\n", 2),
        encoding="utf-8",
    )
    (few / "torn\x1b[2J\n.xml").write_text("<article><front>")
    found = build(command, tmp_path / "home", few)
    assert found.code == 0, found
    shown = found.out + found.err
    assert "\x1b" not in shown and "\u202e" not in shown
    assert "Not read 2 files" in found.out
    assert "torn\\x1b[2J\\n.xml" in found.out
    tables = _metadata(tmp_path / "home")
    assert tables
    for words in tables:
        assert "<script" not in words and "<b>" not in words
        assert "![x](" not in words
        assert "\x1b" not in words and "\u202e" not in words
    assert verify(tmp_path / "home/releases/case_diagnosis/0.1.0").sound


def _metadata(home: Path) -> list[str]:
    """Every table of Markdown that the materialisations of a home show."""
    import dagster as dg

    with records_of(home) as instance:
        (run,) = instance.get_runs()
        return [
            str(value.value)
            for record in instance.all_logs(run.run_id)
            if record.dagster_event and record.dagster_event.is_step_materialization
            for name, value in record.dagster_event.step_materialization_data.materialization.metadata.items()
            if isinstance(value, dg.MarkdownMetadataValue) and name != "datasheet"
        ]


@pytest.mark.slow
def test_what_may_not_be_read_or_written_is_named(tmp_path: Path, few: Path) -> None:
    drop = without_override()
    (few / "locked").mkdir()
    (few / "locked").chmod(0)
    (few / "secret.md").write_text((few / ARTICLE).read_text(encoding="utf-8"), encoding="utf-8")
    (few / "secret.md").chmod(0)
    found = grandrounds("build", "case_diagnosis", "--sources", few, home=tmp_path / "home", before=drop)
    assert found.code == 0, found
    assert "locked: The folder can't be opened" in found.out
    assert "secret.md" in found.out and "Give this user the right" in found.out

    few.chmod(0)
    found = grandrounds("build", "case_diagnosis", "--sources", few, home=tmp_path / "home", before=drop)
    refused(found, f"{few} can't be opened", "Give this user the right")
    few.chmod(0o700)

    home = tmp_path / "read only"
    home.mkdir()
    home.chmod(0o500)
    for arguments in (
        ["build", "case_diagnosis", "--sources", few],
        ["publish", "case_diagnosis_reviewed"],
    ):
        refused(grandrounds(*arguments, home=home, before=drop), str(home))
    looked = grandrounds("doctor", home=home, before=drop)
    assert looked.code == 1 and looked.calm
    assert f"{home} can't be written" in looked.out


def test_thousands_of_other_files_are_passed_by_quickly(
    command: Command, tmp_path: Path, few: Path
) -> None:
    crowd = few / "crowd"
    crowd.mkdir()
    for number in range(5000):
        (crowd / f"{number}.json").write_text(f'{{"number": {number}}}')
    found = json.loads(build(command, tmp_path / "home", few, "--json").out)
    assert found["success"]
    assert found["rows"]["sources"] == 5003
    assert found["rows"]["cases"] == 2


# The working folder -------------------------------------------------------------------------------


def test_a_ledger_that_is_garbage_or_locked_stops_the_build_before_anything_is_paid(
    command: Command, tmp_path: Path, few: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grandrounds.llm.ledger.BUSY_SECONDS", 0.2)
    monkeypatch.setattr("grandrounds.llm.ledger.Ledger.__init__.__kwdefaults__", {"busy_seconds": 0.2})
    home = tmp_path / "home"
    home.mkdir()
    with StubServer(responder=answer) as stub:
        (home / "ledger.sqlite").write_bytes(os.urandom(4096))
        refused(build(command, home, few, **model(stub)), f"{home / 'ledger.sqlite'} is damaged")
        assert stub.stats()["received"] == 0

        (home / "ledger.sqlite").unlink()
        assert build(command, home, few, **model(stub)).code == 0
        (few / "another.md").write_text(
            (few / ARTICLE).read_text(encoding="utf-8").replace("ascites", "fluid"), encoding="utf-8"
        )
        holder = sqlite3.connect(home / "ledger.sqlite", isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        refused(
            build(command, home, few, **model(stub)), f"{home / 'ledger.sqlite'} is locked", "Close the"
        )
        holder.close()
        assert build(command, home, few, **model(stub)).code == 0
        assert stub.stats()["answered_twice"] == 0


@pytest.mark.parametrize("damage", ["flipped", "cut", "emptied"])
def test_a_damaged_table_is_made_again_or_named(
    command: Command, tmp_path: Path, few: Path, damage: str
) -> None:
    home = tmp_path / "home"
    assert build(command, home, few).code == 0
    for path in [*(home / "lake/tables").rglob("*.parquet"), *(home / "lake/cache").rglob("*.json")]:
        data = path.read_bytes()
        broken = {
            "flipped": data[: len(data) // 3] + b"\xff\x00\xff" + data[len(data) // 3 + 3 :],
            "cut": data[: len(data) // 2],
            "emptied": b"",
        }
        path.write_bytes(broken[damage])
    found = build(command, home, few)
    assert found.calm and "not foreseen" not in found.err, found
    if found.code == 0:
        assert releases(home) == ["0.1.0"]
    else:
        assert str(home / "lake") in found.err and "build again" in found.err


def test_a_damaged_split_register_is_never_started_anew(
    command: Command, tmp_path: Path, few: Path
) -> None:
    home = tmp_path / "home"
    assert build(command, home, few).code == 0
    register = home / "lake/state/splits.jsonl"
    damaged = register.read_bytes().replace(b'"train"', b'"test"').replace(b'"dev"', b'"test"') + b"x"
    register.write_bytes(damaged)
    refused(build(command, home, few), str(register), "Put it back from a backup")
    assert register.read_bytes() == damaged


@pytest.mark.parametrize("file", ["history/runs.db", "schedules/schedules.db", "dagster.yaml"])
def test_damaged_records_of_dagster_are_named(
    command: Command, tmp_path: Path, few: Path, file: str
) -> None:
    path = tmp_path / "home/dagster" / file
    path.parent.mkdir(parents=True)
    path.write_bytes(b"storage: {\x00" * 40)
    refused(build(command, tmp_path / "home", few), str(tmp_path / "home/dagster"))
    assert path.read_bytes() == b"storage: {\x00" * 40


@pytest.mark.slow
def test_a_full_disk_is_named_and_the_build_goes_on_when_there_is_room(
    command: Command, tmp_path: Path, few: Path
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1200k", "tmpfs", disk], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no small disk can be mounted here")
    try:
        home = disk / "home"
        found = grandrounds("build", "case_diagnosis", "--sources", few, home=home)
        refused(found, str(home))
        assert releases(home) == []
        subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
        again = build(command, home, few)
        assert again.code == 0, again
        assert releases(home) == ["0.1.0"]
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


# Recipes and prompts ------------------------------------------------------------------------------


def test_a_wrong_recipe_is_named_with_its_key(
    command: Command, tmp_path: Path, few: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipes = shutil.copytree(ROOT / "pipelines/recipes", tmp_path / "recipes")
    monkeypatch.setattr("pipelines.commands.RECIPES", recipes)
    path = recipes / "case_diagnosis/defs.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("cut: before", "cutt: before"), encoding="utf-8")
    refused(build(command, tmp_path / "home", few), str(path), "cutt")
    refused(command("list", "--json", home=tmp_path / "home"), "cutt")
    path.write_text("attributes: [", encoding="utf-8")
    refused(build(command, tmp_path / "home", few), str(path), "YAML")
    refused(command("build", "nope", home=tmp_path / "home"), "no recipe 'nope'", "case_diagnosis_reviewed")
    assert not (tmp_path / "home").exists()


def test_a_prompt_with_an_unknown_variable_stops_the_build(
    command: Command, tmp_path: Path, few: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from grandrounds.authoring import prompts

    folder = shutil.copytree(prompts.bundled("prompts"), tmp_path / "prompts")
    path = folder / "diagnosis_mcq/draft.md"
    path.write_text(path.read_text(encoding="utf-8") + "\n{{ patient }}\n", encoding="utf-8")
    monkeypatch.setattr(prompts, "bundled", lambda name: tmp_path / name)
    prompts.load_prompt.cache_clear()
    with StubServer(responder=answer) as stub:
        found = build(command, tmp_path / "home", few, **model(stub))
        prompts.load_prompt.cache_clear()
        refused(found, str(path), "unknown variable patient", "A draft prompt has")
        assert stub.stats()["received"] == 0


# The model ----------------------------------------------------------------------------------------


def test_an_endpoint_that_can_not_be_used_stops_the_build_with_the_remedy(
    command: Command, tmp_path: Path, few: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    with StubServer(responder=answer, api_key="right", model="stub") as stub:
        wrong = build(command, home, few, **model(stub, OPENAI_API_KEY="sk-wrong-secret"))
        refused(wrong, "401", "OPENAI_API_KEY")
        assert "sk-wrong" not in wrong.out + wrong.err
        unknown = model(stub, OPENAI_API_KEY="right") | {"GRANDROUNDS_LLM_MODEL": "else"}
        refused(build(command, home, few, **unknown), "else", "GRANDROUNDS_LLM_MODEL")
        address = stub.base_url
    refused(build(command, home, few, **model(stub)), f"Nothing answers at {address}", "Start the model")
    refused(build(command, home, few, GRANDROUNDS_LLM_BASE_URL="ftp://h/v1"), "GRANDROUNDS_LLM_BASE_URL")
    assert releases(home) == []


def test_bad_answers_become_rows_and_only_they_are_asked_again(
    command: Command, tmp_path: Path, few: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One article a fault, which ends after the first build; the client itself asks twice for an object."""
    text = (few / ARTICLE).read_text(encoding="utf-8")
    marks = ("nonsense", "refuse", "length", "empty", "422", "429", "500")
    for mark in marks:
        title = next(line for line in text.splitlines() if line.startswith("title:"))
        (few / f"{mark}.md").write_text(
            text.replace(
                title, f'{title[:-1]} [[{mark}*{2 if mark in ("nonsense", "empty") else 1}]]"'
            ).replace("ascites", f"ascites ({mark})"),
            encoding="utf-8",
        )
    home = tmp_path / "home"
    with StubServer(responder=answer) as stub:
        first = json.loads(build(command, home, few, "--json", **model(stub)).out)
        told = {row["status"]: row["reason"] for row in first["unanswered"]}
        assert set(told) == {"truncated", "failed", "unparsable"}
        assert "422" in told["failed"] and "4096 tokens" in told["truncated"]
        assert first["success"], "the others went on"

        again = build(command, home, few, **model(stub))
        assert again.code == 0
        assert "without a usable answer; `grandrounds build case_diagnosis` asks again" in again.out
        last = json.loads(build(command, home, few, "--json", **model(stub)).out)
        assert last["unanswered"] == []
        plain = stub.stats()["behaviours"]["plain"]
    with sqlite3.connect(home / "ledger.sqlite") as ledger:
        (paid,) = ledger.execute("SELECT count(*) FROM ledger_answers WHERE status = 'ok'").fetchone()
    assert plain == paid, "a good answer is never asked for twice"


# Output -------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_from_anywhere_to_a_folder_with_spaces_by_a_relative_setting_into_a_closed_pipe(
    tmp_path: Path, few: Path
) -> None:
    place = tmp_path / "über here"
    place.mkdir()
    run = start(
        "build", "case_diagnosis", "--sources", os.path.relpath(few, place), cwd=place,
        GRANDROUNDS_HOME="my home",
    )  # fmt: skip
    assert run.stdout is not None
    run.stdout.close()
    run.stdout = None
    found = ended(run)
    assert found.err == "" or found.calm
    assert "BrokenPipe" not in found.err and "Exception ignored" not in found.err
    assert releases(place / "my home") == ["0.1.0"]


def test_json_is_json_also_when_it_fails(command: Command, tmp_path: Path) -> None:
    home = tmp_path / "home"
    (tmp_path / "empty").mkdir()
    for code, arguments in (
        (1, ("build", "case_diagnosis", "--sources", tmp_path / "empty", "--json")),
        (1, ("build", "nope", "--json")),
        (1, ("publish", "case_diagnosis_reviewed", "--json")),
        (1, ("verify", tmp_path / "empty", "--json")),
        (1, ("diff", tmp_path / "empty", tmp_path / "empty", "--json")),
        (1, ("review", "status", "nope", "--json")),
        (2, ("review", "import", tmp_path / "none.jsonl", "--json")),
        (2, ("build", "--json")),
        (0, ("list", "--json")),
        (0, ("doctor", "--json")),
        (0, ("review", "status", "--json")),
    ):
        found = command(*arguments, home=home)
        assert found.code == code, (arguments, found)
        document: Any = json.loads(found.out)
        assert document is not None
        assert found.calm
