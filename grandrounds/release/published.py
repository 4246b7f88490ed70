"""Reading what was published: the items of a release, and which versions there are."""

from __future__ import annotations

from pathlib import Path

from grandrounds.contracts import contract
from grandrounds.errors import ContractError, ReleaseError
from grandrounds.records.envelope import Item
from grandrounds.records.table import from_table
from grandrounds.release.manifest import Manifest, ManifestFile, read_manifest
from grandrounds.release.versions import Version, parse_version
from grandrounds.weeks import Week


def published_versions(benchmark: Path) -> list[Version]:
    """The versions in a benchmark's folder, lowest first; folders of other names are passed by."""
    if not benchmark.is_dir():
        return []
    found = (parse_version(path.name) for path in benchmark.iterdir() if path.is_dir())
    return sorted(version for version in found if version is not None)


def latest_release(benchmark: Path, *, preview: bool, week: Week | None = None) -> Path | None:
    """The folder of the highest preview, or of the highest reviewed release, of a live benchmark up to
    ``week``; ``None`` without one."""
    versions = [version for version in published_versions(benchmark) if version.preview == preview]
    if week is not None:
        versions = [version for version in versions if not version.after_week(week)]
    return benchmark / str(versions[-1]) if versions else None


def read_items(directory: Path) -> list[Item]:
    """All items of the release at ``directory``, by id, without the bytes of their pictures.

    Raises ``ReleaseError`` when it can't be read.
    """
    return _read(directory, read_manifest(directory))


def inside(directory: Path, file: ManifestFile) -> Path:
    """Where a listed file is. Raises ``ReleaseError`` when it would leave the release."""
    parts = Path(file.path).parts
    if (
        not parts
        or Path(file.path).is_absolute()
        or ".." in parts
        or "\\" in file.path
        or "\0" in file.path
    ):
        raise ReleaseError(f"The manifest of {directory} lists {file.path!r}, which leaves the release.")
    path = directory
    for part in parts:
        path = path / part
        if path.is_symlink():
            raise ReleaseError(f"{path} is a link; a release holds plain files only.")
    return path


def _read(directory: Path, manifest: Manifest) -> list[Item]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    wanted = [column.name for column in contract("items").columns]
    rows: list[Item] = []
    for file in manifest.files_of("items"):
        path = inside(directory, file)
        try:
            with pq.ParquetFile(path) as opened:
                known = [name for name in wanted if name in opened.schema_arrow.names]
                rows += from_table(Item, opened.read(columns=known))
        except (OSError, pa.ArrowException) as exc:
            raise ReleaseError(
                f"{path} can't be read: {exc}.",
                remedy=f"`grandrounds verify {directory}` lists everything that is wrong with it.",
            ) from exc
        except ContractError as exc:
            raise ReleaseError(
                f"The release in {directory} was written by a version whose items are others: {exc.what}",
                remedy="Move the folder elsewhere, where it stays what it is, and do this again.",
            ) from exc
    return sorted(rows, key=lambda row: row.item_id)
