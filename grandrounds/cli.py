"""The ``grandrounds`` command: for people and scripts.

Commands are loaded when called, so that ``grandrounds --help`` stays fast. Those that need Dagster
(``build``, ``publish``, ``list``) register themselves by entry point; the library never imports it.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
from dataclasses import dataclass

import click

from grandrounds import __version__
from grandrounds.errors import GrandRoundsError
from grandrounds.terminal import visible

_ENTRY_POINTS = "grandrounds.commands"
_INTERRUPTED = GrandRoundsError("What was finished is kept.", remedy="Run the same command again to go on.")


@dataclass(frozen=True, slots=True)
class _LazyCommand:
    target: str
    summary: str


_COMMANDS = {
    "list": _LazyCommand("", "The recipes, what each needs, and what is there."),
    "build": _LazyCommand("", "Run a recipe up to its review queue, or to a preview release."),
    "harvest": _LazyCommand(
        "grandrounds.harvest.commands:harvest", "Take what is new in the feeds of live benchmarks."
    ),
    "publish": _LazyCommand("", "Turn accepted candidates into an immutable release."),
    "review": _LazyCommand(
        "grandrounds.review.commands:review", "The clinicians' queue: status, export, import."
    ),
    "figures": _LazyCommand(
        "grandrounds.figures.commands:figures",
        "How captions and pictures were matched: sheets, a sample to judge, the error.",
    ),
    "requests": _LazyCommand("", "Model requests out as files, answers back."),
    "ledger": _LazyCommand(
        "grandrounds.llm.ledger.commands:ledger",
        "What models were asked and answered: counts, rows, export.",
    ),
    "verify": _LazyCommand(
        "grandrounds.release.commands:verify", "Re-check a release from its files alone."
    ),
    "diff": _LazyCommand("grandrounds.release.commands:diff", "What changed between two releases."),
    "rejoin": _LazyCommand(
        "grandrounds.release.commands:rejoin",
        "Cut the frames that a release only names from your own videos.",
    ),
    "grade": _LazyCommand(
        "grandrounds.rubrics.commands:grade", "Mark responses to consultations by their rubrics."
    ),
    "export": _LazyCommand(
        "grandrounds.timing.commands:export", "A release cut by date, as a folder of Parquet."
    ),
    "scores": _LazyCommand(
        "grandrounds.timing.commands:scores", "Scores by date, before and after a model's cut-off."
    ),
    "contamination": _LazyCommand(
        "grandrounds.contamination.commands:contamination",
        "What of a benchmark stands in other benchmarks, and where.",
    ),
    "doctor": _LazyCommand(
        "grandrounds.doctor:doctor", "What is installed, configured, reachable, writable."
    ),
}


class LazyGroup(click.Group):
    """A group that knows its commands' names and summaries without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order a newcomer needs them."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load one command."""
        lazy = _COMMANDS.get(cmd_name)
        if lazy is None:
            return None
        target = lazy.target or _registered(cmd_name)
        module, _, attribute = target.partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The command list of ``--help``, made without loading any command."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, lazy.summary) for name, lazy in _COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="grandrounds")
@click.option("--home", metavar="DIR", help="Working folder (GRANDROUNDS_HOME, default .grandrounds).")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.pass_context
def cli(ctx: click.Context, home: str | None, debug: bool) -> None:
    """Build medical AI benchmarks: sources in, validated and versioned Parquet releases out.

    \b
    First steps, without a key, a GPU or a network:
      grandrounds list
      grandrounds build case_diagnosis
      grandrounds verify .grandrounds/releases/case_diagnosis/0.1.0

    Exit codes: 0 done, 1 found something wrong, 2 used wrongly, 130 interrupted.
    """
    ctx.obj = {"debug": debug}
    if home:
        # One way for all commands, and for the worker processes they start.
        os.environ["GRANDROUNDS_HOME"] = os.path.abspath(os.path.expanduser(home))


def main(arguments: list[str] | None = None) -> None:
    """Entry point. Exit codes: 0 done, 1 found something wrong, 2 used wrongly, 130 interrupted.

    Errors go to standard error. With ``--json`` standard output holds JSON all the same: an object
    with ``error`` and ``remedy``.
    """
    given = sys.argv[1:] if arguments is None else arguments
    try:
        code = _run(arguments, debug="--debug" in given, as_json="--json" in given)
        sys.stdout.flush()  # a reader that has gone is noticed here, not while Python shuts down
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    sys.exit(code)


def _run(arguments: list[str] | None, *, debug: bool, as_json: bool) -> int:
    try:
        code = cli.main(args=arguments, prog_name="grandrounds", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.ClickException as exc:
        if as_json:
            _show_json(GrandRoundsError(exc.format_message()))
        exc.show()
        return 2
    except (click.Abort, KeyboardInterrupt):
        _show(_INTERRUPTED, label="Interrupted. ", as_json=as_json)
        return 130
    except BrokenPipeError:
        raise
    except GrandRoundsError as exc:
        if debug:
            traceback.print_exc()
        _show(exc, as_json=as_json)
        return 1
    except Exception as exc:  # noqa: BLE001 - nobody should have to read a traceback unasked
        if debug:
            traceback.print_exc()
        _show(_unforeseen(exc), as_json=as_json)
        return 1


def _unforeseen(exc: Exception) -> GrandRoundsError:
    words = " ".join(f"{type(exc).__name__}: {exc}".split())
    return GrandRoundsError(
        f"Something that was not foreseen: {words[:500]}",
        remedy="What was finished is kept. `grandrounds --debug ...` shows where it happened; please "
        "report it.",
    )


def _show(error: GrandRoundsError, *, label: str = "Error: ", as_json: bool = False) -> None:
    if as_json:
        _show_json(error)
    click.secho(label, fg="red", bold=True, nl=False, err=True)
    click.echo(visible(error.what), err=True)
    if error.remedy:
        click.echo(f"  {visible(error.remedy)}", err=True)


def _show_json(error: GrandRoundsError) -> None:
    click.echo(json.dumps({"error": error.what, "remedy": error.remedy}, ensure_ascii=False))


def _registered(name: str) -> str:
    from importlib.metadata import entry_points

    for entry in entry_points(group=_ENTRY_POINTS, name=name):
        return str(entry.value)
    raise GrandRoundsError(
        f"The command {name!r} is not registered in this installation.",
        remedy="Install the project itself (`pip install -e .`), not only its folder on the path.",
    )
