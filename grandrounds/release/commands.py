"""``grandrounds verify``, ``grandrounds diff`` and ``grandrounds rejoin``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.console import Console

    from grandrounds.release.diff import Difference
    from grandrounds.release.findings import Problem, VerifyReport
    from grandrounds.release.rejoin import Rejoined

# More lines than this scroll away what matters; --json gives all.
_SHOWN = 50


@click.command(short_help="Re-check a release from its files alone.")
@click.argument("directories", metavar="DIR...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the whole report as JSON.")
@click.pass_context
def verify(ctx: click.Context, directories: tuple[Path, ...], as_json: bool) -> None:
    """Re-check the release in each DIR from its files alone: no lake, database or network is needed.

    Checksums, schemas, ids, stems, quotes, answers, pictures, splits, licences, counts and marks are
    made again from the files and compared; volumes are unpacked and measured again. Ends with 1, and a
    list, when anything is off.

    \b
    Examples:
      grandrounds verify .grandrounds/releases/case_diagnosis/0.1.0
      grandrounds verify ~/Downloads/case_diagnosis --json | jq .problems
    """
    from grandrounds.progress import listening
    from grandrounds.release.verify import verify as check

    reports: list[VerifyReport] = []
    for position, directory in enumerate(directories):
        with _Working() as working, listening(working):
            reports.append(check(directory))
        if not as_json:
            if position:
                click.echo()
            _show_report(reports[-1], directory)
    if as_json:
        values = [asdict(report) | {"sound": report.sound} for report in reports]
        click.echo(json.dumps(values if len(values) > 1 else values[0], indent=2, ensure_ascii=False))
    if not all(report.sound for report in reports):
        ctx.exit(1)


@click.command(short_help="What changed between two releases.")
@click.argument("before", metavar="DIR_A", type=click.Path(path_type=Path))
@click.argument("after", metavar="DIR_B", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the whole difference as JSON.")
def diff(before: Path, after: Path, as_json: bool) -> None:
    """What was added, removed, changed or moved between the releases in DIR_A and DIR_B.

    An item is the same when its id is: an id is a hash of what is asked and what is right. An item of
    the same case and task with another id counts as changed.

    \b
    Examples:
      grandrounds diff releases/case_diagnosis/1.0.0 releases/case_diagnosis/1.1.0
      grandrounds diff OLD NEW --json | jq '.changed | length'
    """
    from grandrounds.release.diff import diff as compare

    difference = compare(before, after)
    if as_json:
        click.echo(json.dumps(asdict(difference), indent=2, ensure_ascii=False))
    else:
        _show_difference(difference)


@click.command(short_help="Cut the frames that a release only names from your own videos.")
@click.argument(
    "release",
    metavar="RELEASE",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
)
@click.option(
    "--sources",
    metavar="DIR",
    required=True,
    type=click.Path(path_type=Path, exists=True),
    help="Folder with the videos, any depth below.",
)
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Where the completed copy goes; RELEASE-rejoined when left away.",
)
@click.option("--json", "as_json", is_flag=True, help="Print what became of it as JSON.")
@click.pass_context
def rejoin(ctx: click.Context, release: Path, sources: Path, out: Path | None, as_json: bool) -> None:
    """Complete a copy of RELEASE with frames that its licences allow it to name, but not to show.

    Videos are found in the folder by the SHA-256 of the file, frames are cut by number, and their pixels
    must be those that the release names. RELEASE itself never changes. The copy is for yourself: don't pass
    it on. Ends with 1, and a list, when a video is missing or a frame differs; what could be had is in the
    copy.

    \b
    Examples:
      grandrounds rejoin .grandrounds/releases/video_vqa/0.1.0 --sources ~/videos
      grandrounds rejoin RELEASE --sources DIR --out COPY --json | jq .troubles
    """
    from grandrounds.progress import listening
    from grandrounds.release.rejoin import place_of, refusal_of
    from grandrounds.release.rejoin import rejoin as complete

    place = place_of(release, out)
    refusal = refusal_of(place, release)
    if refusal:
        raise click.UsageError(refusal)
    with _Working() as working, listening(working):
        done = complete(release, sources=sources, out=place)
    if as_json:
        click.echo(json.dumps(asdict(done) | {"whole": done.whole}, indent=2, ensure_ascii=False))
    else:
        _show_rejoined(done, release)
    if not done.whole:
        ctx.exit(1)


class _Working:
    """Says on a terminal what a long check is at; nothing is written where the errors go to a file."""

    def __init__(self) -> None:
        from rich.console import Console

        self._status = Console(stderr=True).status("Checking")

    def __enter__(self) -> _Working:
        self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._status.stop()

    def start(self, name: str) -> None:
        """A stage begins."""
        self._status.update(name)

    def update(self, name: str, done: int, total: int | None) -> None:
        """So many are done."""
        self._status.update(f"{name}: {done:,} of {total:,}" if total else f"{name}: {done:,}")

    def note(self, name: str, words: str) -> None:
        """There is more to say."""
        self._status.update(f"{name}: {words}")

    def finish(self, name: str) -> None:
        """A stage ended."""
        self._status.update(f"{name}: done")


def _show_report(report: VerifyReport, directory: Path) -> None:
    from rich.markup import escape
    from rich.table import Table

    console = _console()
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("checked", overflow="fold")
    table.add_column("number", justify="right")
    for checked in report.checked:
        table.add_row(escape(checked.what), f"{checked.count:,}")
    console.print(table)
    if report.remarks:
        console.print(f"\n{len(report.remarks):,} [bold yellow]remarks[/], worth a look but no fault:")
        _show_list(console, report.remarks)
    if report.filtered_by:
        console.print(
            f"\n[bold yellow]Filtered by[/] {escape(', '.join(report.filtered_by))}: these models decided "
            "which items stay, so their own scores on them can't be compared with others.",
            soft_wrap=True,
        )
    what = f"{report.benchmark} {report.version}".strip() or str(directory)
    if report.sound:
        kind = " (a preview: not clinician-reviewed)" if report.preview else ""
        console.print(f"\n[bold green]Sound.[/] {escape(what)}{kind} is what it says.")
        return
    console.print(f"\n[bold red]{len(report.problems):,} problems[/] in {escape(what)}:")
    _show_list(console, report.problems)


def _show_rejoined(done: Rejoined, release: Path) -> None:
    from rich.markup import escape

    from grandrounds.release.findings import Problem

    console = _console()
    if not done.items:
        console.print(
            f"[bold green]Nothing is missing[/] from {escape(str(release))}: it shows all it names."
        )
        return
    console.print(
        f"{done.videos:,} of {done.videos_wanted:,} videos found, {done.frames:,} frames cut, "
        f"{done.completed:,} of {done.items:,} items completed."
    )
    if done.path:
        console.print(
            f"Written: [bold]{escape(done.path)}[/] (for yourself: don't pass it on)", soft_wrap=True
        )
    if done.troubles:
        console.print(f"\n[bold red]{len(done.troubles):,} left out[/]:")
        _show_list(
            console,
            [
                Problem(where=each.evidence_id, what=f"{each.what} (file {each.source_sha256[:16]}...)")
                for each in done.troubles
            ],
        )


def _show_list(console: Console, found: Sequence[Problem]) -> None:
    from rich.markup import escape

    for problem in found[:_SHOWN]:
        console.print(f"  [bold]{escape(problem.where)}[/] {escape(problem.what)}", soft_wrap=True)
    if len(found) > _SHOWN:
        console.print(f"  and {len(found) - _SHOWN:,} more: --json lists all.")


def _show_difference(difference: Difference) -> None:
    from rich.markup import escape

    console = _console()
    console.print(f"From [bold]{escape(difference.before)}[/] to [bold]{escape(difference.after)}[/]:")
    lists = {
        "added": [escape(item) for item in difference.added],
        "removed": [escape(item) for item in difference.removed],
        "changed": [
            f"{escape(change.before)} -> {escape(change.after)} ({escape(', '.join(change.fields))})"
            for change in difference.changed
        ],
        "moved": [
            f"{escape(move.item_id)}: {escape(move.before)} -> {escape(move.after)}"
            for move in difference.moved
        ],
    }
    for name, lines in lists.items():
        console.print(f"  {name:9} {len(lines):,}")
    console.print(f"  {'as before':9} {difference.unchanged:,}")
    for name, lines in lists.items():
        if lines:
            console.print(f"\n[bold]{name}[/]")
        for line in lines[:_SHOWN]:
            console.print(f"  {line}", soft_wrap=True)
        if len(lines) > _SHOWN:
            console.print(f"  and {len(lines) - _SHOWN:,} more: --json lists all.")


def _console() -> Console:
    from rich.console import Console

    return Console(highlight=False)
