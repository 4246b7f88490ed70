"""``grandrounds review``: how far the review is, the queue out as a file, decisions back in, the page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from grandrounds.review.backup_commands import COMMANDS as BACKUP
from grandrounds.review.page_commands import COMMANDS

if TYPE_CHECKING:
    from grandrounds.review.agreement import ReaderAgreement
    from grandrounds.review.policy import ReviewStatus
    from grandrounds.review.store import ReviewStore
    from grandrounds.review.transfer import ImportReport

_OTHERS = ("labelstudio", "argilla", "csv")  # exchange.files.KINDS, which would load the database's library
_MOST_SHOWN = 20  # problems printed for people; --json has the first thousand


@click.group()
def review() -> None:
    """The clinicians' queue: how far it is, out as a file, decisions back in.

    \b
    A round by file:
      grandrounds review export case_diagnosis --reviewer reviewer-a --out a.jsonl
      (fill in "decision" on each line; "reasons" or "edits" where they are due)
      grandrounds review import a.jsonl
      grandrounds review status case_diagnosis
    \b
    On the page:
      grandrounds review add-user lead-a --role lead
      grandrounds review serve
    """


for _command in (*COMMANDS, *BACKUP):
    review.add_command(_command)


@review.command(short_help="How far the review is.")
@click.argument("recipe", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def status(recipe: str | None, as_json: bool) -> None:
    """How far the review of RECIPE is, or of all recipes that have a queue.

    \b
    Example:
      grandrounds review status case_diagnosis
    """
    from grandrounds.review.policy import status as status_of_recipe

    with _store() as store:
        names = [recipe] if recipe else store.recipes()
        found = [status_of_recipe(store, name) for name in names]
        shown = store.shown
    if as_json:
        _print_json([_status_as_data(one) for one in found])
    elif not found:
        click.echo(f"No recipe has a review queue yet in {shown}. `grandrounds build RECIPE` fills one.")
    else:
        _print_status(found)


@review.command(short_help="Write the queue as a file, to fill in.")
@click.argument("recipe")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="New file to write.")
@click.option("--reviewer", default="", help="Pseudonym to fill in; leaves out what it has decided.")
@click.option("--disputed", is_flag=True, help="Only what readers differ on, for an adjudicator.")
@click.option("--to", "to", type=click.Choice(_OTHERS), help="For another program, instead of JSON Lines.")
@click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON (with --out).")
def export(*, recipe: str, out: Path | None, reviewer: str, disputed: bool, to: Any, as_json: bool) -> None:
    """Write the queue of RECIPE as JSON Lines: one item a line, with the fields to fill in.

    Without --out the lines go to standard output. A file that exists is never overwritten. With --to it is
    a file for Label Studio or Argilla (their settings are written beside it), or CSV for a spreadsheet.

    \b
    Examples:
      grandrounds review export case_diagnosis --reviewer reviewer-a --out a.jsonl
      grandrounds review export case_diagnosis --to csv --out a.csv
    """
    from grandrounds.review.transfer import export_queue, write_export

    if to and out is None:
        raise click.UsageError("--to needs --out: a file for another program.")
    beside = None
    with _store() as store:
        if to and out is not None:
            from grandrounds.review.exchange.files import export_file

            report, beside = export_file(store, recipe, out, to=to, reviewer=reviewer, disputed=disputed)
        else:
            lines = export_queue(store, recipe, reviewer=reviewer, disputed=disputed)
            if out is None:
                for line in lines:
                    click.echo(line)
                return
            report = write_export(lines, out, recipe=recipe)
    if as_json:
        settings = {"settings": str(beside)} if beside else {}
        _print_json({"recipe": report.recipe, "lines": report.lines, "file": report.file, **settings})
        return
    click.echo(f"{report.lines} items of {report.recipe} written to {report.file}.")
    if beside:
        click.echo(f"The settings of the project they go into: {beside}")
    source = f" --from {to}" if to else ""
    click.echo(f"Fill in the decisions, then: grandrounds review import{source} {report.file}")


@review.command("import", short_help="Store the decisions that were filled in.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--from", "come_from", type=click.Choice(_OTHERS), help="The other program it comes from.")
@click.option("--reviewer", default="", help="Whose answers the other program's file holds (pseudonym).")
@click.option("--person", "people", multiple=True, metavar="7=reviewer-a", help="Who somebody is there.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.pass_context
def import_events(
    ctx: click.Context, *, file: Path, come_from: Any, reviewer: str, people: tuple[str, ...], as_json: bool
) -> None:
    """Store the decisions filled in in FILE. Importing it again changes nothing.

    A line that can't be used is named with its number and the reason; the others are stored.
    Ends with 1 when there was such a line.

    \b
    Examples:
      grandrounds review import a.jsonl
      grandrounds review import --from labelstudio --person 7=reviewer-a done.json
    """
    from datetime import UTC, datetime

    from grandrounds.review.transfer import import_file

    if (people or reviewer) and not come_from:
        raise click.UsageError("--person and --reviewer go with --from; a review file names its reviewer.")
    with _store() as store:
        if come_from:
            from grandrounds.review.exchange.files import import_other
            from grandrounds.review.exchange.people import people_from

            known = people_from(people, everybody=reviewer)
            report = import_other(store, file, come_from=come_from, people=known, now=datetime.now(UTC))
        else:
            report = import_file(store, file, now=datetime.now(UTC))
    if as_json:
        _print_json(_report_as_data(report))
    else:
        _print_report(report)
    if report.bad:
        ctx.exit(1)


def _store() -> ReviewStore:
    from grandrounds.review.store import ReviewStore
    from grandrounds.settings import resolve

    return ReviewStore(resolve().review_url.value)


def _print_json(value: Any) -> None:
    import json

    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def _status_as_data(found: ReviewStatus) -> dict[str, Any]:
    return {
        "recipe": found.recipe,
        "policy": found.policy.model_dump(mode="json"),
        "candidates": found.candidates,
        "counts": {outcome.value: count for outcome, count in found.counts.items()},
        "by_reviewer": dict(found.by_reviewer),
        "agreement": found.agreement.as_json(),
        "met": found.met,
        "unmet": list(found.unmet),
    }


def _report_as_data(report: ImportReport) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(report)


def _print_status(found: list[ReviewStatus]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console()
    for one in found:
        table = Table(title=escape(one.recipe), title_justify="left", show_header=False)
        table.add_column()
        table.add_column(justify="right")
        for outcome, count in one.shown.items():
            table.add_row(outcome.value.replace("_", ", "), str(count))
        table.add_section()
        table.add_row("candidates", str(one.candidates))
        for reviewer, count in one.by_reviewer.items():
            table.add_row(f"decided by {escape(reviewer)}", str(count))
        table.add_section()
        for name, figure in _agreement_rows(one.agreement):
            table.add_row(name, figure)
        console.print(table)
        if one.policy.policy == "none":
            console.print("Policy none: nothing waits for readers; releases are previews, not reviewed.")
        for sentence in one.unmet:
            console.print(f"  {sentence}", markup=False)
        if one.met and one.policy.policy != "none":
            console.print("The policy is met: the sensor (or `grandrounds publish`) may publish.")


def _agreement_rows(found: ReaderAgreement) -> list[tuple[str, str]]:
    if found.percent_agreement is None or found.gwet_ac1 is None:
        return []
    rows = [
        ("read by two or more", str(found.items)),
        ("percent agreement", f"{found.percent_agreement:.1%}"),
        ("Gwet's AC1", f"{found.gwet_ac1:.3f}"),
    ]
    if found.gwet_ac1_low is not None and found.gwet_ac1_high is not None:
        rows.append(("its 95% interval", f"{found.gwet_ac1_low:.3f} to {found.gwet_ac1_high:.3f}"))
    return rows


def _print_report(report: ImportReport) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for name in ("imported", "known", "undecided", "bad"):
        table.add_row(name, str(getattr(report, name)))
    console = Console()
    console.print(table)
    for problem in report.problems[:_MOST_SHOWN]:
        item = f" ({problem.item_id})" if problem.item_id else ""
        click.echo(f"Line {problem.line}{item}: {problem.reason}", err=True)
    if report.bad > _MOST_SHOWN:
        click.echo(f"... and {report.bad - _MOST_SHOWN} more lines; --json lists them.", err=True)
