"""``grandrounds contamination``: what of a benchmark stands in others, and where."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.console import Console

    from grandrounds.contamination.manifest import Contamination, HitRow

_SHOWN = 20


@click.group()
def contamination() -> None:
    """What of a benchmark's items stands in other benchmarks, and where exactly.

    \b
      grandrounds contamination check RELEASE --against benchmarks/
      grandrounds contamination check mine.jsonl --against theirs/ --out found/

    Docs: docs/contamination.md says what is found, and how surely.
    """


@contamination.command(short_help="Hold a benchmark's items against other benchmarks.")
@click.argument("benchmark", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--against",
    metavar="PATH",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    help="Folder or file of other benchmarks: Parquet, JSON Lines, JSON, CSV, TSV, text. May be repeated.",
)
@click.option(
    "--releases",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Root of our own releases; those of other benchmarks are looked through.",
)
@click.option(
    "--share",
    default=0.5,
    show_default=True,
    type=click.FloatRange(0, 1, min_open=True),
    help="Share of a text's runs of 13 words that makes it a copy.",
)
@click.option(
    "--span",
    default=50,
    show_default=True,
    type=click.IntRange(13),
    help="Words in a row that make it a copy.",
)
@click.option(
    "--words",
    "containment",
    default=0.8,
    show_default=True,
    type=click.FloatRange(0, 1, min_open=True),
    help="Share of a text's words, in any order, that makes it a copy.",
)
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Folder for the manifest of all hits."
)
@click.option("--json", "as_json", is_flag=True, help="Print the manifest as JSON.")
@click.pass_context
def check(  # noqa: PLR0917 - click passes options by name
    ctx: click.Context,
    benchmark: Path,
    against: tuple[Path, ...],
    releases: Path | None,
    share: float,
    span: int,
    containment: float,
    out: Path | None,
    as_json: bool,
) -> None:
    """Hold the items of BENCHMARK (a release's folder, or a file of rows) against other benchmarks.

    Documents stream by, so memory grows with the items alone. Ends with 1 when an item was copied.

    \b
    Examples:
      grandrounds contamination check RELEASE --against benchmarks/
      grandrounds contamination check RELEASE --releases .grandrounds/releases
      grandrounds contamination check mine.csv --against theirs.parquet --json
    """
    from grandrounds.contamination.check import check as look
    from grandrounds.contamination.hits import Limits

    if not against and releases is None:
        raise click.UsageError("Name what to look through: --against PATH, --releases DIR or both.")
    found = look(
        benchmark,
        against=against,
        releases=releases,
        limits=Limits(share=share, span=span, containment=containment),
    )
    if out is not None:
        found.write(out)
    if as_json:
        click.echo(found.document().decode("utf-8"), nl=False)
    else:
        _show(found, out)
    if found.copied:
        ctx.exit(1)


def _show(found: Contamination, out: Path | None) -> None:
    from rich.console import Console
    from rich.markup import escape

    console = Console(highlight=False)
    checked = found.checked
    console.print(
        f"{checked.items:,} items of [bold]{escape(found.benchmark)}[/] against "
        f"{checked.documents:,} files, {checked.rows:,} rows, {checked.characters:,} characters.",
        soft_wrap=True,
    )
    untested = checked.too_short + checked.only_common
    if untested:
        console.print(f"  {untested:,} texts can't be looked for: too short, or common phrases only.")
    for document in found.documents:
        if document.status == "partly":
            console.print(
                f"  [yellow]{escape(document.name)}[/] was read in part: {escape(document.reason)}",
                soft_wrap=True,
            )
    passed_by = sum(document.status == "passed_by" for document in found.documents)
    if passed_by:
        console.print(f"  {passed_by:,} files of other kinds were passed by.")
    _show_hits(console, found.hits)
    kind = "red" if found.copied else "green"
    console.print(
        f"\n[bold {kind}]{len(found.copied):,} items copied[/], {len(found.overlaps):,} overlap, "
        f"{checked.items - len(found.copied) - len(found.overlaps):,} not found."
    )
    if out is not None:
        console.print(f"Written: [bold]{escape(str(out))}[/]", soft_wrap=True)


def _show_hits(console: Console, hits: tuple[HitRow, ...]) -> None:
    from rich.markup import escape

    from grandrounds.terminal import visible

    for hit in hits[:_SHOWN]:
        colour = "red" if hit.verdict == "copied" else "yellow"
        extent = f"words {hit.containment:.0%}" if hit.method == "words" else f"runs {hit.share:.0%}"
        where = f"{hit.document} row {hit.row} {hit.document_field} at {hit.offset}"
        console.print(
            f"\n[{colour}]{hit.verdict}[/] {escape(visible(hit.item_id))} {escape(visible(hit.field))}: "
            f"{extent}, {hit.longest_span} words in a row, in {escape(visible(where))}",
            soft_wrap=True,
        )
        console.print(f"  {escape(visible(hit.words[:160]))}", soft_wrap=True)
    if len(hits) > _SHOWN:
        console.print(f"\nand {len(hits) - _SHOWN:,} more: --out or --json tells all.")
