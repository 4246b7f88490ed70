"""The command line itself: quick to start, plain to read, the same exit codes everywhere."""

from __future__ import annotations

import json
import subprocess
import sys

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grandrounds import cli
from grandrounds.errors import GrandRoundsError
from grandrounds.terminal import visible
from tests.support.commands import environment

HEAVY = (
    "dagster",
    "pandas",
    "pyarrow",
    "great_expectations",
    "sqlalchemy",
    "matplotlib",
    "lxml",
    "aiohttp",
)


def ending(*arguments: str) -> int:
    with pytest.raises(SystemExit) as found:
        cli.main(list(arguments))
    return int(found.value.code or 0)


def fail_with(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    @click.command("list")
    @click.option("--json", is_flag=True)
    def broken(json: bool) -> None:
        raise error

    monkeypatch.setattr(cli.LazyGroup, "get_command", lambda self, ctx, name: broken)


def test_help_and_start_up_import_nothing_heavy() -> None:
    code = (
        "import sys\nfrom grandrounds.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
        f"heavy = [name for name in {HEAVY!r} if name in sys.modules]\nassert not heavy, heavy"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert "grandrounds build case_diagnosis" in ran.stdout


@pytest.mark.parametrize(
    "command",
    ["", "list", "build", "publish", "review", "review status", "review export", "review import",
     "verify", "diff", "export", "scores", "contamination", "contamination check", "doctor"],
)  # fmt: skip
def test_every_help_fits_eighty_columns_and_says_what_it_does(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert ending(*command.split(), "--help") == 0
    shown = capsys.readouterr().out
    assert all(len(line) <= 82 for line in shown.splitlines()), shown
    assert "\x1b" not in shown
    assert len(shown.splitlines()[2]) > 20


def test_wrong_use_is_2(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (("frob",), ("build",), ("verify",), ("list", "--frob"), ("diff", "one")):
        assert ending(*arguments) == 2
        shown = capsys.readouterr()
        assert shown.out == ""
        assert "Usage: grandrounds" in shown.err


def test_an_error_is_its_message_and_its_remedy(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_with(monkeypatch, GrandRoundsError("The file x\x1b[2J.xml is broken.", remedy="Mend it."))
    assert ending("list") == 1
    assert capsys.readouterr() == ("", "Error: The file x\\x1b[2J.xml is broken.\n  Mend it.\n")
    assert ending("list", "--json") == 1
    assert json.loads(capsys.readouterr().out) == {
        "error": "The file x\x1b[2J.xml is broken.",
        "remedy": "Mend it.",
    }
    assert ending("--debug", "list") == 1
    assert "Traceback" in capsys.readouterr().err


def test_what_nobody_foresaw_is_one_line_and_a_traceback_only_when_asked_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_with(monkeypatch, KeyError("surprise"))
    assert ending("list") == 1
    shown = capsys.readouterr().err
    assert "Traceback" not in shown
    assert "KeyError: 'surprise'" in shown and "--debug" in shown
    assert ending("--debug", "list") == 1
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize("error", [KeyboardInterrupt(), click.Abort()])
def test_an_interrupt_is_130(
    error: BaseException, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_with(monkeypatch, error)
    assert ending("list") == 130
    assert capsys.readouterr().err.lstrip("\n").startswith("Interrupted. What was finished is kept.")


def test_a_reader_that_leaves_is_no_fault() -> None:
    run = subprocess.Popen(
        [sys.executable, "-m", "grandrounds", "--help"],
        env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert run.stdout is not None and run.stderr is not None
    run.stdout.close()
    assert run.stderr.read() == ""
    assert run.wait() in (0, 1)
    run.stderr.close()


@given(st.text())
def test_what_is_shown_has_no_power_over_the_terminal(words: str) -> None:
    shown = visible(words)
    assert all(char.isprintable() or char == "\n" for char in shown)
    assert visible(shown) == shown
    if words.isprintable():
        assert shown == words


def test_marks_of_writing_direction_are_spelt_out() -> None:
    assert visible("a\u202egnp.exe \x1b[31mred\x07\r\n\ttab\u00a0é 病") == (
        "a\\u202egnp.exe \\x1b[31mred\\x07\n tab é 病"
    )
