"""What people see in the terminal: progress while a job runs, then the funnel and what to do next."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from grandrounds.llm.answer import WAITING
from grandrounds.records.funnel import FunnelStep
from grandrounds.terminal import visible
from pipelines.outcome import FailedCheck, FailedSource, Outcome, Unanswered

_SHOWN = 5


class TerminalProgress:
    """A progress bar a stage, on standard error."""

    def __init__(self) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[note]}", style="dim"),
            console=Console(stderr=True),
            transient=True,
        )
        self._tasks: dict[str, TaskID] = {}

    def start(self, name: str) -> None:
        """A stage begins."""
        if not self._tasks:
            self._progress.start()
        self._tasks[name] = self._progress.add_task(name, total=None, note="")

    def update(self, name: str, done: int, total: int | None) -> None:
        """``done`` of ``total`` things are finished."""
        self._progress.update(self._tasks[name], completed=done, total=total)

    def note(self, name: str, words: str) -> None:
        """Rate, cost and time left, beside the bar."""
        self._progress.update(self._tasks[name], note=escape(words))

    def finish(self, name: str) -> None:
        """A stage ended."""
        self._progress.remove_task(self._tasks.pop(name))
        if not self._tasks:
            self._progress.stop()


def show_outcome(outcome: Outcome) -> None:
    """Print the funnel, notes, release and next step; errors to standard error."""
    console, errors = _console(), _console(stderr=True)
    if outcome.funnel:
        console.print(funnel_table(outcome))
    _show_failed_sources(console, outcome.failed_sources)
    _show_unanswered(console, outcome)
    for check in outcome.failed_checks:
        _show_check(errors if check.severity == "ERROR" else console, check)
    for error in outcome.errors:
        _line(errors, Text("Error: ", style="bold red") + Text(visible(error)))
    if outcome.release:
        _line(console, Text("Release  ", style="bold green") + Text(outcome.release))
        _line(console, Text(f"Next     grandrounds verify {shlex.quote(outcome.release)}", style="dim"))
    elif waiting := [row for row in outcome.unanswered if row.status == WAITING]:
        _show_waiting(console, outcome, waiting)
    elif outcome.success and outcome.what == "build":
        _line(console, Text("Waiting for reviewers.", style="bold yellow"))
        _line(console, Text(f"Next     grandrounds review status {outcome.recipe}", style="dim"))
    if not outcome.success:
        _line(
            errors,
            Text("Stopped. ", style="bold")
            + Text("What was finished is kept; run the same command again when the cause is mended."),
        )


def funnel_table(outcome: Outcome) -> Table:
    """The funnel as a table: what came in, what went on, what was refused and why."""
    table = Table(title=f"{outcome.recipe}: what came in and what became of it", title_justify="left")
    for name in ("step", "of", "in", "out"):
        table.add_column(name, justify="right" if name in {"in", "out"} else "left", no_wrap=True)
    table.add_column("refused or passed by, by reason")
    for step in outcome.funnel:
        table.add_row(step.step, step.unit, f"{step.entered:,}", f"{step.left:,}", _refused(step))
    return table


def as_json(outcome: Outcome) -> dict[str, Any]:
    """The outcome for scripts."""
    return {
        "recipe": outcome.recipe,
        "what": outcome.what,
        "success": outcome.success,
        "run_id": outcome.run_id,
        "release": outcome.release,
        "rows": {name: data.get("dagster/row_count") for name, data in outcome.tables.items()},
        "read_now": outcome.tables.get("sources", {}).get("read_now"),
        "requests_sent": {
            name: data["requests_sent"] for name, data in outcome.tables.items() if "requests_sent" in data
        },
        "funnel": [asdict(step) for step in outcome.funnel],
        "failed_checks": [
            {
                "asset": check.asset,
                "check": check.check,
                "severity": check.severity,
                **_plain(check.metadata),
            }
            for check in outcome.failed_checks
        ],
        "failed_sources": [asdict(row) for row in outcome.failed_sources],
        "unanswered": [asdict(row) for row in outcome.unanswered],
        "errors": list(outcome.errors),
    }


def _refused(step: FunnelStep) -> str:
    return ", ".join(f"{part.reason} {part.count}" for part in step.refused)


def _show_failed_sources(console: Console, failed: Sequence[FailedSource]) -> None:
    """Which files could not be read, and why; the build goes on without them."""
    if not failed:
        return
    _line(console, Text("Not read ", style="bold yellow") + Text(_count(len(failed), "file")))
    for row in failed[:_SHOWN]:
        _line(console, Text(f"  {visible(row.path)}: ") + Text(visible(row.reason), style="dim"))
    _more(console, len(failed))


def _show_waiting(console: Console, outcome: Outcome, waiting: Sequence[Unanswered]) -> None:
    """Requests that somebody else answers: which, and how they get there and back."""
    stage = {"drafts": "draft", "revisions": "revise", "votes": "vote", "marks": "mark"}[waiting[0].table]
    rows = sum(row.rows for row in waiting if row.table == waiting[0].table)
    _line(
        console,
        Text("Waiting ", style="bold yellow") + Text(f" for the answers to {rows:,} {stage} requests."),
    )
    for command in (
        f"grandrounds requests export {outcome.recipe} --stage {stage} --out DIR",
        "grandrounds requests import DIR",
        f"grandrounds build {outcome.recipe}",
    ):
        _line(console, Text(f"Next     {command}", style="dim"))


def _show_unanswered(console: Console, outcome: Outcome) -> None:
    """Which rows the model left open. Only those are asked again by the next build."""
    left_open = [row for row in outcome.unanswered if row.status != WAITING]
    open_rows = sum(row.rows for row in left_open)
    if not open_rows:
        return
    _line(console, Text("Open     ", style="bold yellow") + Text(
        f"{_count(open_rows, 'row')} without a usable answer; "
        f"`grandrounds {outcome.what} {outcome.recipe}` asks again for those alone"
    ))  # fmt: skip
    for row in left_open[:_SHOWN]:
        _line(
            console,
            Text(f"  {row.table} {row.rows} {row.status}: ") + Text(visible(row.reason), style="dim"),
        )
    _more(console, len(left_open))


def _show_check(console: Console, check: FailedCheck) -> None:
    """A failed check: what it demands, and where that doesn't hold. Warnings stop nothing."""
    table = check.asset.rpartition("/")[2]
    error = check.severity == "ERROR"
    label = Text("Check failed: ", style="bold red") if error else Text("Note     ", style="bold cyan")
    rules = check.metadata.get("failed")
    if isinstance(rules, list):
        for rule in rules:
            rows = _count(rule["rows"], "row")
            shown = ", ".join(map(visible, rule["row_ids"][:_SHOWN]))
            shown += " ..." if rule["rows"] > _SHOWN else ""
            _line(console, label + Text(f"{table}, {rows}: {visible(rule['what'])}"))
            _line(console, Text(f"  {rule['rule']} ({rule['column']}): ") + Text(shown, style="dim"))
        return
    _line(console, label + Text(f"{table}: {check.check.replace('_', ' ')}"))
    for name in ("problems", "bias"):
        if check.metadata.get(name):
            _line(console, Text(visible(str(check.metadata[name])), style="dim"))


def _console(*, stderr: bool = False) -> Console:
    return Console(stderr=stderr, highlight=False)


def _line(console: Console, text: Text) -> None:
    """One line, as long as it is: a path that is cut can't be copied."""
    console.print(text, soft_wrap=True)


def _more(console: Console, count: int) -> None:
    if count > _SHOWN:
        _line(console, Text(f"  and {count - _SHOWN:,} more: --json lists all", style="dim"))


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def _plain(metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value for name, value in metadata.items() if isinstance(value, (str, int, float, dict, list))
    }
