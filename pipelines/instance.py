"""The working folder as Dagster sees it: DAGSTER_HOME inside GRANDROUNDS_HOME."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from grandrounds.errors import SettingsError
from grandrounds.paths import bundled
from grandrounds.settings import Settings

_STORAGE = """
storage: # Dagster's own SQLite files, with half the work (pipelines/records.py)
  custom:
    module: pipelines.records
    class: SqliteRecords
    config:
      base_dir:
        env: DAGSTER_HOME
"""
"""Only for a home: where Dagster runs without one, it has no folder for this to name."""


def prepare_home(settings: Settings) -> Path:
    """Make ``GRANDROUNDS_HOME/dagster`` with the project's ``dagster.yaml`` and point Dagster there.

    A ``dagster.yaml`` that somebody edited there is left alone. Raises ``SettingsError`` when the
    home or that folder can't be written, before anything was begun.
    """
    home = settings.home_path / "dagster"
    try:
        place_settings(home)
        for folder in (settings.home_path, home):
            with tempfile.TemporaryFile(dir=folder) as probe:
                probe.write(b"room for one")
    except OSError as exc:
        raise SettingsError(
            f"The working folder {settings.home_path} can't be written: {exc.strerror}.",
            remedy="Set GRANDROUNDS_HOME, or --home, to a folder you may write to.",
        ) from exc
    os.environ["GRANDROUNDS_HOME"] = str(settings.home_path)
    os.environ["DAGSTER_HOME"] = str(home)
    return home


def place_settings(home: Path) -> None:
    """Write ``dagster.yaml`` into ``home``, made where it is missing, whole or not at all: two commands may
    do so at once. One that is there stays. Raises ``OSError`` where it can't be written."""
    home.mkdir(parents=True, exist_ok=True)
    path = home / "dagster.yaml"
    if path.exists():
        return
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_text(bundled("dagster.yaml").read_text("utf-8") + _STORAGE, encoding="utf-8")
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
