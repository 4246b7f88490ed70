"""The Dagster code location: every recipe below ``recipes/`` becomes assets, checks, jobs and sensors."""

from pathlib import Path

import dagster as dg

from resources import SettingsResource, all_resources


@dg.definitions
def defs() -> dg.Definitions:
    """Load the recipes and give them their resources."""
    shared = dg.Definitions(
        resources=all_resources(SettingsResource()),
        executor=dg.in_process_executor,  # a fresh process costs seconds a step; pools run inside steps
    )
    return dg.Definitions.merge(dg.load_from_defs_folder(path_within_project=Path(__file__).parent), shared)
