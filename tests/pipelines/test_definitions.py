"""What Dagster sees: the whole graph is held by a snapshot, and recipes are checked with file and key."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from pipelines.definitions import defs
from tests.conftest import ROOT, Golden

DG = Path(sys.executable).parent / "dg"


@pytest.fixture(scope="module")
def repository() -> dg.RepositoryDefinition:
    return defs().get_repository_def()


def snapshot(repository: dg.RepositoryDefinition) -> dict[str, Any]:
    graph = repository.asset_graph
    return {
        "assets": {
            key.to_user_string(): {
                "after": sorted(parent.to_user_string() for parent in graph.get(key).parent_keys),
                "group": graph.get(key).group_name,
                "kinds": sorted(graph.get(key).kinds),
                "owners": list(graph.get(key).owners),
                "code_version": graph.get(key).code_version,
            }
            for key in sorted(graph.get_all_asset_keys())
        },
        "checks": {
            f"{key.asset_key.to_user_string()}:{key.name}": {"blocking": graph.get(key).blocking}
            for key in sorted(graph.asset_check_keys)
        },
        "jobs": {
            job.name: sorted(key.to_user_string() for key in job.asset_layer.executable_asset_keys)
            for job in repository.get_all_jobs()
            if not job.name.startswith("__")
        },
        "sensors": {sensor.name: sensor.job_name for sensor in repository.sensor_defs},
        "schedules": [schedule.name for schedule in repository.schedule_defs],
        "resources": sorted(repository.get_top_level_resources()),
    }


def test_the_asset_graph_is_as_the_snapshot_says(
    repository: dg.RepositoryDefinition, golden: Golden
) -> None:
    golden.check("asset_graph.json", json.dumps(snapshot(repository), indent=2) + "\n")


def test_every_asset_tells_a_newcomer_what_it_is(repository: dg.RepositoryDefinition) -> None:
    for key in repository.asset_graph.get_all_asset_keys():
        node = repository.asset_graph.get(key)
        assert len(node.description or "") > 20, key
        assert node.owners and node.kinds and node.group_name != "default", key


def test_every_table_has_a_blocking_contract(repository: dg.RepositoryDefinition) -> None:
    graph = repository.asset_graph
    blocking = {
        key.asset_key
        for key in graph.asset_check_keys
        if key.name == "contract" and graph.get(key).blocking
    }
    others = {"review_queue", "release", "weekly_report"}
    tables = {key for key in graph.get_all_asset_keys() if key.path[-1] not in others}
    assert tables <= blocking


@pytest.mark.slow
def test_a_wrong_key_is_named_with_its_file_and_line_and_a_scaffolded_recipe_is_right(
    tmp_path: Path,
) -> None:
    for name in ("pipelines", "assets", "resources"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [DG, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )

    made = run("scaffold", "defs", "pipelines.benchmark.Benchmark", "fresh")
    assert made.returncode == 0, made.stderr
    assert run("check", "yaml", "pipelines/recipes/fresh").returncode == 0
    recipe = tmp_path / "pipelines/recipes/fresh/defs.yaml"
    recipe.write_text(recipe.read_text().replace("policy: none", "polcy: none"))
    wrong = run("check", "yaml", "pipelines/recipes/fresh")
    assert wrong.returncode != 0
    assert "polcy" in wrong.stdout + wrong.stderr
    assert "defs.yaml:" in wrong.stdout + wrong.stderr
