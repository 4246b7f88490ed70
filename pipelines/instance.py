"""The working folder as Dagster sees it: DAGSTER_HOME inside GRANDROUNDS_HOME."""

from __future__ import annotations

import os
from pathlib import Path

from grandrounds.errors import SettingsError
from grandrounds.paths import bundled
from grandrounds.settings import Settings


def prepare_home(settings: Settings) -> Path:
    """Make ``GRANDROUNDS_HOME/dagster`` with the project's ``dagster.yaml`` and point Dagster there.

    A ``dagster.yaml`` that somebody edited there is left alone. Raises ``SettingsError`` when the
    folder can't be written.
    """
    home = settings.home_path / "dagster"
    template = bundled("dagster.yaml")
    try:
        home.mkdir(parents=True, exist_ok=True)
        placed = home / "dagster.yaml"
        if not placed.exists():
            placed.write_bytes(template.read_bytes())
    except OSError as exc:
        raise SettingsError(
            f"The working folder {settings.home_path} can't be written: {exc.strerror}.",
            remedy="Set GRANDROUNDS_HOME, or --home, to a folder you may write to.",
        ) from exc
    os.environ["GRANDROUNDS_HOME"] = str(settings.home_path)
    os.environ["DAGSTER_HOME"] = str(home)
    return home
