"""Pages a second beside a bare PyMuPDF loop over the same pages, and the memory of a long book."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pymupdf

from benchmarks.support.memory import peak_mb

ROUNDS = 3
LOOPS = ("ours", "job", "bare")
PROMISED_RATIO, PROMISED_MB = 0.5, 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Seconds by the clock and of the processor."""

    wall: float = 0.0
    cpu: float = 0.0

    def __add__(self, other: Times) -> Times:
        return Times(wall=self.wall + other.wall, cpu=self.cpu + other.cpu)


def measure(folders: Sequence[Path], *, pages: int = 1000) -> dict[str, Any]:
    """All loops on every printed book, taking turns in one run; then a book of ``pages`` pages, each
    loop in a fresh process of its own.

    ``ratio`` is of processor time, which other work on the machine disturbs little; ``ratio_wall`` is of
    the clock. Each is the median of the rounds' own ratios. The promise is for all books together;
    ``ratio_by_layout`` tells where the time goes: least is left of the bare loop's pace on pages of
    drawings, which ours draws and the bare loop passes by. ``ratio_job`` is of all that a build does.
    """
    paths = sorted(path for folder in folders for path in folder.glob("*.pdf"))
    count = sum(pymupdf.open(path).page_count for path in paths)
    for name in LOOPS:  # imports and first fonts are not timed
        _spent(name, paths[0])
    rounds: list[dict[str, Times]] = []
    layouts: dict[str, list[dict[str, Times]]] = {}
    for number in range(ROUNDS):
        spent = dict.fromkeys(LOOPS, Times())
        for path in paths:
            here = layouts.setdefault(path.parent.name, [])
            if len(here) == number:
                here.append(dict.fromkeys(LOOPS, Times()))
            for name in LOOPS[number % 3 :] + LOOPS[: number % 3]:
                one = _spent(name, path)
                spent[name] += one
                here[number][name] += one
        rounds.append(spent)
    with tempfile.TemporaryDirectory() as folder:
        long = Path(folder) / "long.pdf"
        written = lengthen(paths, long, pages=pages)
        runs = {name: _fresh(name, long) for name in LOOPS}
    return {
        "pages": count,
        "rounds": ROUNDS,
        "ours_pages_s": round(count / statistics.median(one["ours"].wall for one in rounds), 1),
        "bare_pages_s": round(count / statistics.median(one["bare"].wall for one in rounds), 1),
        "ratio": _ratio(rounds),
        "ratio_wall": round(statistics.median(one["bare"].wall / one["ours"].wall for one in rounds), 3),
        "promised_ratio": PROMISED_RATIO,
        "ratio_job": _ratio(rounds, "job"),
        "long_pages": written,
        "long_ours_pages_s": round(written / runs["ours"]["seconds"], 1),
        "long_ratio": round(runs["bare"]["cpu"] / runs["ours"]["cpu"], 3),
        "long_ratio_job": round(runs["bare"]["cpu"] / runs["job"]["cpu"], 3),
        "long_peak_mb": round(max(runs["ours"]["peak_mb"], runs["job"]["peak_mb"])),
        "long_peak_mb_bare": round(runs["bare"]["peak_mb"]),
        "promised_peak_mb": PROMISED_MB,
        "pymupdf": pymupdf.__version__,
        "ratio_by_layout": {name: _ratio(some) for name, some in layouts.items()},
    }


def good(told: dict[str, Any]) -> bool:
    """Whether what is promised is kept."""
    return told["ratio"] >= PROMISED_RATIO and told["long_peak_mb"] <= PROMISED_MB


def markdown(told: dict[str, Any]) -> str:
    """The figures for people."""
    lines = [f"{name:20s} {value}" for name, value in told.items() if name != "ratio_by_layout"]
    lines += ["", "| layout | ratio |", "|---|---:|"]
    lines += [f"| {name} | {ratio} |" for name, ratio in told["ratio_by_layout"].items()]
    return "\n".join(lines)


def bare(path: Path) -> int:
    """What the promise is measured by: the text blocks of each page, and its pictures taken out."""
    taken = 0
    with pymupdf.open(path) as document:
        for page in document:
            taken += len(page.get_text("blocks"))
            for image in page.get_images(full=True):
                taken += len(document.extract_image(image[0])["image"])
    return taken


def ours(path: Path) -> int:
    """Our reader: text, figures, captions, panels, and each picture cut; nothing is kept of a picture."""
    from grandrounds.sources.textbook import read_pdf

    return len(read_pdf(path, ocr=False, take=lambda one, _: replace(one, picture=b"")).figures)


def job(path: Path) -> int:
    """What a build's process does with a book: the file's digest, our reader, and each picture's digest,
    likeness hash and hand-over as a file."""
    from grandrounds.sources import kinds
    from grandrounds.sources.books_reading import BookJob
    from grandrounds.sources.books_worker import run_job

    with tempfile.TemporaryDirectory() as spool:
        asked = BookJob(kind=kinds.PDF, files=(str(path),), spool=spool, ocr=False)
        reading = run_job(asked).reading
    if reading is None or reading.failure or not reading.book:
        raise RuntimeError(f"{path} was not read: {reading and reading.failure}")
    return len(reading.book.figures)


def lengthen(paths: Sequence[Path], out: Path, *, pages: int) -> int:
    """One book of printed books, again and again, until it has that many pages. Pictures are written
    anew each time, as those of a long book are different ones."""
    book = pymupdf.open()
    while book.page_count < pages:
        for path in paths:
            with pymupdf.open(path) as one:
                book.insert_pdf(one, to_page=min(one.page_count, pages - book.page_count) - 1)
            if book.page_count >= pages:
                break
    book.save(out)
    return int(book.page_count)


def _ratio(rounds: Sequence[dict[str, Times]], name: str = "ours") -> float:
    """Our pages a second for one of the bare loop, by processor time."""
    return round(statistics.median(one["bare"].cpu / one[name].cpu for one in rounds), 3)


def _spent(name: str, path: Path) -> Times:
    wall, cpu = time.perf_counter(), time.process_time()
    {"ours": ours, "job": job, "bare": bare}[name](path)
    return Times(wall=time.perf_counter() - wall, cpu=time.process_time() - cpu)


def _fresh(name: str, path: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.printed.speed", name, str(path)]
    root = Path(__file__).resolve().parents[2]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, cwd=root)
    return dict(json.loads(ran.stdout.splitlines()[-1]))


if __name__ == "__main__":
    taken = _spent(sys.argv[1], Path(sys.argv[2]))
    print(json.dumps({"seconds": taken.wall, "cpu": taken.cpu, "peak_mb": peak_mb()}))
