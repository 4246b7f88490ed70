"""How a table of the lake looks as a Dagster asset: its spec, and what a materialisation shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from assets.lineage import column_lineage
from assets.weeks import weeks_of
from grandrounds.contracts import Column, Contract, contract
from grandrounds.lake import Lake, StepResult
from grandrounds.recipe import Recipe
from grandrounds.release.markdown import one_line

_SAMPLE_ROWS = 5
_CELL = 160


def asset_key(recipe: Recipe, table: str) -> dg.AssetKey:
    """The asset of ``table`` in a recipe: ``case_diagnosis/drafts``."""
    return dg.AssetKey([recipe.name, table])


def lake_key(recipe: Recipe, table: str) -> str:
    """The same name in the lake; of a live recipe, that of its week."""
    return f"{recipe.name}/{recipe.week}/{table}" if recipe.week else f"{recipe.name}/{table}"


def table_spec(
    recipe: Recipe,
    table: str,
    *,
    deps: Sequence[str] = (),
    contract_name: str | None = None,
    description: str = "",
    kinds: Sequence[str] = ("parquet",),
    skippable: bool = False,
) -> dg.AssetSpec:
    """The asset spec of a table: description and columns from its contract, owners from the recipe.

    A ``skippable`` table may be left unfinished by a run; then nothing after it runs either.
    """
    made = contract(contract_name or table)
    return dg.AssetSpec(
        asset_key(recipe, table),
        deps=[asset_key(recipe, dep) for dep in deps],
        description=f"{description or made.description}\n\nContract: `{made.name}` {made.version}.",
        group_name=recipe.name,
        owners=list(recipe.owners),
        kinds=set(kinds),
        code_version=made.version,
        skippable=skippable,
        partitions_def=weeks_of(recipe),
        metadata={"dagster/column_schema": table_schema(made)},
    )


def table_schema(made: Contract) -> dg.TableSchema:
    """A contract's columns as the Dagster page shows them."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=column.name,
                type=_type_words(column),
                description=column.description,
                constraints=dg.TableColumnConstraints(
                    nullable=not column.required, unique=column.unique or column.primary_key
                ),
            )
            for column in made.columns
        ]
    )


def table_result(
    recipe: Recipe,
    table: str,
    *,
    lake: Lake,
    step: StepResult,
    more: Mapping[str, Any] | None = None,
    sample: Sequence[str] = (),
) -> dg.MaterializeResult[Any]:
    """What a materialisation tells: rows, sample, lineage, and whether it was made anew.

    ``sample`` names the columns of the sample table; ``more`` is further metadata.
    """
    key = lake_key(recipe, table)
    metadata: dict[str, Any] = {
        "dagster/row_count": step.rows[key],
        "dagster/uri": str(lake.table_path(key)),
        "made": "reused: code, settings and inputs are as before" if step.reused else "anew",
        **(more or {}),
    }
    lineage = column_lineage(recipe, table)
    if lineage is not None:
        metadata["dagster/column_lineage"] = lineage
    if sample:
        metadata["sample"] = dg.MetadataValue.md(sample_rows(lake, key, sample))
    return dg.MaterializeResult(
        asset_key=asset_key(recipe, table),
        metadata=metadata,
        data_version=dg.DataVersion(lake.table_sha256(key)[:32]),
    )


def sample_rows(lake: Lake, key: str, columns: Sequence[str]) -> str:
    """The first rows of a table as Markdown, long cells cut."""
    rows = lake.read_table(key, columns=columns).slice(0, _SAMPLE_ROWS).to_pylist()
    return markdown_table(columns, [[row[name] for name in columns] for row in rows])


def markdown_table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A Markdown table in which words from outside have no power over the page."""
    lines = ["| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
    lines += ["| " + " | ".join(_cell(value) for value in row) + " |" for row in rows]
    return "\n".join(lines)


def _cell(value: Any) -> str:
    words = ", ".join(map(str, value)) if isinstance(value, list) else str("" if value is None else value)
    words = " ".join(words.split())
    return one_line(words if len(words) <= _CELL else words[: _CELL - 1] + "…")


def _type_words(column: Column) -> str:
    if column.element is not None:
        return f"array<{_type_words(column.element)}>"
    return column.physical_type or column.logical_type
