"""The lake, as a Dagster resource: a directory by default, an object store by URL."""

from __future__ import annotations

import dagster as dg

from grandrounds.lake import Lake
from resources.settings import SettingsResource


class LakeResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Tables and media. ``url`` empty means ``GRANDROUNDS_LAKE_URL`` or a folder in the home."""

    settings: SettingsResource
    url: str = ""

    def open(self) -> Lake:
        """The lake."""
        return Lake(self.url or self.settings.get().lake_url.value)
