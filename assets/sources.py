"""Sources and cases: the folder is read once, and gives both tables. Volumes are read by ``volumes``."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import dagster as dg
from pydantic import Field
from pydantic_core import to_jsonable_python

from assets.tables import lake_key, markdown_table, table_result, table_spec
from assets.weeks import in_week
from grandrounds.contracts import contract
from grandrounds.errors import SourceError
from grandrounds.fingerprint import code_fingerprint, sha256_value
from grandrounds.lake import Lake, StepResult
from grandrounds.paths import demo_sources
from grandrounds.progress import stage
from grandrounds.recipe import Recipe
from grandrounds.records.source import FAILED, Source
from grandrounds.settings import Settings
from grandrounds.sources.inventory import Inventory, read_folder
from grandrounds.sources.kinds import CASE_KINDS
from grandrounds.sources.pool import Progress
from resources import EngineResource, LakeResource, SettingsResource

HARVEST = "harvest"
"""The asset from which a live recipe's sources come."""


class SourceFolder(dg.Config):
    """Which folder is read."""

    folder: str = Field(
        default="", description="Source folder. Empty: GRANDROUNDS_SOURCES, else the demo sources."
    )


def reading(recipe: Recipe) -> dg.AssetsDefinition:
    """``sources`` and ``cases`` of a recipe."""

    @dg.multi_asset(
        name=f"{recipe.name}_reading",
        specs=[
            table_spec(
                recipe, "sources", deps=[HARVEST] if recipe.live else [], kinds=("python", "parquet")
            ),
            table_spec(recipe, "cases", deps=["sources"], kinds=("python", "parquet")),
        ],
        description="Recognises every file by content and reads those the recipe needs.",
        op_tags={"stage": "read"},
    )
    def read(
        context: dg.AssetExecutionContext,
        config: SourceFolder,
        settings: SettingsResource,
        lake: LakeResource,
        engine: EngineResource,
    ) -> Iterator[dg.MaterializeResult[Any]]:
        opened, own = lake.open(), in_week(recipe, context)
        given = settings.get()
        folder = week_folder(own, given) if own.week else source_folder(config, given)
        with engine.open(recipe) as spread, stage("Reading sources") as progress:
            inventory = read_folder(
                folder,
                lake=opened,
                wanted=CASE_KINDS,
                rules=source_rules(given),
                progress=counting(progress),
                engine=spread,
            )
        tables = {"sources": inventory.sources, "cases": inventory.cases}
        made = keep_tables(own, tables, lake=opened, digest=_digest(inventory))
        yield sources_result(own, inventory, folder=folder, lake=opened, step=made)
        yield table_result(
            own, "cases", lake=opened, step=made, sample=("evidence_id", "title", "licence", "published")
        )
        if own.week is None:  # a week in which nothing came is a week
            _refuse_without_cases(inventory, folder)

    return read


def week_folder(recipe: Recipe, settings: Settings) -> Path:
    """Where the sources of a live recipe's week are, as the harvest left them."""
    return settings.home_path / "harvest" / "weeks" / recipe.name / str(recipe.week)


def source_folder(config: SourceFolder, settings: Settings) -> Path:
    """The folder that a run asked for, else that of the settings, else the demo's."""
    return Path(config.folder or settings.sources.value or demo_sources())


def source_rules(settings: Settings) -> Path | None:
    """The rules that stand in for the folder's own ``sources.yaml``, if any were given."""
    return Path(settings.source_rules.value) if settings.source_rules.value else None


def counting(report: Callable[[int, int | None], None]) -> Progress:
    """Progress of readers, which name the file, for those who only count."""
    return lambda done, total, _name: report(done, total)


class Read(Protocol):
    """What a reader of a folder tells, whatever it reads."""

    @property
    def sources(self) -> tuple[Source, ...]:
        """One row a file."""

    @property
    def read_now(self) -> int:
        """What was read in this run."""

    @property
    def reused(self) -> int:
        """What was known from before."""


def keep_tables(
    recipe: Recipe, tables: Mapping[str, Sequence[Any]], *, lake: Lake, digest: str = ""
) -> StepResult:
    """Put what a reader found into the lake, once for as long as it finds the same.

    ``digest`` names the content of ``tables``: two readings that give the same tables have the same digest.
    Where none is given, it is made of all rows.
    """
    keys = {table: lake_key(recipe, table) for table in tables}
    content = digest or sha256_value(to_jsonable_python(list(tables.values())))
    return lake.step(
        outputs={key: contract(table) for table, key in keys.items()},
        inputs=[],
        parameters=[code_fingerprint("grandrounds.records"), content],
        body=lambda: {keys[table]: rows for table, rows in tables.items()},
    )


def sources_result(
    recipe: Recipe, found: Read, *, folder: Path, lake: Lake, step: StepResult
) -> dg.MaterializeResult[Any]:
    """What the materialisation of ``sources`` tells."""
    return table_result(
        recipe,
        "sources",
        lake=lake,
        step=step,
        sample=("path", "kind", "status", "licence", "reason"),
        more={
            "folder": dg.MetadataValue.path(str(folder)),
            "read_now": found.read_now,
            "reused": found.reused,
            "funnel": dg.MetadataValue.md(by_status(found.sources)),
        },
    )


def by_status(sources: Iterable[Source]) -> str:
    """How many files of each kind ended how, as Markdown."""
    counts = Counter((row.status, row.kind) for row in sources)
    return markdown_table(("status", "kind", "files"), [[*key, n] for key, n in sorted(counts.items())])


def refuse_unread(sources: Iterable[Source], folder: Path, *, what: str) -> None:
    """Raise ``SourceError`` with the first reason where files were wanted (as ``what``) and not read."""
    failed = [source for source in sources if source.status == FAILED]
    if failed:
        raise SourceError(
            f"None of the {len(failed)} {what} in {folder} could be read. {failed[0].path}: "
            f"{failed[0].reason}",
            remedy="The table `sources` has the reason for each file.",
        )


def kinds_found(sources: Iterable[Source]) -> str:
    """How many files there are of each kind, in words."""
    counts = Counter(row.kind for row in sources)
    return ", ".join(f"{kind} {count}" for kind, count in sorted(counts.items())) or "none"


def _refuse_without_cases(inventory: Inventory, folder: Path) -> None:
    """Without a case there is nothing to ask about; saying so here names the folder and the files."""
    if inventory.cases:
        return
    remedy = "Give --sources a folder with case reports as JATS XML or Markdown (docs/sources.md)."
    refuse_unread(inventory.sources, folder, what="case reports")
    if not inventory.sources:
        raise SourceError(f"There are no files in {folder}.", remedy=remedy)
    kinds = ", ".join(f"{kind} {count}" for kind, count in inventory.passed_by.items())
    raise SourceError(
        f"There is no case report among the {len(inventory.sources)} files in {folder} ({kinds}).",
        remedy=remedy,
    )


def _digest(inventory: Inventory) -> str:
    """Names the content of an inventory: two that give the same tables have the same digest."""
    return sha256_value(
        [
            to_jsonable_python(inventory.sources),
            [
                [case.evidence_id, case.text_sha256, to_jsonable_python(case.figures)]
                for case in inventory.cases
            ],
        ]
    )
