"""Mutated videos, a few of what ``benchmarks/fuzz_videos.py`` reads by the thousand."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from grandrounds.contracts import contract
from grandrounds.lake import Lake
from grandrounds.needs import ClipNeed
from grandrounds.records.table import to_table
from grandrounds.sources.video import read_videos
from tests.support.fuzz_videos import companion, mutate, seeds


@pytest.mark.slow
def test_every_mutated_file_is_a_row(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    sound = seeds(tmp_path / "seeds")
    for number, data in enumerate(sound):
        (tmp_path / f"in/sound{number:02}.mp4").write_bytes(data)
    for number in range(40):
        source = random.Random(f"test:{number}")
        (tmp_path / f"in/{number:03}.mp4").write_bytes(mutate(source, sound))
        ending, data = companion(source)
        (tmp_path / f"in/{number:03}{ending}").write_bytes(data)
    asked = ClipNeed(smallest_side=16)
    videos = read_videos(tmp_path / "in", lake=Lake(str(tmp_path / "lake")), asked=asked)
    rows = {source.path: source for source in videos.sources}
    assert len(rows) == 80 + len(sound)
    told = {rows[f"sound{n:02}.mp4"].status for n in range(len(sound)) if n != 13}
    assert told <= {"read", "duplicate"}  # a mutation may change nothing
    assert "no pictures" in rows["sound13.mp4"].reason
    assert all(len(row.reason) > 20 for row in rows.values() if row.status == "failed")
    assert not [row.reason for row in rows.values() if "report" in row.reason or "died" in row.reason]
    to_table(videos.sources, contract("sources"))
    to_table(videos.videos, contract("videos"))
    to_table(videos.clips, contract("clips"))
