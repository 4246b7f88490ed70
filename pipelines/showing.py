"""What people see in the terminal: progress while a job runs, then the funnel and what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from grandrounds.records.funnel import FunnelStep
from pipelines.running import FailedCheck, Outcome


class TerminalProgress:
    """A progress bar a stage, on standard error."""

    def __init__(self) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._tasks: dict[str, TaskID] = {}

    def start(self, name: str) -> None:
        """A stage begins."""
        if not self._tasks:
            self._progress.start()
        self._tasks[name] = self._progress.add_task(name, total=None)

    def update(self, name: str, done: int, total: int | None) -> None:
        """``done`` of ``total`` things are finished."""
        self._progress.update(self._tasks[name], completed=done, total=total)

    def finish(self, name: str) -> None:
        """A stage ended."""
        self._progress.remove_task(self._tasks.pop(name))
        if not self._tasks:
            self._progress.stop()


def show_outcome(outcome: Outcome) -> None:
    """Print the funnel, what was refused, failed checks and the next step."""
    console = Console()
    if outcome.funnel:
        console.print(funnel_table(outcome))
    for check in outcome.failed_checks:
        _show_check(console, check)
    for error in outcome.errors:
        console.print(Text("Error: ", style="bold red") + Text(error))
    if outcome.release:
        console.print(Text("Release  ", style="bold green") + Text(outcome.release))
        console.print(Text(f"Next     grandrounds verify {outcome.release}"), style="dim", soft_wrap=True)
    elif outcome.success and outcome.what == "build":
        console.print(Text("Waiting for reviewers. ", style="bold yellow"), end="")
        console.print(Text(f"Next: grandrounds review status {outcome.recipe}"))
    if not outcome.success:
        console.print(
            Text(
                "Stopped. What was finished is kept; run the same command again when the cause is mended."
            ),
            style="bold",
        )


def funnel_table(outcome: Outcome) -> Table:
    """The funnel as a table: what came in, what went on, what was refused and why."""
    table = Table(title=f"{outcome.recipe}: what came in and what became of it", title_justify="left")
    for name in ("step", "of", "in", "out"):
        table.add_column(name, justify="right" if name in {"in", "out"} else "left")
    table.add_column("refused or passed by, by reason")
    for step in outcome.funnel:
        table.add_row(step.step, step.unit, str(step.entered), str(step.left), _refused(step))
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
        "errors": list(outcome.errors),
    }


def _refused(step: FunnelStep) -> str:
    return ", ".join(f"{part.reason} {part.count}" for part in step.refused)


def _show_check(console: Console, check: FailedCheck) -> None:
    error = check.severity == "ERROR"
    console.print(
        Text("Check failed: " if error else "Warning: ", style="bold red" if error else "yellow")
        + Text(f"{check.asset} · {check.check}")
    )
    rules = check.metadata.get("failed")
    for rule in rules if isinstance(rules, list) else ():
        shown = ", ".join(rule["row_ids"][:5]) + (" ..." if rule["rows"] > 5 else "")
        console.print(Text(f"  {rule['rule']} ({rule['column']}, {rule['rows']} rows): {rule['what']}"))
        console.print(Text(f"    {shown}", style="dim"), soft_wrap=True)
    for name in ("problems", "bias"):
        if check.metadata.get(name):
            console.print(Text(str(check.metadata[name])), style="dim")


def _plain(metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value for name, value in metadata.items() if isinstance(value, (str, int, float, dict, list))
    }
