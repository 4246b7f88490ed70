from __future__ import annotations

import io
import json
import stat
import struct
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from grandrounds.contracts import contract
from grandrounds.deidentify.burned_in import Cleared
from grandrounds.deidentify.dicom import deidentify, examine
from grandrounds.deidentify.examine import ExamineJob, examine_all, examine_file
from grandrounds.deidentify.key import ProjectKey
from grandrounds.deidentify.mapping import Original, load_map, save_map
from grandrounds.deidentify.reading import DeidentifiedSources, deidentified
from grandrounds.deidentify.settings import KNOWN_SAFE_PRIVATE, DeidentifySettings
from grandrounds.deidentify.words import scrub
from grandrounds.errors import SettingsError
from grandrounds.lake import Lake
from grandrounds.records.deidentified import DeidentifiedRow
from grandrounds.records.table import from_table, to_table
from grandrounds.sources.volume import read_volume_folder
from grandrounds.volumes.volume import open_volume
from tests.deidentify.conftest import as_bytes
from tests.deidentify.test_deidentify_dicom import PLANTED, planted_image

BASIC = DeidentifySettings()
IN_PATHS = ("Thistlewood", "Ravenscroft", "ORD-2291-88", "19611104", "Brackenbury")
EVERYTHING = (*PLANTED, *IN_PATHS, "1.2.3.4.5.678901")
LOOKED = date(2026, 1, 31)


def ct_slice(number: int) -> Dataset:
    """One of a series, with identifiers wherever one can sit."""
    made = planted_image()
    made.SOPInstanceUID = f"1.2.3.4.5.678901.7.{number}"
    made.ImagePositionPatient = [0.0, 0.0, float(number)]
    made.ImageOrientationPatient, made.PixelSpacing = [1, 0, 0, 0, 1, 0], [1, 1]
    made.InstanceNumber = str(number)
    made.WindowCenter, made.WindowWidth = 40, 400
    made.WindowCenterWidthExplanation = "Quillfeather"
    return made


def nifti(voxels: np.ndarray, *, descrip: bytes = b"", step: float = 1.0, extension: bytes = b"") -> bytes:
    """A NIfTI-1 file as others write it: texts in its header, and an extension."""
    import nibabel

    made = nibabel.Nifti1Image(voxels, np.diag([step, step, step, 1.0]))
    made.header["descrip"], made.header["aux_file"] = descrip, descrip[:23]
    if extension:
        made.header.extensions.append(nibabel.nifti1.Nifti1Extension("comment", extension))
    return made.to_bytes()


def studies(root: Path) -> Path:
    """A hospital's folder: a CT series, ultrasound, NIfTI with mask and table, copies, rubbish."""
    folder = root / "Thistlewood^Eleanor 19611104" / "ORD-2291-88"
    folder.mkdir(parents=True)
    for number in range(1, 5):
        (folder / f"Ravenscroft_{number}.dcm").write_bytes(as_bytes(ct_slice(number)))
    (folder / "copy of Ravenscroft.dcm").write_bytes((folder / "Ravenscroft_2.dcm").read_bytes())
    sound = planted_image()
    sound.SOPClassUID, sound.Modality = "1.2.840.10008.5.1.4.1.1.6.1", "US"
    sound.SOPInstanceUID, sound.SeriesInstanceUID = "1.2.3.4.5.678901.8.1", "1.2.3.4.5.678901.8"
    (folder / "Brackenbury.dcm").write_bytes(as_bytes(sound))
    (folder / "broken Ravenscroft.dcm").write_bytes(as_bytes(ct_slice(9))[:700])
    image = np.arange(6 * 5 * 4, dtype=np.int16).reshape(6, 5, 4) * 9
    mask = np.zeros((6, 5, 4), np.uint8)
    mask[1:3, 1:3, 1:3], mask[4, 4, 3] = 1, 2
    beside = root / "Brackenbury"
    beside.mkdir()
    (beside / "Brackenbury_ct.nii").write_bytes(
        nifti(image, descrip=b"Thistlewood Eleanor", extension=b"Osgoodthwaite of Wendelmoor")
    )
    (beside / "Brackenbury_ct_seg.nii").write_bytes(nifti(mask, descrip=b"drawn by Ravenscroft"))
    names = {"1": "liver", "2": "Thistlewood's mass"}
    (beside / "Brackenbury_ct_seg.json").write_text(json.dumps({"labels": names}), encoding="utf-8")
    return root


class House:
    """A folder that was read, and what de-identification makes of it."""

    def __init__(self, place: Path, key: ProjectKey) -> None:
        self.folder, self.key = studies(place / "sources"), key
        self.lake = Lake(str(place / "lake"))
        self.found = read_volume_folder(self.folder, lake=self.lake, workers=1)

    def clean(self, **asked: object) -> DeidentifiedSources:
        given = {"settings": BASIC, "workers": 1} | asked
        return deidentified(self.found, folder=self.folder, key=self.key, lake=self.lake, **given)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    return House(tmp_path_factory.mktemp("house"), ProjectKey(b"a key that is used in tests only"))


def tables(made: DeidentifiedSources) -> dict[str, tuple[object, ...]]:
    return {"sources": made.sources, "volumes": made.volumes, "deidentified": made.report}


def survivors(data: bytes) -> list[str]:
    return [
        text
        for text in EVERYTHING
        if any(text.encode(kind) in data for kind in ("utf-8", "utf-16-le", "utf-16-be"))
    ]


def test_no_planted_identifier_survives_in_any_byte_of_tables_or_volumes(
    house: House, tmp_path: Path
) -> None:
    out = Lake(str(tmp_path))
    for name, rows in tables(house.clean()).items():
        # Uncompressed too, for a search in the columns' own bytes.
        table = to_table(rows, contract(name))
        out.write_table(f"test/{name}", table)
        import pyarrow.parquet as pq

        plain = io.BytesIO()
        pq.write_table(table, plain, compression="none", use_dictionary=False)
        assert survivors(plain.getvalue()) == [], name
        assert survivors(out.table_path(f"test/{name}").read_bytes()) == [], name
        assert survivors(repr(rows).encode()) == [], name
        assert len(rows) > 3
    for volume in house.clean().volumes:
        if volume.sha256:
            assert survivors(house.lake.get_media(volume.sha256)) == []


def test_the_search_finds_them_in_what_was_read(house: House) -> None:
    read = repr(house.found).encode()
    assert {"Thistlewood", "Ravenscroft", "Brackenbury", "1.2.3.4.5.678901"} <= set(survivors(read))


def test_original_hashes_and_ids_made_of_them_are_not_in_the_tables(house: House) -> None:
    shown = repr(tables(house.clean()))
    for source in house.found.sources:
        assert source.source_id not in shown
        assert source.sha256 is None or source.sha256 not in shown
    assert not any(volume.volume_id in shown for volume in house.found.volumes)


def test_uids_and_ids_belong_together(house: House) -> None:
    made = house.clean()
    ids = {source.source_id for source in made.sources}
    assert len(ids) == len(made.sources) == len(house.found.sources) == len(made.report)
    assert {row.source_id for row in made.report} == ids
    for volume in made.volumes:
        assert set(volume.source_ids) <= ids
        assert {one.source_id for one in volume.instances} <= ids
    masks = [volume for volume in made.volumes if volume.mask_of]
    assert masks and all(mask.mask_of in {one.volume_id for one in made.volumes} for mask in masks)
    # One study, and the very UIDs that the cleaned files would have.
    dicom = [volume for volume in made.volumes if volume.format == "dicom" and volume.study_uid]
    assert len({volume.study_uid for volume in dicom}) == 1 and len(dicom) >= 2
    series = next(volume for volume in dicom if volume.modality == "CT" and volume.instances)
    raw = as_bytes(ct_slice(1))
    file = pydicom.dcmread(io.BytesIO(deidentify(raw, settings=BASIC, key=house.key).data))
    assert file.SOPInstanceUID in [one.sop_instance_uid for one in series.instances]
    assert (file.StudyInstanceUID, file.SeriesInstanceUID) == (series.study_uid, series.series_uid)
    groups = {volume.group_id for volume in made.volumes} | {s.group_id for s in made.sources if s.group_id}
    assert all(house.key.made_patient(group.partition(":")[2]) for group in groups)


def test_doing_it_twice_gives_the_same_rows_and_cleaning_what_is_clean_changes_nothing(
    house: House,
) -> None:
    once, twice = house.clean(), house.clean()
    assert once == twice
    again = replace(house.found, sources=once.sources, volumes=once.volumes)
    more = deidentified(
        again, folder=house.folder, settings=BASIC, key=house.key, lake=house.lake, workers=1
    )
    assert {s.source_id: s.path for s in more.sources} == {s.source_id: s.path for s in once.sources}
    assert [v.volume_id for v in more.volumes] == [v.volume_id for v in once.volumes]
    other = replace(house.found, sources=house.found.sources[::-1], volumes=house.found.volumes[::-1])
    backwards = deidentified(
        other, folder=house.folder, settings=BASIC, key=house.key, lake=house.lake, workers=1
    )
    assert (backwards.sources, backwards.report) == (once.sources, once.report)


def test_what_is_needed_stays(house: House) -> None:
    made = house.clean()
    masks = [volume for volume in made.volumes if volume.is_mask]
    assert [label.name for label in masks[0].labels] == ["liver", "label 2"]
    assert "seg" in masks[0].name.split()  # tells who drew it, where the name does
    before = {volume.sha256: volume for volume in house.found.volumes if volume.sha256}
    for volume in made.volumes:
        if volume.sha256:
            original = before[volume.sha256]
            assert (volume.affine, volume.shape, volume.spacing) == (
                original.affine,
                original.shape,
                original.spacing,
            )


def test_the_report_counts_a_files_changes_and_tells_no_value(house: House) -> None:
    made = house.clean()
    by_path = {row.path: row for row in made.report}
    new = {original: path for path, original in made.paths.items()}
    folder = "Thistlewood^Eleanor 19611104/ORD-2291-88"
    row = by_path[new[f"{folder}/Ravenscroft_1.dcm"]]
    full = deidentify(as_bytes(ct_slice(1)), settings=BASIC, key=house.key)
    counts = {kind: count for kind, count in full.counts().items() if kind != "added"}
    assert {kind: getattr(row, kind) for kind in counts} == counts and row.removed > 10
    assert row.status == "ok" and len(row.volume_ids) == 1
    assert row.pixels_sha256 == full.pixels_sha256
    assert any(code.startswith("113105") for code in row.method_codes)
    assert "retain_longitudinal=none" in row.settings
    assert by_path[new[f"{folder}/copy of Ravenscroft.dcm"]].status == "unused"
    assert by_path[new[f"{folder}/broken Ravenscroft.dcm"]].status == "unused"
    scan = by_path[new["Brackenbury/Brackenbury_ct.nii"]]
    assert scan.reasons == ("dropped with its header: descrip, aux_file, extensions",)
    assert (scan.removed, scan.method) == (3, "")
    table = to_table(made.report, contract("deidentified"))
    assert from_table(DeidentifiedRow, table) == list(made.report)


def test_suspected_text_is_quarantined_until_a_person_has_looked(house: House) -> None:
    def ultrasound(made: DeidentifiedSources) -> tuple[str, str]:
        volume = next(volume for volume in made.volumes if volume.modality == "US")
        row = next(row for row in made.report if volume.volume_id in row.volume_ids)
        return volume.status, row.status

    made = house.clean()
    assert ultrasound(made) == ("quarantined", "quarantined")
    held = next(volume for volume in made.volumes if volume.status == "quarantined")
    assert "ultrasound" in held.reason and held.sha256 is not None  # a person must be able to look
    row = next(row for row in made.report if held.volume_id in row.volume_ids)
    assert [volume.status for volume in made.volumes if volume.modality == "CT"].count("quarantined") == 0
    for name in (row.pixels_sha256, held.sha256):
        assert name is not None
        looked = {name: Cleared(pixels_sha256=name, by="reviewer-a", on=LOOKED)}
        cleared = house.clean(clear_list=looked)
        assert ultrasound(cleared)[0] in ("ok", "flagged") and ultrasound(cleared)[1] == "ok"
        assert "reviewer-a" not in repr(tables(cleared))
    other = {"0" * 64: Cleared(pixels_sha256="0" * 64, by="reviewer-a", on=LOOKED)}
    assert ultrasound(house.clean(clear_list=other))[0] == "quarantined"


def test_colour_and_single_pictures_of_unknown_kind_are_suspected_in_nifti_too(
    tmp_path: Path, key: ProjectKey
) -> None:
    (tmp_path / "in").mkdir()
    colour = np.zeros((8, 8, 3), np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")]))
    grey = np.arange(64, dtype=np.int16).reshape(8, 8, 1)
    for name, voxels in (("a.nii", colour), ("b.nii", grey), ("c_t1.nii", grey + 1)):
        (tmp_path / "in" / name).write_bytes(nifti(voxels))
    lake = Lake(str(tmp_path / "lake"))
    found = read_volume_folder(tmp_path / "in", lake=lake, workers=1)
    made = deidentified(found, folder=tmp_path / "in", settings=BASIC, key=key, lake=lake)
    originals = {one.new: one.original for one in made.originals if one.kind == "volume"}
    names = {volume.volume_id: volume.name for volume in found.volumes}
    assert {names[originals[one.volume_id]]: one.status for one in made.volumes} == {
        "a.nii": "quarantined",
        "b.nii": "quarantined",
        "c_t1.nii": "ok",
    }


# Faces --------------------------------------------------------------------------------------


def head(step: float = 4.0) -> np.ndarray:
    """A head with a nose, front towards high j."""
    i, j, k = (np.arange(side) * step for side in (50, 62, 62))
    x, y, z = np.meshgrid(i - 98, j - 120, k - 122, indexing="ij")
    skull = (x / 75) ** 2 + (y / 95) ** 2 + (z / 110) ** 2 <= 1
    nose = (np.abs(x) < 14) & (y > 80) & (y < 112) & (np.abs(z + 30) < 20)
    return np.where(skull | nose, 40, -1000).astype(np.int16)


@pytest.fixture(scope="module")
def faced(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Lake]:
    place = tmp_path_factory.mktemp("faced")
    (place / "in").mkdir()
    (place / "in" / "ct_head.nii").write_bytes(nifti(head(), step=4.0))
    mask = np.zeros(head().shape, np.uint8)
    mask[20:30, 50:60, 20:30] = 1
    (place / "in" / "ct_head_seg.nii").write_bytes(nifti(mask, step=4.0))
    return place / "in", Lake(str(place / "lake"))


@pytest.mark.parametrize("way", ["flag", "deface", "refuse"])
def test_a_face_is_flagged_cut_out_or_refused(faced: tuple[Path, Lake], key: ProjectKey, way: str) -> None:
    folder, lake = faced
    found = read_volume_folder(folder, lake=lake, workers=1)
    made = deidentified(found, folder=folder, settings=BASIC, key=key, lake=lake, faces=way)
    assert made == deidentified(found, folder=folder, settings=BASIC, key=key, lake=lake, faces=way)
    before = next(volume for volume in found.volumes if not volume.is_mask)
    after = next(volume for volume in made.volumes if not volume.is_mask)
    mask = next(volume for volume in made.volumes if volume.is_mask)
    assert mask.status == "ok" and mask.sha256 in {volume.sha256 for volume in found.volumes}
    row = next(row for row in made.report if after.volume_id in row.volume_ids)
    if way == "flag":
        assert (after.status, after.sha256, row.face) == ("flagged", before.sha256, "flagged")
        assert "face can be rebuilt" in after.reason
    elif way == "refuse":
        assert (after.status, after.sha256, row.status) == ("refused", None, "refused")
    else:
        assert after.status == "flagged" and after.sha256 not in (None, before.sha256)
        assert row.face == "defaced" and row.volumes_sha256 == (before.sha256,)
        old, new = (open_volume(lake, volume) for volume in (before, after))
        assert new.stored.dtype == old.stored.dtype and new.shape == old.shape
        assert np.allclose(new.affine, old.affine)
        changed = np.argwhere(new.stored != old.stored)
        assert 0 < len(changed) < 0.3 * old.stored.size
        assert (new.stored[tuple(changed.T)] == -1000).all()
        assert changed[:, 1].min() >= 25  # y = -20 mm: nothing of the back half


def test_an_unknown_way_with_faces_is_refused(house: House) -> None:
    with pytest.raises(SettingsError, match="faces"):
        house.clean(faces="blur")


# Looking into files -------------------------------------------------------------------------


def test_examining_agrees_with_making_the_file(key: ProjectKey) -> None:
    raw = as_bytes(planted_image())
    seen, done = examine(raw, settings=BASIC, key=key), deidentify(raw, settings=BASIC, key=key)
    assert (seen.status, seen.pixels_sha256) == (done.status, done.pixels_sha256)
    assert {**seen.counts, "added": 0} == {**done.counts(), "added": 0}
    for cut in range(0, len(raw), 97):
        assert examine(raw[:cut], settings=BASIC, key=key).status in ("ok", "quarantined", "refused")


def test_findings_are_remembered_by_bytes_and_settings(tmp_path: Path) -> None:
    import hashlib

    path, lake = tmp_path / "one.dcm", Lake(str(tmp_path / "lake"))
    path.write_bytes(raw := as_bytes(planted_image()))
    job = ExamineJob(path=path, kind="dicom", sha256=hashlib.sha256(raw).hexdigest(), settings=BASIC)
    first = examine_all([job], lake=lake, place="here", workers=1)
    path.write_bytes(b"changed")
    assert examine_all([job], lake=lake, place="here", workers=1) == first
    other = replace(job, settings=DeidentifySettings(retain_longitudinal="modified"))
    assert examine_all([other], lake=lake, place="here", workers=1)[0].status == "refused"
    assert "changed" in examine_file(job).reasons[0]


@pytest.mark.parametrize(
    "data", [b"", b"\0" * 10, b"\x1f\x8b\x08rubbish", struct.pack("<i", 348), struct.pack(">i", 540)]
)
def test_a_damaged_nifti_header_is_no_error(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "bad.nii.gz"
    path.write_bytes(data)
    found = examine_file(ExamineJob(path=path, kind="nifti", sha256="", settings=BASIC))
    assert found.status in ("ok", "refused")


# Settings, messages, the way back -------------------------------------------------------------


def test_settings_from_a_recipe() -> None:
    asked = DeidentifySettings.from_mapping(
        {"retain_longitudinal": "modified", "safe_private": "known", "words": ["Zebra"]}
    )
    assert asked.safe_private == KNOWN_SAFE_PRIVATE and asked.words == {"zebra"}
    assert "words=1" in asked.spelled and "clean_graphics=false" in asked.spelled
    for wrong in ({"colour": True}, {"retain_uids": "yes"}, {"safe_private": [{"creator": "x"}]}):
        with pytest.raises(SettingsError):
            DeidentifySettings.from_mapping(wrong)


@pytest.mark.parametrize(
    ("message", "left"),
    [
        ("It can't be read ('O'Brien^Pat' is odd).", "It can't be read ([removed] is odd)."),
        ("bytes (.1.1.20040826185059.5457) of 8,192", "bytes ([removed]) of 8,192"),
        ("it holds 900995651753669640998622", "it holds [removed]"),
        ("202.500 mm between slices 1 and 2 of 4", "202.500 mm between slices 1 and 2 of 4"),
    ],
)
def test_a_message_keeps_its_own_words_and_numbers(message: str, left: str) -> None:
    assert scrub(message) == left == scrub(left)


def test_the_way_back_is_kept_for_its_owner_only(house: House, tmp_path: Path) -> None:
    made = house.clean()
    path = save_map(tmp_path, "volume_grounding", made.originals)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert set(load_map(tmp_path, "volume_grounding")) == set(made.originals)
    known = {(one.kind, one.new): one.original for one in load_map(tmp_path, "volume_grounding")}
    for source in made.sources:
        assert (house.folder / known["path", source.path]).is_file()
    more = Original(kind="path", new="GR1", original="gone.dcm")
    before = path.read_bytes()
    save_map(tmp_path, "volume_grounding", [more])
    assert {more, *made.originals} == set(load_map(tmp_path, "volume_grounding"))
    save_map(tmp_path, "other", made.originals)
    assert (path.parent / "other.json").read_bytes() == before


def test_a_map_that_is_open_or_damaged_or_has_no_name_is_refused(tmp_path: Path) -> None:
    path = save_map(tmp_path, "one", [])
    path.chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        save_map(tmp_path, "one", [])
    path.chmod(0o600)
    path.write_text('[{"secret": "Thistlewood"}]', encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load_map(tmp_path, "one")
    assert "Thistlewood" not in str(caught.value)
    with pytest.raises(SettingsError, match="no name"):
        save_map(tmp_path, "../up", [])
