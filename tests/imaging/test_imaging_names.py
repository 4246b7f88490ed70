"""Label names as the world spells them come out in one spelling; sides and levels are of the name alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grandrounds.imaging.names import Known, is_many, known, says_bodies, words_of


@pytest.mark.parametrize(
    "name", ["L3", "l3", "vertebrae_L3", "L 3", "L-3", "lumbar vertebra 3", "Vertebra L3"]
)
def test_a_vertebra_has_its_level_however_it_is_spelled(name: str) -> None:
    assert known(name) == Known(name="L3", level="L3")


@pytest.mark.parametrize(
    "name", ["kidney_left", "Kidney_L", "left kidney", "Lt Kidney", "KidneyLeft", "L_Kidney"]
)
def test_a_side_stands_in_front(name: str) -> None:
    assert known(name) == Known(name="left kidney", side="left")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("th12", Known(name="T12", level="T12")),
        ("sacrum", Known(name="sacrum", level="S")),
        ("S", Known(name="sacrum", level="S")),
        ("vertebrae_S1", Known(name="S1", level="S")),
        ("S3", Known(name="S3")),
        ("C8", Known(name="c8")),
        ("vertebrae_body", Known(name="vertebral bodies", part="body")),
        ("L2 vertebral body", Known(name="L2 body", level="L2", part="body")),
        ("SpinalCanal", Known(name="spinal canal")),
        ("rib_right_12", Known(name="right rib 12", side="right")),
        ("left_and_right_lung", Known(name="left and right lung")),
        ("heart_atrium_left", Known(name="left heart atrium")),
        ("disc L4-L5", Known(name="disc l4 l5")),
        ("urinary_bladder", Known(name="urinary bladder")),
        ("Flumph", Known(name="flumph")),
    ],
)
def test_names_in_the_wild(name: str, meant: Known) -> None:
    assert known(name) == meant


@pytest.mark.parametrize("name", ["", "label 7", "Segment_1", "12", "ROI-3", "unknown", "--"])
def test_what_names_nothing_has_no_name(name: str) -> None:
    assert known(name) == Known()


@given(st.text(max_size=40))
def test_a_name_once_known_stays_as_it_is(name: str) -> None:
    once = known(name)
    assert known(once.name).name == once.name
    assert once.name == once.name.strip()


def test_many_things_need_not_be_connected() -> None:
    assert all(map(is_many, ["lungs", "kidneys", "vertebral bodies", "lung nodules", "costal cartilages"]))
    assert not any(
        map(is_many, ["pancreas", "uterus", "left kidney", "pelvis", "L3", "gluteus maximus", ""])
    )


def test_a_file_of_bodies_is_told_by_its_name() -> None:
    assert says_bodies(words_of("sub-x_seg-body_msk.nii.gz"))
    assert says_bodies(words_of("bodies"))
    assert not says_bodies(words_of("whole_body_ct_seg"))
    assert not says_bodies(words_of("seg-vert_msk"))
