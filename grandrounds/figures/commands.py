"""``grandrounds figures``: look at how captions and pictures were matched, and how often wrongly."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from grandrounds.figures.desk import Desk
    from grandrounds.figures.scores import Tally

_SOURCES = click.option(
    "--sources",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder that was built from, to draw pages of (GRANDROUNDS_SOURCES).",
)


@click.group()
def figures() -> None:
    """Look at how captions and pictures of books were matched, and measure how often wrongly.

    \b
      grandrounds figures sheet figure_vqa --sources DIR --out sheets/
      grandrounds figures sample figure_vqa --sources DIR --out sample.html
      (open sample.html, judge by keyboard, save the CSV)
      grandrounds figures score figure_vqa alignment-figure_vqa-n50-seed0.csv --scorer reviewer-a

    The measured error stands in the datasheet of the next release.
    """


@figures.command(short_help="Pages of each book with figures and captions boxed and joined.")
@click.argument("recipe")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder.")
@_SOURCES
def sheet(recipe: str, out: Path, sources: Path | None) -> None:
    """Write one HTML file a book of RECIPE: its pages with figures and captions boxed and joined by a line.

    \b
    Example:
      grandrounds figures sheet figure_vqa --sources books/ --out sheets/
    """
    written = _desk(recipe, sources).write_sheets(out)
    for path in written:
        click.echo(str(path))
    click.echo(f"{len(written)} sheets.")


@figures.command(short_help="A page on which a person judges a random sample of pairs.")
@click.argument("recipe")
@click.option("--n", "count", default=50, show_default=True, type=click.IntRange(1, 2000), help="Pairs.")
@click.option("--seed", default=0, show_default=True, type=int, help="Another seed, another sample.")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="HTML file.")
@_SOURCES
def sample(recipe: str, count: int, seed: int, out: Path, sources: Path | None) -> None:
    """Write one HTML page with a random sample of RECIPE's pairs: y belongs, n does not, u can't tell,
    arrows move, s saves a CSV.

    \b
    Example:
      grandrounds figures sample figure_vqa --n 50 --sources books/ --out sample.html
    """
    from grandrounds.figures.desk import write_page

    page, pairs = _desk(recipe, sources).sampling_page(count=count, seed=seed)
    write_page(out, page)
    click.echo(f"{pairs} pairs in {out}. Open it in a browser, judge, save, and then:")
    click.echo(f"  grandrounds figures score {recipe} FILE.csv --scorer reviewer-a")


@figures.command(short_help="Record the verdicts of a sample, and the error that they measure.")
@click.argument("recipe")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--scorer", default="", help="Pseudonym of who judged, where the file names none.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def score(recipe: str, file: Path | None, scorer: str, as_json: bool) -> None:
    """Record the verdicts in FILE for RECIPE, and print the error of the pairing with its 95% interval.
    Without FILE nothing is recorded.

    \b
    Example:
      grandrounds figures score figure_vqa alignment-figure_vqa-n50-seed0.csv --scorer reviewer-a
    """
    from grandrounds.figures.sampling import Recorded

    desk = _desk(recipe, None)
    made = Recorded(added=(), known=0, empty=0, gone=0)
    if file is not None:
        made = desk.record(_content(file), scorer=scorer, lock=_lock(recipe))
    found = desk.tally()
    if as_json:
        click.echo(json.dumps(_as_data(found) | {"added": len(made.added), "known": made.known,
                                                 "empty": made.empty, "gone": made.gone}))  # fmt: skip
        return
    if file is not None:
        click.echo(
            f"{len(made.added)} verdicts recorded, {made.known} known already, {made.empty} without a "
            f"verdict, {made.gone} of pairs that are read otherwise now."
        )
    click.echo(_told(found))


def _told(found: Tally) -> str:
    if not found.judged:
        return "No pair has been judged right or wrong yet."
    bounds = found.interval
    return (
        f"{found.wrong} of {found.judged} pairs are wrong: {found.error:.1%} (95% interval "
        f"{bounds.low:.1%} to {bounds.high:.1%}); {found.unsure} could not be told; "
        f"{found.scorers} scorers."
    )


def _as_data(found: Tally) -> dict[str, Any]:
    bounds = found.interval
    return {
        "right": found.right,
        "wrong": found.wrong,
        "unsure": found.unsure,
        "scorers": found.scorers,
        "error": found.error if found.judged else None,
        "low": bounds.low,
        "high": bounds.high,
    }


def _content(file: Path) -> bytes:
    from grandrounds.figures.sampling import ScoresError

    try:
        return file.read_bytes()
    except OSError as exc:
        raise ScoresError(f"{file} can't be read: {exc.strerror or exc}.") from exc


def _desk(recipe: str, sources: Path | None) -> Desk:
    from grandrounds.figures.desk import Desk
    from grandrounds.lake import Lake
    from grandrounds.paths import demo_sources
    from grandrounds.settings import resolve

    settings = resolve({"GRANDROUNDS_SOURCES": str(sources) if sources else None})
    folder = Path(settings.sources.value) if settings.sources.value else demo_sources()
    return Desk(lake=Lake(settings.lake_url.value), recipe=recipe, folder=folder)


def _lock(recipe: str) -> Path:
    from grandrounds.fingerprint import sha256_text
    from grandrounds.settings import resolve

    return resolve().home_path / "locks" / f"alignment-{sha256_text(recipe)[:16]}.lock"
