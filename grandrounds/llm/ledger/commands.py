"""``grandrounds ledger``: what the ledger holds, one request of it, all of it as a file, and less of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from grandrounds.errors import LedgerError
from grandrounds.llm.answer import OK, STATUSES, WAITING
from grandrounds.llm.ledger.showing import print_json, print_pruned, print_request, print_stats, size
from grandrounds.terminal import visible

if TYPE_CHECKING:
    from grandrounds.llm.ledger import Ledger

_Command = TypeVar("_Command", bound=Callable[..., Any])

_FILED = [status for status in STATUSES if status != WAITING]


@click.group()
def ledger() -> None:
    """Every request to a model and every answer, kept so that nothing is paid for twice.

    It is at GRANDROUNDS_LEDGER_URL: a SQLite file in the working folder, unless told otherwise.

    \b
      grandrounds ledger stats
      grandrounds ledger show 3f9a
      grandrounds ledger export --out answers.jsonl.gz
      grandrounds ledger prune --status failed --older-than 30
    """


def _selecting(command: _Command) -> _Command:
    """The options that select answers, shared by the commands that take a selection."""
    for option in (
        click.option("--status", "statuses", multiple=True, type=click.Choice(_FILED), help="Only these."),
        click.option(
            "--prompt", "prompts", multiple=True, metavar="NAME[@VERSION]", help="Of this prompt."
        ),
        click.option("--model", "models", multiple=True, metavar="NAME", help="Of this model."),
    ):
        command = option(command)
    return command


@ledger.command(short_help="What it holds: by model, prompt and status.")
@click.option("--check", is_flag=True, help="Also read all of it and say what is damaged.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@click.pass_context
def stats(ctx: click.Context, check: bool, as_json: bool) -> None:
    """What the ledger holds and what was paid: answers, tokens and cost by model, prompt and status.

    With --check it ends with 1 when something is damaged.
    """
    from dataclasses import asdict

    with _open() as opened:
        found, name = opened.stats(), opened.name
        faults = opened.check() if check else []
    if as_json:
        print_json({"ledger": name, **asdict(found), **({"faults": faults} if check else {})})
    else:
        print_stats(found, name)
        if check:
            click.echo("\n".join(map(visible, faults)) or "Nothing in it is damaged.")
    ctx.exit(1 if faults else 0)


@ledger.command(short_help="One request with every answer it got.")
@click.argument("id_prefix", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(id_prefix: str, as_json: bool) -> None:
    """The request whose id starts with ID (with or without "req-"), its messages, and every answer.

    \b
    Example:
      grandrounds ledger show 3f9a
    """
    from dataclasses import asdict

    with _open() as opened:
        found = opened.show(id_prefix)
    if as_json:
        print_json(asdict(found))
    else:
        print_request(found)


@ledger.command(short_help="All of it, or some, as JSON Lines or Parquet.")
@click.option(
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="New file; ends in .jsonl, .jsonl.gz or .parquet.",
)
@_selecting
@click.option("--since", default="", metavar="TIME", help="Only filed since: 2026-05-04, 2026-05-04T08:00.")
@click.option("--include-protected", is_flag=True, help="Also requests that hold protected evidence.")
@click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON.")
def export(
    *,
    out: Path,
    models: tuple[str, ...],
    prompts: tuple[str, ...],
    statuses: tuple[str, ...],
    since: str,
    include_protected: bool,
    as_json: bool,
) -> None:
    """Write answers, each with the request it answers, one a line in the order they were filed.

    Protected evidence (sources that may reach no endpoint that isn't local) stays out of the file unless
    --include-protected; in the file its lines are marked. A file that exists is never overwritten.

    \b
    Example:
      grandrounds ledger export --out good.parquet --status ok --prompt diagnosis_mcq/draft@3
    """
    from dataclasses import asdict

    from rich.console import Console

    from grandrounds.llm.ledger import Selection

    selection = Selection(models=models, prompts=prompts, statuses=statuses, since=_moment(since))
    with _open() as opened, Console(stderr=True).status("Exporting") as shown:
        report = opened.export(
            out,
            selection,
            include_protected=include_protected,
            on_progress=lambda done: shown.update(f"Exporting, {done:,} answers"),
        )
    if as_json:
        print_json(asdict(report))
        return
    click.echo(f"{report.answers:,} answers written to {visible(report.file)} ({size(report.bytes)}).")
    if report.protected_left_out:
        click.echo(
            f"{report.protected_left_out:,} answers about protected evidence were left out "
            "(--include-protected writes them)."
        )


@ledger.command(short_help="Delete answers that nobody needs.")
@_selecting
@click.option(
    "--older-than", type=click.IntRange(min=0), metavar="DAYS", help="Filed longer ago than that."
)
@click.option("--ok", is_flag=True, help="Also good answers: they must be paid for again.")
@click.option("--dry-run/--delete", default=True, help="Only say what would go (default), or delete it.")
@click.option("--json", "as_json", is_flag=True, help="Print what went as JSON.")
def prune(
    *,
    models: tuple[str, ...],
    prompts: tuple[str, ...],
    statuses: tuple[str, ...],
    older_than: int | None,
    ok: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Delete answers, and requests left without any, and give their room back to the disk.

    Without --delete it only says what would go. Good answers stay unless --ok is said too. Say which
    answers with at least one of --status, --model, --prompt, --older-than.

    \b
    Example:
      grandrounds ledger prune --status failed --status unparsable --older-than 30 --delete
    """
    if not (models or prompts or statuses or older_than is not None):
        raise click.UsageError("Say which: --status, --model, --prompt or --older-than.")
    if OK in statuses and not ok:
        raise click.UsageError("Good answers must be paid for again: say --ok too if you mean that.")
    from dataclasses import asdict

    from grandrounds.llm.ledger import Selection

    selection = Selection(models=models, prompts=prompts, statuses=statuses, before=_days_ago(older_than))
    with _open() as opened:
        found = opened.prune(selection, ok=ok, dry_run=dry_run)
        note = "" if dry_run or not found.answers else _shrunk(opened)
    if as_json:
        print_json({"deleted": not dry_run, **asdict(found), "note": note})
    else:
        print_pruned(found, dry_run=dry_run, note=note)


def _open() -> Ledger:
    from grandrounds.llm.ledger import open_ledger
    from grandrounds.llm.ledger.database import sqlite_path
    from grandrounds.settings import resolve

    address = resolve().ledger_url.value
    path = sqlite_path(address)
    if path is not None and not path.exists():
        raise LedgerError(
            f"There is no ledger yet at {path}.",
            remedy="The first build that asks a model makes it; or set GRANDROUNDS_LEDGER_URL.",
        )
    return open_ledger(address)


def _shrunk(opened: Ledger) -> str:
    """Give the room back; what to say when that can't be done now."""
    try:
        opened.shrink()
    except LedgerError as exc:
        return f"The room they took is used for new answers; it was not given back to the disk: {exc}"
    return ""


def _moment(since: str) -> str:
    from datetime import UTC, datetime

    from grandrounds.llm.ledger.selecting import moment

    if not since:
        return ""
    try:
        when = datetime.fromisoformat(since)
        return moment(when if when.tzinfo else when.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        raise click.BadParameter(
            f"{since!r} is not a time such as 2026-05-04 or 2026-05-04T08:00+02:00.", param_hint="--since"
        ) from None


def _days_ago(days: int | None) -> str:
    from datetime import UTC, datetime, timedelta

    from grandrounds.llm.ledger.selecting import moment

    if days is None:
        return ""
    try:
        return moment(datetime.now(UTC) - timedelta(days=days))
    except OverflowError:
        raise click.BadParameter(
            f"{days} days ago was before the calendar.", param_hint="--older-than"
        ) from None
