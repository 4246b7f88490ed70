"""The volume reader on series made by code: geometry, values, grouping, refusals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from grandrounds.lake import Lake
from grandrounds.records.volume import FLAGGED, OK, REFUSED, VolumeRecord
from grandrounds.volumes.instances import instance_at, slice_of
from grandrounds.volumes.reader import VolumeInventory, open_volume, read_volumes
from tests.support.volumes import (
    nifti,
    ramp,
    save,
    slice_dataset,
    uid,
    write_enhanced,
    write_mosaic,
    write_nifti,
    write_series,
)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


def read(folder: Path, lake: Lake, **settings: object) -> VolumeInventory:
    return read_volumes(folder, lake=lake, workers=1, **settings)  # type: ignore[arg-type]


def only(folder: Path, lake: Lake) -> VolumeRecord:
    (record,) = read(folder, lake).volumes
    return record


def test_an_axial_series_is_turned_to_ras_and_keeps_its_values(folder: Path, lake: Lake) -> None:
    volume = ramp((5, 6, 7))
    write_series(folder, volume)
    record = only(folder, lake)
    found = open_volume(lake, record)
    assert (record.status, record.original_codes, record.shape) == (OK, "LPS", (7, 6, 5))
    assert found.data.dtype == np.int16
    assert np.array_equal(found.data, volume.transpose(2, 1, 0)[::-1, ::-1])
    assert record.spacing == (0.75, 0.5, 2.0)
    # Last column and row of slice 0: LPS (-10 + 6*0.75, -20 + 5*0.5, 0).
    assert np.allclose(found.affine @ [0, 0, 0, 1], [5.5, 17.5, 0, 1])


def test_the_instance_map_leads_both_ways(folder: Path, lake: Lake) -> None:
    write_series(folder, ramp((4, 3, 3)))
    record = only(folder, lake)
    for number in range(4):
        name = uid("series", "instance", number, "")
        place = slice_of(record, name)
        assert place is not None and (place.axis, place.index) == (2, number)
        there = instance_at(record, number)
        assert there is not None and there.sop_instance_uid == name
    assert slice_of(record, "1.2.3") is None


@pytest.mark.parametrize(
    ("orientation", "codes"),
    [((1, 0, 0, 0, 1, 0), "LPS"), ((0, 1, 0, 0, 0, -1), "PIR"), ((1, 0, 0, 0, 0, -1), "LIP")],
)
def test_orientations_are_turned_without_interpolation(
    orientation: tuple[int, ...], codes: str, folder: Path, lake: Lake
) -> None:
    volume = ramp((4, 5, 6))
    normal = np.cross(orientation[:3], orientation[3:])
    write_series(
        folder,
        volume,
        positions=[normal * 2.0 * n for n in range(4)],
        ImageOrientationPatient=list(orientation),
    )
    record = only(folder, lake)
    found = open_volume(lake, record)
    assert record.original_codes == codes
    assert sorted(found.data.ravel()) == sorted(volume.ravel())
    # Wherever a voxel went, the affine still says where it was.
    row, column = np.asarray(orientation[:3]), np.asarray(orientation[3:])
    for s, r, c in ((0, 0, 0), (3, 4, 5), (1, 2, 3)):
        lps = normal * 2.0 * s + row * 0.75 * c + column * 0.5 * r
        at = np.linalg.inv(found.affine) @ [-lps[0], -lps[1], lps[2], 1]
        i, j, k = np.rint(at[:3]).astype(int)
        assert np.allclose(at[:3], [i, j, k], atol=1e-6) and found.data[i, j, k] == volume[s, r, c]


@pytest.mark.parametrize(
    ("changes", "kind", "stored", "expected"),
    [
        ({"RescaleIntercept": "-1024"}, "u2", [0, 1024, 3000], [-1024, 0, 1976]),
        ({"RescaleIntercept": "-1024"}, "i2", [-1000, 0, 3000], [-2024, -1024, 1976]),
        ({"RescaleSlope": "2", "RescaleIntercept": "-10"}, "i2", [0, 5, -7], [-10, 0, -24]),
        ({"RescaleIntercept": "-1024"}, "u2", [0, 1024, 65535], [-1024, 0, 64511]),
        ({"RescaleIntercept": "40000"}, "u2", [0, 1, 2], [40000, 40001, 40002]),
        ({"BitsStored": 12, "HighBit": 11}, "u2", [0xF00A, 0x0FFF, 1], [10, 4095, 1]),
        ({"BitsStored": 12, "HighBit": 11}, "i2", [0x0FFF, 0x0800, 1], [-1, -2048, 1]),
        ({"PhotometricInterpretation": "MONOCHROME1"}, "u1", [0, 255, 10], [255, 0, 245]),
        ({"PhotometricInterpretation": "MONOCHROME1"}, "i2", [-5, 0, 10], [4, -1, -11]),
    ],
)
def test_values_are_rescaled_in_integers(
    changes: dict[str, object],
    kind: str,
    stored: list[int],
    expected: list[int],
    folder: Path,
    lake: Lake,
) -> None:
    volume = np.zeros((3, 2, 3), kind)
    volume[:, 0, :] = stored
    write_series(folder, volume, **changes)
    found = open_volume(lake, only(folder, lake)).data
    assert found.dtype.kind in "iu"
    assert found[::-1, -1, 0].tolist() == expected


def test_a_slope_with_a_fraction_stays_in_the_header_and_integers_stay_integers(
    folder: Path, lake: Lake
) -> None:
    volume = ramp((3, 4, 4), low=0)
    write_series(folder, volume, RescaleSlope="0.25", RescaleIntercept="-1")
    record = only(folder, lake)
    found = open_volume(lake, record)
    assert found.stored.dtype == np.int16 and (record.slope, record.intercept) == (0.25, -1.0)
    assert np.allclose(found.data, volume.transpose(2, 1, 0)[::-1, ::-1] * 0.25 - 1)


def test_padding_and_windows_are_told_in_real_units(folder: Path, lake: Lake) -> None:
    write_series(folder, ramp((3, 4, 4)), PixelPaddingValue=-2000, RescaleIntercept="-24")
    record = only(folder, lake)
    assert record.padding == -2024 and record.intensity == "hu"
    assert [(w.center, w.width) for w in record.windows] == [(40.0, 400.0)]


def test_descriptions_give_only_words_of_a_closed_list(folder: Path, lake: Lake) -> None:
    write_series(folder, ramp((3, 4, 4)))
    record = only(folder, lake)
    assert record.sequence_words == ("axial", "chest")
    assert "smith" not in repr(record).casefold() and "Fictional" not in repr(record)


def test_a_stated_view_position_stands_for_what_descriptions_say(folder: Path, lake: Lake) -> None:
    write_series(folder, ramp((1, 4, 4)), ViewPosition="PA", SeriesDescription="Chest PA and lateral")
    assert only(folder, lake).sequence_words == ("pa", "chest")


def test_an_unknown_view_position_says_nothing(folder: Path, lake: Lake) -> None:
    write_series(folder, ramp((1, 4, 4)), ViewPosition="SMITH", SeriesDescription="Chest lat")
    assert only(folder, lake).sequence_words == ("chest", "lat")


def test_uneven_slices_are_refused_with_the_place_of_the_gap(folder: Path, lake: Lake) -> None:
    write_series(folder, ramp((5, 4, 4)), positions=[(0, 0, z) for z in (0, 2, 4, 8, 10)])
    record = only(folder, lake)
    assert record.status == REFUSED and record.sha256 is None
    assert "4.000 mm between slices 3 and 4 of 5, 2.000 mm elsewhere" in record.reason


def test_slices_that_scatter_a_little_are_flagged(folder: Path, lake: Lake) -> None:
    write_series(folder, ramp((5, 4, 4)), positions=[(0, 0, z) for z in (0, 2, 4.06, 6, 8)])
    record = only(folder, lake)
    assert record.status == FLAGGED and "0.060 mm off even spacing" in record.reason


def test_doubled_places_are_refused(folder: Path, lake: Lake) -> None:
    write_series(folder, ramp((4, 4, 4)), positions=[(0, 0, z) for z in (0, 2, 2, 4)])
    record = only(folder, lake)
    assert record.status == REFUSED and "4 images lie at 3 places" in record.reason


def test_the_same_file_twice_is_a_duplicate_and_the_volume_stands(folder: Path, lake: Lake) -> None:
    first = write_series(folder, ramp((3, 4, 4)))[1]
    (folder / "copy.dcm").write_bytes(first.read_bytes())
    inventory = read(folder, lake)
    assert [record.status for record in inventory.volumes] == [OK]
    assert sorted(row.status for row in inventory.files) == ["duplicate", "read", "read", "read"]


def test_one_instance_uid_with_two_contents_is_told(folder: Path, lake: Lake) -> None:
    volume = ramp((3, 4, 4))
    write_series(folder, volume)
    save(slice_dataset(volume[0] + 1, 0), folder / "z_other.dcm")
    failed = [row for row in read(folder, lake).files if row.status == "failed"]
    assert [row.file.name for row in failed] == ["z_other.dcm"] and "other bytes" in failed[0].reason


def test_two_patients_in_one_series_are_kept_apart_and_flagged(folder: Path, lake: Lake) -> None:
    volume = ramp((3, 4, 4))
    write_series(folder / "a", volume)
    write_series(folder / "b", volume, PatientID="P2", instance_salt="b")
    found = read(folder, lake).volumes
    assert len(found) == 2 and len({record.group_id for record in found}) == 2
    assert all("2 patients" in record.reason for record in found)


def test_time_points_become_a_fourth_axis(folder: Path, lake: Lake) -> None:
    volume = ramp((3, 4, 5))
    for time in range(2):
        write_series(
            folder / str(time),
            volume + time,
            Modality="MR",
            TemporalPositionIdentifier=time + 1,
            instance_salt=time,
        )
    record = only(folder, lake)
    found = open_volume(lake, record)
    assert record.shape == (5, 4, 3, 2) and record.time_values == (1.0, 2.0)
    assert np.array_equal(found.data[..., 1], found.data[..., 0] + 1)
    place = instance_at(record, 2, time=1)
    assert place is not None and place.sop_instance_uid == uid("series", "instance", 2, 1)


def test_acquisitions_of_a_ct_are_volumes_of_their_own(folder: Path, lake: Lake) -> None:
    for number in (1, 2):
        write_series(folder / str(number), ramp((3, 4, 4)), AcquisitionNumber=number, instance_salt=number)
    found = read(folder, lake).volumes
    assert [record.shape for record in found] == [(4, 4, 3)] * 2


def test_echoes_are_volumes_of_their_own(folder: Path, lake: Lake) -> None:
    for number in (1, 2):
        write_series(
            folder / str(number), ramp((3, 4, 4)), Modality="MR", EchoNumbers=number, instance_salt=number
        )
    assert len(read(folder, lake).volumes) == 2


def test_enhanced_frames_are_ordered_by_place(folder: Path, lake: Lake) -> None:
    volume = ramp((4, 5, 6))
    write_enhanced(folder, volume)
    record = only(folder, lake)
    assert np.array_equal(open_volume(lake, record).data, volume.transpose(2, 1, 0)[::-1, ::-1])
    place = instance_at(record, 0)
    assert place is not None and place.frame == 3


@pytest.mark.parametrize("count", [4, 7])
def test_a_mosaic_is_taken_apart(count: int, folder: Path, lake: Lake) -> None:
    volume = ramp((count, 4, 4))
    write_mosaic(folder, volume)
    record = only(folder, lake)
    found = open_volume(lake, record)
    assert np.array_equal(found.data, volume.transpose(2, 1, 0)[::-1, ::-1])
    assert np.allclose(found.affine @ [3, 3, 0, 1], [10, 20, 0, 1], atol=1e-6)


@pytest.mark.parametrize(
    "syntax", ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"]
)
def test_native_encodings_give_the_same_volume(syntax: str, folder: Path, lake: Lake) -> None:
    volume = ramp((3, 4, 4))
    big = syntax.endswith(".2.2")
    for number, pixels in enumerate(volume):
        data = slice_dataset(pixels, number, syntax=syntax)
        if big:
            data.PixelData = pixels.astype(">i2").tobytes()
        save(data, folder / f"{number}.dcm")
    found = open_volume(lake, only(folder, lake)).data
    assert np.array_equal(found, volume.transpose(2, 1, 0)[::-1, ::-1])


def test_a_radiograph_without_a_place_is_not_turned(folder: Path, lake: Lake) -> None:
    pixels = ramp((6, 5, 1))[..., 0].astype(np.uint16)
    save(
        slice_dataset(
            pixels, 0, ImagePositionPatient=None, ImageOrientationPatient=None, Modality="DX",
            PatientOrientation=["L", "F"],
        ),
        folder / "x.dcm",
    )  # fmt: skip
    record = only(folder, lake)
    assert (record.space, record.original_codes, record.shape) == ("image", "", (5, 6, 1))
    assert record.patient_directions == ("L", "F")
    assert np.array_equal(open_volume(lake, record).data[:, :, 0], pixels.T)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"PixelSpacing": [0.0, 1.0]}, "pixel spacing is 0 x 1"),
        ({"ImageOrientationPatient": [1, 0, 0, 1, 0, 0]}, "not perpendicular"),
        ({"ImageOrientationPatient": [2, 0, 0, 0, 1, 0]}, "length 1"),
    ],
)
def test_impossible_geometry_is_refused(
    changes: dict[str, object], words: str, folder: Path, lake: Lake
) -> None:
    write_series(folder, ramp((3, 4, 4)), **changes)
    record = only(folder, lake)
    assert record.status == REFUSED and words in record.reason


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"Rows": 40000, "Columns": 40000}, "header needs|claims"),
        ({"BitsAllocated": 12}, "bits a pixel"),
        ({"Rows": 8}, "header needs"),
        ({"SamplesPerPixel": 7}, "samples a pixel"),
        ({"RescaleSlope": "0"}, "rescale slope"),
    ],
)
def test_pixels_that_contradict_their_header_are_told(
    changes: dict[str, object], words: str, folder: Path, lake: Lake
) -> None:
    import re

    save(slice_dataset(ramp((1, 4, 4))[0], 0, **changes), folder / "x.dcm")
    inventory = read(folder, lake)
    reasons = [row.reason for row in inventory.files] + [r.reason for r in inventory.volumes]
    assert any(re.search(words, reason) for reason in reasons), reasons
    assert all(record.status == REFUSED for record in inventory.volumes)


def test_a_damaged_last_slice_is_left_out_and_told(folder: Path, lake: Lake) -> None:
    paths = write_series(folder, ramp((5, 4, 4)))
    paths[4].write_bytes(paths[4].read_bytes()[:-8])
    inventory = read(folder, lake)
    (record,) = inventory.volumes
    assert record.status == FLAGGED and "Left out" in record.reason and record.shape == (4, 4, 4)
    assert sorted(row.status for row in inventory.files) == ["failed"] + ["read"] * 4


def test_a_damaged_middle_slice_refuses_the_series(folder: Path, lake: Lake) -> None:
    paths = write_series(folder, ramp((5, 4, 4)))
    paths[2].write_bytes(paths[2].read_bytes()[:-8])
    (record,) = read(folder, lake).volumes
    assert record.status == REFUSED and "do not lie evenly" in record.reason


def test_what_is_known_is_not_read_again_and_gives_the_same_rows(folder: Path, lake: Lake) -> None:
    import os

    write_series(folder / "ct", ramp((3, 4, 4)))
    write_nifti(folder / "a.nii.gz", ramp((4, 4, 4)))
    for path in folder.rglob("*"):
        os.utime(path, (1, 1))
    import time

    time.sleep(2.1)  # stamps younger than two seconds are not trusted
    first = read(folder, lake)
    again = read(folder, lake)
    assert (first.read_now, again.read_now, again.reused) == (2, 0, 2)
    assert (first.volumes, first.files) == (again.volumes, again.files)


def test_workers_change_nothing(folder: Path, tmp_path: Path) -> None:
    for number in range(3):
        write_series(folder / str(number), ramp((3, 8, 8)), series=number)
        write_enhanced(folder / f"e{number}", ramp((3, 8, 8)), series=f"e{number}")
    one = read_volumes(folder, lake=Lake(str(tmp_path / "l1")), workers=1)
    two = read_volumes(folder, lake=Lake(str(tmp_path / "l2")), workers=2)
    assert one.volumes == two.volumes and one.files == two.files
    assert len(one.volumes) == 6


def test_a_volume_that_was_refused_cannot_be_opened(folder: Path, lake: Lake) -> None:
    (folder / "bad.nii").write_bytes(nifti(ramp((3, 3, 3)))[:380])
    record = only(folder, lake)
    with pytest.raises(Exception, match="refused"):
        open_volume(lake, record)
