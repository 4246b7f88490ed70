"""De-identification: DICOM attributes, burned-in text, faces, and the texts that go into tables."""
