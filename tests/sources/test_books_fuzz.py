"""Mutated books, a few of what ``benchmarks/fuzz_books.py`` reads by the thousand."""

from __future__ import annotations

import random
from pathlib import Path

from grandrounds.contracts import contract
from grandrounds.lake import Lake
from grandrounds.needs import FigureNeed
from grandrounds.records.table import to_table
from grandrounds.sources.books import read_books
from tests.support.fuzz_books import mutate, seeds


def test_every_mutated_file_is_a_row(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    sound = seeds(tmp_path / "seeds")
    for number, data in enumerate(sound):
        (tmp_path / f"in/sound{number:02}.bin").write_bytes(data)
    for number in range(60):
        (tmp_path / f"in/{number:03}.bin").write_bytes(mutate(random.Random(f"test:{number}"), sound))
    books = read_books(tmp_path / "in", lake=Lake(str(tmp_path / "lake")), asked=FigureNeed(), ocr=False)
    rows = {source.path: source for source in books.sources}
    assert len(rows) == 60 + len(sound)
    assert all(rows[f"sound{n:02}.bin"].status == "read" for n in range(len(sound)))
    assert all(row.status != "failed" or row.reason for row in rows.values())
    assert not [row.reason for row in rows.values() if "report" in row.reason]
    to_table(books.sources, contract("sources"))
    to_table(books.figures, contract("figures"))
