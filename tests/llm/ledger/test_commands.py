"""``grandrounds ledger``: what people and scripts see."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from grandrounds.errors import LedgerError
from grandrounds.fingerprint import content_id
from grandrounds.llm.ledger import Ledger
from grandrounds.llm.ledger.commands import ledger as group
from grandrounds.llm.request import MediaPart, Message
from tests.llm.helpers import ask, asks
from tests.llm.ledger.support import filed


@pytest.fixture
def filled(where: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A ledger with three good answers, a failure, and a protected request."""
    monkeypatch.setenv("GRANDROUNDS_LEDGER_URL", where)
    with Ledger(where) as ledger:
        ledger.write([filed(request) for request in asks(3)])
        ledger.write([filed(ask("bad"), "failed", text="x" * 500), filed(ask("secret", protected=True))])
    return where


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(group, [str(argument) for argument in arguments])
    if result.exception and not isinstance(result.exception, SystemExit | LedgerError):
        raise result.exception
    return result


def data(*arguments: object) -> Any:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


# Stats and show -----------------------------------------------------------------------------------


def test_stats_say_what_was_paid_for(filled: str) -> None:
    shown = run("stats").output
    assert "draft@1" in shown and "failed" in shown and "5 requests" in shown
    assert "s3cret" not in shown

    found = data("stats", "--check")
    assert found["by_status"] == {"failed": 1, "ok": 4}
    assert (found["prompt_tokens"], found["completion_tokens"], found["cost"]) == (35, 15, 0.625)
    assert found["faults"] == []
    assert found["bytes"] > 0


def test_nothing_is_made_by_looking(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRANDROUNDS_LEDGER_URL", f"sqlite:///{path}")
    for arguments in (("stats",), ("show", "abc"), ("prune", "--status", "failed")):
        result = run(*arguments)
        assert isinstance(result.exception, LedgerError)
        assert "no ledger yet" in str(result.exception)
    assert not path.parent.exists()


def test_a_request_is_shown_with_all_its_answers(filled: str) -> None:
    wanted = ask("case 0 ").request_id
    shown = run("show", wanted[4:18]).output

    assert wanted in shown
    assert "Be exact." in shown and "case 0" in shown and "measles" in shown
    assert "PROTECTED" not in shown
    assert "PROTECTED" in run("show", ask("secret").request_id).output
    found = data("show", wanted)
    assert found["key"]["messages"][1] == ["user", "case 0 "]
    assert found["answers"][0]["answer"]["status"] == "ok"


def test_nothing_from_outside_reaches_the_terminal_raw(filled: str) -> None:
    picture = MediaPart(sha256="a" * 64, media_type="image/png")
    nasty = ask(
        "",
        messages=(Message(role="user", content="\x1b]0;gone\x07 \u202eevil", media=(picture,)),),
        prompt_name="p\x1b[2J",
        model="[bold]m[/bold]\x1b[31m",
    )
    with Ledger(filled) as ledger:
        ledger.write([filed(nasty, "failed", text="\x1b[2J", error="\x9b31m", refusal="\u2066")])

    for shown in (run("show", nasty.request_id).output, run("stats").output):
        assert not {"\x1b", "\x07", "\u202e", "\x9b", "\u2066"} & set(shown)
    assert "\\x1b]0;gone" in run("show", nasty.request_id).output
    assert "a" * 64 in run("show", nasty.request_id).output
    assert "[bold]" in run("stats").output.replace("\n", "")


# Export -------------------------------------------------------------------------------------------


def _lines(path: Path) -> list[Any]:
    raw = path.read_bytes()
    text = gzip.decompress(raw) if path.suffix == ".gz" else raw
    return [json.loads(line) for line in text.decode().splitlines()]


@pytest.mark.parametrize("ending", [".jsonl", ".jsonl.gz", ".parquet"])
def test_an_export_holds_every_answer_with_its_request(filled: str, tmp_path: Path, ending: str) -> None:
    out = tmp_path / f"all{ending}"
    found = data("export", "--out", out)

    assert (found["answers"], found["protected_left_out"]) == (4, 1)
    assert found["bytes"] == out.stat().st_size
    if ending == ".parquet":
        rows = pq.read_table(out).to_pylist()
        for row in rows:
            row["request"] = json.loads(row["request"])
    else:
        rows = _lines(out)
    assert [row["status"] for row in rows] == ["ok", "ok", "ok", "failed"]
    for row in rows:
        assert content_id("req", row["request"]) == row["request_id"]
        assert row["cost"] == 0.125
        assert row["protected"] is False
    assert list(tmp_path.glob(".*")) == []


@pytest.mark.parametrize("ending", [".jsonl", ".jsonl.gz", ".parquet"])
def test_the_same_ledger_makes_the_same_bytes(filled: str, tmp_path: Path, ending: str) -> None:
    for name in ("one", "two"):
        run("export", "--out", tmp_path / f"{name}{ending}")

    assert (tmp_path / f"one{ending}").read_bytes() == (tmp_path / f"two{ending}").read_bytes()


def test_protected_evidence_is_marked_where_it_is_asked_for(filled: str, tmp_path: Path) -> None:
    assert "left out" in run("export", "--out", tmp_path / "a.jsonl").output
    run("export", "--out", tmp_path / "b.jsonl", "--include-protected")

    assert sum(row["protected"] for row in _lines(tmp_path / "b.jsonl")) == 1
    assert "secret" not in (tmp_path / "a.jsonl").read_text()


def test_an_export_takes_what_was_selected(filled: str, tmp_path: Path) -> None:
    cases = {
        ("--status", "failed"): 1,
        ("--status", "failed", "--status", "ok"): 4,
        ("--prompt", "draft@2"): 0,
        ("--prompt", "draft@1", "--model", "stub"): 4,
        ("--model", "other"): 0,
        ("--since", "2999-01-01"): 0,
        ("--since", "2020-01-01T00:00+02:00"): 4,
    }
    for number, (arguments, count) in enumerate(cases.items()):
        out = tmp_path / f"{number}.jsonl"
        assert data("export", "--out", out, *arguments)["answers"] == count
        assert len(_lines(out)) == count
    assert pq.read_table(_empty_parquet(tmp_path)).num_rows == 0


def _empty_parquet(folder: Path) -> Path:
    run("export", "--out", folder / "none.parquet", "--model", "other")
    return folder / "none.parquet"


def test_an_export_never_replaces_a_file_and_leaves_nothing_half(filled: str, tmp_path: Path) -> None:
    out = tmp_path / "a.jsonl"
    out.write_text("mine")
    for name, words in (
        ("a.jsonl", "exists already"),
        ("a.csv", "no name to export to"),
        ("none/a.jsonl", "can't be written"),
    ):
        result = run("export", "--out", tmp_path / name)
        assert isinstance(result.exception, LedgerError) and words in str(result.exception)
    assert out.read_text() == "mine"
    assert [file.name for file in tmp_path.iterdir() if file.name != "home"] == ["a.jsonl"]
    assert run("export", "--out", tmp_path / "b.jsonl", "--since", "soon").exit_code == 2


# Prune --------------------------------------------------------------------------------------------


def test_a_prune_says_what_would_go_and_deletes_nothing(filled: str) -> None:
    shown = run("prune", "--status", "failed").output

    assert "1 answers would go (1 failed), and 1 requests" in shown
    assert "Nothing was deleted" in shown
    assert data("stats")["answers"] == 5


def test_a_prune_deletes_what_it_said(filled: str) -> None:
    foreseen = data("prune", "--status", "failed")
    done = data("prune", "--status", "failed", "--delete")

    assert (foreseen.pop("deleted"), done.pop("deleted")) == (False, True)
    assert foreseen == done
    assert done["requests"] == 1 and done["bytes"] > 500
    assert data("stats")["by_status"] == {"ok": 4}
    assert data("stats", "--check")["faults"] == []


def test_good_answers_go_only_when_that_is_said(filled: str) -> None:
    assert data("prune", "--model", "stub", "--delete")["by_status"] == {"failed": 1}
    assert data("prune", "--older-than", "0", "--delete")["answers"] == 0
    refused = run("prune", "--status", "ok", "--delete")
    assert refused.exit_code == 2 and "paid for again" in refused.output
    assert data("prune", "--older-than", "0", "--ok", "--delete")["by_status"] == {"ok": 4}
    assert data("stats")["requests"] == 0


def test_a_prune_wants_to_know_which(filled: str) -> None:
    for arguments in ((), ("--ok", "--delete")):
        result = run("prune", *arguments)
        assert result.exit_code == 2 and "Say which" in result.output
    assert run("prune", "--status", "nonsense").exit_code == 2
    assert run("prune", "--older-than", "99999999").exit_code == 2
    assert data("stats")["answers"] == 5


def test_young_answers_are_not_old(filled: str) -> None:
    assert data("prune", "--older-than", "1", "--ok")["answers"] == 0


def test_room_that_cannot_be_given_back_is_said(filled: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(self: Ledger) -> None:
        raise LedgerError("The ledger is locked by another process.")

    monkeypatch.setattr(Ledger, "shrink", busy)
    shown = run("prune", "--status", "failed", "--delete").output
    assert "1 answers went" in shown and "not given back to the disk" in shown
