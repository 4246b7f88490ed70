"""A scan is measured again from its voxels: the same files give the same rows, changed ones don't."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from grandrounds.imaging.measuring import Open, measure_masks
from grandrounds.imaging.recompute import RecomputeError, differences, recomputed
from grandrounds.imaging.scans import admit, scans
from grandrounds.lake import Lake
from grandrounds.records.scan import Scan
from grandrounds.records.volume import VolumeRecord
from tests.imaging.test_scans import recipe
from tests.support import torsos


class _Changed:
    """A volume some voxels of which were changed after the rows were made."""

    def __init__(self, volume: object, data: np.ndarray) -> None:
        self.data, self.affine, self.shape = data, volume.affine, data.shape  # type: ignore[attr-defined]


Made = tuple[Scan, Open]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("again")
    array = torsos.torso()
    torsos.write_torso(folder, array)
    torsos.store(folder / "p1_vertebrae_auto_msk.nii.gz", array.whole, torsos.PLAIN)
    names = {n: f"vertebrae_{level}" for n, level in torsos.TABLE.items()}
    torsos.write_table(folder, "p1_vertebrae_auto_msk", names)
    volumes, opened = torsos.read(folder, Lake(str(folder / "lake")))
    (found,) = measure_masks(volumes, open_volume=opened)
    (scan,) = scans(volumes, found.structures, found.measurements)
    return scan, opened


def changed(made: Made, name: str, change: object) -> Open:
    """Opens as before, but for the file ``name``, whose voxels ``change`` alters."""

    def opened(row: VolumeRecord):  # type: ignore[no-untyped-def]
        volume = made[1](row)
        if not row.name.startswith(name):
            return volume
        data = np.array(volume.data)
        change(data)  # type: ignore[operator]
        return _Changed(volume, data)

    return opened


def test_the_same_files_give_the_same_rows(made: Made) -> None:
    scan, opened = made
    again = recomputed(scan, open_volume=opened)
    assert again == scan
    assert differences(scan, again) == ()


def test_a_scan_that_a_recipe_cut_down_agrees_too(made: Made) -> None:
    for origins in (["manual"], ["predicted"], ["unknown"]):
        (kept,), _ = admit([made[0]], recipe(box_origins=origins))
        assert differences(kept, recomputed(kept, open_volume=made[1])) == ()


def test_one_voxel_more_is_seen(made: Made) -> None:
    def grow(data: np.ndarray) -> None:
        data[12, 28, 50] = 1

    told = differences(made[0], recomputed(made[0], open_volume=changed(made, "p1_organs", grow)))
    assert any("left kidney" in line and "box" in line for line in told)
    assert any("volume of left kidney" in line for line in told)


def test_a_changed_image_is_seen_in_its_intensities_alone(made: Made) -> None:
    def brighter(data: np.ndarray) -> None:
        data += 1

    told = differences(made[0], recomputed(made[0], open_volume=changed(made, "p1_ct", brighter)))
    assert told
    assert not any("box" in line or "height" in line for line in told)


def test_a_label_that_is_gone_is_seen(made: Made) -> None:
    def remove(data: np.ndarray) -> None:
        data[data == 3] = 0

    told = differences(made[0], recomputed(made[0], open_volume=changed(made, "p1_organs", remove)))
    assert any("(aorta) is stored but not measured again" in line for line in told)


def test_a_mask_that_cannot_be_measured_any_more_says_so(made: Made) -> None:
    def spoil(data: np.ndarray) -> None:
        data[:] = 255

    def other(row: VolumeRecord):  # type: ignore[no-untyped-def]
        volume = made[1](row)
        return _Changed(volume, np.array(volume.data)[1:]) if row.is_mask else volume

    with pytest.raises(RecomputeError, match="voxels, its image"):
        recomputed(made[0], open_volume=other)
    assert differences(made[0], recomputed(made[0], open_volume=changed(made, "p1_canal", spoil)))


def test_small_errors_of_sums_are_none(made: Made) -> None:
    scan = made[0]
    near = replace(
        scan,
        measurements=tuple(
            replace(row, number=None if row.number is None else row.number * (1 + 1e-9) + 1e-12)
            for row in scan.measurements
        ),
    )
    assert differences(scan, near) == ()
    far = replace(scan, structures=(replace(scan.structures[0], volume_ml=1e9), *scan.structures[1:]))
    assert len(differences(scan, far)) == 1
    named = replace(scan, structures=(replace(scan.structures[0], name="other"), *scan.structures[1:]))
    assert "name is stored as" in differences(scan, named)[0]
