"""The working folder as Dagster sees it: DAGSTER_HOME inside GRANDROUNDS_HOME."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from grandrounds.errors import SettingsError
from grandrounds.paths import bundled
from grandrounds.settings import Settings


def prepare_home(settings: Settings) -> Path:
    """Make ``GRANDROUNDS_HOME/dagster`` with the project's ``dagster.yaml`` and point Dagster there.

    A ``dagster.yaml`` that somebody edited there is left alone. Raises ``SettingsError`` when the
    home or that folder can't be written, before anything was begun.
    """
    home = settings.home_path / "dagster"
    try:
        home.mkdir(parents=True, exist_ok=True)
        _place(bundled("dagster.yaml"), home / "dagster.yaml")
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


def _place(template: Path, path: Path) -> None:
    """Copy ``template`` whole or not at all; two commands may do so at once."""
    if path.exists():
        return
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(template.read_bytes())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
