"""Figures of printed books: boxes, captions and panels found against what was printed.

    python benchmarks/figures.py [--layouts a,b] [--readers ours,plain] [--misses] [--json]
    python benchmarks/figures.py --speed      # pages a second beside a bare PyMuPDF loop, and memory
    python benchmarks/figures.py --jats       # PDF against the JATS of the same article
    python benchmarks/figures.py --keep DIR   # keep the printed PDFs and their truth; print what is missing

Chapters are printed with headless Chromium in each layout of ``benchmarks/printed/layouts.py``: fictional
ones made by code, and those of OpenStax where the real inputs are there (``GRANDROUNDS_TEST_DATA``, by
default ``../shared/data``). Where every picture, panel and caption lies is read from the printed page; the
copy that readers get holds none of it. ``--edition 2`` (3, ...) prints other fiction in other sizes, types
and labels, which no reader was written against. ``benchmarks/printed/score.py`` says what counts as right.

Readers: ours; plain extraction of pictures with the nearest text block; and, asked for with ``--readers``
and where they are installed (``pip install pdfplumber pypdfium2``; minutes), those two with the nearest
block of words.
Every miss is told with ``--misses`` (ours alone) and in ``--json`` (all). Exits with 1 where ours is below
what is promised: 0.97 of boxes, 0.98 of captions, 0.9 of panels.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.printed import openstax, paired, speed, typeset
from benchmarks.printed.layouts import LAYOUTS, NAMES, Layout, by_name
from benchmarks.printed.readers import READERS, installed
from benchmarks.printed.score import Score, score

PROMISED = {"box": 0.97, "caption": 0.98, "panels_matched": 0.9}
ALL = "all"
Scores = dict[str, dict[str, Score]]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--layouts", default=",".join(NAMES), help="names, parted by commas")
    parser.add_argument("--readers", default="ours,plain", help="names, parted by commas")
    parser.add_argument("--keep", type=Path, help="a folder for the printed PDFs and their truth")
    parser.add_argument("--edition", type=int, default=1, help="another number: other books, other sizes")
    parser.add_argument("--misses", action="store_true", help="a line for each miss of ours")
    parser.add_argument("--speed", action="store_true")
    parser.add_argument("--jats", action="store_true")
    parser.add_argument("--pages", type=int, default=1000, help="pages of the book that memory is taken of")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    data = openstax.real_inputs()
    if given.jats:
        told, good = paired.table(data)
        print(json.dumps(told, indent=1) if given.json else paired.markdown(told))
        sys.exit(0 if good else 1)
    layouts = [by_name(name) for name in given.layouts.split(",")]
    readers = _readable(given.readers.split(","))
    with _printed(layouts, given.keep, data, given.edition) as folder:
        if given.speed:
            told = speed.measure([folder / one.name for one in layouts], pages=given.pages)
            print(json.dumps(told, indent=1) if given.json else speed.markdown(told))
            sys.exit(0 if speed.good(told) else 1)
        scores = run(layouts, readers, folder)
    if given.json:
        print(json.dumps(as_json(scores), indent=1, ensure_ascii=False))
    else:
        print(markdown(scores, layouts))
        if given.misses and "ours" in scores:
            print(misses(scores["ours"]))
    sys.exit(0 if "ours" not in scores or keeps_promises(scores["ours"][ALL]) else 1)


def run(layouts: Sequence[Layout], readers: Sequence[str], folder: Path) -> Scores:
    """Every reader on every layout: reader, then layout (and ``all``), then its score."""
    scores: Scores = {name: {one.name: Score() for one in layouts} | {ALL: Score()} for name in readers}
    for layout in layouts:
        for truth in typeset.load(folder / layout.name):
            for name in readers:
                one = score(truth, READERS[name][1](folder / layout.name / truth.pdf))
                scores[name][layout.name].add(one)
                scores[name][ALL].add(one)
    return scores


def keeps_promises(total: Score) -> bool:
    """Whether a reader's sum reaches what is promised."""
    shares = total.shares()
    return all(
        (shares[name] or 0.0) >= least for name, least in PROMISED.items() if shares[name] is not None
    )


def as_json(scores: Scores) -> dict[str, Any]:
    """All figures and all misses."""
    return {
        "promised": PROMISED,
        "readers": {
            name: {
                layout: {**one.shares(), "misses": [asdict(miss) for miss in one.misses]}
                for layout, one in rows.items()
                if layout != ALL
            }
            | {ALL: rows[ALL].shares()}
            for name, rows in scores.items()
        },
    }


def markdown(scores: Scores, layouts: Sequence[Layout]) -> str:
    """A table a layout a row; a cell is box / caption / panels / extra boxes."""
    lines = [
        "| layout | figures | " + " | ".join(scores) + " |",
        "|---|---|" + "---|" * len(scores),
    ]
    for name in [*(one.name for one in layouts), ALL]:
        rows = [of[name].shares() for of in scores.values()]
        figures = rows[0]["figures"] if rows else 0
        lines.append(f"| {name} | {figures} | " + " | ".join(_cell(row) for row in rows) + " |")
    lines += ["", "Each cell: boxes right / captions right / panels matched / extra boxes."]
    return "\n".join(lines)


def misses(rows: dict[str, Score]) -> str:
    """A line for each miss: layout, file, page, figure, what was found."""
    return "\n".join(
        f"{layout:18s} {miss.pdf:13s} p. {miss.page:<3d} {miss.id:26s} {miss.what:8s} {miss.said}"
        for layout, one in rows.items()
        if layout != ALL
        for miss in one.misses
    )


def _cell(row: dict[str, float | int | None]) -> str:
    shares = (row[name] for name in PROMISED)
    return " / ".join("-" if one is None else f"{one:.3f}" for one in shares) + f" / {row['extra']}"


def _readable(names: Sequence[str]) -> list[str]:
    """The readers that can run; a word on those that can't."""
    unknown = [name for name in names if name not in READERS]
    if unknown:
        raise SystemExit(f"there is no reader {unknown[0]!r}; there are {', '.join(READERS)}")
    for name in names:
        if not installed(name):
            print(f"{name} is not installed: left out", file=sys.stderr)
    return [name for name in names if installed(name)]


@contextmanager
def _printed(layouts: Sequence[Layout], keep: Path | None, data: Path, edition: int) -> Iterator[Path]:
    """The folder with the printed layouts; those that are kept there are taken as they are."""
    if not openstax.chapters(data):
        print(f"real inputs are missing (looked at {data}): fictional chapters alone", file=sys.stderr)
    with tempfile.TemporaryDirectory() as temporary:
        folder = keep or Path(temporary)
        folder = folder if edition == 1 else folder / f"edition-{edition}"
        missing = [one for one in layouts if not (folder / one.name / "truth.json").exists()]
        if missing:
            print(f"printing {len(missing)} of {len(LAYOUTS)} layouts", file=sys.stderr)
            typeset.print_layouts(missing, folder, data=data, edition=edition)
        yield folder


if __name__ == "__main__":
    main()
