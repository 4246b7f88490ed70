"""The demo's imaging studies are what their code draws, small, and read and measured as they should."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import yaml

from grandrounds.demo.studies import identifiers
from grandrounds.demo.studies.folder import FOLDER, STUDIES, same, write_study
from grandrounds.imaging.measuring import Measured, measure_masks
from grandrounds.lake import Lake
from grandrounds.paths import demo_sources
from grandrounds.records.volume import VolumeRecord
from grandrounds.sources.volume import VolumeSources, read_volume_folder
from grandrounds.volumes.volume import open_volume

HERE = demo_sources() / FOLDER
EXPECTED: dict[str, Any] = yaml.safe_load(
    (demo_sources().parent / "expected_studies.yaml").read_text(encoding="utf-8")
)
# Drawing all takes a quarter of a minute. These stand for the rest, which --remake-golden draws again, too.
QUICK = ("spine/sub-demo006", "organs/sub-demo103", "dicom/", "troubled/")
VOLUMES = [(number, entry["name"]) for number, entry in enumerate(EXPECTED["volumes"])]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return Lake(str(tmp_path_factory.mktemp("lake")))


@pytest.fixture(scope="module")
def read(lake: Lake) -> VolumeSources:
    return read_volume_folder(demo_sources(), lake=lake, workers=1)


@pytest.fixture(scope="module")
def measured(lake: Lake, read: VolumeSources) -> Mapping[str, Measured]:
    made = measure_masks(read.volumes, open_volume=lambda record: open_volume(lake, record))
    return {_name(one.volume): one for one in made}


def _name(volume: VolumeRecord) -> str:
    return volume.name.removeprefix(f"{FOLDER}/")


def _volume(read: VolumeSources, name: str) -> VolumeRecord:
    (found,) = [one for one in read.volumes if _name(one) == name]
    return found


@pytest.mark.parametrize("name", STUDIES)
def test_drawing_a_study_again_gives_the_committed_contents(
    name: str, request: pytest.FixtureRequest
) -> None:
    remake = bool(request.config.getoption("--remake-golden"))
    if not remake and not name.startswith(QUICK):
        assert any((HERE / name).iterdir())
        return
    if remake:
        write_study(name, HERE)
    made = STUDIES[name]()
    found = {
        path.relative_to(HERE / name).as_posix() for path in (HERE / name).rglob("*") if path.is_file()
    }
    assert found == set(made)
    for file, data in made.items():
        assert same(HERE / name / file, data), file


def test_no_file_lies_in_the_folder_that_the_code_does_not_make() -> None:
    files = [path.relative_to(HERE).as_posix() for path in HERE.rglob("*") if path.is_file()]
    assert all(any(file.startswith(f"{name}/") for name in STUDIES) for file in files)
    assert sum((HERE / file).stat().st_size for file in files) < 2_500_000


def test_the_reader_finds_the_listed_volumes_and_no_others(read: VolumeSources) -> None:
    assert sorted(_name(one) for one in read.volumes) == sorted(name for _, name in VOLUMES)


@pytest.mark.parametrize(("number", "name"), VOLUMES)
def test_a_volume_is_read_as_listed(number: int, name: str, read: VolumeSources) -> None:
    entry = EXPECTED["volumes"][number]
    names = {one.volume_id: _name(one) for one in read.volumes}
    for volume in (one for one in read.volumes if _name(one) == name):
        assert volume.status == entry["status"], volume.reason
        assert entry.get("says", "") in volume.reason
        assert volume.original_codes == entry.get("codes", "")
        assert volume.is_mask == ("mask_of" in entry)
        assert names.get(volume.mask_of or "") == entry.get("mask_of")
        assert [label.name for label in volume.labels] == entry.get("labels", [])
        assert len(volume.landmarks) == entry.get("landmarks", 0)
        assert volume.intensity == entry.get("intensity", "label" if volume.is_mask else "hu")
        if name.startswith("troubled/"):
            assert entry["why"]
        if volume.sha256:
            assert (volume.licence, bool(volume.citation)) == ("CC-BY-4.0", True)
            assert volume.published


def test_files_that_become_no_volume_are_told(read: VolumeSources) -> None:
    by_status: dict[str, set[str]] = {"failed": set(), "passed_by": set(), "duplicate": set()}
    for source in read.sources:
        if source.status in by_status:
            by_status[source.status].add(source.path.removeprefix(f"{FOLDER}/"))
            assert source.reason
    assert by_status.pop("failed") == set(EXPECTED["failed"])
    assert by_status == {
        status: {one["file"] for one in EXPECTED["others"] if one["status"] == status}
        for status in by_status
    }


def test_every_patient_is_a_group_of_its_own(read: VolumeSources) -> None:
    studies: dict[str, set[str]] = {}
    for volume in read.volumes:
        studies.setdefault(volume.group_id, set()).add("/".join(_name(volume).split("/")[:2]))
    assert all(len(found) == 1 for found in studies.values())
    apart = {one.group_id for one in read.volumes if _name(one) == "troubled/two-patients"}
    assert len(apart) == 2


@pytest.mark.parametrize(
    ("name", "finding"),
    [(name, one) for name, found in EXPECTED["findings"].items() for one in found],
    ids=lambda value: value if isinstance(value, str) else value["subject"],
)
def test_the_planted_findings_are_found(
    name: str, finding: dict[str, str], measured: Mapping[str, Measured]
) -> None:
    (row,) = [
        row
        for row in measured[name].measurements
        if (row.subject.removesuffix(" mean"), row.criterion) == (finding["subject"], finding["criterion"])
    ]
    assert row.verdict == finding["verdict"], (row.number, row.uncertainty, row.reason)
    if "finding" in finding:
        assert row.finding == finding["finding"]


def test_sound_studies_are_measured_without_a_problem(measured: Mapping[str, Measured]) -> None:
    assert not {name: one.problem for name, one in measured.items() if one.problem}
    assert len(measured) >= 15


def test_left_lies_left_however_it_is_stored_but_not_in_the_flipped_mask(
    measured: Mapping[str, Measured],
) -> None:
    def middle(name: str) -> Mapping[str, float]:
        return {one.name: one.centre_millimetres[0] for one in measured[name].structures}

    for name in ("organs/sub-demo101/sub-demo101_ct.nii.gz", "organs/sub-demo102/sub-demo102_ct.nii.gz"):
        assert middle(name)["left kidney"] < -40 < 40 < middle(name)["liver"]
    wrong = middle("troubled/flipped/sub-demo908_ct.nii.gz")
    assert wrong["liver"] < -40 < 40 < wrong["left kidney"]


def test_every_centroid_lies_in_its_vertebra_but_the_swapped_ones(lake: Lake, read: VolumeSources) -> None:
    wrong = set()
    for volume in read.volumes:
        if volume.landmarks and "canal" not in volume.name:
            labels = open_volume(lake, volume).data
            for mark in volume.landmarks:
                at = tuple(int(np.rint(place)) for place in mark.voxel)
                if labels[at] != mark.label:
                    wrong.add((_name(volume), mark.name))
    mask = "troubled/swapped-centroids/sub-demo909_seg-vert_msk.nii.gz"
    assert wrong == {(mask, "L2"), (mask, "L3")}


def test_the_bomb_is_read_as_the_small_volume_that_it_claims(read: VolumeSources) -> None:
    volume = _volume(read, "troubled/zip-bomb/sub-demo906_ct.nii.gz")
    assert volume.shape == (24, 24, 16)
    assert volume.bytes < 20_000


def test_the_tilted_series_keeps_its_exact_grid(read: VolumeSources) -> None:
    (tilted,) = [one for one in read.volumes if one.name.endswith("/CT_TILTED")]
    assert tilted.shear_degrees == pytest.approx(12.0, abs=0.01)
    assert tilted.spacing == pytest.approx((5.0, 5.0, 7.0), abs=1e-4)


def test_every_planted_identifier_stands_in_a_header() -> None:
    headers = b"".join(path.read_bytes() for path in (HERE / "dicom").rglob("*.dcm"))
    assert not [text for text in identifiers.PLANTED if text.encode() not in headers]
    lower = headers.lower()
    assert not [word for word in identifiers.WORDS if word.lower().encode() not in lower]
    paths = " ".join(str(path) for path in HERE.rglob("*"))
    assert all(word in paths for word in identifiers.IN_NAMES)


def test_nothing_of_the_planted_patient_stands_in_other_studies() -> None:
    for path in HERE.rglob("*"):
        if path.is_file() and "dicom" not in path.parts:
            data = path.read_bytes().lower()
            assert not [w for w in identifiers.WORDS if len(w) > 6 and w.lower().encode() in data], path
