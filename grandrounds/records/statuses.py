"""What became of a file of a source folder (``records.source``), apart: a process that reads one kind of
file needs these words alone."""

from __future__ import annotations

READ, FAILED, DUPLICATE, PASSED_BY = "read", "failed", "duplicate", "passed_by"
