"""What Dagster's page would show of a home."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import pytest


@contextmanager
def records_of(home: Path) -> Iterator[dg.DagsterInstance]:
    """The records of ``home``, opened as every command opens them: through ``DAGSTER_HOME``."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(home / "dagster"))
        with dg.DagsterInstance.get() as instance:
            yield instance
