"""Volumes: studies are read and de-identified, then masks become structures and measurements."""

import base64
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from assets.sources import (
    SourceFolder,
    counting,
    keep_tables,
    kinds_found,
    source_folder,
    source_rules,
    sources_result,
)
from assets.tables import lake_key, table_result, table_spec
from grandrounds.contracts import contract
from grandrounds.errors import SourceError
from grandrounds.fingerprint import code_fingerprint
from grandrounds.lake import Lake
from grandrounds.progress import stage
from grandrounds.recipe import Recipe
from grandrounds.records.structure import StructureRow
from grandrounds.records.volume import VolumeRecord
from grandrounds.release.markdown import one_line
from grandrounds.sources.studies import Studies, read_studies
from resources import EngineResource, LakeResource, SettingsResource

_MEASURED = ("structures", "measurements")
_PICTURES = 6  # as many as a person looks at; the others are in the lake
_READ_SAMPLES = {
    "volumes": ("volume_id", "status", "modality", "shape", "spacing", "original_codes", "reason"),
    "deidentified": ("source_id", "status", "reasons"),
}
_MEASURED_SAMPLES = {
    "structures": ("name", "level", "voxels", "volume_ml", "origin", "status"),
    "measurements": ("subject", "name", "number", "unit", "status", "finding"),
}


def reading(recipe: Recipe) -> dg.AssetsDefinition:
    """``sources``, ``volumes`` and ``deidentified`` of a recipe."""

    @dg.multi_asset(
        name=f"{recipe.name}_reading",
        specs=[
            table_spec(recipe, "sources", kinds=("python", "parquet")),
            table_spec(recipe, "volumes", deps=["sources"], kinds=("python", "parquet")),
            table_spec(recipe, "deidentified", deps=["sources"], kinds=("python", "parquet")),
        ],
        description="Reads DICOM and NIfTI studies into canonical volumes and takes out what identifies.",
        op_tags={"stage": "read"},
    )
    def read(
        config: SourceFolder, settings: SettingsResource, lake: LakeResource
    ) -> Iterator[dg.MaterializeResult[Any]]:
        opened, given = lake.open(), settings.get()
        folder = source_folder(config, given)
        with stage("Reading studies") as progress:
            found = read_studies(
                folder,
                lake=opened,
                home=given.home_path,
                name=recipe.name,
                rules=source_rules(given),
                asked=recipe.volumes.deidentify,
                progress=counting(progress),
            )
        tables: dict[str, Sequence[Any]] = {
            "sources": found.sources,
            "volumes": found.volumes,
            "deidentified": found.report,
        }
        made = keep_tables(recipe, tables, lake=opened)
        yield sources_result(recipe, found, folder=folder, lake=opened, step=made)
        for table, sample in _READ_SAMPLES.items():
            yield table_result(recipe, table, lake=opened, step=made, sample=sample)
        _refuse_without_volumes(found, folder)

    return read


def measuring(recipe: Recipe) -> dg.AssetsDefinition:
    """``structures`` and ``measurements`` of a recipe, with pictures of what was found."""

    @dg.multi_asset(
        name=f"{recipe.name}_measuring",
        specs=[
            table_spec(recipe, table, deps=["volumes"], kinds=("numpy", "parquet")) for table in _MEASURED
        ],
        description="Works out boxes, sizes and indices from the masks. Nothing is guessed.",
        op_tags={"stage": "measure"},
    )
    def measure(lake: LakeResource, engine: EngineResource) -> Iterator[dg.MaterializeResult[Any]]:
        from grandrounds.imaging.spread import measure_all

        opened, source = lake.open(), lake_key(recipe, "volumes")
        keys = {table: lake_key(recipe, table) for table in _MEASURED}
        volumes = opened.read_records(source, VolumeRecord)

        problems: list[str] = []

        def body() -> dict[str, list[Any]]:
            with engine.open(recipe) as spread, stage("Measuring") as progress:
                found = list(measure_all(volumes, lake=opened, engine=spread, on_progress=progress))
            problems.extend(one.problem for one in found if one.problem)
            return {
                keys["structures"]: [row for one in found for row in one.structures],
                keys["measurements"]: [row for one in found for row in one.measurements],
            }

        made = opened.step(
            outputs={key: contract(table) for table, key in keys.items()},
            inputs=[source],
            parameters=[
                code_fingerprint("grandrounds.imaging", "grandrounds.measure", "grandrounds.records")
            ],
            body=body,
        )
        pictures = {"pictures": dg.MetadataValue.md(_pictures(recipe, opened, volumes))}
        if problems:
            pictures["problems"] = dg.MetadataValue.md(
                "\n".join(f"- {one_line(line)}" for line in problems)
            )
        for table, sample in _MEASURED_SAMPLES.items():
            more = pictures if table == "structures" else {}
            yield table_result(recipe, table, lake=opened, step=made, sample=sample, more=more)

    return measure


def _refuse_without_volumes(found: Studies, folder: Path) -> None:
    """Without a volume there is nothing to ask about; saying so here names the folder."""
    if any(volume.sha256 for volume in found.volumes):
        return
    remedy = "Give --sources a folder with DICOM or NIfTI studies and masks (docs/volumes.md)."
    if found.volumes:
        first = found.volumes[0]
        raise SourceError(
            f"None of the {len(found.volumes)} series in {folder} could be read. {first.reason}",
            remedy=remedy,
        )
    kinds = kinds_found(found.sources)
    raise SourceError(
        f"There is no imaging study among the {len(found.sources)} files in {folder} ({kinds}).",
        remedy=remedy,
    )


def _pictures(recipe: Recipe, lake: Lake, volumes: list[VolumeRecord]) -> str:
    """Mid-slices with boxes and labels drawn, for a person's glance, as Markdown."""
    from grandrounds.imaging.glance import glance

    by_volume: dict[str, list[StructureRow]] = {}
    for row in lake.iter_records(lake_key(recipe, "structures"), StructureRow):
        by_volume.setdefault(row.volume_id, []).append(row)
    shown = [volume for volume in volumes if volume.volume_id in by_volume][:_PICTURES]
    parts = []
    for volume in shown:
        png = glance(volume, by_volume[volume.volume_id], volumes=volumes, lake=lake)
        data = base64.b64encode(png).decode("ascii")
        parts.append(f"**{volume.volume_id}**\n\n![{volume.volume_id}](data:image/png;base64,{data})")
    left = len(by_volume) - len(shown)
    return "\n\n".join([*parts, *([f"And {left} more."] if left > 0 else [])])
