"""The files of a completed copy of a release: items with the pictures that it only names, all else as it
was."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grandrounds.errors import ReleaseError
from grandrounds.fingerprint import sha256_file
from grandrounds.records.clip import ClipRow
from grandrounds.records.envelope import Item
from grandrounds.records.table import from_table
from grandrounds.release import datasheet
from grandrounds.release.integrity import SUMS, sums
from grandrounds.release.manifest import NAME, Manifest, ManifestFile, ManifestRejoined
from grandrounds.release.published import inside
from grandrounds.release.shards import CANARY, IMAGE_KIND, IMAGES, image_name

if TYPE_CHECKING:
    import pyarrow as pa

NOTICE = "A completed copy, for yourself."
_NOTICE = (
    f"> **{NOTICE}** `grandrounds rejoin` cut frames into it that the release only names: their licences "
    "do not allow to pass them on. Don't publish it; report scores as those of the release."
)
_GROUP_BYTES = 64_000_000
_ROW_BYTES = 8_000


@dataclass(slots=True)
class Completed:
    """How many items got their pictures and how many did not, and the files that changed, by path."""

    completed: int = 0
    left: int = 0
    files: dict[str, ManifestFile] = field(default_factory=dict)


def complete_items(
    directory: Path,
    manifest: Manifest,
    copy: Path,
    *,
    complete: Collection[str],
    named: Sequence[ClipRow],
    pictures: Path,
) -> Completed:
    """Write the files of items into ``copy``, pictures filled in for items that rest on clips in
    ``complete``. ``pictures`` holds them by hash."""
    wanted, counted = {row.evidence_id for row in named}, Completed()
    for file in manifest.files_of("items"):
        source, target = inside(directory, file), copy / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        before = counted.completed
        _complete_file(source, target, complete=complete, wanted=wanted, pictures=pictures, counted=counted)
        if counted.completed > before:
            counted.files[file.path] = _listed(file, target)
        else:
            shutil.copyfile(source, target)
    return counted


def write_copy(directory: Path, manifest: Manifest, copy: Path, *, counted: Completed) -> None:
    """Write all other files into ``copy``: as they were, but for what says what the copy is."""
    changed = dict(counted.files)
    for file in manifest.files:
        target = copy / file.path
        if file.kind == "items":
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(inside(directory, file), target)
        if file.path == datasheet.NAME:
            target.write_text(_marked(target.read_text(encoding="utf-8")), encoding="utf-8")
            changed[file.path] = _listed(file, target)
    made = manifest.model_copy(
        update={
            "files": tuple(
                sorted((changed.get(file.path, file) for file in manifest.files), key=attrgetter("path"))
            ),
            "rejoined": ManifestRejoined(
                manifest_sha256=sha256_file(directory / NAME), items=counted.completed, left=counted.left
            ),
        }
    )
    (copy / NAME).write_bytes(made.document())
    (copy / SUMS).write_bytes(sums(made, sha256_file(copy / NAME)))


def _complete_file(
    source: Path,
    target: Path,
    *,
    complete: Collection[str],
    wanted: Collection[str],
    pictures: Path,
    counted: Completed,
) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with (
            pq.ParquetFile(source, page_checksum_verification=True) as opened,
            pq.ParquetWriter(
                target, opened.schema_arrow, compression="zstd", use_dictionary=[CANARY]
            ) as writer,
        ):
            for group in range(opened.num_row_groups):
                table = opened.read_row_group(group)
                shown = _shown(table, complete=complete, wanted=wanted, pictures=pictures, counted=counted)
                for start, images in _batches(shown):
                    part = table.slice(start, len(images))
                    place = table.schema.get_field_index(IMAGES)
                    column = pa.array(images, type=table.schema.field(IMAGES).type)
                    writer.write_table(part.set_column(place, table.schema.field(IMAGES), column))
    except (pa.ArrowException, KeyError, ValueError) as exc:
        raise ReleaseError(
            f"{source} can't be read: {exc}.", remedy="`grandrounds verify` says what is wrong with it."
        ) from exc


def _shown(
    table: pa.Table,
    *,
    complete: Collection[str],
    wanted: Collection[str],
    pictures: Path,
    counted: Completed,
) -> Iterator[list[dict[str, Any]]]:
    """The pictures of each row, those that were cut filled in."""
    for item, column in zip(
        from_table(Item, table), (value.as_py() for value in table.column(IMAGES)), strict=True
    ):
        own = column or []
        if item.evidence_id not in wanted:
            yield own
        elif item.evidence_id in complete and not own:
            counted.completed += 1
            yield [
                {"bytes": (pictures / f"{media.sha256}.png").read_bytes(), "path": image_name(media)}
                for media in item.media
                if media.kind == IMAGE_KIND
            ]
        else:
            counted.left += 1
            yield own


def _batches(
    rows: Iterator[list[dict[str, Any]]],
) -> Iterator[tuple[int, list[list[dict[str, Any]]]]]:
    """Rows in runs of some 64 MB, each with the place of its first."""
    start, images, size = 0, [], 0
    for own in rows:
        images.append(own)
        size += _ROW_BYTES + sum(len(picture["bytes"] or b"") for picture in own)
        if size >= _GROUP_BYTES:
            yield start, images
            start, images, size = start + len(images), [], 0
    if images:
        yield start, images


def _marked(text: str) -> str:
    """The datasheet with the notice under its title."""
    lines = text.split("\n")
    title = next((place for place, line in enumerate(lines) if line.startswith("# ")), None)
    place = 0 if title is None else title + 1
    return "\n".join([*lines[:place], "", _NOTICE, *lines[place:]])


def _listed(file: ManifestFile, target: Path) -> ManifestFile:
    return file.model_copy(update={"sha256": sha256_file(target), "bytes": target.stat().st_size})
