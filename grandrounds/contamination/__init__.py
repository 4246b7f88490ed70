"""Contamination: what of a benchmark stands elsewhere, and where exactly."""
