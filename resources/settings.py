"""The settings of the installation, as a Dagster resource."""

from __future__ import annotations

import dagster as dg

from grandrounds.settings import Settings, resolve


class SettingsResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Where things are. Empty fields fall back to the environment, then to the defaults."""

    home: str = ""
    sources: str = ""
    source_rules: str = ""
    feeds: str = ""

    def get(self) -> Settings:
        """The settings, resolved when a step asks, so that loading definitions never fails on them."""
        return resolve(
            {
                "GRANDROUNDS_HOME": self.home,
                "GRANDROUNDS_SOURCES": self.sources,
                "GRANDROUNDS_SOURCE_RULES": self.source_rules,
                "GRANDROUNDS_FEEDS": self.feeds,
            }
        )
