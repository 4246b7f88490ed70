"""The reader of imaging studies: DICOM and NIfTI in, canonical volumes with exact geometry out."""
