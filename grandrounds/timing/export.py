"""A release cut by date: the items of a stretch of time with what they rest on, and what was asked for.

The cut is no release: it has no version of its own, and ``export.json`` names the release that it is of by
the hash of its manifest. The same release and filter give the same bytes.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from grandrounds import __version__
from grandrounds.contracts import contract
from grandrounds.errors import TimingError
from grandrounds.fingerprint import sha256_file
from grandrounds.locks import exclusive
from grandrounds.records.envelope import Item
from grandrounds.records.table import from_table, to_table
from grandrounds.release.films import film_path
from grandrounds.release.integrity import check_files
from grandrounds.release.manifest import NAME as MANIFEST
from grandrounds.release.manifest import Manifest, ManifestFile
from grandrounds.release.packed import packed_path
from grandrounds.release.published import inside
from grandrounds.release.reading import Reader
from grandrounds.release.shards import CANARY, IMAGES, schema_sha256, write_table
from grandrounds.release.staging import remove_leftovers, rename_into, staging
from grandrounds.timing.dates import MONTH, DateFilter, period_of

if TYPE_CHECKING:
    import pyarrow as pa

FORMAT = "grandrounds-export/1"
NAME = "export.json"
_MARK = ".exporting-"
_MEDIA = ("media", "nifti", "film")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class ExportFilter(_Part):
    """What was asked for: items whose date ``by`` is on or after ``after`` and before ``before``."""

    by: str
    after: date | None
    before: date | None


class ExportOrigin(_Part):
    """The release that it is a part of."""

    benchmark: str
    version: str
    preview: bool
    manifest_sha256: str
    items: int


class ExportCounts(_Part):
    """Items that are in it, and those of the release that are not: for their date, or for having none."""

    items: int
    outside: int
    undated: int
    by_task: dict[str, dict[str, int]]
    by_month: dict[str, int]


class Export(_Part):
    """``export.json``."""

    format: str
    grandrounds: str
    canary: str
    filter: ExportFilter
    release: ExportOrigin
    counts: ExportCounts
    files: tuple[ManifestFile, ...]

    def document(self) -> bytes:
        """Its bytes: sorted keys, two spaces, one spelling."""
        value = self.model_dump(mode="json")
        return (json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False) + "\n").encode("utf-8")


def export(directory: Path, chosen: DateFilter, *, out: Path | None = None) -> tuple[Path, Export]:
    """Write the items of the release at ``directory`` that ``chosen`` keeps to the folder ``out``.

    Whole or not at all; ``out`` is beside the release, named after the filter, when not given. Raises
    ``TimingError`` for a release that is damaged, for a place that is taken, and when no item has the date.
    """
    place = place_of(directory, chosen, out)
    report = check_files(directory)
    if report.manifest is None or report.problems:
        first = report.problems[0]
        raise TimingError(
            f"{directory} is no sound release: {first.where}: {first.what}.",
            remedy=f"`grandrounds verify {directory}` lists all that is wrong.",
        )
    refuse_place(place, directory)
    reader = Reader(directory=directory, manifest=report.manifest, sound=report.sound)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with exclusive(place.with_name(f".{place.name}.lock"), what=f"The folder {place}"):
            refuse_place(place, directory)
            remove_leftovers(place.parent, mark=f"{_MARK}{place.name}-")
            with staging(place, mark=_MARK) as staged:
                made = _write(reader, chosen, staged)
                rename_into(staged, place)
    except OSError as exc:
        raise TimingError(
            f"The export can't be written to {place}: {exc.strerror or exc}.",
            remedy="Check free space and rights; nothing half was left, and the release is untouched.",
        ) from exc
    return place, made


def place_of(directory: Path, chosen: DateFilter, out: Path | None) -> Path:
    """Where the export goes."""
    if out is not None:
        return out.absolute()
    real = directory.resolve()
    parts = [real.name, *(["available"] if chosen.by != "source_published" else [])]
    parts += [f"after-{chosen.after}"] if chosen.after else []
    parts += [f"before-{chosen.before}"] if chosen.before else []
    return real.parent.parent / "exports" / real.parent.name / "-".join(parts)


def refuse_place(place: Path, directory: Path) -> None:
    """Raise ``TimingError`` when nothing may be written to ``place``."""
    if place.resolve().is_relative_to(directory.resolve()):
        raise TimingError(
            f"{place} lies in the release itself, which never changes.", remedy="Give another --out."
        )
    if place.exists() or place.is_symlink():
        raise TimingError(
            f"{place} is there already, and nothing is written over.",
            remedy="Give another --out, or move it away.",
        )


def read_export(directory: Path) -> Export:
    """``export.json`` of an export. Raises ``TimingError``."""
    path = directory / NAME
    try:
        found = Export.model_validate_json(path.read_bytes())
    except OSError as exc:
        raise TimingError(f"{path} can't be read: {exc.strerror or exc}.") from exc
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "the document"
        raise TimingError(
            f"{path} is not an export of format {FORMAT}: {where}: {first['msg']}.",
            remedy="It was damaged, or made by a newer version of grandrounds.",
        ) from exc
    for file in found.files:
        if Path(file.path).is_absolute() or ".." in Path(file.path).parts:
            raise TimingError(f"{path} lists {file.path!r}, which leaves its folder.")
    return found


def _write(reader: Reader, chosen: DateFilter, folder: Path) -> Export:
    items: list[Item] = []
    undated = 0
    files: list[ManifestFile] = []
    for file in reader.manifest.files_of("items"):
        kept, unknown = _cut(inside(reader.directory, file), folder / file.path, chosen)
        items += kept
        undated += unknown
        if kept:
            files.append(_listed(folder, file.path, "items", rows=len(kept), of=file))
    total = reader.manifest.counts.items
    if undated == total:
        raise TimingError(
            f"No item of {reader.directory} has the date {chosen.by}.",
            remedy="A preview has no available_from: use --by source_published."
            if chosen.by == "available_from"
            else "Its sources name no date of publication.",
        )
    files += _evidence(reader, items, folder)
    canary = reader.manifest.canary
    counts = ExportCounts(
        items=len(items),
        outside=total - undated - len(items),
        undated=undated,
        by_task=_by_task(items),
        by_month=_by_month(items, chosen.by),
    )
    made = Export(
        format=FORMAT,
        grandrounds=__version__,
        canary=canary,
        filter=ExportFilter(by=chosen.by, after=chosen.after, before=chosen.before),
        release=ExportOrigin(
            benchmark=reader.manifest.benchmark,
            version=reader.manifest.version,
            preview=reader.manifest.preview,
            manifest_sha256=sha256_file(reader.directory / MANIFEST),
            items=total,
        ),
        counts=counts,
        files=(),
    )
    (folder / "README.md").write_text(_readme(made, reader.manifest, files), encoding="utf-8", newline="\n")
    files.append(_listed(folder, "README.md", "datasheet"))
    made = made.model_copy(update={"files": tuple(sorted(files, key=lambda file: file.path))})
    (folder / NAME).write_bytes(made.document())
    return made


def _cut(source: Path, target: Path, chosen: DateFilter) -> tuple[list[Item], int]:
    """The rows of one file that are kept, written; and how many have no date. One group is in memory."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    items: list[Item] = []
    undated = 0
    writer: pq.ParquetWriter | None = None
    try:
        with pq.ParquetFile(source, page_checksum_verification=True) as opened:
            for group in range(opened.num_row_groups):
                table = opened.read_row_group(group)
                days = table.column(chosen.by).to_pylist()
                undated += days.count(None)
                part = table.filter(pa.array([chosen.keeps(day) for day in days], type=pa.bool_()))
                if not part.num_rows:
                    continue
                items += from_table(Item, _without_pictures(part))
                if writer is None:
                    target.parent.mkdir(parents=True, exist_ok=True)
                    writer = pq.ParquetWriter(
                        target, opened.schema_arrow, compression="zstd", use_dictionary=[CANARY]
                    )
                writer.write_table(part, row_group_size=part.num_rows)
    except (pa.ArrowException, KeyError, ValueError) as exc:
        raise TimingError(f"{source} can't be read: {exc}.") from exc
    finally:
        if writer is not None:
            writer.close()
    return items, undated


def _without_pictures(table: pa.Table) -> pa.Table:
    return table.drop_columns([IMAGES]) if IMAGES in table.column_names else table


def _evidence(reader: Reader, items: Sequence[Item], folder: Path) -> list[ManifestFile]:
    """The tables and media that ``items`` rest on."""
    own = reader.evidence().cited(items)
    if reader.problems:
        first = reader.problems[0]
        raise TimingError(f"{reader.directory}: {first.where}: {first.what}.")
    files = []
    for table, rows in own.rows():
        made = to_table(rows, contract(table.contract))
        write_table(folder / table.path, made)
        files.append(
            _listed(folder, table.path, table.kind, rows=made.num_rows, schema=schema_sha256(made.schema))
        )
    wanted = {packed_path(row.sha256) for row in own.packed if row.sha256}
    wanted |= {film_path(digest) for digest in own.films}
    wanted |= {f"media/{media.sha256}" for item in items for media in item.media}
    for file in reader.manifest.files:
        if file.kind in _MEDIA and file.path in wanted:
            target = folder / file.path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(inside(reader.directory, file), target)
            files.append(_listed(folder, file.path, file.kind))
    return files


def _listed(
    folder: Path,
    path: str,
    kind: str,
    *,
    rows: int | None = None,
    schema: str | None = None,
    of: ManifestFile | None = None,
) -> ManifestFile:
    place = folder / path
    return ManifestFile(
        path=path,
        kind=kind,
        sha256=sha256_file(place),
        bytes=place.stat().st_size,
        rows=rows,
        schema_sha256=of.schema_sha256 if of else schema,
        task=of.task if of else None,
        split=of.split if of else None,
    )


def _by_task(items: Sequence[Item]) -> dict[str, dict[str, int]]:
    counted: dict[str, Counter[str]] = {}
    for item in items:
        counted.setdefault(item.task, Counter())[item.split] += 1
    return {task: dict(sorted(own.items())) for task, own in sorted(counted.items())}


def _by_month(items: Sequence[Item], by: str) -> dict[str, int]:
    days = [item.available_from if by == "available_from" else item.source_published for item in items]
    return dict(sorted(Counter(period_of(day, MONTH) for day in days if day is not None).items()))


def _readme(made: Export, manifest: Manifest, files: Sequence[ManifestFile]) -> str:
    """A page for people, with the head that ``datasets`` reads."""
    configs = [
        {
            "config_name": task,
            "data_files": [
                {
                    "split": split,
                    "path": [file.path for file in files if (file.task, file.split) == (task, split)],
                }
                for split in splits
            ],
        }
        for task, splits in made.counts.by_task.items()
    ]
    head = yaml.safe_dump({"configs": configs}, sort_keys=False, allow_unicode=True) if configs else "{}\n"
    stretch = " and ".join(
        [
            *([f"on or after {made.filter.after}"] if made.filter.after else []),
            *([f"before {made.filter.before}"] if made.filter.before else []),
        ]
    )
    title = " ".join(manifest.title.split())
    kind = ", a preview that no clinician has read" if manifest.preview else ""
    return (
        f"---\n{head}---\n# {title}: a part by date\n\n"
        f"{made.counts.items} of {made.release.items} items of `{manifest.benchmark}` "
        f"{manifest.version}{kind}: those whose `{made.filter.by}` is {stretch}. "
        f"{made.counts.outside} lie outside, {made.counts.undated} have no such date. Licences, limits and "
        f"origin are told in the datasheet of the release, whose manifest has the SHA-256 "
        f"`{made.release.manifest_sha256}`.\n\n{made.canary}\n"
    )
