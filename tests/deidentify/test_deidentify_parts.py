from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grandrounds.deidentify import values
from grandrounds.deidentify.burned_in import (
    Cleared,
    PixelFacts,
    read_clear_list,
    suspicion,
    write_clear_list,
)
from grandrounds.deidentify.codestream import clean_encapsulated, clean_native
from grandrounds.deidentify.faces import FaceError, deface, face_flag
from grandrounds.deidentify.key import KEY_FILE, ProjectKey, project_key
from grandrounds.deidentify.profile import edition, rows
from grandrounds.deidentify.sanitise import sanitise, sanitise_path, sanitise_text
from grandrounds.deidentify.settings import DeidentifySettings
from grandrounds.deidentify.words import clean_name, clean_text, is_code, plain_words, scrub
from grandrounds.errors import SettingsError
from grandrounds.records.volume import SliceInstance, VolumeLabel, VolumeRecord, Window

KEY = ProjectKey(b"a key that is used in tests only")
BASIC = DeidentifySettings()


# The table ---------------------------------------------------------------------------------


def test_the_table_says_what_the_standard_says_of_known_attributes() -> None:
    actions = {row.keyword: row.action for row in rows().values()}
    assert len(rows()) > 640
    assert edition() == "2026c"
    for keyword, action in {
        "AccessionNumber": "Z",
        "PatientBirthDate": "Z",
        "AcquisitionDateTime": "X/Z/D",
        "ContentDate": "Z/D",
        "DeviceSerialNumber": "X/Z/D",
        "SourceImageSequence": "X/Z/U*",
        "SOPInstanceUID": "U",
        "InstitutionAddress": "X",
        "ProtocolName": "X/D",
        "ContentSequence": "D",
    }.items():
        assert actions[keyword] == action, keyword


# The key -----------------------------------------------------------------------------------


def test_a_key_is_made_once_for_the_owner_only_and_never_shown(tmp_path: Path) -> None:
    first = project_key(tmp_path / "home")
    path = tmp_path / "home" / KEY_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert project_key(tmp_path / "home") == first
    assert first.secret.hex() not in repr(first)
    assert [file.name for file in path.parent.iterdir()] == [KEY_FILE]


def test_many_that_make_a_key_at_once_get_one(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: project_key(tmp_path).secret, range(24)))
    assert len(keys) == 1


def test_a_key_that_others_can_read_or_that_is_damaged_is_refused(tmp_path: Path) -> None:
    project_key(tmp_path)
    path = tmp_path / KEY_FILE
    os.chmod(path, 0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        project_key(tmp_path)
    os.chmod(path, 0o600)
    path.write_text("not hex: topsecret", encoding="ascii")
    with pytest.raises(SettingsError) as caught:
        project_key(tmp_path)
    assert "topsecret" not in str(caught.value)


@given(
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=80).filter(lambda text: text.strip(" \0"))
)
def test_mapping_is_stable_and_is_its_own_fixed_point(text: str) -> None:
    uid, name = KEY.uid(text), KEY.patient(text)
    assert KEY.uid(uid) == uid and KEY.patient(name) == name
    assert len(uid) <= 64 and uid.startswith("2.25.")
    assert ProjectKey(b"another key of sixteen").uid(text) != uid
    assert KEY.shift_days(name) == 0
    assert 30 <= KEY.shift_days(text) < 3680 or KEY.made_patient(text.strip())


# Words -------------------------------------------------------------------------------------


@given(st.text(max_size=300))
def test_a_cleaned_text_holds_listed_words_only_and_is_clean(text: str) -> None:
    cleaned = clean_text(text)
    assert clean_text(cleaned) == cleaned
    for word in cleaned.split():
        assert word in plain_words() or any(char.isdigit() for char in word)


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("T2* SAG C-SPINE Smith 12.03.1970", "t2star sag spine"),
        ("Liver, 5mm, Dr. Jane Roe, tel 555-0100", "liver 5mm"),
        ("John Doe", ""),
        ("19700606", ""),
        ("Lumbar L4 L5", "lumbar l4 l5"),
        ("ＨＥＡＤ", ""),
    ],
)
def test_examples_of_cleaning(text: str, cleaned: str) -> None:
    assert clean_text(text) == cleaned


def test_a_structures_name_stays_whole_or_goes() -> None:
    assert clean_name("vertebrae_L1") == "vertebrae_L1"
    assert clean_name("Liver of Smith") == ""
    assert clean_name("42") == ""


def test_code_strings() -> None:
    assert all(is_code(code) for code in ("", "ORIGINAL", "MONOCHROME2", "HFS", "DERIVED", "YBR_FULL_422"))
    assert not any(is_code(code) for code in ("SMITH", "MRN778899", "DOE JOHN", "lower", "12345678"))


def test_a_reason_loses_what_it_quotes() -> None:
    said = scrub(
        "(0020,0032) holds 'DOE^JOHN', 1.2.840.113619.2.5.1762 on 06.06.1970, call +44 20 7946 0958."
    )
    assert not any(text in said for text in ("DOE", "113619", "1970", "7946"))
    assert scrub(said) == said
    assert scrub("1 gap of 1.5 mm among 0.75 mm") == "1 gap of 1.5 mm among 0.75 mm"


def test_dates_move_and_what_is_none_does_not() -> None:
    assert values.shifted("DA", "20200301", 1) == "20200229"
    assert values.shifted("DT", "20200301120000.5+0100", 366) == "20190301120000.5+0100"
    assert values.shifted("TM", "235959", 5) == "235959"
    assert [values.shifted("DA", text, 1) for text in ("SMITH", "20201301", "2020", "00010101")] == [
        None
    ] * 4
    assert values.age("095Y") == "090Y" and values.age("MRN7") is None


# Burned-in text ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "suspected"),
    [
        (
            PixelFacts(
                modality="CT", image_type=("ORIGINAL", "PRIMARY", "AXIAL"), photometric="MONOCHROME2"
            ),
            False,
        ),
        (PixelFacts(modality="CT", image_type=("DERIVED", "SECONDARY", "MPR")), False),
        (PixelFacts(modality="CT", image_type=("DERIVED", "SECONDARY")), True),
        (PixelFacts(modality="CT", image_type=("DERIVED", "PRIMARY", "SCREEN SAVE")), True),
        (PixelFacts(modality="MR", photometric="RGB", image_type=("ORIGINAL", "PRIMARY")), True),
        (PixelFacts(modality="MR", burned_in="YES"), True),
        (PixelFacts(modality="US", burned_in="NO"), True),
        (PixelFacts(modality="DX", burned_in="NO"), False),
        (PixelFacts(modality="DX"), True),
        (PixelFacts(modality="CT", conversion="WSD"), True),
        (PixelFacts(modality="CT", sop_class="1.2.840.10008.5.1.4.1.1.7"), True),
        (PixelFacts(modality="SEG"), False),
        (PixelFacts(), True),
    ],
)
def test_when_burned_in_text_is_suspected(facts: PixelFacts, suspected: bool) -> None:
    assert bool(suspicion(facts)) == suspected


def test_a_clear_list_is_read_as_it_was_written(tmp_path: Path) -> None:
    row = Cleared(pixels_sha256="ab" * 32, by="reviewer-a", on=date(2026, 1, 31), note='marker only, "L"')
    path = tmp_path / "cleared.csv"
    write_clear_list(path, {row.pixels_sha256: row})
    assert read_clear_list(path) == {row.pixels_sha256: row}
    path.write_text("pixels_sha256,by,on\nabc,reviewer-a,2026-01-31\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="Line 2"):
        read_clear_list(path)


# Compressed pixels -------------------------------------------------------------------------


def _fragment(data: bytes) -> bytes:
    data += b"\0" * (len(data) % 2)
    return b"\xfe\xff\x00\xe0\0\0\0\0" + b"\xfe\xff\x00\xe0" + len(data).to_bytes(4, "little") + data


def test_comments_in_frames_and_bytes_behind_them_go() -> None:
    jpeg = (
        b"\xff\xd8"
        + b"\xff\xfe\x00\x0aDOE^JOHN"
        + b"\xff\xe1\x00\x06Exif"
        + b"\xff\xda\x00\x04\x01\x02data\xff\xd9DOE^JOHN"
    )
    j2k = b"\xff\x4f" + b"\xff\x64\x00\x0c\x00\x01DOE^JOHN" + b"\xff\x90\x00\x0a" + b"data\xff\xd9"
    for frame in (jpeg, j2k):
        done = clean_encapsulated(_fragment(frame))
        assert b"DOE" not in done.data and b"Exif" not in done.data
        assert len(done.data) == len(_fragment(frame)) and b"data\xff\xd9" in done.data
        assert done.changes and not done.doubt
        assert clean_encapsulated(done.data).data == done.data


@given(st.binary(max_size=200))
def test_any_bytes_as_compressed_pixels_end_in_an_answer(data: bytes) -> None:
    assert len(clean_encapsulated(data).data) <= len(data)
    assert clean_encapsulated(_fragment(b"\xff\xd8" + data)).data
    assert clean_encapsulated(_fragment(b"\xff\x4f" + data)).data


def test_native_pixels_end_where_they_should() -> None:
    assert clean_native(b"abcdeDOE", 5).data == b"abcde\0"
    assert clean_native(b"abcde\0", 5).changes == ()
    assert clean_native(b"abc", None).doubt


# Faces -------------------------------------------------------------------------------------


def head(
    *, step: float = 2.0, dtype: type = np.int16, centre: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """A skull-like ellipsoid with a nose, in air, as CT."""
    axis = np.arange(-128, 128, step)
    x, y, z = axis[:, None, None], axis[None, :, None] - centre, axis[None, None, :]
    solid = (x / 75) ** 2 + (y / 95) ** 2 + (z / 110) ** 2 < 1
    nose = (x / 15) ** 2 + ((y - 95) / 22) ** 2 + ((z + 25) / 22) ** 2 < 1
    array = np.where(solid | nose, 40, -1000).astype(dtype)
    affine = np.diag([step, step, step, 1.0])
    affine[:3, 3] = -128
    return array, affine


def test_a_head_is_flagged_and_its_nose_goes_but_not_its_back() -> None:
    array, affine = head()
    flag = face_flag(array, affine, modality="CT", body_part="HEAD")
    assert flag.flagged
    assert face_flag(array, affine, modality="CT").flagged
    done = deface(array, affine, modality="CT")
    assert done.array.dtype == array.dtype and done.fill == -1000
    assert (done.array[~done.removed] == array[~done.removed]).all()
    assert done.voxels == done.removed.sum() > 0
    j, k = int((95 + 15 + 128) / 2), int((-25 + 128) / 2)
    assert array[64, j, k] == 40 and done.array[64, j, k] == -1000
    assert not done.removed[:, : int((0 + 128) / 2), :].any()  # nothing behind the middle
    assert not done.removed[:, :, int((40 + 128) / 2) :].any()  # nothing of the upper head
    assert (array[64, j, k], array.max()) == (40, 40)  # the given array stays


def test_defacing_keeps_four_dimensions_and_bytes() -> None:
    array, affine = head(step=4.0, dtype=np.uint8)
    four = np.stack([array, array], axis=3)
    done = deface(four, affine, modality="MR")
    assert done.array.shape == four.shape and done.array.dtype == np.uint8


def test_what_is_no_head_is_not_flagged() -> None:
    array, affine = head()
    assert not face_flag(array, affine, modality="CT", body_part="KNEE").flagged
    assert not face_flag(array, affine, modality="US", body_part="HEAD").flagged
    assert not face_flag(array, affine, modality="CT", is_mask=True).flagged
    coarse, wide = head(step=8.0)
    assert not face_flag(coarse, wide, modality="CT", body_part="HEAD").flagged
    cropped = array[:, : int((60 + 128) / 2), :]  # no skin in front
    assert not face_flag(cropped, affine, modality="CT", body_part="HEAD").flagged
    axis = np.arange(-200, 200, 4.0)
    trunk = (axis[:, None, None] / 170) ** 2 + (axis[None, :, None] / 110) ** 2 + 0 * axis[
        None, None, :
    ] < 1
    size = np.diag([4.0, 4.0, 4.0, 1.0])
    assert not face_flag(np.where(trunk, 40, -1000), size, modality="CT").flagged


def test_a_head_cut_off_at_the_top_loses_all_of_its_front() -> None:
    array, affine = head()
    cut = array[:, :, : int((-10 + 128) / 2)]
    done = deface(cut, affine, modality="CT")
    front = cut[64, :, -1] == 40
    assert done.removed[64, np.flatnonzero(front)[-1], -1]


@pytest.mark.parametrize("bad", [np.zeros((4, 4)), np.diag([1.0, 1, 0, 1]), np.full((4, 4), np.nan)])
def test_a_volume_without_geometry_is_refused(bad: np.ndarray) -> None:
    with pytest.raises(FaceError):
        face_flag(np.zeros((4, 4, 4)), bad, modality="CT")
    with pytest.raises(FaceError):
        deface(np.full((9, 9, 9), -1000, np.int16), np.eye(4), modality="CT")


@pytest.mark.parametrize(
    ("name", "modality", "flagged"),
    [
        ("totalsegmentator/example_ct.nii.gz", "CT", False),
        ("totalsegmentator/example_mr_sm.nii.gz", "MR", False),
        ("spinal-cord/t1/t1w.nii.gz", "MR", False),
        ("spinal-cord/t2s/t2s_uncropped.nii.gz", "MR", False),
        # A brain without its skin: the rule can't tell, and flags rather than misses.
        ("mni152/mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz", "MR", True),
    ],
)
def test_real_volumes(shared_data: Path, name: str, modality: str, flagged: bool) -> None:
    import nibabel as nib

    image = nib.as_closest_canonical(nib.load(shared_data / "studies" / "nifti" / name))
    assert face_flag(np.asarray(image.dataobj), image.affine, modality=modality).flagged == flagged


# Rows --------------------------------------------------------------------------------------


def test_a_row_is_clean_and_agrees_with_the_files() -> None:
    record = VolumeRecord(
        volume_id="volume-" + "0" * 24,
        source_ids=("source-" + "1" * 24, "Quillfeather/0001.dcm"),
        format="dicom",
        status="flagged",
        reason="(0010,0010) holds 'Quillfeather'",
        modality="MR",
        body_part="QUILLFEATHER",
        sequence_words=("t1", "sag", "quillfeather"),
        study_uid="1.2.3.4.5",
        instances=(
            SliceInstance(
                axis=2, index=0, time=0, sop_instance_uid="1.2.3.4.5.6", frame=0, source_id="Quillfeather"
            ),
        ),
        windows=(Window(center=40, width=400, name="SOFT TISSUE Quillfeather"),),
        labels=(
            VolumeLabel(value=1, name="liver", voxels=5),
            VolumeLabel(value=2, name="Quillfeather's mass", voxels=5),
        ),
        name="Quillfeather 19700606 head.nii.gz",
        group_id="patient:Quillfeather",
        notes=("file 'Quillfeather' is odd",),
    )
    made = sanitise(record, settings=BASIC, key=KEY)
    assert "uillfeather" not in repr(made) and "QUILL" not in repr(made)
    assert made.study_uid == KEY.uid("1.2.3.4.5")
    assert made.instances[0].sop_instance_uid == KEY.uid("1.2.3.4.5.6")
    assert [label.name for label in made.labels] == ["liver", "label 2"]
    assert made.source_ids[0] == KEY.row(record.source_ids[0]) != record.source_ids[0]
    assert made.volume_id == KEY.row(record.volume_id) != record.volume_id
    assert made.sequence_words == ("t1", "sag")
    assert sanitise(made, settings=BASIC, key=KEY) == made


def test_paths_and_texts_are_clean() -> None:
    assert sanitise_text("T1 SAG Quillfeather", settings=BASIC) == "t1 sag"
    first = sanitise_path(("Quillfeather", "1970", "a.nii.gz"), key=KEY)
    second = sanitise_path(("Quillfeather", "1970", "b.nii.gz"), key=KEY)
    assert "Quill" not in first and first.endswith(".nii.gz")
    assert first.rpartition("/")[0] == second.rpartition("/")[0] and first != second
