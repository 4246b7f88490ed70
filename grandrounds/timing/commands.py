"""``grandrounds export`` and ``grandrounds scores``: releases and results by date."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from grandrounds.timing.results import Results
    from grandrounds.timing.scores import DatedScores

_DAY = click.DateTime(formats=["%Y-%m-%d"])
_BY = click.option(
    "--date",
    "by",
    type=click.Choice(["source_published", "available_from"]),
    default="source_published",
    show_default=True,
    help="Which date of an item.",
)


@click.command(short_help="A release cut by date, as a folder of Parquet.")
@click.argument("release", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--after", type=_DAY, metavar="DATE", help="First day that counts.")
@click.option("--before", type=_DAY, metavar="DATE", help="First day that no longer counts.")
@_BY
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Folder to write; beside the releases, under exports/, when left away.",
)
@click.option("--json", "as_json", is_flag=True, help="Print what became of it as JSON.")
def export(  # noqa: PLR0917 - click passes options by name
    release: Path,
    after: datetime | None,
    before: datetime | None,
    by: str,
    out: Path | None,
    as_json: bool,
) -> None:
    """Write the items of the release in DIR whose date is on or after one day, and before another.

    The folder holds their Parquet files, what they rest on, and export.json, which says the filter and the
    release. Items without the date are left out and counted. The release itself never changes.

    \b
    Examples:
      grandrounds export RELEASE --after 2026-07-01
      grandrounds export RELEASE --after 2026-01-01 --before 2026-07-01 --out half/
    """
    from grandrounds.timing.dates import DateFilter
    from grandrounds.timing.export import export as cut

    if after is None and before is None:
        raise click.UsageError("Give --after DATE, --before DATE or both.")
    chosen = DateFilter(by=by, after=_day(after), before=_day(before))
    place, made = cut(release, chosen, out=out)
    if as_json:
        value = {"path": str(place), "filter": made.filter, "counts": made.counts}
        click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=_jsonable))
        return
    counts = made.counts
    click.echo(
        f"{counts.items:,} of {made.release.items:,} items; {counts.outside:,} lie outside, "
        f"{counts.undated:,} have no {by}."
    )
    click.echo(f"Written: {place}")


@click.command(short_help="Scores by date, before and after a model's cut-off.")
@click.argument("release", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument(
    "results",
    metavar="RESULTS...",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.option(
    "--by",
    "kind",
    type=click.Choice(["month", "quarter", "week"]),
    default="quarter",
    show_default=True,
    help="Length of a period.",
)
@_BY
@click.option(
    "--cutoffs",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Models' cut-offs as YAML (GRANDROUNDS_CUTOFFS).",
)
@click.option(
    "--out",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Page to write: .html, or .svg for the chart of a single model.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the scores as JSON.")
def scores(  # noqa: PLR0917 - click passes options by name
    release: Path,
    results: tuple[Path, ...],
    kind: str,
    by: str,
    cutoffs: Path | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Scores of models on the release in DIR by date of its items.

    RESULTS are files of rows (JSON Lines, JSON, CSV, TSV, Parquet) with item_id, correct (true or false) or
    score (a number), and model. With a table of cut-offs each model is compared before and after its own.

    \b
    Examples:
      grandrounds scores RELEASE results.jsonl
      grandrounds scores RELEASE a.jsonl b.csv --by month --out scores.html
    """
    from grandrounds.timing.cutoffs import read_cutoffs
    from grandrounds.timing.dates import dated_items
    from grandrounds.timing.results import read_results
    from grandrounds.timing.scores import scores_by_date

    table = cutoffs or _cutoffs_by_setting()
    read = read_results(results)
    found = scores_by_date(
        dated_items(release), read, by=by, kind=kind, cutoffs=read_cutoffs(table) if table else None
    )
    if out is not None:
        _write(out, found, release, read)
    if as_json:
        click.echo(json.dumps(_value(found, read), indent=2, ensure_ascii=False, default=_jsonable))
    else:
        _show(found, read, out)


def _cutoffs_by_setting() -> Path | None:
    from grandrounds.settings import resolve

    value = resolve().cutoffs.value
    return Path(value) if value else None


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment is not None else None


def _write(out: Path, found: DatedScores, release: Path, read: Results) -> None:
    from grandrounds.errors import TimingError
    from grandrounds.timing.chart import page, svg

    if out.suffix.lower() == ".svg":
        if len(found.models) != 1:
            raise TimingError(
                f"{out} can hold the chart of one model, but there are {len(found.models)}.",
                remedy="Write a page (.html), or give the results of one model.",
            )
        text = svg(found, found.models[0]) + "\n"
    elif out.suffix.lower() in {".html", ".htm"}:
        resolved = release.resolve()
        text = page(
            found, title=f"{resolved.parent.name} {resolved.name}: scores by date", notes=_notes(read)
        )
    else:
        raise TimingError(f"{out} is neither .html nor .svg.", remedy="Name one of them.")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text, encoding="utf-8", errors="replace", newline="\n")
    except OSError as exc:
        raise TimingError(f"{out} can't be written: {exc.strerror or exc}.") from exc


def _notes(read: Results) -> list[str]:
    if not read.unusable:
        return []
    told = ", ".join(f"{count:,} with {name}" for name, count in read.unusable.items())
    return [f"{sum(read.unusable.values()):,} of {read.rows:,} rows are not counted: {told}."]


def _value(found: DatedScores, read: Results) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(found) | {"rows": read.rows, "unusable": dict(read.unusable)}


def _jsonable(value: Any) -> Any:
    return value.model_dump(mode="json") if hasattr(value, "model_dump") else str(value)


def _show(found: DatedScores, read: Results, out: Path | None) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from grandrounds.terminal import visible
    from grandrounds.timing.chart import around_sentence

    console = Console(highlight=False)
    for model in found.models:
        console.print(f"\n[bold]{escape(visible(model.model))}[/]")
        table = Table(box=None, header_style="bold", pad_edge=False)
        for name in (found.kind, "score", "95% interval", "items", "groups"):
            table.add_column(name, justify="left" if name == found.kind else "right")
        for name, score in {**model.periods, "all": model.overall}.items():
            interval = f"{score.interval.low:.3f} to {score.interval.high:.3f}" if score.interval else ""
            table.add_row(name, f"{score.mean:.3f}", interval, f"{score.items:,}", f"{score.groups:,}")
        console.print(table)
        if model.around is not None:
            console.print(escape(visible(around_sentence(model.around))), soft_wrap=True)
        if model.undated or model.unknown:
            console.print(
                f"{model.undated:,} items without {found.by}; {model.unknown:,} results for items that are "
                "not in this release.",
                soft_wrap=True,
            )
    for note in _notes(read):
        console.print(f"\n{escape(note)}", soft_wrap=True)
    if out is not None:
        console.print(f"\nWritten: [bold]{escape(str(out))}[/]", soft_wrap=True)
