"""The model endpoint, as a Dagster resource: any OpenAI-compatible server, or none."""

from __future__ import annotations

import dagster as dg

from grandrounds.engine.choice import with_engine
from grandrounds.lake import Lake
from grandrounds.llm.answering import Answering
from grandrounds.llm.config import client_from_settings
from grandrounds.recipe import Recipe
from resources.settings import SettingsResource


class ModelResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """What answers model requests. Nothing configured means the rule author writes."""

    settings: SettingsResource

    def client(self, recipe: Recipe, *, lake: Lake) -> Answering | None:
        """A client for ``recipe``, with pictures from ``lake``; ``None`` when it writes by rules."""
        if recipe.author == "rule":
            return None
        settings = with_engine(self.settings.get(), recipe.engine)
        return client_from_settings(settings, concurrency=recipe.concurrency, lake=lake)
