"""What files' names tell of masks: who drew them, and which structure a file of one structure holds."""

from __future__ import annotations

import pytest

from grandrounds.volumes.names import drawn_by, names_structure


@pytest.mark.parametrize(
    ("name", "who"),
    [
        ("t2_seg-manual.nii.gz", "manual"),
        ("x/case_auto_msk.nii.gz", "predicted"),
        ("predictions/case7.nii.gz", "predicted"),
        ("predictions/case7_manual_seg.nii.gz", "manual"),
        ("manual/predictions/case7.nii.gz", "predicted"),
        ("case_manual_vs_auto_seg.nii.gz", ""),
        ("autochthon_left.nii.gz", ""),
        ("seg.nii.gz", ""),
    ],
)
def test_who_drew_a_mask(name: str, who: str) -> None:
    assert drawn_by(name) == who


def test_a_file_names_its_structure_in_a_folder_of_such_files_only() -> None:
    assert names_structure("s0001/segmentations/kidney_left.nii.gz") == "kidney_left"
    assert names_structure("labelsTr/case_007.nii.gz") == ""
    assert names_structure("kidney_left.nii.gz") == ""
