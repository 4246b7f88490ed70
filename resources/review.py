"""The review database, as a Dagster resource: SQLite by default, PostgreSQL by URL."""

from __future__ import annotations

import dagster as dg

from grandrounds.review.store import ReviewStore
from resources.settings import SettingsResource


class ReviewResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Clinicians' queue and decisions."""

    settings: SettingsResource
    url: str = ""

    def open(self) -> ReviewStore:
        """The store; migrated on first use."""
        return ReviewStore(self.url or self.settings.get().review_url.value)
