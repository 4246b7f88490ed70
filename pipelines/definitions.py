"""The Dagster code location: every recipe below ``recipes/`` becomes assets, checks, jobs and sensors."""

from pathlib import Path

import dagster as dg

from resources import LakeResource, ModelResource, ReviewResource, SettingsResource


@dg.definitions
def defs() -> dg.Definitions:
    """Load the recipes and give them their resources."""
    settings = SettingsResource()
    shared = dg.Definitions(
        resources={
            "settings": settings,
            "lake": LakeResource(settings=settings),
            "model": ModelResource(settings=settings),
            "review": ReviewResource(settings=settings),
        },
        executor=dg.in_process_executor,  # a fresh process costs seconds a step; pools run inside steps
    )
    return dg.Definitions.merge(dg.load_from_defs_folder(path_within_project=Path(__file__).parent), shared)
