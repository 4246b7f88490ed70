"""Figures: textbooks, chapters and articles are read, and each figure becomes a row."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from assets.sources import (
    SourceFolder,
    counting,
    keep_tables,
    kinds_found,
    refuse_unread,
    source_folder,
    source_rules,
    sources_result,
)
from assets.tables import markdown_table, table_result, table_spec
from grandrounds.errors import SourceError
from grandrounds.progress import stage
from grandrounds.recipe import Recipe
from grandrounds.records.figure import NO_PICTURE, PAIRED, FigureRow
from grandrounds.sources.books import Books, read_books
from resources import LakeResource, SettingsResource

_SAMPLE = ("label", "caption", "page", "box", "origin", "status", "alignment")
_LEAST_SURE = 12


def reading(recipe: Recipe) -> dg.AssetsDefinition:
    """``sources`` and ``figures`` of a recipe."""

    @dg.multi_asset(
        name=f"{recipe.name}_reading",
        specs=[
            table_spec(recipe, "sources", kinds=("python", "parquet")),
            table_spec(recipe, "figures", deps=["sources"], kinds=("python", "parquet")),
        ],
        description="Reads books, chapters and articles; finds each figure with its caption and mentions.",
        op_tags={"stage": "read"},
    )
    def read(
        config: SourceFolder, settings: SettingsResource, lake: LakeResource
    ) -> Iterator[dg.MaterializeResult[Any]]:
        opened, given = lake.open(), settings.get()
        folder = source_folder(config, given)
        with stage("Reading books") as progress:
            found = read_books(
                folder,
                lake=opened,
                asked=recipe.figures,
                rules=source_rules(given),
                progress=counting(progress),
            )
        tables: dict[str, Sequence[Any]] = {"sources": found.sources, "figures": found.figures}
        made = keep_tables(recipe, tables, lake=opened)
        yield sources_result(recipe, found, folder=folder, lake=opened, step=made)
        yield table_result(
            recipe,
            "figures",
            lake=opened,
            step=made,
            sample=_SAMPLE,
            more={
                "found": dg.MetadataValue.md(_counts(found.figures)),
                "least_sure": dg.MetadataValue.md(_least_sure(found.figures)),
            },
        )
        _refuse_without_figures(found, folder)

    return read


def _counts(figures: tuple[FigureRow, ...]) -> str:
    """How many figures of each origin ended how, as Markdown."""
    counts = Counter((row.status, row.origin) for row in figures)
    return markdown_table(("status", "origin", "figures"), [[*key, n] for key, n in sorted(counts.items())])


def _least_sure(figures: tuple[FigureRow, ...]) -> str:
    """The pairs of caption and picture that are least sure: those that a person looks at first."""
    pairs = sorted((row for row in figures if row.status == PAIRED), key=lambda row: row.alignment)
    return markdown_table(
        ("alignment", "page", "label", "caption"),
        [[f"{row.alignment:.2f}", row.page, row.label, row.caption] for row in pairs[:_LEAST_SURE]],
    )


def _refuse_without_figures(found: Books, folder: Path) -> None:
    """Without a figure there is nothing to ask about; saying so here names the folder and the files."""
    if any(row.status != NO_PICTURE for row in found.figures):
        return
    remedy = (
        "Give --sources a folder with textbooks or articles as PDF, EPUB, CNXML or XHTML (docs/figures.md)."
    )
    if found.figures:
        raise SourceError(
            f"{folder} has {len(found.figures)} captions, but no picture to any of them.", remedy=remedy
        )
    refuse_unread(found.sources, folder, what="books")
    kinds = kinds_found(found.sources)
    raise SourceError(
        f"There is no figure in the {len(found.sources)} files of {folder} ({kinds}).", remedy=remedy
    )
