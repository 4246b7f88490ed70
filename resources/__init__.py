"""With what the assets work: settings, lake, engine, model endpoint, review database."""

from __future__ import annotations

from typing import Any

from resources.engine import EngineResource
from resources.lake import LakeResource
from resources.model import ModelResource
from resources.review import ReviewResource
from resources.settings import SettingsResource

__all__ = [
    "EngineResource",
    "LakeResource",
    "ModelResource",
    "ReviewResource",
    "SettingsResource",
    "all_resources",
]


def all_resources(settings: SettingsResource) -> dict[str, Any]:
    """Every resource by the name that assets ask for, on one set of settings."""
    return {
        "settings": settings,
        "lake": LakeResource(settings=settings),
        "engine": EngineResource(settings=settings),
        "model": ModelResource(settings=settings),
        "review": ReviewResource(settings=settings),
    }
