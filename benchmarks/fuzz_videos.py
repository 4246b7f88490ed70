"""Mutated videos: every file must end in a row, never a crash, a hang or a lost file.

    python benchmarks/fuzz_videos.py [--fuzz 2000] [--seed 1] [--batch 100] [--keep FOLDER] [--json]

Small sound films (made by code) are mutated: bytes flipped, cut, repeated, numbers set to extremes, names
of boxes and pieces of other films spliced in; some have broken subtitles or tables of key points beside
them. They are read in batches, as folders. The same seed gives the same files. Prints how the files ended,
and the slowest batch. Exits with 1 when a file has no row, or the reader itself failed or was ended on one.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.support.memory import peak_mb
from grandrounds.contracts import contract
from grandrounds.lake import Lake
from grandrounds.needs import ClipNeed
from grandrounds.records.table import to_table
from grandrounds.sources.video import Videos, read_videos
from grandrounds.videos.jobs import VideoLimits
from tests.support.fuzz_videos import companion, mutate, seeds

_ODD = {
    "Please report": "reader failed",
    "died": "process died",
    "was ended": "process ended",
    "lost": "lost",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--fuzz", type=int, default=2_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--keep", type=Path, help="a folder for files whose end is odd")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    ends: Counter[str] = Counter()
    lost, odd, slowest, clips = 0, 0, 0.0, 0
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as temporary:
        base = Path(temporary)
        sound = seeds(base / "seeds")
        lake = Lake(str(base / "lake"))
        for first in range(args.first, args.first + args.fuzz, args.batch):
            folder = base / "batch" / str(first)
            folder.mkdir(parents=True)
            numbers = range(first, min(first + args.batch, args.first + args.fuzz))
            names = [_write(folder, number, args.seed, sound) for number in numbers]
            begun = time.perf_counter()
            videos = read_videos(
                folder, lake=lake, asked=ClipNeed(smallest_side=16), limits=VideoLimits(seconds=120.0)
            )
            slowest = max(slowest, time.perf_counter() - begun)
            to_table(videos.sources, contract("sources"))
            to_table(videos.videos, contract("videos"))
            to_table(videos.clips, contract("clips"))
            clips += len(videos.clips)
            lost += len(set(names) - {row.path for row in videos.sources})
            odd += _count(videos, names, ends, folder, args.keep)
            for path in folder.iterdir():
                path.unlink()
            print(f"{first + len(names)} {slowest:.0f} s {dict(sorted(ends.items()))}", file=sys.stderr)
    result = {
        "files": args.fuzz,
        "lost": lost,
        "odd": odd,
        "clips": clips,
        "ends": dict(sorted(ends.items())),
        "slowest_batch_seconds": round(slowest, 1),
        "seconds": round(time.perf_counter() - started, 1),
        "cpu_seconds": round(_cpu(), 1),
        "peak_mb": round(peak_mb()),
        "worker_peak_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024,
    }
    print(json.dumps(result, indent=None if args.json else 1))
    sys.exit(1 if lost or odd else 0)


def _write(folder: Path, number: int, seed: int, sound: list[bytes]) -> str:
    """One mutated film, sometimes with something beside it. The answer is its name."""
    source = random.Random(f"{seed}:{number}")
    name = f"{number:06d}.mp4"
    (folder / name).write_bytes(mutate(source, sound))
    if source.random() < 0.15:
        ending, data = companion(source)
        (folder / f"{number:06d}{ending}").write_bytes(data)
    return name


def _count(videos: Videos, names: list[str], ends: Counter[str], folder: Path, keep: Path | None) -> int:
    """Count how the files ended; how many ended oddly."""
    rows = {row.path: row for row in videos.sources}
    parts = {video.source_id for video in videos.videos if video.status == "partial"}
    odd = 0
    for name in names:
        row = rows[name]
        ends["partial" if row.source_id in parts else f"{row.kind} {row.status}"] += 1
        found = next((word for phrase, word in _ODD.items() if phrase in row.reason), "")
        if not found and row.status == "failed" and len(row.reason) < 20:
            found = "no reason"
        if found:
            odd += 1
            ends[found] += 1
            print(row.path, row.kind, row.reason, file=sys.stderr)
            if keep:
                keep.mkdir(parents=True, exist_ok=True)
                (keep / name).write_bytes((folder / name).read_bytes())
    return odd


def _cpu() -> float:
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


if __name__ == "__main__":
    main()
