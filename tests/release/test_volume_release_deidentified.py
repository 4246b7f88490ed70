"""Of a patient whose name, dates and ids stand in every header, folder and file name, nothing is published."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pydicom
import pytest

from grandrounds.authoring.volume_rule import VolumeRuleAuthor
from grandrounds.demo.studies.identifiers import IN_NAMES, PLANTED, WORDS
from grandrounds.fingerprint import sha256_file
from grandrounds.gates.volumes.admission import admit
from grandrounds.imaging.measuring import measure_masks
from grandrounds.lake import Lake
from grandrounds.release.verify import verify
from grandrounds.release.writer import write_release
from grandrounds.sources.studies import read_studies
from grandrounds.volumes.volume import open_volume
from tests.conftest import ROOT
from tests.support.volume_builds import Torso, make_recipe
from tests.support.volume_release import request_of

STUDIES = ROOT / "grandrounds/demo/sources/studies/dicom"
PATIENT = "quillfeather-ottoline-7731"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, home = tmp_path_factory.mktemp("in"), tmp_path_factory.mktemp("home")
    shutil.copytree(STUDIES / PATIENT, folder / PATIENT)
    (folder / "sources.yaml").write_text(
        f"files:\n  - path: {PATIENT}\n    licence: CC0-1.0\n    group: {PATIENT}\n"
    )
    recipe = make_recipe(tasks=("level_mcq", "relation_mcq", "measurement_mcq"))
    lake = Lake(str(tmp_path_factory.mktemp("lake")))
    found = read_studies(folder, lake=lake, home=home, name="torsos", asked=recipe.volumes.deidentify)
    measured = list(measure_masks(found.volumes, open_volume=lambda row: open_volume(lake, row)))
    structures = tuple(row for one in measured for row in one.structures)
    measurements = tuple(row for one in measured for row in one.measurements)
    scans, refused = admit(found.volumes, structures=structures, measurements=measurements, recipe=recipe)
    author = VolumeRuleAuthor(recipe, lake=lake)
    drafts = tuple(author.draft(scans))
    by_id = {scan.evidence_id: scan for scan in scans}
    pairs = [(draft, by_id[draft.evidence_id]) for draft in drafts if draft.status == "ok"]
    made = Torso(
        lake=lake,
        recipe=recipe,
        sources=found.sources,
        volumes=found.volumes,
        structures=structures,
        measurements=measurements,
        scans=tuple(scans),
        refused=tuple(refused),
        drafts=drafts,
        revisions=tuple(author.revise(pairs)),
    )
    assert any(home.rglob("torsos.json"))  # the map back, which must stay there
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("grandrounds.release.folder.draw_plots", lambda *args, **more: ())
        return write_release(request_of(made), root=tmp_path_factory.mktemp("releases")).path


def everything(directory: Path) -> bytes:
    """All bytes of a release: as they lie, tables read, volumes unpacked; file names too. Lower case."""
    pieces = []
    for path in sorted(directory.rglob("*")):
        pieces.append(str(path.relative_to(directory)).encode())
        if not path.is_file():
            continue
        data = path.read_bytes()
        pieces.append(data)
        if path.suffix == ".parquet":
            for row in pq.read_table(path).to_pylist():
                pieces += [each["bytes"] for each in row.pop("images", None) or []]
                pieces.append(str(row).encode())
        if path.suffix == ".gz":
            pieces.append(gzip.decompress(data))
    return b"\n".join(pieces).lower()


def test_nothing_of_the_patient_is_in_any_byte(published):
    assert verify(published).problems == ()
    held = everything(published)
    assert b"images and masks" in held  # it was read indeed
    words = {*PLANTED, *WORDS, *IN_NAMES}
    # Digits of five may stand in any hash or voxel; whole values and names may not.
    words = {word for word in words if not (word.isdigit() and len(word) < 6)}
    assert [word for word in words if word.lower().encode() in held] == []


def test_nothing_leads_back_to_the_files(published):
    held = everything(published)
    files = sorted((STUDIES / PATIENT).rglob("*.dcm"))
    assert files
    for path in files:
        head = pydicom.dcmread(path, stop_before_pixels=True, force=True)
        for name in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID"):
            uid = str(head.get(name, "") or "")
            assert not uid or uid.encode() not in held, (path.name, name)
        assert sha256_file(path).encode() not in held, path.name
        assert path.name.lower().encode() not in held or path.stem.lower() in ("organs", "chest"), path.name


def test_a_slice_is_cited_by_the_new_name_of_its_instance(published):
    rows = [
        row for path in (published / "data").rglob("*.parquet") for row in pq.read_table(path).to_pylist()
    ]
    volumes = {
        row["volume_id"]: row for row in pq.read_table(published / "evidence/volumes.parquet").to_pylist()
    }
    cited = [(row, part) for row in rows for part in row["evidence"] if part["locator"]["slice_axis"] == 2]
    assert cited
    for row, part in cited:
        known = {one["sop_instance_uid"]: one["index"] for one in volumes[row["evidence_id"]]["instances"]}
        assert known[part["locator"]["sop_instance_uid"]] == part["locator"]["slice_index"]
        assert part["locator"]["sop_instance_uid"].startswith("2.25.")
