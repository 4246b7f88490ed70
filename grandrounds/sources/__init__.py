"""Readers: from a folder of files to source rows and evidence."""
