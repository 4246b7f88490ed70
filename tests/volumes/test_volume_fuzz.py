"""A few hundred broken files: each ends in a row, and the reader stands. Ten thousand: benchmarks/."""

from __future__ import annotations

import random
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from grandrounds.lake import Lake
from grandrounds.sources import kinds
from grandrounds.volumes.dicom_header import scan
from grandrounds.volumes.limits import DEFAULT, Limits, VolumeError
from grandrounds.volumes.reader import read_volumes
from tests.support.fuzz_volumes import mutate, seeds


def test_broken_files_end_in_rows(tmp_path: Path) -> None:
    sound = seeds(tmp_path / "seeds")
    folder = tmp_path / "in"
    folder.mkdir()
    wanted = set()
    for number in range(300):
        path = folder / f"{number:04d}.bin"
        path.write_bytes(mutate(random.Random(f"test:{number}"), sound))
        if kinds.recognise(path) in (kinds.DICOM, kinds.NIFTI):
            wanted.add(path.name)
    inventory = read_volumes(folder, lake=Lake(str(tmp_path / "lake")), limits=Limits(seconds=20.0))
    assert {row.file.name for row in inventory.files} == wanted and len(wanted) > 200
    trouble = [row.reason for row in inventory.files if "Please report" in row.reason]
    assert trouble == []
    known = {one for record in inventory.volumes for one in record.source_ids}
    assert all(record.reason for record in inventory.volumes if record.status != "ok")
    assert known


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400), st.booleans())
def test_scanning_any_bytes_ends(data: bytes, meta: bool) -> None:
    whole = bytes(128) + b"DICM\x02\x00" + data if meta else data
    try:
        found = scan(whole, size=len(whole), limits=DEFAULT)
    except VolumeError:
        return
    assert found is not None and found.pixel_start <= len(whole)


def test_a_decoder_that_panics_costs_its_file_and_no_process(tmp_path: Path) -> None:
    """File 2196 of ``benchmarks/fuzz_volumes.py``: RLE in which one run leads out of the frame."""
    folder = tmp_path / "in"
    folder.mkdir()
    data = mutate(random.Random("1:2196"), seeds(tmp_path / "seeds"))
    (folder / "panic.bin").write_bytes(data)
    (row,) = read_volumes(folder, lake=Lake(str(tmp_path / "lake"))).files
    assert row.status == "failed"
    assert "can't be decoded" in row.reason
