"""The model endpoint, as a Dagster resource: any OpenAI-compatible server, or none."""

from __future__ import annotations

import dagster as dg

from grandrounds.llm.client import ModelClient
from grandrounds.llm.config import client_from_settings
from grandrounds.recipe import Recipe
from resources.settings import SettingsResource


class ModelResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """What answers model requests. Nothing configured means the rule author writes."""

    settings: SettingsResource

    def client(self, recipe: Recipe) -> ModelClient | None:
        """A client for ``recipe``, or ``None`` when it writes by rules."""
        if recipe.author == "rule":
            return None
        return client_from_settings(self.settings.get(), concurrency=recipe.concurrency)
