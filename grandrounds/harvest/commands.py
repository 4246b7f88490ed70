"""``grandrounds harvest``: what feeds have new, into the journal."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from grandrounds.errors import GrandRoundsError
from grandrounds.terminal import visible

if TYPE_CHECKING:
    from grandrounds.harvest.collect import HarvestReport
    from grandrounds.harvest.room import HarvestRoom
    from grandrounds.harvest.settings import FeedsFile

_DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.command()
@click.argument("names", metavar="[FEED]...", nargs=-1)
@click.option("--since", type=_DAY, help="First day to ask for. Default: where the last harvest ended.")
@click.option("--until", type=_DAY, help="Last day to ask for. Default: everything that is there.")
@click.option(
    "--feeds",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The list of feeds (GRANDROUNDS_FEEDS).",
)
@click.option(
    "--accept-losses", is_flag=True, help="Believe a folder or listing that lost most of its records."
)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def harvest(
    ctx: click.Context,
    *,
    names: tuple[str, ...],
    since: datetime | None,
    until: datetime | None,
    feeds: Path | None,
    accept_losses: bool,
    as_json: bool,
) -> None:
    """Take what is new in FEEDs. Without a FEED, show those that there are and where each stands.

    \b
      grandrounds harvest europe-pmc --since 2026-11-01    (the first time)
      grandrounds harvest europe-pmc inbox                 (from then on)

    Nothing is taken twice, and a harvest that was stopped goes on where it was. Exit code 1 when a feed
    could not be harvested to its end.
    """
    listed, room = _open(ctx, feeds)
    if not names:
        _show_feeds(listed, room, as_json=as_json)
        return
    unknown = [name for name in names if name not in listed.feeds]
    if unknown:
        raise click.UsageError(
            f"There is no feed named {', '.join(unknown)}. There are: {', '.join(listed.feeds) or 'none'}."
        )
    reports = [
        _one(room, listed, name, since=since, until=until, accept_losses=accept_losses, quiet=as_json)
        for name in dict.fromkeys(names)
    ]
    if as_json:
        click.echo(json.dumps([asdict(report) for report in reports], indent=2, ensure_ascii=False))
    else:
        _show_reports(reports)
    ctx.exit(0 if all(report.finished for report in reports) else 1)


def _open(ctx: click.Context, feeds: Path | None) -> tuple[FeedsFile, HarvestRoom]:
    from grandrounds.harvest.room import HarvestRoom
    from grandrounds.harvest.settings import load_feeds
    from grandrounds.settings import resolve

    settings = resolve({"GRANDROUNDS_HOME": ctx.find_root().params.get("home")})
    listed = load_feeds(feeds or feeds_path(settings.home_path))
    return listed, HarvestRoom(folder=settings.home_path / "harvest", contact=listed.contact)


def feeds_path(home: Path) -> Path:
    """Where the list of feeds is: ``GRANDROUNDS_FEEDS``, or ``feeds.yaml`` in the working folder."""
    import os

    named = os.environ.get("GRANDROUNDS_FEEDS")
    return Path(named).expanduser().absolute() if named else home / "feeds.yaml"


def _one(
    room: HarvestRoom,
    listed: FeedsFile,
    name: str,
    *,
    since: datetime | None,
    until: datetime | None,
    accept_losses: bool,
    quiet: bool,
) -> HarvestReport:
    """One feed. What stops it is reported, so that the others are harvested."""
    from grandrounds.harvest.collect import HarvestReport

    def tell(words: str) -> None:
        click.echo(visible(words), err=True)

    try:
        return room.harvest(
            name,
            listed.feeds[name],
            now=lambda: datetime.now(UTC),
            since=_date(since),
            until=_date(until),
            accept_losses=accept_losses,
            progress=None if quiet else tell,
        )
    except GrandRoundsError as exc:
        return HarvestReport(feed=name, finished=False, trouble=exc.what, remedy=exc.remedy)


def _date(moment: datetime | None) -> date | None:
    return moment.date() if moment else None


def _show_reports(reports: Sequence[HarvestReport]) -> None:
    for report in reports:
        refused = ", ".join(f"{count} {reason}" for reason, count in report.refused.items()) or "none"
        click.echo(
            f"{report.feed}: {report.listed} listed, {report.taken} taken, {report.known} known, "
            f"{report.put_off} put off, refused: {refused}"
        )
        for fault in report.faults[:10]:
            click.echo(f"  {visible(fault)}")
        if not report.finished:
            click.secho(f"  stopped: {visible(report.trouble)}", fg="red", err=True)
            click.echo(f"  {visible(report.remedy)}", err=True)


def _show_feeds(listed: FeedsFile, room: HarvestRoom, *, as_json: bool) -> None:
    found = [_standing(room, name, said) for name, said in listed.feeds.items()]
    if as_json:
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    for feed in found:
        last = feed["last"] or "never harvested to its end"
        click.echo(f"{feed['feed']} ({feed['kind']}): {feed['records']} records, {last}")
    if not found:
        click.echo("No feeds are listed.")


def _standing(room: HarvestRoom, name: str, said: dict[str, Any]) -> dict[str, Any]:
    """One line about a feed; a journal is not made for it."""
    standing: dict[str, Any] = {
        "feed": name,
        "kind": said.get("kind", ""),
        "records": 0,
        "last": "",
        "open": False,
    }
    if room.journal_path.exists():
        with room.open_journal() as journal:
            whole = journal.last_whole_run(name)
            standing["records"] = journal.present(name)
            standing["last"] = whole.started_at.isoformat() if whole else ""
            standing["open"] = journal.open_run(name) is not None
    return standing
