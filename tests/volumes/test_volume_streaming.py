"""Volumes written slice by slice are those made in memory, byte for byte."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from grandrounds.lake import Lake
from grandrounds.records.volume import FLAGGED, REFUSED
from grandrounds.volumes import dicom_volume
from grandrounds.volumes.reader import open_volume, read_volumes
from tests.support.volumes import MR, ramp, write_series

AXES = {
    "axial": ((1, 0, 0, 0, 1, 0), (0, 0, 1)),
    "axial, upwards": ((1, 0, 0, 0, 1, 0), (0, 0, -1)),
    "axial, turned by half": ((-1, 0, 0, 0, -1, 0), (0, 0, 1)),
    "sagittal": ((0, 1, 0, 0, 0, -1), (1, 0, 0)),
    "coronal": ((1, 0, 0, 0, 0, -1), (0, 1, 0)),
}
SCALINGS = {
    "none": {},
    "whole": {"RescaleIntercept": "-1024", "BitsStored": 12, "HighBit": 11, "PixelRepresentation": 0},
    "whole, wider": {"RescaleSlope": "100", "BitsStored": 12, "HighBit": 11, "PixelRepresentation": 0},
    "told by the pixels": {"RescaleIntercept": "-1024"},
    "in the header": {"RescaleSlope": "0.5"},
}


def series(folder: Path, axes: str, *, times: int = 1, **changes: object) -> None:
    orientation, along = AXES[axes]
    volume = ramp((7, 6, 5), low=0, high=2000)
    for time in range(times):
        write_series(
            folder / str(time),
            volume + time,
            positions=[tuple(2.0 * n * side for side in along) for n in range(7)],
            ImageOrientationPatient=list(orientation),
            PixelSpacing=[1.5, 1.5],
            TemporalPositionIdentifier=time + 1,
            instance_salt=time,
            **({"Modality": "MR", "SOPClassUID": MR} if times > 1 else {}),
            **changes,
        )


@pytest.mark.parametrize("threads", [False, True])
@pytest.mark.parametrize("scaling", SCALINGS)
@pytest.mark.parametrize("axes", AXES)
def test_written_by_slices_or_made_whole_the_bytes_are_the_same(
    axes: str, scaling: str, threads: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    series(tmp_path / "in", axes, times=2 if threads else 1, **SCALINGS[scaling])
    monkeypatch.setattr(dicom_volume, "_WORTH_THREADS", 0 if threads else 1 << 40)
    monkeypatch.setattr(
        dicom_volume, "_BLOCK", 2 * 6 * 5 * 2
    )  # two slices, so that the last block is short
    one = read_volumes(tmp_path / "in", lake=Lake(str(tmp_path / "one")), workers=1)
    monkeypatch.setattr(dicom_volume._Plan, "streams", property(lambda plan: False))
    other = read_volumes(tmp_path / "in", lake=Lake(str(tmp_path / "other")), workers=1)
    assert one.volumes == other.volumes and one.files == other.files
    (record,) = one.volumes
    assert record.shape[3:] == ((2,) if threads else ())
    data = open_volume(Lake(str(tmp_path / "one")), record).stored
    assert np.array_equal(data, open_volume(Lake(str(tmp_path / "other")), record).stored)
    assert not list((tmp_path / "one").glob("incoming/*"))


@pytest.mark.parametrize("threads", [False, True])
@pytest.mark.parametrize(("place", "status"), [(0, FLAGGED), (3, REFUSED), (6, FLAGGED)])
def test_a_slice_that_is_cut_short_leaves_no_half_volume(
    place: int, status: str, threads: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dicom_volume, "_WORTH_THREADS", 0 if threads else 1 << 40)
    paths = write_series(tmp_path / "in", ramp((7, 6, 5)))
    paths[place].write_bytes(paths[place].read_bytes()[:-10])
    found = read_volumes(tmp_path / "in", lake=Lake(str(tmp_path / "lake")), workers=1)
    (record,) = found.volumes
    assert record.status == status
    assert [row.status for row in found.files].count("failed") == 1
    assert not list((tmp_path / "lake").glob("incoming/*"))
    kept = list((tmp_path / "lake").glob("media/*/*"))
    assert [path.name for path in kept] == ([record.sha256] if status == FLAGGED else [])


def test_a_file_that_grows_while_it_is_read_is_hashed_whole(tmp_path: Path) -> None:
    from grandrounds.fingerprint import sha256_file
    from grandrounds.volumes.dicom_object import read_object
    from grandrounds.volumes.dicom_pixels import Buffers, Frames
    from grandrounds.volumes.limits import DEFAULT

    (path,) = write_series(tmp_path, ramp((1, 4, 4)))
    source = read_object("one", path, DEFAULT)
    with path.open("ab") as handle:
        handle.write(b"\0" * 10_000)
    frames = Frames(source, DEFAULT, Buffers())
    assert frames.sha256() == sha256_file(path)
    assert np.array_equal(frames[0], ramp((1, 4, 4))[0])
