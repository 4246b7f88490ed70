"""``grandrounds review backup`` and ``restore``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from grandrounds.review.backup import BackupReport


@click.command(short_help="Write the whole review database to one file.")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print what it holds as JSON.")
def backup(*, file: Path, as_json: bool) -> None:
    """Write the queue, every decision and the accounts to FILE, a new one, while others go on working.

    The file holds password hashes: keep it as you would keep the database. Sessions, invitations and failed
    logins are left out.

    \b
    Example:
      grandrounds review backup review-2026-05-04.backup
    """
    from datetime import UTC, datetime

    from grandrounds.review.backup import back_up
    from grandrounds.review.store import ReviewStore
    from grandrounds.settings import resolve

    with ReviewStore(resolve().review_url.value) as store:
        report = back_up(store.database, file, now=datetime.now(UTC))
    _tell(report, as_json=as_json, done="written to")


@click.command(short_help="Put a backup into the review database.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, help="Lose what the database holds now.")
@click.option("--check", "only_check", is_flag=True, help="Only read the file to its end and check it.")
@click.option("--json", "as_json", is_flag=True, help="Print what it holds as JSON.")
def restore(*, file: Path, replace: bool, only_check: bool, as_json: bool) -> None:
    """Put what FILE holds into the review database (GRANDROUNDS_REVIEW_URL), be it SQLite or PostgreSQL,
    whichever it was made from. One that holds something is not touched, unless --replace says so.
    Everybody has to sign in again.

    \b
    Example:
      grandrounds review restore review-2026-05-04.backup
    """
    from grandrounds.review.backup import check
    from grandrounds.review.backup import restore as put_back
    from grandrounds.review.store import ReviewStore
    from grandrounds.settings import resolve

    if only_check:
        _tell(check(file), as_json=as_json, done="sound in")
        return
    with ReviewStore(resolve().review_url.value) as store:
        report = put_back(store.database, file, replace=replace)
    _tell(report, as_json=as_json, done="restored from")


def _tell(report: BackupReport, *, as_json: bool, done: str) -> None:
    if as_json:
        import json
        from dataclasses import asdict

        click.echo(json.dumps(asdict(report), indent=2))
        return
    events, items = report.rows.get("review_events", 0), report.rows.get("review_queue", 0)
    people = report.rows.get("review_accounts", 0)
    click.echo(f"{items} contents, {events} decisions and {people} accounts {done} {report.file}.")
    click.echo(f"SHA-256 of its lines: {report.sha256}")


COMMANDS = (backup, restore)
