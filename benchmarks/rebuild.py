"""How much faster a second build of the same inputs is, in the bodies of the assets.

    python benchmarks/rebuild.py [--sources DIR] [--json]

Builds ``case_diagnosis`` three times in a fresh folder: cold, again, and again after one article was
added. Prints the seconds that the steps of the assets took (checks and Dagster's own work apart) and
their ratio. The seconds are of one run on one machine; the ratio is what counts.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

import dagster as dg

from grandrounds.paths import demo_sources
from grandrounds.settings import resolve
from pipelines.commands import find_recipe
from pipelines.running import run_job

RECIPE = "case_diagnosis"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sources", type=Path, default=demo_sources())
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder), given.sources)
    if given.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:24} {value}")


def measure(folder: Path, sources: Path) -> dict[str, float | int | str]:
    copied = folder / "sources"
    shutil.copytree(sources, copied)
    late = next(iter(sorted(copied.rglob("*.xml"))))
    kept = folder / late.name
    shutil.move(late, kept)
    cold, read_cold = build(folder / "home", copied)
    again, read_again = build(folder / "home", copied)
    shutil.move(kept, late)
    added, read_added = build(folder / "home", copied)
    return {
        "cold_s": round(cold, 3),
        "again_s": round(again, 3),
        "one_added_s": round(added, 3),
        "ratio_cold_to_again": round(cold / again, 1),
        "read_cold": read_cold,
        "read_again": read_again,
        "read_one_added": read_added,
        "dagster": dg.__version__,
    }


def build(home: Path, sources: Path) -> tuple[float, int]:
    settings = resolve({"GRANDROUNDS_HOME": str(home), "GRANDROUNDS_SOURCES": str(sources)}, environ={})
    outcome = run_job("build", find_recipe(RECIPE), settings=settings, quiet=True)
    if not outcome.success:
        raise SystemExit(f"the build failed: {outcome.errors} {outcome.failed_checks}")
    with dg.DagsterInstance.get() as instance:
        steps = instance.get_run_step_stats(outcome.run_id)
    return seconds(step for step in steps if "contract" not in step.step_key), int(
        outcome.tables["sources"]["read_now"]
    )


def seconds(steps: Iterable[dg.DagsterRunStatsSnapshot]) -> float:
    checks = ("adds_up", "option_bias", "verifies")
    return sum(
        step.end_time - step.start_time
        for step in steps
        if step.end_time and step.start_time and not step.step_key.endswith(checks)
    )


if __name__ == "__main__":
    main()
