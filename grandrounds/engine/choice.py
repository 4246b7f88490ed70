"""Which engine is meant: the environment's word counts before the recipe's."""

from __future__ import annotations

from dataclasses import replace

from grandrounds.engine.base import Engine
from grandrounds.errors import SettingsError
from grandrounds.settings import Settings

LOCAL = "local"
RAY = "ray"
ENGINES = (LOCAL, RAY)


def engine_of(settings: Settings) -> str:
    """``local`` or ``ray``; local where nobody says. Raises ``SettingsError`` for another word."""
    name = settings.engine.value or LOCAL
    if name not in ENGINES:
        raise SettingsError(
            f"{settings.engine.name} is {name!r}.", remedy=f"It is one of {', '.join(ENGINES)}."
        )
    return name


def with_engine(settings: Settings, wanted: str) -> Settings:
    """``settings`` with the engine that a recipe wants, where they name none themselves."""
    if settings.engine.value:
        return settings
    return replace(settings, engine=replace(settings.engine, value=wanted, origin="recipe"))


def make_engine(settings: Settings, *, workers: int | None = None) -> Engine:
    """The engine that the settings name; ``workers`` is how many at most."""
    if engine_of(settings) == RAY:
        from grandrounds.engine.ray import RayEngine

        return RayEngine(settings.ray_address.value, workers=workers)
    from grandrounds.engine.local import LocalEngine

    return LocalEngine(workers=workers)
