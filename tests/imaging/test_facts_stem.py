"""The stem says how the volume lies and nothing that a question could ask."""

from __future__ import annotations

from dataclasses import replace

from grandrounds.imaging.stem import stem
from grandrounds.records.scan import Scan
from grandrounds.records.volume import Window
from tests.support.scans import abdomen, lumbar_spine, radiograph


def with_volume(scan: Scan, **changes: object) -> Scan:
    return replace(scan, volume=replace(scan.volume, **changes))  # type: ignore[arg-type]


def test_a_volume_is_told_by_modality_voxels_spacing_and_axes() -> None:
    told = stem(abdomen())
    assert told.startswith("A CT volume of 320 x 260 x 90 voxels (i, j, k), 1.2 x 1.2 x 3 mm apart.")
    assert "i (to the patient's right), j (to the front) and k (to the head)" in told
    assert "across k axial" in told


def test_a_film_is_told_in_pixels_and_which_side_is_which() -> None:
    told = stem(radiograph())
    assert told.startswith(
        "A chest radiograph of 512 x 480 pixels (i, j), 0.8 x 0.8 mm apart on the detector."
    )
    assert "The right of the image is the patient's left." in told
    assert "k" not in told.split()


def test_a_film_with_patient_axes_is_told_along_its_two_sides() -> None:
    told = stem(with_volume(abdomen(), modality="DX", shape=(164, 1, 142), spacing=(2.2, 12.0, 2.2)))
    assert told.startswith("A radiograph of 164 x 142 pixels (i, k), 2.2 x 2.2 mm apart on the detector.")


def test_body_parts_are_told_as_regions_or_not_at_all() -> None:
    assert "A spine CT volume" in stem(with_volume(lumbar_spine(), body_part="LSPINE"))
    assert "A CT volume" in stem(with_volume(lumbar_spine(), body_part="KIDNEY"))
    assert "lumbar" not in stem(with_volume(lumbar_spine(), body_part="LUMBAR SPINE")).casefold()


def test_the_window_of_the_pictures_is_told_where_the_row_has_one() -> None:
    bad, good = Window(center=0.0, width=0.0), Window(center=50.0, width=400.0)
    told = stem(with_volume(abdomen(), windows=(bad, good)))
    assert told.endswith("Pictures run from black at -150 HU to white at 250 HU.")
    assert "Pictures" not in stem(abdomen())


def test_mr_volumes_tell_their_weighting_and_tilt() -> None:
    told = stem(
        with_volume(
            abdomen(),
            modality="MR",
            sequence_words=("kidney", "t2"),
            obliquity_degrees=12.4,
            shape=(9, 9, 9, 4),
        )
    )
    assert "T2-weighted MR volume" in told
    assert "tilted by 12 degrees" in told
    assert "4 frames" in told


def test_no_structure_is_named_and_other_rows_change_nothing() -> None:
    for scan in (lumbar_spine(), abdomen(), radiograph()):
        told = stem(scan)
        assert told == stem(replace(scan, structures=(), measurements=(), masks=()))
        assert all(row.name not in told.split() for row in scan.structures)
