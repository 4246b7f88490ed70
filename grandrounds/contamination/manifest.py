"""The manifest of a check: what was held against what, by which limits, and every hit with its words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from grandrounds import __version__
from grandrounds.contamination.hits import COPIED, OVERLAPS, Hit, Limits
from grandrounds.contamination.index import COMMON, Index, Owner
from grandrounds.contamination.pieces import Document
from grandrounds.contamination.scan import KEPT, Scan
from grandrounds.contamination.texts import HEAD, RUN
from grandrounds.contracts import contract
from grandrounds.errors import ContaminationError

FORMAT = "grandrounds-contamination/1"
JSON_NAME = "contamination.json"
PARQUET_NAME = "contamination.parquet"


@dataclass(frozen=True, slots=True, kw_only=True)
class HitRow:
    """A hit as it is told: see ``data_contracts/contamination.yaml``."""

    item_id: str
    task: str
    field: str
    verdict: str
    method: str
    share: float
    containment: float
    jaccard: float
    longest_span: int
    document: str
    row: int
    document_field: str
    offset: int
    end: int
    words: str
    documents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """How much was looked at. ``too_short`` texts have fewer than 8 words, ``only_common`` consist of runs
    that more than 10 groups share, ``near_untested`` can be found by runs alone."""

    items: int
    texts: int
    distinct_texts: int
    too_short: int
    only_common: int
    near_untested: int
    documents: int
    rows: int
    texts_of_documents: int
    characters: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Contamination:
    """What a check found. ``copied`` and ``overlaps`` are items, an item by its gravest hit."""

    benchmark: str
    limits: Limits
    checked: Checked
    copied: tuple[str, ...]
    overlaps: tuple[str, ...]
    hits: tuple[HitRow, ...]
    documents: tuple[Document, ...]

    def document(self) -> bytes:
        """The bytes of ``contamination.json``; the same check of the same files gives the same."""
        value = {
            "format": FORMAT,
            "version": __version__,
            "benchmark": self.benchmark,
            "method": {
                "run_words": RUN,
                "short_words": HEAD,
                "common_groups": COMMON,
                "hits_kept_per_text": KEPT,
            },
            "limits": asdict(self.limits),
            "checked": asdict(self.checked),
            "copied": list(self.copied),
            "overlaps": list(self.overlaps),
            "hits": [asdict(hit) for hit in self.hits],
            "documents": [asdict(each) for each in self.documents],
        }
        text = json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False)
        # Documents may hold halves of pairs, which UTF-8 can't spell.
        return (text + "\n").encode("utf-8", "replace")

    def write(self, folder: Path) -> None:
        """Write the manifest as JSON and as Parquet. Raises ``ContaminationError`` when it can't be."""
        import pyarrow.parquet as pq

        from grandrounds.records.table import to_table

        try:
            folder.mkdir(parents=True, exist_ok=True)
            _replace(folder / JSON_NAME, self.document())
            made = folder / f".{PARQUET_NAME}.part"
            pq.write_table(to_table(self.hits, contract("contamination")), made, compression="zstd")
            made.replace(folder / PARQUET_NAME)
        except OSError as exc:
            raise ContaminationError(
                f"The manifest can't be written to {folder}: {exc.strerror or exc}.",
                remedy="Check free space and rights, or give another --out.",
            ) from exc


def told(
    benchmark: str, *, index: Index, scan: Scan, documents: Sequence[Document], limits: Limits
) -> Contamination:
    """What ``scan`` found, as a manifest tells it."""
    rows = tuple(sorted(_rows(index, scan, documents, limits), key=_order))
    copied = {row.item_id for row in rows if row.verdict == COPIED}
    overlaps = {row.item_id for row in rows if row.verdict == OVERLAPS} - copied
    read = [each for each in documents if each.status != "passed_by"]
    return Contamination(
        benchmark=benchmark,
        limits=limits,
        checked=Checked(
            items=len(index.items),
            texts=sum(map(len, index.owners)),
            distinct_texts=len(index),
            too_short=index.too_short,
            only_common=index.only_common,
            near_untested=int(len(index) - index.near.tested.sum()),
            documents=len(read),
            rows=sum(each.rows for each in read),
            texts_of_documents=scan.pieces,
            characters=scan.characters,
        ),
        copied=tuple(sorted(copied)),
        overlaps=tuple(sorted(overlaps)),
        hits=rows,
        documents=tuple(documents),
    )


def _rows(index: Index, scan: Scan, documents: Sequence[Document], limits: Limits) -> Iterator[HitRow]:
    for text, hits in scan.hits.items():
        for hit in hits:
            for owner in index.owners[text]:
                yield _row(owner, hit, documents[hit.file], limits, scan.documents[text])


def _row(owner: Owner, hit: Hit, document: Document, limits: Limits, documents: int) -> HitRow:
    return HitRow(
        item_id=_sound(owner.item_id),
        task=_sound(owner.task),
        field=_sound(owner.field),
        verdict=hit.verdict(limits),
        method=hit.method,
        share=hit.share,
        containment=hit.containment,
        jaccard=hit.jaccard,
        longest_span=hit.span,
        document=_sound(document.name),
        row=hit.row,
        document_field=_sound(hit.field),
        offset=hit.offset,
        end=hit.end,
        words=_sound(hit.words),
        documents=documents,
    )


def _sound(text: str) -> str:
    """``text`` without halves of pairs, which no table can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _order(row: HitRow) -> tuple[object, ...]:
    return (
        row.verdict != COPIED,
        row.item_id,
        row.field,
        -max(row.share, row.containment),
        -row.longest_span,
        row.document,
        row.row,
        row.document_field,
        row.offset,
    )


def _replace(path: Path, data: bytes) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(data)
    part.replace(path)
