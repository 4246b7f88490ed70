"""What the demo's DICOM files betray of a patient who never lived: tests look for it in what comes out.

Every string of ``PLANTED`` stands in the header of at least one file of ``studies/dicom``; ``IN_NAMES``
stand in names of folders and files, ``IN_PIXELS`` is drawn into a picture.
"""

from __future__ import annotations

PATIENT = {
    "PatientName": "Quillfeather^Ottoline^Marigold",
    "PatientID": "QF-7731-ZZ",
    "IssuerOfPatientID": "WILFRID-REGISTRY",
    "OtherPatientIDs": "OLD-QF-118822",
    "PatientBirthDate": "19480229",
    "PatientBirthName": "Haddlesworth^Ottoline",
    "PatientMotherBirthName": "Fennimore^Clothilde",
    "PatientAddress": "14 Gooseberry Passage, Little Snoring-on-Sea",
    "PatientTelephoneNumbers": "+44 1632 960431",
    "MilitaryRank": "Sergeant, 3rd Balloon Corps",
    "EthnicGroup": "Snoringer",
    "Occupation": "Lamp accountant",
    "PatientReligiousPreference": "Order of the Teapot",
    "PatientComments": "Daughter Peregrina Quillfeather to be rung before noon.",
    "AdditionalPatientHistory": "Fell from the bandstand on 5 May 2019, says Constable Thimblerigg.",
    "MedicalAlerts": "Allergic to Zanziberry, told Sister Buttonhole",
}
STUDY = {
    "AccessionNumber": "ACC4471902",
    "StudyID": "ST-90817",
    "InstitutionName": "Saint Wilfrid's Fictional Infirmary",
    "InstitutionAddress": "1 Infirmary Mews, Mizzlewick",
    "InstitutionalDepartmentName": "Rontgen Annexe Mizzlewick",
    "ReferringPhysicianName": "Thistlewood^Barnaby^^Dr",
    "PerformingPhysicianName": "Gallowglass^Euphemia",
    "NameOfPhysiciansReadingStudy": "Wigglesforth^Leopold",
    "OperatorsName": "Pennyfarthing^Ambrose",
    "RequestingPhysician": "Crumbleholme^Desmond",
    "StationName": "WILF-CT-ROOM4",
    "DeviceSerialNumber": "SN-5542-0098-K",
    "StudyDescription": "Abdomen Quillfeather follow-up",
    "SeriesDescription": "Axial 6mm for Dr Thistlewood",
    "ProtocolName": "Abdomen Pennyfarthing special",
    "StudyComments": "Compare with films of O. Haddlesworth, 1987.",
    "ImageComments": "Held her breath badly. A. Pennyfarthing",
    "RequestedProcedureDescription": "CT abdomen for Quillfeather O.",
    "ContainerIdentifier": "BOX-WILFRID-3",
}
PRIVATE = ("PRIV-Quillfeather-0001", "Ward 9 bed 14 Mizzlewick", "insured: Puddleby Mutual 55-817-3")
NESTED = ("Nestor^Quillfeather^Deep", "REQ-SUB-337712", "Haddlesworth family plot 12")
DATES = ("20190506", "20190507")
REPORT = (
    "Mrs Quillfeather was seen by Dr Thistlewood on 6 May 2019.",
    "Verified for Saint Wilfrid's by Wigglesforth, badge 20418.",
)
IN_NAMES = ("quillfeather", "7731")
IN_PIXELS = ("QUILLFEATHER O.", "QF-7731-ZZ", "29-02-1948")

PLANTED: tuple[str, ...] = (
    *PATIENT.values(),
    *STUDY.values(),
    *PRIVATE,
    *NESTED,
    *DATES,
    *REPORT,
)
"""Whole values as they stand in headers."""

WORDS: tuple[str, ...] = (
    "Quillfeather", "Ottoline", "Marigold", "Haddlesworth", "Fennimore", "Clothilde", "Gooseberry",
    "Peregrina", "Thimblerigg", "Buttonhole", "Wilfrid", "Mizzlewick", "Thistlewood", "Barnaby",
    "Gallowglass", "Euphemia", "Wigglesforth", "Leopold", "Pennyfarthing", "Ambrose", "Crumbleholme",
    "Desmond", "Puddleby", "Nestor", "7731", "118822", "4471902", "90817", "337712", "960431", "20418",
    "19480229", "20190506",
)  # fmt: skip
"""Words and numbers none of which may be left anywhere, in whatever case or company."""
