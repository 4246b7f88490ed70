"""The DICOM attributes that the reader looks at, and the classes and syntaxes it knows (PS3.6)."""

from __future__ import annotations

WANTED: dict[int, str] = {
    0x00020002: "UI",  # MediaStorageSOPClassUID
    0x00020010: "UI",  # TransferSyntaxUID
    0x00080005: "CS",  # SpecificCharacterSet
    0x00080008: "CS",  # ImageType
    0x00080016: "UI",  # SOPClassUID
    0x00080018: "UI",  # SOPInstanceUID
    0x00080032: "TM",  # AcquisitionTime
    0x00080060: "CS",  # Modality
    0x00080070: "LO",  # Manufacturer
    0x0008103E: "LO",  # SeriesDescription
    0x00100020: "LO",  # PatientID
    0x00100010: "PN",  # PatientName
    0x00180015: "CS",  # BodyPartExamined
    0x00180020: "CS",  # ScanningSequence
    0x00180021: "CS",  # SequenceVariant
    0x00180024: "SH",  # SequenceName
    0x00180086: "IS",  # EchoNumbers
    0x00180081: "DS",  # EchoTime
    0x00180088: "DS",  # SpacingBetweenSlices
    0x00181030: "LO",  # ProtocolName
    0x00180050: "DS",  # SliceThickness
    0x00181060: "DS",  # TriggerTime
    0x00181164: "DS",  # ImagerPixelSpacing
    0x00185101: "CS",  # ViewPosition
    0x00189087: "FD",  # DiffusionBValue
    0x0020000D: "UI",  # StudyInstanceUID
    0x0020000E: "UI",  # SeriesInstanceUID
    0x00200012: "IS",  # AcquisitionNumber
    0x00200013: "IS",  # InstanceNumber
    0x00200020: "CS",  # PatientOrientation
    0x00200032: "DS",  # ImagePositionPatient
    0x00200037: "DS",  # ImageOrientationPatient
    0x00200052: "UI",  # FrameOfReferenceUID
    0x00200100: "IS",  # TemporalPositionIdentifier
    0x00280002: "US",  # SamplesPerPixel
    0x00280004: "CS",  # PhotometricInterpretation
    0x00280006: "US",  # PlanarConfiguration
    0x00280008: "IS",  # NumberOfFrames
    0x00280010: "US",  # Rows
    0x00280011: "US",  # Columns
    0x00280030: "DS",  # PixelSpacing
    0x00280100: "US",  # BitsAllocated
    0x00280101: "US",  # BitsStored
    0x00280102: "US",  # HighBit
    0x00280103: "US",  # PixelRepresentation
    0x00280120: "XS",  # PixelPaddingValue
    0x00280301: "CS",  # BurnedInAnnotation
    0x00281050: "DS",  # WindowCenter
    0x00281051: "DS",  # WindowWidth
    0x00281052: "DS",  # RescaleIntercept
    0x00281053: "DS",  # RescaleSlope
    0x00281054: "LO",  # RescaleType
    0x00281055: "LO",  # WindowCenterWidthExplanation
    0x0019100A: "US",  # Siemens: NumberOfImagesInMosaic
    0x0019100C: "IS",  # Siemens: b-value
    0x00291010: "OB",  # Siemens: CSA image header
    0x30040002: "CS",  # DoseUnits
    0x3004000C: "DS",  # GridFrameOffsetVector
    0x3004000E: "DS",  # DoseGridScaling
    0x00541001: "CS",  # Units (PET)
    0x00541330: "US",  # ImageIndex (PET)
}

PIXELS = 0x7FE00010
FLOAT_PIXELS = 0x7FE00008
DOUBLE_PIXELS = 0x7FE00009

IMPLICIT_LITTLE = "1.2.840.10008.1.2"
EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"
EXPLICIT_BIG = "1.2.840.10008.1.2.2"
NATIVE = frozenset({IMPLICIT_LITTLE, EXPLICIT_LITTLE, EXPLICIT_BIG, DEFLATED})

SEGMENTATION = frozenset({"1.2.840.10008.5.1.4.1.1.66.4"})
LABELMAP_SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.7"
STRUCTURE_SET = "1.2.840.10008.5.1.4.1.1.481.3"
DOSE = "1.2.840.10008.5.1.4.1.1.481.2"
WHOLE_SLIDE = "1.2.840.10008.5.1.4.1.1.77.1.6"
DIRECTORY = "1.2.840.10008.1.3.10"
CT_IMAGES = frozenset({f"1.2.840.10008.5.1.4.1.1.2{end}" for end in ("", ".1", ".2")})
SECONDARY_CAPTURES = frozenset(
    {"1.2.840.10008.5.1.4.1.1.7", *(f"1.2.840.10008.5.1.4.1.1.7.{n}" for n in range(1, 5))}
)

_WORDS = (
    "t1 t1w t2 t2w t2s t2star pd pdw flair stir tirm dwi dti adc trace fa swi swan tof mra mrv cta",
    "ctv ctpa mprage space vista cube fspgr spgr bravo flash vibe lava dixon haste ssfse tse fse se",
    "gre epi bold fmri asl perfusion dsc dce fiesta ciss trufi dess mt mtr mpr mip recon axial ax",
    "sagittal sag coronal cor oblique localizer localiser scout topogram surview 2d 3d fs fatsat nofs",
    "contrast gd pre post native arterial venous portal delayed bone lung soft brain mediastinum",
    "angio helical spiral plain hr hrct kernel thin thick chest abdomen pelvis head neck spine",
    "cervical thoracic lumbar knee hip shoulder wrist ankle foot hand elbow liver kidney prostate",
    "breast heart cardiac cine ap pa lateral lat supine prone",
)
VIEWS = {"PA": "pa", "AP": "ap", "LL": "lateral", "RL": "lateral", "LLO": "oblique", "RLO": "oblique"}
"""View positions of radiographs (PS3.3 C.8.1.2 and its defined terms) in these words."""
SEQUENCE_WORDS = frozenset(word for line in _WORDS for word in line.split())
"""The only words that are taken from descriptions: free text may hold names."""
