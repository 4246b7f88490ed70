"""Segmentations and structure sets: every voxel on its image's grid, or a reason."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import UID

from grandrounds.lake import Lake
from grandrounds.records.volume import FLAGGED, OK, REFUSED, VolumeRecord
from grandrounds.volumes.dicom_labels import polygon
from grandrounds.volumes.reader import open_volume, read_volumes
from tests.support.volumes import ramp, save, slice_dataset, uid, write_series

highdicom = pytest.importorskip("highdicom")


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


def write_segmentation(folder: Path, masks: dict[str, np.ndarray]) -> None:
    """A binary segmentation by highdicom over the series in ``folder``; masks are (slice, row, column)."""
    images = sorted(
        (pydicom.dcmread(path) for path in folder.glob("I*.dcm")), key=lambda d: d.ImagePositionPatient[2]
    )
    for image in images:
        image.AccessionNumber = image.StudyID = image.StudyDate = image.StudyTime = ""
        image.PatientBirthDate = image.PatientSex = ""
    code = highdicom.sr.CodedConcept("123037004", "SCT", "Anatomical structure")
    segments = [
        highdicom.seg.SegmentDescription(
            segment_number=number,
            segment_label=name,
            segmented_property_category=code,
            segmented_property_type=code,
            algorithm_type=highdicom.seg.SegmentAlgorithmTypeValues.MANUAL,
        )
        for number, name in enumerate(masks, 1)
    ]
    made = highdicom.seg.Segmentation(
        source_images=images,
        pixel_array=np.stack([mask.astype(np.uint8) for mask in masks.values()], axis=-1),
        segmentation_type=highdicom.seg.SegmentationTypeValues.BINARY,
        segment_descriptions=segments,
        series_instance_uid=uid("seg"),
        series_number=9,
        sop_instance_uid=uid("seg", 1),
        instance_number=1,
        manufacturer="none",
        manufacturer_model_name="none",
        software_versions="1",
        device_serial_number="1",
    )
    made.save_as(folder / "seg.dcm")


def masks_of(folder: Path, lake: Lake) -> list[VolumeRecord]:
    return [r for r in read_volumes(folder, lake=lake, workers=1).volumes if r.is_mask]


def test_a_segmentation_becomes_a_label_map_on_its_image(folder: Path, lake: Lake) -> None:
    volume = ramp((4, 6, 7))
    write_series(folder, volume)
    liver, spleen = np.zeros(volume.shape, bool), np.zeros(volume.shape, bool)
    liver[1:3, 1:4, 2:5] = True
    spleen[3, 5, 6] = True
    write_segmentation(folder, {"liver": liver, "spleen": spleen})
    (mask,) = masks_of(folder, lake)
    expected = (liver + 2 * spleen).astype(np.uint8).transpose(2, 1, 0)[::-1, ::-1]
    assert mask.status == OK and mask.mask_of
    assert np.array_equal(open_volume(lake, mask).data, expected)
    assert [(x.value, x.name, x.voxels) for x in mask.labels] == [(1, "liver", 18), (2, "spleen", 1)]
    # As its SegmentAlgorithmType says.
    assert {x.drawn for x in mask.labels} == {"manual"}


def test_segments_that_overlap_become_masks_of_their_own(folder: Path, lake: Lake) -> None:
    volume = ramp((3, 4, 4))
    write_series(folder, volume)
    whole, part = np.ones(volume.shape, bool), np.zeros(volume.shape, bool)
    part[0, 0, 0] = True
    write_segmentation(folder, {"whole": whole, "part": part})
    found = masks_of(folder, lake)
    assert sorted(label.voxels for mask in found for label in mask.labels) == [1, 48]
    assert all(mask.status == FLAGGED and "overlap" in mask.reason for mask in found)


def test_a_segmentation_without_its_image_is_refused(folder: Path, lake: Lake) -> None:
    write_series(folder, ramp((3, 4, 4)))
    write_segmentation(folder, {"all": np.ones((3, 4, 4), bool)})
    for path in folder.glob("I*.dcm"):
        path.unlink()
    (mask,) = masks_of(folder, lake)
    assert mask.status == REFUSED and "not found" in mask.reason


def write_structures(folder: Path, contours: list[np.ndarray], *, image: object = 0) -> None:
    """A structure set with one structure; contours are points in DICOM's mm."""
    data = slice_dataset(np.zeros((2, 2), np.uint8), 0, series="structures")
    for name in ("PixelData", "Rows", "Columns", "ImagePositionPatient", "ImageOrientationPatient"):
        delattr(data, name)
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = UID("1.2.840.10008.5.1.4.1.1.481.3")
    data.Modality = "RTSTRUCT"
    roi, drawn = Dataset(), Dataset()
    roi.ROINumber, roi.ROIName, roi.ROIGenerationAlgorithm = 3, "cord", "AUTOMATIC"
    drawn.ReferencedROINumber = 3
    items = []
    for points in contours:
        item, reference = Dataset(), Dataset()
        reference.ReferencedSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
        reference.ReferencedSOPInstanceUID = uid("series", "instance", image, "")
        item.ContourImageSequence = Items([reference])
        item.ContourGeometricType = "CLOSED_PLANAR"
        item.NumberOfContourPoints = len(points)
        item.ContourData = [f"{v:.4f}" for v in points.ravel()]
        items.append(item)
    drawn.ContourSequence = Items(items)
    data.StructureSetROISequence, data.ROIContourSequence = Items([roi]), Items([drawn])
    save(data, folder / "rt.dcm")


def square(z: float, x: tuple[float, float], y: tuple[float, float]) -> np.ndarray:
    return np.array([(x[0], y[0], z), (x[1], y[0], z), (x[1], y[1], z), (x[0], y[1], z)], float)


def test_contours_are_filled_on_their_slice_with_holes(folder: Path, lake: Lake) -> None:
    write_series(folder, ramp((3, 8, 8)), PixelSpacing=[1.0, 1.0])
    outer = square(2.0, (-9.5, -3.5), (-19.5, -13.5))  # columns 1-6, rows 1-6 of slice 1
    hole = square(2.0, (-7.5, -5.5), (-17.5, -15.5))  # columns 3-4, rows 3-4
    write_structures(folder, [outer, hole])
    (mask,) = masks_of(folder, lake)
    expected = np.zeros((8, 8, 3), bool)
    expected[1:7, 1:7, 1] = True
    expected[3:5, 3:5, 1] = False
    assert mask.status == OK, mask.reason
    assert np.array_equal(open_volume(lake, mask).data == 3, expected[::-1, ::-1])
    assert (mask.labels[0].name, mask.labels[0].drawn) == ("cord", "predicted")


def test_contours_between_slices_are_left_out_and_told(folder: Path, lake: Lake) -> None:
    write_series(folder, ramp((3, 8, 8)), PixelSpacing=[1.0, 1.0])
    write_structures(folder, [square(2.0, (-9, -5), (-19, -15)), square(3.0, (-9, -5), (-19, -15))])
    (mask,) = masks_of(folder, lake)
    assert mask.status == FLAGGED and "1 contours were left out" in mask.reason


def test_a_structure_set_that_names_other_images_is_flagged(folder: Path, lake: Lake) -> None:
    write_series(folder, ramp((3, 8, 8)), PixelSpacing=[1.0, 1.0])
    write_structures(folder, [square(2.0, (-9, -5), (-19, -15))], image="elsewhere")
    (mask,) = masks_of(folder, lake)
    assert mask.status == FLAGGED and "were not found" in mask.reason


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-2, 12), st.floats(-2, 12)), min_size=3, max_size=8),
    st.floats(-2, 12),
)
def test_filling_takes_the_cells_whose_centres_lie_inside(
    points: list[tuple[float, float]], cut: float
) -> None:
    vertices = np.asarray(points)
    filled = polygon(vertices, (10, 10))
    for row in range(10):
        for column in range(10):
            inside = False
            for (ya, xa), (yb, xb) in zip(vertices, np.roll(vertices, -1, axis=0), strict=True):
                if (ya <= row) != (yb <= row):
                    inside ^= bool(xa + (row - ya) * (xb - xa) / (yb - ya) <= column)
            if not any(abs(v - round(v)) < 1e-6 for v in vertices.ravel()):
                assert filled[row, column] == inside
