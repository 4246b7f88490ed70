"""The engine, as a Dagster resource: processes of this machine, or a Ray cluster's."""

from __future__ import annotations

import dagster as dg

from grandrounds.engine import Engine
from grandrounds.engine.choice import make_engine, with_engine
from grandrounds.recipe import Recipe
from resources.settings import SettingsResource


class EngineResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Spreads work inside an asset. ``GRANDROUNDS_ENGINE`` counts before the recipe's ``engine``.

    ``workers`` is how many processes at most; 0 takes as many as there are processors.
    """

    settings: SettingsResource
    workers: int = 0

    def open(self, recipe: Recipe) -> Engine:
        """The engine for ``recipe``; close it, or use it in a ``with``."""
        return make_engine(with_engine(self.settings.get(), recipe.engine), workers=self.workers or None)
