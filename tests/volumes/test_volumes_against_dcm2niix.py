"""Every real series against dcm2niix: voxel for voxel, affine for affine, or the reason why not."""

from __future__ import annotations

import shutil
from pathlib import Path

import nibabel
import numpy as np
import pytest

from grandrounds.lake import Lake
from grandrounds.records.volume import FLAGGED, OK, REFUSED, VolumeRecord
from grandrounds.volumes.reader import open_volume, read_volumes
from tests.support.compare_volumes import best, by_pydicom, compare, dcm2niix

EQUAL = [
    ("ct-phantom-philips/axial", "LPS", OK),
    ("ct-phantom-philips/scout", "PIR", FLAGGED),
    ("mr-head-sag-siemens", "PIR", OK),
    ("dicom2nifti/mr-sag-siemens", "PIR", OK),
    ("dicom2nifti/mr-generic-uncompressed", "PIR", OK),
    ("dicom2nifti/mr-generic-j2k", "PIR", OK),
    ("dicom2nifti/mr-generic-jpeg", "PIR", OK),
    ("dicom2nifti/mr-generic-rle", "PIR", OK),
    ("dicom2nifti/mr-dti-ge", "LPS", OK),
    ("dicom2nifti/mr-double-oblique-hitachi", "PIR", OK),
    ("dicom2nifti/sc-rgb", "LPS", FLAGGED),
    ("dicom2nifti/mr-two-slices", "PIR", FLAGGED),
    ("dicom2nifti/mr-mixed-orientation", "LPS PIR", FLAGGED),
    ("dicom2nifti/ct-not-a-volume", "LPS", FLAGGED),
    ("rtstruct/oriented_data", "LPS", OK),
    ("rtstruct/mock_data", "LPS", FLAGGED),
    ("dicomdir/98892001/CT5N", "LPS", OK),
    ("dicomdir/98892003/MR1", "PIR PIR PIR", FLAGGED),
    ("dicomdir/98892003/MR2", "LIP LIP LPS LPS PIR PIR PIR", FLAGGED),
    ("dicomdir/98892003/MR700", "LIP LIP LIP PIR PIR PIR PIR", FLAGGED),
]
TRUTHS = [
    "mr-sag-siemens",
    "mr-generic-uncompressed",
    "mr-dti-ge",
    "mr-double-oblique-hitachi",
    "mr-enhanced-philips",
    "mr-two-slices",
    "sc-rgb",
]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return Lake(str(tmp_path_factory.mktemp("lake")))


def images(folder: Path, lake: Lake) -> list[VolumeRecord]:
    found = read_volumes(folder, lake=lake, workers=1).volumes
    return [record for record in found if record.format == "dicom" and not record.is_mask]


def agree(record: VolumeRecord, lake: Lake, image: nibabel.Nifti1Image, *, within: float = 1e-5) -> bool:
    return compare(record, lake, image).equal(within)


@pytest.mark.parametrize(("folder", "codes", "status"), EQUAL)
def test_series_equals_dcm2niix(
    folder: str, codes: str, status: str, shared_data: Path, lake: Lake, tmp_path: Path
) -> None:
    if shutil.which("dcm2niix") is None:
        pytest.skip("dcm2niix is not installed (Debian: apt-get install dcm2niix)")
    source = shared_data / "studies" / "dicom" / folder
    references, _ = dcm2niix([path for path in sorted(source.iterdir()) if path.is_file()], tmp_path)
    found = images(source, lake)
    assert sorted(record.original_codes for record in found) == codes.split()
    for record in found:
        assert record.status == status, record.reason
        assert any(agree(record, lake, reference) for reference in references), record.name


def test_localizers_equal_dcm2niix_one_by_one(shared_data: Path, lake: Lake, tmp_path: Path) -> None:
    if shutil.which("dcm2niix") is None:
        pytest.skip("dcm2niix is not installed (Debian: apt-get install dcm2niix)")
    source = shared_data / "studies" / "dicom" / "dicomdir" / "98892001" / "CT2N"
    found = images(source, lake)
    assert sorted(record.original_codes for record in found) == ["AIL", "LIP"]
    # Given both at once, dcm2niix leaves one out.
    references = [dcm2niix([path], tmp_path / path.name)[0][0] for path in sorted(source.iterdir())]
    for record in found:
        assert "localizer" in record.reason
        assert any(agree(record, lake, reference) for reference in references)


@pytest.mark.parametrize("name", ["CR1", "CR2", "CR3"])
def test_radiographs_equal_dcm2niix_turned_over(
    name: str, shared_data: Path, lake: Lake, tmp_path: Path
) -> None:
    if shutil.which("dcm2niix") is None:
        pytest.skip("dcm2niix is not installed (Debian: apt-get install dcm2niix)")
    source = shared_data / "studies" / "dicom" / "dicomdir" / "77654033" / name
    (record,) = images(source, lake)
    references, _ = dcm2niix(sorted(source.iterdir()), tmp_path)
    found = best(record, lake, references)
    assert record.inverted and record.space == "image"
    # dcm2niix keeps MONOCHROME1 as it is stored, and slopes in 32 bits.
    assert found.turned and found.voxels <= 1e-3


@pytest.mark.parametrize(
    "name",
    [
        "rtdose.dcm",
        "examples_palette.dcm",
        "examples_jpeg2k.dcm",
        "image_dfl.dcm",
        "JPEGLSNearLossless_16.dcm",
    ],
)
def test_objects_that_dcm2niix_cannot_read_equal_pydicoms_pixels(
    name: str, shared_data: Path, lake: Lake
) -> None:
    path = shared_data / "studies" / "dicom" / "pydicom-samples" / name
    (record,) = read_volumes([path], lake=lake, workers=1).volumes
    assert by_pydicom(record, lake, path) <= 1e-9


def test_frames_of_a_cut_off_object_equal_its_uncompressed_original(shared_data: Path, lake: Lake) -> None:
    folder = shared_data / "studies" / "dicom"
    cut = folder / "bad-input" / "emri_small_jpeg_2k_lossless_too_short.dcm"
    (one,) = read_volumes([cut], lake=lake, workers=1).volumes
    (other,) = read_volumes([folder / "pydicom-samples" / "emri_small.dcm"], lake=lake, workers=1).volumes
    assert one.sha256 == other.sha256


def test_jpeg_extended_of_12_bits_says_what_to_do(shared_data: Path, lake: Lake) -> None:
    path = shared_data / "studies" / "dicom" / "pydicom-samples" / "JPGExtended.dcm"
    (row,) = read_volumes([path], lake=lake, workers=1).files
    assert row.status == "failed" and "JPEG Extended of 12 bits" in row.reason
    assert "Convert the file to an uncompressed syntax" in row.reason


@pytest.mark.parametrize("name", TRUTHS)
def test_series_equals_the_published_truth(name: str, shared_data: Path, lake: Lake) -> None:
    folder = shared_data / "studies" / "dicom" / "dicom2nifti"
    (record,) = images(folder / name, lake)
    truth = nibabel.load(folder / f"{name}_ground_truth.nii.gz")
    assert agree(record, lake, truth, within=1e-4)


def test_jpeg_ls_which_dcm2niix_cannot_read_equals_the_same_slices_in_jpeg_2000(
    shared_data: Path, lake: Lake
) -> None:
    folder = shared_data / "studies" / "dicom" / "dicom2nifti"
    (one,), (other,) = images(folder / "mr-generic-jpegls", lake), images(folder / "mr-generic-j2k", lake)
    assert one.sha256 == other.sha256


def test_a_tilted_gantry_keeps_every_slice_at_the_position_its_file_gives(
    shared_data: Path, lake: Lake
) -> None:
    import pydicom

    folder = shared_data / "studies" / "dicom" / "dicom2nifti" / "ct-gantry-tilt"
    (record,) = images(folder, lake)
    assert record.status == FLAGGED and "14.0 degrees" in record.reason
    assert record.shear_degrees == pytest.approx(14.0, abs=0.01)
    affine = open_volume(lake, record).affine
    stored = {}
    for path in folder.iterdir():
        header = pydicom.dcmread(path, stop_before_pixels=True)
        stored[header.SOPInstanceUID] = np.asarray(header.ImagePositionPatient, float) * [-1, -1, 1]
    width, height, _ = record.shape
    for one in record.instances:
        # The first pixel of a slice stored LPS is the last along i and j.
        corner = affine @ [width - 1, height - 1, one.index, 1]
        assert np.allclose(corner[:3], stored[one.sop_instance_uid], atol=1e-3)


@pytest.mark.parametrize(
    ("folder", "words"),
    [
        ("dicom2nifti/ct-missing-slice", ("do not lie evenly", "1.55", "15.5 degrees")),
        ("dicomdir/77654033/CT2", ("202.500 mm",)),
    ],
)
def test_series_that_are_no_volume_say_why(
    folder: str, words: tuple[str, ...], shared_data: Path, lake: Lake
) -> None:
    (record,) = images(shared_data / "studies" / "dicom" / folder, lake)
    assert record.status == REFUSED and record.sha256 is None
    assert all(word in record.reason for word in words), record.reason


def test_radial_slices_are_not_stacked(shared_data: Path, lake: Lake) -> None:
    found = images(shared_data / "studies" / "dicom" / "dicomdir" / "98892003" / "MR700", lake)
    assert len(found) == 7
    assert all(record.status == FLAGGED and "One slice" in record.reason for record in found)


def test_scout_and_pictures_do_not_enter_the_phantom_volume(shared_data: Path, lake: Lake) -> None:
    found = images(shared_data / "studies" / "dicom" / "ct-phantom-philips", lake)
    hu = [record for record in found if record.intensity == "hu"]
    assert [record.shape for record in hu] == [(512, 512, 28)]
    assert len(hu[0].instances) == 28
    assert sorted(record.status for record in found) == [FLAGGED, FLAGGED, OK]


def test_every_real_file_has_exactly_one_row(shared_data: Path, lake: Lake) -> None:
    folder = shared_data / "studies" / "dicom"
    inventory = read_volumes(folder, lake=lake)
    names = [row.file.name for row in inventory.files]
    assert len(names) == len(set(names))
    passed = {row.file.name: row.reason for row in inventory.files if row.status == "passed_by"}
    assert "Comprehensive SR Storage" in passed["pydicom-samples/test-SR.dcm"]
    failed = {row.file.name for row in inventory.files if row.status == "failed"}
    assert {"bad-input/MR_truncated.dcm", "bad-input/rtplan_truncated.dcm"} <= failed
    dicom = [path for path in folder.rglob("*.dcm") if path.is_file()]
    missing = {path.relative_to(folder).as_posix() for path in dicom} - set(names)
    # Too damaged to be recognised as DICOM by content; the sources table counts them as other files.
    assert missing <= {"bad-input/no_meta.dcm"}
    assert all(row.reason for row in inventory.files if row.status in ("failed", "passed_by"))
