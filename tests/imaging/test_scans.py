"""Tables become scans; every volume that is in none has its reason; recipes take some of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from grandrounds.imaging.measuring import Measured, measure_masks
from grandrounds.imaging.scans import admit, left_out, scans
from grandrounds.lake import Lake
from grandrounds.recipe import Recipe, parse_recipe
from grandrounds.records.scan import Scan
from grandrounds.records.volume import VolumeRecord
from tests.support import torsos
from tests.support.volumes import nifti, write_nifti


def made_scans(volumes: tuple[VolumeRecord, ...], measured: list[Measured]) -> list[Scan]:
    rows = [row for one in measured for row in one.structures]
    values = [row for one in measured for row in one.measurements]
    return list(scans(volumes, rows, values))


def recipe(**evidence: Any) -> Recipe:
    return parse_recipe(
        {
            "name": "spines",
            "title": "Spines",
            "evidence": {"kind": "volumes", **evidence},
            "tasks": [{"name": "level_mcq"}],
        },
        where="here",
    )


Read = tuple[tuple[VolumeRecord, ...], list[Scan]]


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Read:
    """A torso with a second, automatic mask of its vertebrae, and volumes that end in no scan."""
    folder = tmp_path_factory.mktemp("scans")
    made = torsos.torso()
    torsos.write_torso(folder, made)
    torsos.store(folder / "p1_vertebrae_auto_msk.nii.gz", made.whole, ((2, 0, 1), (True, False, True)))
    names = {n: f"vertebrae_{level}" for n, level in torsos.TABLE.items()}
    torsos.write_table(folder, "p1_vertebrae_auto_msk", names)
    torsos.store(folder / "p1_empty_msk.nii.gz", np.zeros(torsos.SHAPE, np.uint8), torsos.PLAIN)
    write_nifti(folder / "alone" / "head_mr.nii.gz", np.arange(8**3, dtype=np.int16).reshape(8, 8, 8))
    write_nifti(folder / "alone" / "far_seg.nii.gz", np.eye(9, dtype=np.uint8).reshape(9, 9, 1))
    (folder / "broken.nii").write_bytes(nifti(np.ones((4, 4, 4), np.int16))[:400])
    volumes, opened = torsos.read(folder, Lake(str(folder / "lake")))
    return volumes, made_scans(volumes, list(measure_masks(volumes, open_volume=opened)))


def test_a_scan_holds_an_image_and_what_was_found(read: Read) -> None:
    _, (scan,) = read
    assert scan.volume.name == "p1_ct.nii.gz"
    assert scan.evidence_id == scan.volume.volume_id
    ids = [row.structure_id for row in scan.structures]
    assert ids == sorted(ids)
    assert {row.mask_id for row in scan.structures} == {mask.volume_id for mask in scan.masks}
    known = set(ids)
    assert all(known.issuperset(row.structures) for row in scan.measurements)


def test_names_are_unique_and_what_was_drawn_by_hand_stands_first(read: Read) -> None:
    _, (scan,) = read
    assert Counter(row.name for row in scan.structures).most_common(1)[0][1] == 1
    assert {row.origin for row in scan.structures if row.level} == {"manual"}


def test_every_other_volume_has_its_reason(read: Read) -> None:
    volumes, made = read
    gates = {volume.name: gate for volume, gate, reason in left_out(volumes, made) if reason}
    assert gates == {
        "p1_vertebrae_auto_msk.nii.gz": "mask_not_needed",
        "p1_empty_msk.nii.gz": "mask_not_needed",
        "alone/head_mr.nii.gz": "no_mask",
        "alone/far_seg.nii.gz": "mask_without_image",
        "broken.nii": "refused",
    }
    inside = {one.volume_id for scan in made for one in (scan.volume, *scan.masks)}
    assert len(inside) + len(gates) == len(volumes)


def test_a_quarantined_volume_is_in_no_scan(read: Read) -> None:
    volumes, (scan,) = read
    held = tuple(
        replace(one, status="quarantined", reason="Burned-in text.") if one is scan.volume else one
        for one in volumes
    )
    assert list(scans(held, scan.structures, scan.measurements)) == []
    gates = {one.volume_id: (gate, reason) for one, gate, reason in left_out(held, [])}
    assert gates[scan.evidence_id] == ("quarantined", "Burned-in text.")
    assert {gate for gate, _ in gates.values()} >= {"mask_without_image"}


@pytest.mark.parametrize(
    ("evidence", "gate"),
    [
        ({"modalities": ["MR"]}, "modality"),
        ({"largest_spacing": 1.4}, "spacing"),
        ({"minimum_structures": 100}, "structures"),
    ],
)
def test_a_recipe_refuses_with_a_reason(read: Read, evidence: dict[str, Any], gate: str) -> None:
    taken, refused = admit(read[1], recipe(**evidence))
    assert taken == []
    assert [one[1] for one in refused] == [gate]
    assert refused[0][2].endswith(".")


def test_a_recipe_that_needs_nothing_takes_the_scan_as_it_is(read: Read) -> None:
    taken, refused = admit(read[1], recipe(modalities=["CT"], largest_spacing=1.5))
    assert (taken, refused) == (read[1], [])


def test_masks_of_other_origins_go_first_with_what_was_measured_on_them(read: Read) -> None:
    (kept,), _ = admit(read[1], recipe(box_origins=["manual"]))
    assert {row.origin for row in kept.structures} == {"manual"}
    assert {mask.volume_id for mask in kept.masks} == {row.mask_id for row in kept.structures}
    assert [row.subject for row in kept.measurements if row.name == "canal_diameter"] == []
    assert [row.subject for row in kept.measurements if row.name == "height_loss"]


def test_a_face_that_can_be_rebuilt_is_refused_unless_flags_are_enough(read: Read) -> None:
    _, (scan,) = read
    head = replace(
        scan,
        volume=replace(
            scan.volume, status="flagged", reason="A face can be rebuilt from it: skin in front."
        ),
    )
    assert [one[1] for one in admit([head], recipe())[1]] == ["faces"]
    assert admit([head], recipe(deidentify={"faces": "flag"}))[1] == []


def test_labels_without_names_are_not_taken_for_one_another(read: Read) -> None:
    volumes, (scan,) = read
    rows = [replace(row, name="", level="") for row in scan.structures]
    (again,) = scans(volumes, rows, [])
    assert len(again.structures) == len(rows)
