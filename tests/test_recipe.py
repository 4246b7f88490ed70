"""Recipes: a wrong key, value or file is a sentence that names it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from grandrounds.errors import RecipeError
from grandrounds.recipe import VOTE_LIMITS, load_recipe, parse_recipe

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
        ({"panel": {"modles": ["a"]}}, "panel.modles: Extra inputs"),
        ({"panel": {"models": ["a", "a"]}}, "each model may stand in a panel once"),
        ({"panel": {"models": ["a", ""]}}, "panel.models.1: "),
        ({"panel": {"models": ["a"], "repeats": 0}}, "panel.repeats: "),
        ({"panel": {"blind": False, "with_evidence": False}}, "with_evidence, blind, one_frame or"),
        ({"panel": {"one_frame": True}}, "panel.one_frame is for evidence of kind clips"),
        ({"panel": {"one_frame": True, "pictures": False}}, "one_frame shows a picture"),
        (
            {
                "panel": {"models": ["a"], "blind": False, "one_frame": True},
                "evidence": {"kind": "clips"},
                "tasks": [{"name": "clip_order_mcq"}],
            },
            "so the single_frame gate could never refuse",
        ),
        ({"panel": {"withheld": "media", "pictures": False}}, "pictures can't be withheld"),
        ({"panel": {"models": ["a"]}}, "right by luck in 20.0% of items"),
        (
            {"panel": {"models": ["a"], "repeats": 2}, "tasks": [{"name": "diagnosis_mcq", "options": 4}]},
            "could never refuse",
        ),
        ({"gates": {"difficulty_hard": 0.9}}, "difficulty_hard must not exceed difficulty_easy"),
        ({"gates": {"difficulty_drop": ["all_right"]}}, "needs a panel that asks with_evidence"),
        ({"gates": {"difficulty_drop": ["some"]}}, "gates.difficulty_drop.0: "),
        ({"gates": {"blind_share": 0}}, "gates.blind_share: "),
    ],
)
def test_what_is_wrong_is_named_with_its_key(change: dict[str, Any], words: str) -> None:
    with pytest.raises(RecipeError) as caught:
        parse_recipe({**SOUND, **change}, where="recipes/demo/defs.yaml")
    assert words in str(caught.value)
    assert "recipes/demo/defs.yaml" in str(caught.value)
    assert "dg check yaml" in str(caught.value)


def test_a_panel_is_asked_nothing_unless_a_recipe_says_so() -> None:
    assert parse_recipe(SOUND, where="demo").panel is None
    two = parse_recipe({**SOUND, "panel": {"models": ["a", "b"]}}, where="demo").panel
    assert two is not None
    assert (two.repeats, two.with_evidence, two.blind, two.withheld) == (1, True, True, "case")
    assert two.votes_each == 2


def test_a_recipe_says_of_one_frame_only_where_it_asks_with_one() -> None:
    plain = parse_recipe({**SOUND, "panel": {"models": ["a", "b"]}}, where="demo")
    assert "one_frame" not in plain.written()["panel"], "its releases stay as they were"
    film = {"evidence": {"kind": "clips"}, "tasks": [{"name": "clip_order_mcq"}]}
    asking = parse_recipe(
        {**SOUND, **film, "panel": {"models": ["a", "b"], "one_frame": True}}, where="demo"
    )
    assert asking.written()["panel"]["one_frame"] is True
    assert parse_recipe(asking.written(), where="demo") == asking
    alone = {
        **film,
        "panel": {"models": ["a", "b"], "one_frame": True, "blind": False, "with_evidence": False},
    }
    assert parse_recipe({**SOUND, **alone}, where="demo").panel is not None


def test_what_changes_no_item_is_not_in_what_a_release_keeps_of_its_recipe() -> None:
    plain = parse_recipe(SOUND, where="demo")
    told = plain.written()
    assert not {"panel", "engine"} & set(told) and not set(VOTE_LIMITS) & set(told["gates"])
    assert parse_recipe(told, where="demo") == plain
    voted = parse_recipe({**SOUND, "panel": {"models": ["a", "b"]}}, where="demo")
    assert parse_recipe(voted.written(), where="demo") == voted
    assert set(VOTE_LIMITS) <= set(voted.written()["gates"])


@pytest.mark.parametrize(
    "more",
    [
        {"panel": {"models": ["a"]}, "gates": {"blind_luck": 0}},  # asked, nothing refused
        {"panel": {"models": ["a"]}, "gates": {"blind_luck": 0.2}},  # one vote may refuse: said so
        {"panel": {"models": ["a"], "blind": False}},
        {"panel": {"models": ["a"]}, "tasks": [{"name": "diagnosis_open"}]},
        {"panel": {"repeats": 3}, "tasks": [{"name": "diagnosis_mcq", "options": 4}]},
    ],
)
def test_a_panel_whose_blind_votes_can_decide_is_taken(more: dict[str, Any]) -> None:
    assert parse_recipe({**SOUND, **more}, where="demo").panel is not None


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
