"""How fast, how surely and in how much memory copies of items are found among many documents.

    python benchmarks/contamination.py [--items N] [--documents N] [--reference-documents N] [--json]
    python benchmarks/contamination.py --items 100000 --documents 1000000

Texts are made by code from a vocabulary whose words are as rare as in a language (Zipf). Copies of some
items are planted: verbatim, with their words in another order, and inside long texts. Held against them are

- ``grandrounds.contamination``, runs of 13 words alone, and with near copies;
- the plain way to decontaminate, that of lm-evaluation-harness: a set of the items' 13-grams as strings,
  in which every 13-gram of every document is looked up. With more documents than ``--reference-documents``
  it is measured on so many, and the time for all is in proportion.

Seconds are those of the processor: each does all its work in one thread.

Ends with 1 when a promise breaks: three times as fast, all plants found, memory that doesn't grow.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import string
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from grandrounds.contamination.hits import Limits, Piece
from grandrounds.contamination.index import Index
from grandrounds.contamination.pieces import Library
from grandrounds.contamination.scan import Scan
from grandrounds.contamination.texts import ItemText

VOCABULARY = 200_000
ITEM_WORDS, DOCUMENT_WORDS, LONG_WORDS = 70, 100, 3000
N = 13
FASTER = 3.0
GROWTH_MB = 48.0
RECALL = {"verbatim": 1.0, "embedded": 1.0, "word order": 0.99}
_GROUP = 5_000


@dataclass(frozen=True)
class Made:
    items: Path
    documents: Path
    plants: dict[str, list[int]]
    bytes: int


@dataclass(frozen=True)
class Measured:
    index_s: float
    scan_s: float
    found: list[int]
    first_mb: float = 0.0
    last_mb: float = 0.0
    index_mb: float = 0.0

    @property
    def seconds(self) -> float:
        return self.index_s + self.scan_s


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--items", type=int, default=2_000)
    parser.add_argument("--documents", type=int, default=20_000)
    parser.add_argument("--reference-documents", type=int, default=50_000)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        made = make(Path(folder), given.items, given.documents)
        # Each in a process of its own, so that what one leaves in the memory is not counted for another.
        runs = alone(check, made, False)
        whole = alone(check, made, True)
        few = min(given.documents, given.reference_documents)
        plain = alone(reference, made, few)
        agree = alone(found_in, made, few)
    figures = told(given, made, runs=runs, whole=whole, plain=plain, few=few)
    broken = promises(figures, plain.found == agree)
    if given.json:
        print(json.dumps(figures | {"broken": broken}))
    else:
        for name, value in figures.items():
            print(f"{name:32} {value}")
        for words in broken:
            print(f"BROKEN: {words}")
    sys.exit(1 if broken else 0)


def make(folder: Path, items: int, documents: int) -> Made:
    """The items and the documents as Parquet, a few thousand rows in memory at a time."""
    generator = np.random.default_rng(20_260_101)
    letters = np.array(list(string.ascii_lowercase))
    lengths = generator.integers(3, 12, VOCABULARY)
    words = np.array(["".join(generator.choice(letters, length)) for length in lengths], dtype=object)
    rarity = np.cumsum(1 / np.arange(1, VOCABULARY + 1))
    rarity /= rarity[-1]

    def texts(count: int, length: int) -> list[str]:
        drawn = words[np.searchsorted(rarity, generator.random((count, length)))]
        return [" ".join(row).capitalize() + "." for row in drawn]

    own = [
        text for first in range(0, items, _GROUP) for text in texts(min(_GROUP, items - first), ITEM_WORDS)
    ]
    plants = max(20, items // 200)
    chosen = generator.permutation(items)[: 3 * plants].tolist()
    planted = {
        "verbatim": sorted(chosen[:plants]),
        "word order": sorted(chosen[plants : 2 * plants]),
        "embedded": sorted(chosen[2 * plants :]),
    }
    copies = [own[item].upper() for item in planted["verbatim"]]
    for item in planted["word order"]:
        mixed = own[item].rstrip(".").split()
        generator.shuffle(mixed)
        copies.append(" ".join([texts(1, 30)[0], *mixed, texts(1, 30)[0]]))
    copies += [
        " ".join([texts(1, LONG_WORDS)[0], own[item], texts(1, LONG_WORDS)[0]])
        for item in planted["embedded"]
    ]
    pq.write_table(pa.table({"id": list(range(items)), "text": own}), folder / "items.parquet")
    at = set(np.linspace(0, documents - 1, len(copies)).astype(int).tolist())
    rest = iter(copies)
    schema = pa.schema([("id", pa.int64()), ("text", pa.string())])
    with pq.ParquetWriter(folder / "documents.parquet", schema, compression="zstd") as writer:
        for first in range(0, documents, _GROUP):
            rows = texts(min(_GROUP, documents - first), DOCUMENT_WORDS)
            for place in range(len(rows)):
                if first + place in at:
                    rows[place] = next(rest)
            writer.write_table(
                pa.table({"id": range(first, first + len(rows)), "text": rows}, schema=schema)
            )
    size = (folder / "documents.parquet").stat().st_size
    return Made(folder / "items.parquet", folder / "documents.parquet", planted, size)


def check(made: Made, near: bool) -> Measured:
    """Ours: the index, then all documents as they stream by."""
    started = time.process_time()
    index = index_of(made, near=near)
    built = time.process_time()
    scan = Scan(index, Limits())
    seen: list[float] = []
    scan.take(watched(Library().file(made.documents, name="documents"), seen))
    ended = time.process_time()
    # What a scan needs at all it has after a tenth of the documents.
    tenth = seen[: max(1, len(seen) // 10)]
    return Measured(
        index_s=built - started,
        scan_s=ended - built,
        found=sorted({int(owner.item_id) for text in scan.hits for owner in index.owners[text]}),
        first_mb=max(tenth),
        last_mb=max(seen),
        index_mb=index.size / 1e6,
    )


def reference(made: Made, documents: int) -> Measured:
    """The plain way: a set of strings, and every 13-gram of every document looked up in it."""
    table = str.maketrans("", "", string.punctuation)

    def grams(text: str) -> Iterator[str]:
        words = text.lower().translate(table).split()
        return (" ".join(words[at : at + N]) for at in range(len(words) - N + 1))

    started = time.process_time()
    owners: dict[str, list[int]] = {}
    for item, text in rows(made.items):
        for gram in grams(text):
            owners.setdefault(gram, []).append(item)
    wanted = set(owners)
    built = time.process_time()
    found: set[int] = set()
    for _, text in islice(rows(made.documents), documents):
        for gram in grams(text):
            if gram in wanted:
                found.update(owners[gram])
    return Measured(index_s=built - started, scan_s=time.process_time() - built, found=sorted(found))


def found_in(made: Made, documents: int) -> list[int]:
    """What ours finds by runs in the documents that the reference saw."""
    index = index_of(made, near=False)
    scan = Scan(index, Limits())
    scan.take(piece for piece in Library().file(made.documents, name="documents") if piece.row < documents)
    return sorted({int(owner.item_id) for text in scan.hits for owner in index.owners[text]})


def index_of(made: Made, *, near: bool) -> Index:
    texts = (
        ItemText(item_id=str(item), task="", group=str(item), field="text", text=text)
        for item, text in rows(made.items)
    )
    return Index(texts, near=near)


def rows(path: Path) -> Iterator[tuple[int, str]]:
    with pq.ParquetFile(path) as opened:
        for batch in opened.iter_batches(2_000):
            yield from zip(batch.column(0).to_pylist(), batch.column(1).to_pylist(), strict=True)


def watched(pieces: Iterator[Piece], seen: list[float]) -> Iterator[Piece]:
    """The pieces as they are; every thousandth tells how much memory the process has."""
    for number, piece in enumerate(pieces):
        if not number % 1000:
            seen.append(resident_mb())
        yield piece


def resident_mb() -> float:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def alone(work: Callable[..., Any], *arguments: Any) -> Any:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, arguments)


def told(
    given: argparse.Namespace, made: Made, *, runs: Measured, whole: Measured, plain: Measured, few: int
) -> dict[str, float | int | str]:
    scale = given.documents / few
    plain_s = plain.index_s + plain.scan_s * scale
    figures: dict[str, float | int | str] = {
        "items": given.items,
        "documents": given.documents,
        "documents_mb_packed": round(made.bytes / 1e6, 1),
        "runs_index_s": round(runs.index_s, 2),
        "runs_scan_s": round(runs.scan_s, 2),
        "whole_index_s": round(whole.index_s, 2),
        "whole_scan_s": round(whole.scan_s, 2),
        "plain_index_s": round(plain.index_s, 2),
        "plain_scan_s": round(plain.scan_s * scale, 2),
        "plain_measured_on": few,
        "plain_over_runs": round(plain_s / runs.seconds, 2),
        "plain_over_whole": round(plain_s / whole.seconds, 2),
        "index_mb": round(whole.index_mb, 1),
        "memory_at_a_tenth_mb": round(whole.first_mb, 1),
        "memory_at_most_mb": round(whole.last_mb, 1),
    }
    for kind, planted in made.plants.items():
        found = len(set(planted) & set(whole.found))
        figures[f"found_{kind.replace(' ', '_')}"] = f"{found}/{len(planted)}"
    strange = set(whole.found) - {item for planted in made.plants.values() for item in planted}
    return figures | {"found_unplanted": len(strange)}


def promises(figures: dict[str, float | int | str], same: bool) -> list[str]:
    broken = []
    if float(figures["plain_over_runs"]) < FASTER:
        broken.append(f"runs of 13 words are not {FASTER} times as fast as the plain way")
    if float(figures["memory_at_most_mb"]) > float(figures["memory_at_a_tenth_mb"]) + GROWTH_MB:
        broken.append(f"memory grew by more than {GROWTH_MB} MB with the documents")
    for kind, least in RECALL.items():
        found, planted = map(int, str(figures[f"found_{kind.replace(' ', '_')}"]).split("/"))
        if found < least * planted:
            broken.append(f"of copies {kind} only {found} of {planted} were found")
    if not same:
        broken.append("runs of 13 words find other items than the plain way")
    return broken


if __name__ == "__main__":
    main()
