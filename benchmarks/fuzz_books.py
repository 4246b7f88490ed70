"""Mutated books: every file must end in a row, never a crash, a hang or a lost file.

    python benchmarks/fuzz_books.py [--fuzz 2000] [--seed 1] [--batch 100] [--seeds FOLDER] [--json]

Small sound files (made by code; real ones with ``--seeds``) are mutated: bytes flipped, cut, repeated,
numbers set to extremes, words of the formats and pieces of other files spliced in. They are read in
batches, as folders. The same seed gives the same files. Prints how the files ended, and the slowest batch.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.support.memory import peak_mb
from grandrounds.contracts import contract
from grandrounds.lake import Lake
from grandrounds.needs import FigureNeed
from grandrounds.records.table import to_table
from grandrounds.sources.books import read_books
from grandrounds.sources.books_reading import BookLimits
from tests.support.books import picture
from tests.support.fuzz_books import mutate, seeds

_ODD = {
    "Please report": "reader failed",
    "died": "process died",
    "was ended": "process killed",
    "lost": "lost",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--fuzz", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--seeds", type=Path)
    parser.add_argument("--keep", type=Path, help="a folder for files whose end is odd")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    ends: Counter[str] = Counter()
    lost, slowest, figures = 0, 0.0, 0
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as temporary:
        base = Path(temporary)
        sound = seeds(base / "seeds")
        if args.seeds:
            sound += [
                p.read_bytes()
                for p in sorted(args.seeds.rglob("*"))
                if p.is_file() and p.stat().st_size < 400_000
            ]
        lake = Lake(str(base / "lake"))
        for first in range(0, args.fuzz, args.batch):
            folder = base / "batch" / str(first)
            folder.mkdir(parents=True)
            (folder / "a.png").write_bytes(picture(size=(200, 150)))
            names = [f"{number:06d}.bin" for number in range(first, min(first + args.batch, args.fuzz))]
            for name in names:
                data = mutate(random.Random(f"{args.seed}:{int(name[:6])}"), sound)
                (folder / name).write_bytes(data)
            begun = time.perf_counter()
            books = read_books(
                folder, lake=lake, asked=FigureNeed(), limits=BookLimits(seconds=60.0), ocr=False
            )
            slowest = max(slowest, time.perf_counter() - begun)
            to_table(books.sources, contract("sources"))
            to_table(books.figures, contract("figures"))
            figures += len(books.figures)
            rows = {row.path: row for row in books.sources}
            lost += len(set(names) - set(rows))
            for name in names:
                row = rows[name]
                ends[f"{row.kind} {row.status}"] += 1
                odd = next((word for phrase, word in _ODD.items() if phrase in row.reason), "")
                if odd:
                    ends[odd] += 1
                    print(row.path, row.kind, row.reason, file=sys.stderr)
                    if args.keep:
                        args.keep.mkdir(parents=True, exist_ok=True)
                        (args.keep / name).write_bytes((folder / name).read_bytes())
            for path in folder.iterdir():
                path.unlink()
    result = {
        "files": args.fuzz,
        "lost": lost,
        "figures": figures,
        "ends": dict(sorted(ends.items())),
        "slowest_batch_seconds": round(slowest, 1),
        "seconds": round(time.perf_counter() - started, 1),
        "peak_mb": round(peak_mb()),
    }
    print(json.dumps(result, indent=None if args.json else 1))
    sys.exit(1 if lost else 0)


if __name__ == "__main__":
    main()
