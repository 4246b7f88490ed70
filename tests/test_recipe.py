"""Recipes: a wrong key, value or file is a sentence that names it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from grandrounds.errors import RecipeError
from grandrounds.recipe import load_recipe, parse_recipe

ROOT = Path(__file__).resolve().parent.parent
SOUND: dict[str, Any] = {"name": "demo", "title": "Demo", "tasks": [{"name": "diagnosis_mcq"}]}


def test_every_recipe_of_the_project_is_sound() -> None:
    paths = sorted((ROOT / "pipelines" / "recipes").glob("*/defs.yaml"))
    assert paths
    assert [load_recipe(path).name for path in paths] == [path.parent.name for path in paths]


def test_three_lines_make_a_recipe_with_sensible_defaults() -> None:
    recipe = parse_recipe(SOUND, where="demo")
    assert recipe.preview
    assert recipe.tasks[0].options == 5
    assert recipe.splits.train + recipe.splits.dev + recipe.splits.test == pytest.approx(1)
    assert recipe.release.profile == "open"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"titel": "x"}, "titel: Extra inputs"),
        ({"name": "Demo"}, "name: "),
        ({"name": "../x"}, "name: "),
        ({"tasks": []}, "tasks: "),
        ({"tasks": [{"name": "nosuch"}]}, "tasks.0.name: "),
        ({"tasks": [{"name": "diagnosis_mcq", "options": 1}]}, "tasks.0.options: "),
        (
            {"tasks": [{"name": "diagnosis_mcq"}, {"name": "diagnosis_mcq"}]},
            "each task may stand in a recipe once",
        ),
        ({"splits": {"train": 0.9}}, "must sum to 1"),
        ({"splits": {"train": float("nan"), "dev": 0.5, "test": 0.5}}, "splits.train: "),
        ({"gates": {"near_duplicate": 1.5}}, "gates.near_duplicate: "),
        ({"gates": {"position_bias_warn": 0.5}}, "position_bias_warn must not exceed position_bias_fail"),
        ({"gates": {"longest_option_fail": 0.01}}, "longest_option_warn must not exceed"),
        ({"evidence": {"languages": []}}, "evidence.languages: "),
        ({"evidence": {"minimum_characters": 900, "maximum_characters": 600}}, "must not exceed"),
        ({"release": {"profile": "public"}}, "release.profile: "),
        ({"cut": "after"}, "cut: "),
    ],
)
def test_what_is_wrong_is_named_with_its_key(change: dict[str, Any], words: str) -> None:
    with pytest.raises(RecipeError) as caught:
        parse_recipe({**SOUND, **change}, where="recipes/demo/defs.yaml")
    assert words in str(caught.value)
    assert "recipes/demo/defs.yaml" in str(caught.value)
    assert "dg check yaml" in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"type: x",
        b"attributes: 5",
        b"[1, 2]",
        b"a: [",
        b"\xff\xfe\x00",
        b"!!python/object:os.system {}",
    ],
)
def test_a_file_that_is_no_recipe_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "defs.yaml"
    path.write_bytes(content)
    with pytest.raises(RecipeError, match=r"defs\.yaml"):
        load_recipe(path)


def test_a_missing_recipe_and_a_folder_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"no recipe at .*nosuch"):
        load_recipe(tmp_path / "nosuch")
    with pytest.raises(RecipeError, match="can't be read"):
        load_recipe(tmp_path)
