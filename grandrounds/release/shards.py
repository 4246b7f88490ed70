"""The Parquet files of a release: items with their pictures inside, cut into shards by size.

The columns are those of the ``items`` contract and two more: ``canary`` (see the datasheet) and
``images``, a list of ``{bytes, path}`` in the order of the pictures in ``media``. The schema carries
Hugging Face's feature description, so ``datasets`` shows the pictures as pictures; pandas and every
other reader of Parquet see plain columns.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grandrounds.contracts import Column, contract
from grandrounds.errors import ReleaseError
from grandrounds.fingerprint import sha256_bytes, sha256_value
from grandrounds.records.envelope import Item
from grandrounds.records.parts import Media

if TYPE_CHECKING:
    import pyarrow as pa

CANARY = "canary"
IMAGES = "images"
IMAGE_KIND = "image"

# Readers decode whole row groups: these keep one below some 64 MB.
_GROUP_ROWS = 1000
_GROUP_BYTES = 64_000_000
# A row's text is small beside its pictures; this stands for all its other columns.
_ROW_BYTES = 8_000

_SUFFIXES = {"image/png": ".png", "image/jpeg": ".jpg", "image/gif": ".gif", "image/tiff": ".tif",
             "image/webp": ".webp", "image/bmp": ".bmp"}  # fmt: skip
_DTYPES = {"string": "string", "integer": "int64", "number": "float64", "boolean": "bool", "date": "date32",
           "timestamp": "timestamp[us, tz=UTC]"}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """A written file and its rows."""

    path: Path
    rows: int


def item_schema() -> pa.Schema:
    """The Arrow schema of a data file, with the feature description in its metadata."""
    import pyarrow as pa

    made = contract("items")
    base = made.arrow_schema()
    picture = pa.struct([pa.field("bytes", pa.binary()), pa.field("path", pa.string())])
    features: dict[str, Any] = {column.name: _feature(column) for column in made.columns}
    features |= {CANARY: _value("string"), IMAGES: [{"_type": "Image"}]}
    metadata = dict(base.metadata or {})
    metadata[b"huggingface"] = json.dumps({"info": {"features": features}}, sort_keys=True).encode()
    return pa.schema(
        [
            *base,
            pa.field(CANARY, pa.string(), nullable=False),
            # May be empty for Arrow, or `datasets` would not take its feature from the description.
            pa.field(IMAGES, pa.list_(picture)),
        ],
        metadata=metadata,
    )


def schema_sha256(schema: pa.Schema) -> str:
    """Hash of a schema's columns: names, types, and whether they may be empty."""
    return sha256_value(schema_shape(schema))


def schema_shape(schema: pa.Schema) -> list[list[Any]]:
    """Name, type and nullability of each column. Parquet calls the member of a list ``element``,
    Arrow ``item``; here both are ``element``."""
    return [
        [each.name, str(each.type).replace("list<item:", "list<element:"), each.nullable] for each in schema
    ]


def write_items(
    folder: Path,
    items: Sequence[Item],
    *,
    split: str,
    canary: str,
    get_media: Callable[[str], bytes],
    shard_bytes: int,
    withheld: frozenset[str] = frozenset(),
) -> list[Shard]:
    """Write the items of one task and split as ``SPLIT-00000-of-0000N.parquet``.

    Items that rest on evidence in ``withheld`` (ids) get no pictures: ``images`` is empty. A new shard
    begins where the bytes of pictures and rows pass ``shard_bytes``. Pictures are fetched batch by batch,
    so memory holds some 64 MB of them at a time.
    """
    import pyarrow.parquet as pq

    folder.mkdir(parents=True, exist_ok=True)
    schema = item_schema()
    unnamed: list[Shard] = []
    writer: pq.ParquetWriter | None = None
    filled = rows = 0
    path = folder
    try:
        for batch in _batches(items, get_media, withheld):
            if writer is not None and filled + batch.bytes > shard_bytes:
                writer.close()
                unnamed.append(Shard(path=path, rows=rows))
                writer = None
            if writer is None:
                path, filled, rows = folder / f"{split}-{len(unnamed):05d}.part", 0, 0
                writer = pq.ParquetWriter(path, schema, compression="zstd", use_dictionary=[CANARY])
            writer.write_table(_table(batch, schema, canary), row_group_size=len(batch.items))
            filled, rows = filled + batch.bytes, rows + len(batch.items)
    finally:
        if writer is not None:
            writer.close()
    unnamed.append(Shard(path=path, rows=rows))
    return [_named(shard, split, number, len(unnamed)) for number, shard in enumerate(unnamed)]


def image_name(media: Media) -> str:
    """The name of a picture inside the release: its hash and the suffix of its type."""
    return media.sha256 + _SUFFIXES.get(media.mime, "")


def write_table(path: Path, table: pa.Table) -> None:
    """Write a plain table of the release. The same rows give the same bytes."""
    import pyarrow.parquet as pq

    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, compression="zstd", use_dictionary=False, row_group_size=_GROUP_ROWS)


@dataclass(frozen=True, slots=True)
class _Batch:
    items: list[Item]
    pictures: list[list[dict[str, Any]]]
    bytes: int


def _batches(
    items: Sequence[Item], get_media: Callable[[str], bytes], withheld: frozenset[str]
) -> Iterator[_Batch]:
    rows: list[Item] = []
    pictures: list[list[dict[str, Any]]] = []
    size = 0
    for item in items:
        own = [
            {"bytes": _picture(item, media, get_media), "path": image_name(media)}
            for media in item.media
            if media.kind == IMAGE_KIND and item.evidence_id not in withheld
        ]
        rows.append(item)
        pictures.append(own)
        size += _ROW_BYTES + sum(len(picture["bytes"]) for picture in own)
        if len(rows) >= _GROUP_ROWS or size >= _GROUP_BYTES:
            yield _Batch(rows, pictures, size)
            rows, pictures, size = [], [], 0
    if rows:
        yield _Batch(rows, pictures, size)


def _picture(item: Item, media: Media, get_media: Callable[[str], bytes]) -> bytes:
    data = get_media(media.sha256)
    if sha256_bytes(data) != media.sha256:
        raise ReleaseError(
            f"The picture {media.name!r} of item {item.item_id} is not the one its hash names.",
            remedy="The media store is damaged; build the recipe again.",
        )
    return data


def _table(batch: _Batch, schema: pa.Schema, canary: str) -> pa.Table:
    import pyarrow as pa

    from grandrounds.records.table import to_table

    table = to_table(batch.items, contract("items"))
    columns = [
        *table.columns,
        pa.array([canary] * len(batch.items), type=pa.string()),
        pa.array(batch.pictures, type=schema.field(IMAGES).type),
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def _named(shard: Shard, split: str, number: int, total: int) -> Shard:
    path = shard.path.with_name(f"{split}-{number:05d}-of-{total:05d}.parquet")
    shard.path.rename(path)
    return Shard(path=path, rows=shard.rows)


def _feature(column: Column) -> Any:
    if column.logical_type == "object":
        return {member.name: _feature(member) for member in column.members}
    if column.element is not None:
        # A list of one feature is the spelling that every version of `datasets` reads.
        return [_feature(column.element)]
    return _value("binary" if column.physical_type == "binary" else _DTYPES[column.logical_type])


def _value(dtype: str) -> dict[str, str]:
    return {"dtype": dtype, "_type": "Value"}
