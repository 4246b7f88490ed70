"""Imaging studies as sources: one row a file, and what sources.yaml says of them."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from grandrounds.contracts import contract
from grandrounds.lake import Lake
from grandrounds.records.table import from_table, to_table
from grandrounds.records.volume import VolumeRecord
from grandrounds.sources.volume import VolumeSources, read_volume_folder
from tests.support.volumes import nifti, ramp, save, slice_dataset, write_nifti, write_series


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    write_series(folder / "ct", ramp((3, 4, 4)))
    mask = np.zeros((4, 4, 4), np.uint8)
    mask[1:3, 1:3, 1:3] = 20
    write_nifti(folder / "mr" / "case.nii.gz", ramp((4, 4, 4)))
    write_nifti(folder / "mr" / "case_seg.nii.gz", mask)
    (folder / "mr" / "case_seg.json").write_text('{"20": "L1"}')
    (folder / "notes.txt").write_text("Not an image.")
    (folder / "bad.nii").write_bytes(nifti(ramp((4, 4, 4)))[:400])
    return folder


def read(folder: Path) -> VolumeSources:
    return read_volume_folder(folder, lake=Lake(str(folder.parent / "lake")), workers=1)


def test_every_image_file_has_a_row_and_others_have_none(folder: Path) -> None:
    found = read(folder)
    assert {source.path: source.status for source in found.sources} == {
        "bad.nii": "failed",
        "ct/I0.dcm": "read",
        "ct/I14.dcm": "read",
        "ct/I7.dcm": "read",
        "mr/case.nii.gz": "read",
        "mr/case_seg.json": "read",
        "mr/case_seg.nii.gz": "read",
    }
    used = {one for volume in found.volumes for one in volume.source_ids if volume.sha256}
    known = {source.source_id for source in found.sources}
    assert used <= known


def test_the_rows_fit_their_contracts_and_come_back_the_same(folder: Path) -> None:
    found = read(folder)
    table = to_table(found.volumes, contract("volumes"))
    assert from_table(VolumeRecord, table) == list(found.volumes)
    assert to_table(found.sources, contract("sources")).num_rows == len(found.sources)


def test_what_sources_yaml_says_reaches_the_volumes(folder: Path) -> None:
    (folder / "sources.yaml").write_text(
        "files:\n"
        "  - path: mr\n    licence: CC-BY-4.0\n    published: 2024-05-01\n"
        "  - path: mr/case.nii.gz\n    group: patient-7\n    protected: true\n"
    )
    found = {volume.name: volume for volume in read(folder).volumes}
    image, mask = found["mr/case.nii.gz"], found["mr/case_seg.nii.gz"]
    assert (image.licence, image.group_id, image.protected) == ("CC-BY-4.0", "group:patient-7", True)
    assert mask.group_id == "group:patient-7" and mask.licence == "CC-BY-4.0" and not mask.protected
    assert str(mask.published) == "2024-05-01" and mask.labels[0].name == "L1"
    assert found["ct"].licence == "unknown" and found["ct"].group_id.startswith("patient:")


def test_a_note_beside_studies_reaches_the_volumes_and_reads_nothing_anew(folder: Path) -> None:
    time.sleep(2.1)  # stamps younger than two seconds are not trusted
    read(folder)
    (folder / "mr" / "SOURCES.md").write_text(
        "Licence: CC BY 4.0\n\n| file |\n|---|\n| `case.nii.gz` |\n| `case_seg.nii.gz`, `case_seg.json` |\n"
    )
    (folder / "ct" / "LICENSE").write_text("CC0 1.0\n")
    after = read(folder)
    assert (after.read_now, after.reused) == (0, 4)
    found = {volume.name: volume.licence for volume in after.volumes}
    assert (found["mr/case.nii.gz"], found["mr/case_seg.nii.gz"]) == ("CC-BY-4.0", "CC-BY-4.0")
    assert found["ct"] == "CC0-1.0"
    rows = {row.path: row for row in after.sources}
    assert rows["mr/case.nii.gz"].licence_evidence == "mr/SOURCES.md:1: CC BY 4.0"
    assert rows["mr/case.nii.gz"].licence_origin == "SOURCES.md"
    assert rows["ct/I0.dcm"].licence_origin == "licence file"
    assert rows["bad.nii"].licence == "unknown"


def test_a_report_is_listed_and_left_alone(folder: Path) -> None:
    data = slice_dataset(np.zeros((2, 2), np.uint8), 0, PixelData=None, Rows=None, Columns=None)
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.88.33"
    save(data, folder / "report.dcm")
    found = read(folder)
    (row,) = [source for source in found.sources if source.path == "report.dcm"]
    assert row.status == "passed_by" and "Comprehensive SR Storage" in row.reason
    assert found.passed_by == {"dicom": 1}
