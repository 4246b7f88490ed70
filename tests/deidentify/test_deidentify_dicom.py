from __future__ import annotations

import io
from pathlib import Path

import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.sr.coding import Code

from grandrounds.deidentify.burned_in import Cleared
from grandrounds.deidentify.dicom import deidentify
from grandrounds.deidentify.key import ProjectKey
from grandrounds.deidentify.report import OK, QUARANTINED, REFUSED
from grandrounds.deidentify.settings import KNOWN_SAFE_PRIVATE, DeidentifySettings, SafePrivate
from grandrounds.deidentify.values import code_meaning
from tests.deidentify.conftest import as_bytes, image, items

BASIC = DeidentifySettings()
EVERYTHING_CLEANED = DeidentifySettings(
    retain_longitudinal="modified",
    retain_patient_characteristics=True,
    clean_structured_content=True,
    clean_graphics=True,
    safe_private=KNOWN_SAFE_PRIVATE,
)
PLANTED = (
    "Quillfeather",
    "Marguerite",
    "MRN778899",
    "ACC445566",
    "19420317",
    "St Ethelburga",
    "Wendelmoor",
    "+44 20 7946 0958",
    "QUILLPACS",
    "Osgoodthwaite",
    "山田",
    "Müllerschön",
)


def planted_image() -> Dataset:
    """Every place where an identifier can sit."""
    made = image()
    made.SpecificCharacterSet = "ISO_IR 192"
    made.PatientBirthDate, made.AccessionNumber = "19420317", "ACC445566"
    made.InstitutionName, made.ReferringPhysicianName = "St Ethelburga", "Osgoodthwaite^Peregrine"
    made.OtherPatientNames = "山田^太郎"
    made.StudyDescription = "CT HEAD for Quillfeather, born 17.03.1942, call +44 20 7946 0958"
    made.SeriesDescription = "T2 FLAIR Marguerite axial 5mm MRN778899"
    made.ImageComments = "Müllerschön saw her; St Ethelburga, Wendelmoor"
    made.PatientAddress = "1 High Street, Wendelmoor"
    made.BodyPartExamined = "QUILLFEATHER"  # a code string that is none
    made.Manufacturer = "Wendelmoor Imaging"
    made.ScanOptions = ["HELICAL", "MARGUERITE"]
    made.ProtocolName = "Head Osgoodthwaite"
    inner = Dataset()
    inner.PatientName, inner.TextValue = "Quillfeather^Marguerite", "Marguerite of Wendelmoor"
    inner.ReferencedSOPInstanceUID = made.SOPInstanceUID
    middle = Dataset()
    middle.ReferencedImageSequence = items(inner)
    middle.add_new(0x00090010, "LO", "QUILLPACS")
    middle.add_new(0x00091001, "LT", "Osgoodthwaite was here")
    made.ReferencedSeriesSequence = items(middle)
    made.add_new(0x00190010, "LO", "SIEMENS MR HEADER")
    made.add_new(0x0019100C, "IS", "1000")
    made.add_new(0x00191010, "LO", "Quillfeather")
    made.add_new(0x00290010, "LO", "Marguerite")
    made.add_new(0x00291010, "OB", b"blob MRN778899 ")
    made.add_new(0x00291011, "UN", b"Quillfeather")
    made.add_new(0x60000010, "US", 8)
    made.add_new(0x60003000, "OW", b"Quillfeather")
    made.add_new(0x60004000, "LT", "Marguerite")
    made.add_new(0x50000010, "US", 1)
    made.add_new(0x50002500, "LO", "Wendelmoor")
    made.add_new(0x001811A0, "OB", b"Wendelmoor  ")  # a number by the standard
    made.add_new(0x00091301, "UN", b"St Ethelburga ")
    made.add_new(0x00100011, "OB", "Marguerite".encode("utf-16-le"))  # an attribute newer than dictionaries
    made.add_new(0xFFFCFFFC, "OB", b"MRN778899 Quillfeather")
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = (
        "10200004",
        "SCT",
        "Quillfeather's liver",
    )
    made.AnatomicRegionSequence = items(code)
    local = Dataset()
    local.CodeValue, local.CodingSchemeDesignator = "WENDELMOOR", "99OSGOODTHWAITE"
    local.CodeMeaning = "Wendelmoor ward"
    made.PrimaryAnatomicStructureSequence = items(local)
    made.PixelData = made.PixelData + b"MRN778899 Quillfeather"
    return made


def survivors(data: bytes) -> list[str]:
    return [
        text
        for text in PLANTED
        for encoding in ("utf-8", "utf-16-le", "utf-16-be", "latin-1", "iso2022_jp")
        if text.encode(encoding, "replace").strip(b"?") and text.encode(encoding, "ignore") != b""
        if text.encode(encoding, "ignore") in data and len(text.encode(encoding, "ignore")) >= 4
    ]


@pytest.mark.parametrize("implicit", [False, True], ids=["explicit", "implicit"])
@pytest.mark.parametrize("asked", [BASIC, EVERYTHING_CLEANED], ids=["basic", "cleaned"])
def test_no_planted_identifier_survives_in_any_byte(
    key: ProjectKey, asked: DeidentifySettings, implicit: bool
) -> None:
    raw = as_bytes(planted_image(), implicit=implicit, preamble=b"Quillfeather".ljust(128, b"\0"))
    raw += b"\0\0\0\0"
    assert len(set(survivors(raw))) >= len(PLANTED) - 1  # the search does find them in the original
    done = deidentify(raw, settings=asked, key=key)
    assert done.status == OK, done.reasons
    assert survivors(done.data) == []
    assert not any(text in str(done.changes) + done.name for text in PLANTED)


def test_what_a_reader_needs_stays(key: ProjectKey) -> None:
    done = deidentify(as_bytes(planted_image()), settings=EVERYTHING_CLEANED, key=key)
    made = pydicom.dcmread(io.BytesIO(done.released))
    assert made.pixel_array.ravel().tolist() == list(range(64))
    assert made.SeriesDescription == "t2 flair axial 5mm"
    assert made.StudyDescription == "ct head" or made.StudyDescription.startswith("ct head")
    assert made.AnatomicRegionSequence[0].CodeMeaning == code_meaning("SCT", "10200004")
    assert made[0x0019100C].value == 1000
    assert made[0x00190010].value == "SIEMENS MR HEADER"
    assert 0x00290010 not in made
    assert made.ImagePositionPatient == [0, 0, 1]
    assert made.PatientIdentityRemoved == "YES"
    assert "113107" in [item.CodeValue for item in made.DeidentificationMethodCodeSequence]
    assert done.data[:128] == b"\0" * 128
    assert "SourceApplicationEntityTitle" not in made.file_meta


def test_twice_is_once(key: ProjectKey) -> None:
    for asked in (BASIC, EVERYTHING_CLEANED):
        once = deidentify(as_bytes(planted_image()), settings=asked, key=key)
        assert deidentify(once.data, settings=asked, key=key).data == once.data
        assert deidentify(as_bytes(planted_image()), settings=asked, key=key) == once


def test_a_study_stays_one_study_and_another_key_makes_another(key: ProjectKey) -> None:
    first, second = (
        pydicom.dcmread(io.BytesIO(deidentify(as_bytes(image(n)), settings=BASIC, key=key).data))
        for n in (1, 2)
    )
    assert first.StudyInstanceUID == second.StudyInstanceUID != image().StudyInstanceUID
    assert first.SeriesInstanceUID == second.SeriesInstanceUID
    assert first.FrameOfReferenceUID == second.FrameOfReferenceUID
    assert first.SOPInstanceUID != second.SOPInstanceUID
    assert first.file_meta.MediaStorageSOPInstanceUID == first.SOPInstanceUID
    assert first.PatientID == second.PatientID == str(first.PatientName)
    other = deidentify(as_bytes(image(1)), settings=BASIC, key=ProjectKey(b"another key of sixteen"))
    assert pydicom.dcmread(io.BytesIO(other.data)).StudyInstanceUID != first.StudyInstanceUID


def test_references_are_mapped_like_what_they_refer_to(key: ProjectKey) -> None:
    made = pydicom.dcmread(io.BytesIO(deidentify(as_bytes(planted_image()), settings=BASIC, key=key).data))
    inner = made.ReferencedSeriesSequence[0].ReferencedImageSequence[0]
    assert inner.ReferencedSOPInstanceUID == made.SOPInstanceUID


def test_dates_of_a_patient_keep_their_distance(key: ProjectKey) -> None:
    import datetime

    asked = DeidentifySettings(retain_longitudinal="modified")
    early, late = image(1), image(2)
    late.StudyDate = "20190801"
    got = [
        pydicom.dcmread(io.BytesIO(deidentify(as_bytes(one), settings=asked, key=key).data)).StudyDate
        for one in (early, late)
    ]
    days = [datetime.date(int(d[:4]), int(d[4:6]), int(d[6:])) for d in got]
    assert (days[1] - days[0]).days == 18
    assert days[0] < datetime.date(2019, 6, 15)
    plain = deidentify(as_bytes(early), settings=BASIC, key=key)
    assert not pydicom.dcmread(io.BytesIO(plain.data)).StudyDate


def test_options_keep_what_they_say(key: ProjectKey) -> None:
    made = planted_image()
    made.PatientAge, made.PatientSex, made.DeviceSerialNumber = "101Y", "F", "SN-1"
    asked = DeidentifySettings(
        retain_patient_characteristics=True,
        retain_uids=True,
        retain_institution_identity=True,
        retain_device_identity=True,
        retain_longitudinal="full",
    )
    got = pydicom.dcmread(io.BytesIO(deidentify(as_bytes(made), settings=asked, key=key).data))
    assert (got.PatientAge, got.PatientSex, got.DeviceSerialNumber) == ("090Y", "F", "SN-1")
    assert got.InstitutionName == "St Ethelburga"
    assert got.StudyInstanceUID == made.StudyInstanceUID
    assert got.StudyDate == "20190714"
    assert not got.PatientBirthDate


def test_a_private_element_stays_only_as_a_number(key: ProjectKey) -> None:
    made = image()
    made.add_new(0x00110010, "LO", "OURS")
    made.add_new(0x00111001, "LO", "Quillfeather")
    made.add_new(0x00111002, "DS", "2.5")
    asked = DeidentifySettings(
        safe_private=(
            SafePrivate(creator="OURS", group=0x0011, element=0x01, vr="LO"),
            SafePrivate(creator="OURS", group=0x0011, element=0x02),
        )
    )
    got = pydicom.dcmread(io.BytesIO(deidentify(as_bytes(made), settings=asked, key=key).data))
    assert 0x00111001 not in got
    assert got[0x00111002].value == 2.5


def test_text_in_the_bytes_of_numbers_goes(key: ProjectKey) -> None:
    import struct

    made = image()
    made.add_new(0x00189087, "FD", struct.unpack("<d", b"Quillfea")[0])
    made.add_new(0x00201041, "DS", "1.5")
    done = deidentify(as_bytes(made), settings=BASIC, key=key)
    got = pydicom.dcmread(io.BytesIO(done.data))
    assert b"Quillfea" not in done.data
    assert got.SliceLocation == 1.5


def test_a_name_in_the_pixels_is_noticed(key: ProjectKey) -> None:
    made = image()
    made.PixelData = b"Quillfeather^Marguerite ".ljust(128, b"\0")
    done = deidentify(as_bytes(made), settings=BASIC, key=key)
    assert done.status == QUARANTINED
    assert done.released == b""


def test_a_picture_that_a_person_cleared_goes_out(key: ProjectKey) -> None:
    from datetime import date

    made = image()
    made.Modality, made.SOPClassUID = "US", "1.2.840.10008.5.1.4.1.1.6.1"
    held = deidentify(as_bytes(made), settings=BASIC, key=key)
    assert held.status == QUARANTINED and "ultrasound" in held.reasons[0]
    row = Cleared(pixels_sha256=held.pixels_sha256, by="reviewer-a", on=date(2026, 1, 2))
    let = deidentify(as_bytes(made), settings=BASIC, key=key, cleared={held.pixels_sha256: row})
    assert let.status == OK
    assert pydicom.dcmread(io.BytesIO(let.released)).BurnedInAnnotation == "NO"


@pytest.mark.parametrize(
    "sop_class", ["1.2.840.10008.5.1.4.1.1.104.1", "1.2.840.10008.5.1.4.1.1.66", "1.2.840.10008.1.3.10", ""]
)
def test_what_cannot_be_looked_into_is_refused(key: ProjectKey, sop_class: str) -> None:
    made = image()
    made.SOPClassUID = sop_class
    raw = as_bytes(image()).replace(
        b"1.2.840.10008.5.1.4.1.1.2\0", sop_class.encode().ljust(26, b"\0")[:26]
    )
    if len(sop_class) > 26:
        made.SOPInstanceUID = "1.2.3"
        raw = as_bytes(made)
    done = deidentify(raw, settings=BASIC, key=key)
    assert done.status == REFUSED
    assert done.data == b""


def test_a_code_with_a_shortened_meaning_gets_the_whole_one_and_is_no_residue(key: ProjectKey) -> None:
    made = image()
    whole = code_meaning("DCM", "126000") or ""
    region = Dataset()
    region.CodeValue, region.CodingSchemeDesignator, region.CodeMeaning = "126000", "DCM", whole[:-3]
    made.AnatomicRegionSequence = items(region)
    done = deidentify(as_bytes(made), settings=BASIC, key=key)
    assert (done.status, done.reasons) == (
        deidentify(as_bytes(image()), settings=BASIC, key=key).status,
        (),
    )
    got = pydicom.dcmread(io.BytesIO(done.data))
    assert got.AnatomicRegionSequence[0].CodeMeaning == whole != whole[:-3]


def test_structured_content_stays_without_its_text(key: ProjectKey) -> None:
    made = image()
    node = Dataset()
    node.ValueType, node.TextValue = "TEXT", "Quillfeather has a mass"
    node.ConceptNameCodeSequence = items(Dataset())
    concept = Code("121071", "DCM", "Finding")
    name = node.ConceptNameCodeSequence[0]
    name.CodeValue, name.CodingSchemeDesignator, name.CodeMeaning = concept.value, "DCM", "Finding"
    made.ContentSequence = items(node)
    asked = DeidentifySettings(clean_structured_content=True)
    got = pydicom.dcmread(io.BytesIO(deidentify(as_bytes(made), settings=asked, key=key).data))
    assert got.ContentSequence[0].ConceptNameCodeSequence[0].CodeMeaning == "Finding"
    assert b"Quillfeather" not in deidentify(as_bytes(made), settings=asked, key=key).data
    bare = pydicom.dcmread(io.BytesIO(deidentify(as_bytes(made), settings=BASIC, key=key).data))
    assert len(bare.ContentSequence) == 0


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_files_end_in_an_answer_and_never_leak(key: ProjectKey, data: st.DataObject) -> None:
    raw = bytearray(as_bytes(planted_image()))
    for _ in range(data.draw(st.integers(1, 12))):
        raw[data.draw(st.integers(132, len(raw) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.one_of(st.none(), st.integers(0, len(raw))))
    done = deidentify(bytes(raw[:cut]), settings=BASIC, key=key)
    assert done.status in (OK, QUARANTINED, REFUSED)
    assert "Quillfeather" not in str(done.changes) + str(done.reasons)
    leaked = [text for text in PLANTED if text.encode("utf-8") in done.released]
    assert leaked == []


@pytest.mark.parametrize("raw", [b"", b"\0" * 200, b"not dicom at all", b"\x02\x00\x10\x00UI\xff\xff"])
def test_what_is_no_dicom_is_refused(key: ProjectKey, raw: bytes) -> None:
    assert deidentify(raw, settings=BASIC, key=key).status == REFUSED


def test_deep_nesting_does_not_crash(key: ProjectKey) -> None:
    made = image()
    inner = Dataset()
    inner.ImageComments = "Quillfeather"
    for _ in range(90):
        outer = Dataset()
        outer.ReferencedSeriesSequence = items(inner)
        inner = outer
    made.ReferencedSeriesSequence = items(inner)
    done = deidentify(as_bytes(made), settings=BASIC, key=key)
    assert done.status in (QUARANTINED, REFUSED)
    assert b"Quillfeather" not in done.data


def test_real_files_lose_their_identifiers(shared_data: Path, key: ProjectKey) -> None:
    folder = shared_data / "studies" / "dicom"
    cases = {
        "phi/presidio-0_ORIGINAL_no_pixels.dcm": ("DAVIDSON", "DOUGLAS", "292821506", "19760616"),
        "phi/deid-ctbrain1.dcm": ("SIMPSON", "HOMER", "00007041776"),
        "phi/deid-GREYSCALE_IMAGE.dcm": ("PATIENTFIVE", "2020202020202", "19510829"),
        "mr-head-sag-siemens/0001.dcm": ("19700606",),
        "pydicom-samples/rtplan.dcm": ("Lastname", "id00001"),
        "pydicom-samples/test-SR.dcm": ("Test^S",),
        "highdicom/seg_image_ct_binary.dcm": ("Archibald", "77654033"),
    }
    for name, texts in cases.items():
        done = deidentify(folder / name, settings=EVERYTHING_CLEANED, key=key)
        assert done.status != REFUSED, name
        assert not any("identifying" in reason for reason in done.reasons), name
        assert [text for text in texts if text.encode() in done.data] == [], name


def test_pixels_of_real_files_decode_to_the_same(shared_data: Path, key: ProjectKey) -> None:
    folder = shared_data / "studies" / "dicom"
    for name in (
        "pydicom-samples/MR_small.dcm",
        "pydicom-samples/MR_small_RLE.dcm",
        "pydicom-samples/MR_small_bigendian.dcm",
        "pydicom-samples/MR_small_implicit.dcm",
        "pydicom-samples/MR_small_jp2klossless.dcm",
        "pydicom-samples/MR_small_jpeg_ls_lossless.dcm",
        "pydicom-samples/SC_rgb_jpeg_dcmtk.dcm",
        "highdicom/seg_image_ct_binary.dcm",
        "pydicom-samples/image_dfl.dcm",
    ):
        before = pydicom.dcmread(folder / name)
        after = pydicom.dcmread(io.BytesIO(deidentify(folder / name, settings=BASIC, key=key).data))
        assert (before.pixel_array == after.pixel_array).all(), name
        assert after.file_meta.TransferSyntaxUID == before.file_meta.TransferSyntaxUID


def test_a_segmentation_still_points_to_its_image(shared_data: Path, key: ProjectKey) -> None:
    folder = shared_data / "studies" / "dicom" / "highdicom"
    seg, ct = (
        pydicom.dcmread(io.BytesIO(deidentify(folder / name, settings=BASIC, key=key).data))
        for name in ("seg_image_ct_binary_single_frame.dcm", "ct_image.dcm")
    )
    pointed = {
        str(element.value) for element in seg.iterall() if element.keyword == "ReferencedSOPInstanceUID"
    }
    assert ct.SOPInstanceUID in pointed
    assert seg.StudyInstanceUID == ct.StudyInstanceUID
    assert seg.SegmentSequence[0].SegmentedPropertyTypeCodeSequence[0].CodeMeaning
