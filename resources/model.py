"""The model endpoint, as a Dagster resource: any OpenAI-compatible server, or none."""

from __future__ import annotations

import dagster as dg

from grandrounds.engine.choice import with_engine
from grandrounds.errors import RecipeError
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

    def judge(self, recipe: Recipe, *, lake: Lake) -> Answering:
        """A client for the judge of ``recipe``, whoever writes. Raises ``RecipeError`` without a model."""
        settings = with_engine(self.settings.get(), recipe.engine)
        client = client_from_settings(settings, concurrency=recipe.concurrency, lake=lake)
        if client is None:
            raise RecipeError(
                f"Recipe {recipe.name!r} has its answers of known worth marked by a model "
                f"(`gates.rubric.judge: {recipe.gates.rubric.judge}`), but no model is configured.",
                remedy="Set GRANDROUNDS_LLM_BASE_URL and GRANDROUNDS_LLM_MODEL, or `judge: rule`.",
            )
        return client
