"""Mutated studies: every file must end in a row or a volume, never a crash, a hang or a lost file.

    python benchmarks/fuzz_volumes.py [--fuzz 10000] [--seed 1] [--batch 200] [--seeds FOLDER] [--json]

Small sound files (made by code; real ones with ``--seeds``) are mutated: bytes flipped, cut, repeated,
lengths set to extremes, pieces of other files spliced in. They are read in batches, as folders.
The same seed gives the same files. Prints how the files ended, and the slowest batch.
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
from grandrounds.lake import Lake
from grandrounds.sources import kinds
from grandrounds.volumes.limits import Limits
from grandrounds.volumes.reader import read_volumes
from tests.support.fuzz_volumes import mutate, seeds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--fuzz", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--batch", type=int, default=200)
    parser.add_argument("--seeds", type=Path)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    ends: Counter[str] = Counter()
    lost, slowest = 0, 0.0
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
            names = []
            for number in range(first, min(first + args.batch, args.fuzz)):
                data = mutate(random.Random(f"{args.seed}:{number}"), sound)
                path = folder / f"{number:06d}.bin"
                path.write_bytes(data)
                if kinds.recognise(path) in (kinds.DICOM, kinds.NIFTI):
                    names.append(path.name)
            begun = time.perf_counter()
            inventory = read_volumes(folder, lake=lake, limits=Limits(seconds=20.0))
            slowest = max(slowest, time.perf_counter() - begun)
            rows = {row.file.name: row for row in inventory.files}
            lost += len(set(names) - set(rows))
            ends.update(row.status for row in rows.values())
            ends["other kind"] += min(args.batch, args.fuzz - first) - len(names)
            for row in rows.values():
                if "Please report" in row.reason or "died" in row.reason or "seconds and was" in row.reason:
                    ends["reader failed" if "report" in row.reason else "process killed"] += 1
                    print(row.file.name, row.reason, file=sys.stderr)
            for path in folder.iterdir():
                path.unlink()
    result = {
        "files": args.fuzz,
        "lost": lost,
        "ends": dict(sorted(ends.items())),
        "slowest_batch_seconds": round(slowest, 1),
        "seconds": round(time.perf_counter() - started, 1),
        "peak_mb": round(peak_mb()),
    }
    print(json.dumps(result, indent=None if args.json else 1))
    sys.exit(1 if lost else 0)


if __name__ == "__main__":
    main()
