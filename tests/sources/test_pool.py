"""Reading spread by an engine: nothing is read differently, and nothing is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from grandrounds.engine import Done, Fault
from grandrounds.lake import Lake
from grandrounds.sources.inventory import read_folder
from grandrounds.sources.pool import Job, Outcome
from tests.sources.articles import jats


def article(number: int) -> bytes:
    return jats(f"<p>Patient {number}, a man of 40, presented.</p>", title=f"A case {number}")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "sources"
    root.mkdir()
    for number in range(3):
        (root / f"{number}.xml").write_bytes(article(number))
    return root


class Spread:
    """An engine that does what a test says with each job."""

    name = "spread"

    def __init__(self, do: Callable[[Any, Job], Done[Outcome]]) -> None:
        self._do = do

    def map(self, work: Any, items: Iterable[Job], **options: Any) -> Iterator[Done[Outcome]]:
        for job in items:
            yield self._do(work, job)


def test_what_workers_do_not_find_as_we_do_is_read_here(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.xml"
    other.write_bytes(article(9))
    elsewhere = {"0.xml": folder / "missing.xml", "1.xml": other}

    def do(work: Any, job: Job) -> Done[Outcome]:
        return Done(value=work(replace(job, path=elsewhere.get(job.path.name, job.path))))

    alone = read_folder(folder, lake=Lake(str(tmp_path / "one")), workers=1)
    spread = read_folder(folder, lake=Lake(str(tmp_path / "two")), workers=2, engine=Spread(do))  # type: ignore[arg-type]
    assert spread == alone


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault.DIED, "died"),
        (Fault.LATE, "took longer than 600 s"),
        (Fault.RAISED, "failed on this file: odd"),
    ],
)
def test_a_file_without_a_reading_is_a_row_that_says_why_and_is_tried_again(
    folder: Path, tmp_path: Path, fault: Fault, words: str
) -> None:
    def do(work: Any, job: Job) -> Done[Outcome]:
        return Done(fault=fault, reason="odd") if job.path.name == "1.xml" else Done(value=work(job))

    lake = Lake(str(tmp_path / "lake"))
    read = read_folder(folder, lake=lake, workers=2, engine=Spread(do))  # type: ignore[arg-type]
    assert [source.status for source in read.sources] == ["read", "failed", "read"]
    assert words in (read.sources[1].reason or "")
    again = read_folder(folder, lake=lake)
    assert (again.read_now, [source.status for source in again.sources]) == (1, ["read"] * 3)
