"""Changes to a release of volumes as a careful forger makes them: ids, names and checksums fit again."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from grandrounds.contracts import contract
from grandrounds.fingerprint import sha256_bytes
from grandrounds.records.envelope import Item, content_sha256, item_id
from grandrounds.records.table import from_table, to_table
from grandrounds.release.published import read_items
from grandrounds.volumes.nifti_file import OFFSET
from tests.support.releases import change_manifest, seal_again

Change = Callable[[np.ndarray], np.ndarray]
TABLES = ("volumes", "structures", "measurements")


def rows_of(directory: Path, table: str) -> list[dict[str, Any]]:
    """The rows of a table of evidence."""
    return pq.read_table(directory / f"evidence/{table}.parquet").to_pylist()


def change_rows(directory: Path, table: str, change: Callable[[list[dict[str, Any]]], Any]) -> None:
    """Change the rows of a table of evidence; ``change`` may change them in place or give others."""
    path = directory / f"evidence/{table}.parquet"
    old = pq.read_table(path)
    rows = old.to_pylist()
    made = change(rows)
    pq.write_table(pa.Table.from_pylist(made if made is not None else rows, schema=old.schema), path)


def change_item(directory: Path, task: str, change: Callable[[Item], Item], *, sealed: bool = True) -> Item:
    """Change the first item of a task; its id and hash are made again. The answer is the changed item."""
    old = next(item for item in read_items(directory) if item.task == task)
    new = change(old)
    if sealed:
        new = replace(new, item_id=item_id(new))
        new = replace(new, candidate_id=new.item_id, content_sha256=content_sha256(new))
    for path in sorted((directory / "data" / task).glob("*.parquet")):
        table = pq.read_table(path)
        rows = table.to_pylist()
        for row in rows:
            if row["item_id"] == old.item_id:
                row.update(to_table([new], contract("items")).to_pylist()[0])
        pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), path)
    seal_again(directory)
    return new


def volume_named(directory: Path, word: str) -> dict[str, Any]:
    """The first row of a volume with ``word`` in its name; an empty word gives the first image."""
    return next(
        row
        for row in rows_of(directory, "volumes")
        if (word in row["name"] and row["is_mask"] if word else not row["is_mask"])
    )


def unpacked(directory: Path, row: dict[str, Any]) -> bytearray:
    """The NIfTI file of a row."""
    return bytearray(gzip.decompress((directory / f"media/{row['sha256']}.nii.gz").read_bytes()))


def packed_as(directory: Path, old: str, data: bytes) -> str:
    """Put another NIfTI file in the place of the one named ``old``; its name and whatever names it change,
    but for ids. The answer is the new name."""
    new = sha256_bytes(bytes(data))
    (directory / f"media/{old}.nii.gz").unlink()
    (directory / f"media/{new}.nii.gz").write_bytes(gzip.compress(bytes(data), 1, mtime=0))
    for path in [*(directory / "evidence").glob("*.parquet"), *(directory / "data").rglob("*.parquet")]:
        table = pq.read_table(path)
        rows = _renamed(table.to_pylist(), old, new)
        pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), path)

    def rename(value: dict[str, Any]) -> None:
        for file in value["files"]:
            file["path"] = file["path"].replace(old, new)
        value["files"].sort(key=lambda file: file["path"])

    change_manifest(directory, rename)
    seal_again(directory)
    return new


def change_voxels(directory: Path, word: str, change: Change) -> None:
    """Change the voxels of the first volume with ``word`` in its name, everything that names it renamed."""
    row = volume_named(directory, word)
    data = unpacked(directory, row)
    dtype = np.dtype(row["dtype"]).newbyteorder("<")
    old = np.frombuffer(bytes(data[OFFSET:]), dtype).reshape(tuple(row["shape"])[::-1]).T
    data[OFFSET:] = np.asarray(change(old), dtype).T.tobytes()
    packed_as(directory, row["sha256"], bytes(data))


def remade_ids(directory: Path) -> None:
    """Make ids and hashes of all items fit their content again."""
    for path in sorted((directory / "data").rglob("*.parquet")):
        table = pq.read_table(path)
        rows = table.to_pylist()
        for row, item in zip(rows, from_table(Item, table), strict=True):
            row["item_id"] = row["candidate_id"] = item_id(item)
            row["content_sha256"] = content_sha256(item)
        pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), path)
    seal_again(directory)


def _renamed(value: Any, old: str, new: str) -> Any:
    if isinstance(value, str):
        return value.replace(old, new)
    if isinstance(value, list):
        return [_renamed(each, old, new) for each in value]
    if isinstance(value, dict):
        return {key: _renamed(each, old, new) for key, each in value.items()}
    return value
