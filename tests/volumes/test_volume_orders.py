"""Masks, centroids and real label maps in all 48 axis orders: the same boxes, names and partners."""

from __future__ import annotations

from itertools import permutations, product
from pathlib import Path

import nibabel
import numpy as np
import pytest
from nibabel.orientations import axcodes2ornt, ornt_transform

from grandrounds.lake import Lake
from grandrounds.records.volume import OK, VolumeRecord
from grandrounds.volumes import masks, sidecars
from grandrounds.volumes.geometry import codes_reorientation, to_world
from grandrounds.volumes.reader import VolumeInventory, open_volume, read_volumes
from tests.support.volumes import write_centroids, write_nifti

CODES = ["".join(c) for order in permutations(("RL", "AP", "SI")) for c in product(*order)]
LEVELS = (
    [f"C{n}" for n in range(1, 8)]
    + [f"T{n}" for n in range(1, 13)]
    + [f"L{n}" for n in range(1, 7)]
    + ["S"]
)
Box = tuple[tuple[int, int], ...]


def turned(image: nibabel.Nifti1Image, codes: str) -> nibabel.Nifti1Image:
    """The same image with its array stored in another order."""
    start = axcodes2ornt(nibabel.aff2axcodes(image.affine))
    return image.as_reoriented(ornt_transform(start, axcodes2ornt(tuple(codes))))


def boxes(data: np.ndarray) -> dict[int, Box]:
    """The half-open box of each label."""
    made = {}
    for value in np.unique(data[data != 0]):
        where = np.nonzero(data == value)
        made[int(value)] = tuple((int(axis.min()), int(axis.max()) + 1) for axis in where)
    return made


def inside(voxel: tuple[float, ...], box: Box) -> bool:
    """Whether a point lies in the cells of a box: a voxel reaches half a voxel to each side."""
    return all(low - 0.5 <= at <= high - 0.5 for at, (low, high) in zip(voxel, box, strict=True))


def along(codes: str, voxel: tuple[float, float, float], shape: tuple[int, ...]) -> list[float]:
    """A canonical voxel counted along the directions of ``codes``."""
    turn, made = codes_reorientation(codes), [0.0, 0.0, 0.0]
    for new, (old, flip) in enumerate(zip(turn.axes, turn.flips, strict=True)):
        made[old] = shape[new] - 1 - voxel[new] if flip else voxel[new]
    return made


def spine() -> tuple[np.ndarray, dict[int, tuple[float, float, float]]]:
    """A column of 26 vertebrae, C1 on top and nearer to the left, and the middles of their bodies. A
    process stands behind the canal, so the middle of a whole vertebra is not that of its body."""
    made, middles = np.zeros((7, 9, 26 * 3), np.uint8), {}
    for label in range(1, 27):
        k = 3 * (26 - label)
        made[1:4, 4:8, k : k + 2] = label
        made[2, 0:2, k : k + 2] = label
        middles[label] = (2.0, 5.5, k + 0.5)
    return made, middles


def strays(record: VolumeRecord, data: np.ndarray) -> int:
    """How many centroids do not stand on their own label."""
    return sum(data[tuple(int(at) for at in mark.voxel)] != mark.label for mark in record.landmarks)


@pytest.fixture(scope="module")
def verse(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Lake, VolumeInventory]:
    """A VerSe folder for each of the 48 orders of a mask, its centroids counted along another one."""
    root = tmp_path_factory.mktemp("verse")
    volume, middles = spine()
    image = nibabel.Nifti1Image(volume, np.diag([1.5, 1.0, 2.0, 1.0]))
    for number, codes in enumerate(CODES):
        mask, folder = turned(image, codes), root / "in" / f"sub-verse{number:03d}"
        name = f"sub-verse{number:03d}_dir-ax"
        write_nifti(folder / f"{name}_seg-vert_msk.nii", np.asarray(mask.dataobj), affine=mask.affine)
        directions = CODES[(number * 7 + 5) % 48]
        points = {label: along(directions, at, volume.shape) for label, at in middles.items()}
        write_centroids(folder / f"{name}_seg-subreg_ctd.json", directions, points)
    lake = Lake(str(root / "lake"))
    return root / "in", lake, read_volumes(root / "in", lake=lake, workers=1)


def test_levels_are_named_and_centroids_lie_in_their_boxes_in_all_orders(
    verse: tuple[Path, Lake, VolumeInventory],
) -> None:
    _, lake, inventory = verse
    volume, middles = spine()
    known = boxes(volume)
    assert len(inventory.volumes) == 48
    assert sorted(record.original_codes for record in inventory.volumes) == sorted(CODES)
    for record in inventory.volumes:
        assert np.array_equal(open_volume(lake, record).data, volume)
        assert [label.name for label in record.labels] == LEVELS
        assert [(mark.label, mark.name) for mark in record.landmarks] == list(enumerate(LEVELS, 1))
        assert strays(record, volume) == 0
        for mark in record.landmarks:
            assert inside(mark.voxel, known[mark.label]), (record.name, mark)
            assert mark.voxel == pytest.approx(middles[mark.label])
            assert np.allclose(
                mark.world, to_world(np.reshape(record.affine, (4, 4)), mark.voxel), atol=1e-5
            )


def test_every_order_of_the_mask_goes_with_every_direction_of_the_centroids(
    verse: tuple[Path, Lake, VolumeInventory],
) -> None:
    _, _, inventory = verse
    volume, middles = spine()
    middles = {label: middles[label] for label in (1, 7, 20, 26)}
    for record in inventory.volumes:
        for codes in CODES:
            points = tuple(
                sidecars.Centroid(label=label, voxel=tuple(along(codes, at, volume.shape)))  # type: ignore[arg-type]
                for label, at in middles.items()
            )
            name = record.name.replace("_seg-vert_msk.nii", "_seg-subreg_ctd.json")
            file = masks.CentroidFile(
                name=name, source_id="s", found=sidecars.Centroids(codes=codes, points=points)
            )
            (made,) = masks.with_landmarks([record], [file])
            assert {mark.label: mark.voxel for mark in made.landmarks} == middles


@pytest.mark.parametrize("codes", ["AIR", "PSR", "PIL", "IPR"])
def test_an_axis_that_is_wrong_is_seen_in_the_mask(codes: str, tmp_path: Path) -> None:
    volume, middles = spine()
    write_nifti(tmp_path / "in" / "verse1_seg.nii", volume)
    points = {label: along("PIR", at, volume.shape) for label, at in middles.items()}
    write_centroids(tmp_path / "in" / "verse1_ctd.json", codes, points)
    (record,) = read_volumes(tmp_path / "in", lake=Lake(str(tmp_path / "lake")), workers=1).volumes
    # Exchanged axes lead out of the volume, which the reader tells itself.
    assert "lies outside the volume" in record.reason if codes == "IPR" else strays(record, volume) == 26


def test_labels_that_are_exchanged_are_seen_in_the_mask(tmp_path: Path) -> None:
    volume, middles = spine()
    write_nifti(tmp_path / "in" / "verse1_seg.nii", volume)
    points = {label: along("PIR", at, volume.shape) for label, at in middles.items()}
    write_centroids(tmp_path / "in" / "verse1_ctd.json", "PIR", points | {20: points[21], 21: points[20]})
    (record,) = read_volumes(tmp_path / "in", lake=Lake(str(tmp_path / "lake")), workers=1).volumes
    known = boxes(volume)
    assert strays(record, volume) == 2
    assert [m.name for m in record.landmarks if not inside(m.voxel, known[m.label])] == ["L1", "L2"]


REAL = {
    "totalsegmentator": ("example_ct_sm", ("example_seg",), np.s_[::2, ::2]),
    "spinal-cord/t2": ("t2", ("labels", "t2_seg-manual_labeled"), np.s_[:, :, 22:30]),
}
"""An image, its masks, and the part of them that is enough."""


@pytest.mark.parametrize("place", REAL)
def test_real_masks_keep_boxes_names_and_partners_in_all_orders(
    place: str, shared_data: Path, tmp_path: Path
) -> None:
    image_name, mask_names, part = REAL[place]
    source = shared_data / "studies" / "nifti" / place
    files = {
        name: nibabel.load(source / f"{name}.nii.gz").slicer[part] for name in (image_name, *mask_names)
    }
    for codes in CODES:
        for name, image in files.items():
            (tmp_path / "in" / codes).mkdir(parents=True, exist_ok=True)
            nibabel.save(turned(image, codes), tmp_path / "in" / codes / f"{name}.nii")
    lake = Lake(str(tmp_path / "lake"))
    found = {record.name: record for record in read_volumes(tmp_path / "in", lake=lake, workers=1).volumes}
    assert len(found) == 48 * len(files)
    truths = {name: nibabel.as_closest_canonical(image) for name, image in files.items()}
    known: dict[str, tuple[dict[int, Box], VolumeRecord]] = {}
    for name in mask_names:
        data = np.asanyarray(truths[name].dataobj)
        known[name] = boxes(data), found[f"RAS/{name}.nii"]
    for codes in CODES:
        image = found[f"{codes}/{image_name}.nii"]
        assert image.original_codes == codes and not image.is_mask
        for name in mask_names:
            mask, (its_boxes, first) = found[f"{codes}/{name}.nii"], known[name]
            assert mask.is_mask and mask.status == OK, mask.reason
            assert mask.mask_of == image.volume_id and mask.group_id == image.group_id
            # Where nothing was resampled, canonical files are the same bytes.
            assert mask.sha256 == first.sha256 and mask.labels == first.labels
            assert np.allclose(np.reshape(mask.affine, (4, 4)), truths[name].affine, atol=1e-4)
    for its_boxes, first in known.values():
        assert boxes(open_volume(lake, first).data) == its_boxes
        if place == "totalsegmentator":
            assert all(label.name for label in first.labels) and first.label_origin == "header"


def test_levels_of_the_spinal_cord_are_named_by_a_table_beside_them(
    shared_data: Path, tmp_path: Path
) -> None:
    """Nothing in the files says what 2 to 5 are: a table does, and nothing is guessed without one."""
    source = shared_data / "studies" / "nifti" / "spinal-cord" / "t2"
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("t2", "t2_seg-manual_labeled"):
        (folder / f"{name}.nii.gz").write_bytes((source / f"{name}.nii.gz").read_bytes())
    lake = Lake(str(tmp_path / "lake"))

    def names() -> list[str]:
        read = {r.name: r for r in read_volumes(folder, lake=lake, workers=1).volumes}
        return [label.name for label in read["t2_seg-manual_labeled.nii.gz"].labels]

    assert names() == ["", "", "", ""]
    (folder / "labels.json").write_text('{"2": "C2", "3": "C3", "4": "C4", "5": "C5"}')
    assert names() == ["C2", "C3", "C4", "C5"]
