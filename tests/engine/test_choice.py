"""Which engine is meant: the environment counts before the recipe, the recipe before the default."""

from __future__ import annotations

from pathlib import Path

import pytest

from grandrounds.engine.choice import engine_of, make_engine, with_engine
from grandrounds.engine.local import LocalEngine
from grandrounds.engine.ray import RayEngine
from grandrounds.errors import RecipeError, SettingsError
from grandrounds.lake import Lake
from grandrounds.llm.client import ModelClient
from grandrounds.llm.ray_client import RayClient
from grandrounds.recipe import Recipe, parse_recipe
from grandrounds.settings import Settings, resolve
from resources import EngineResource, ModelResource, SettingsResource


def settings(**environ: str) -> Settings:
    return resolve({}, environ)


def recipe(engine: str = "local") -> Recipe:
    attributes = {
        "name": "some",
        "title": "Some cases",
        "tasks": [{"name": "diagnosis_mcq"}],
        "engine": engine,
    }
    return parse_recipe(attributes, where="defs.yaml")


def test_nobody_says_anything_and_it_is_this_machine() -> None:
    assert engine_of(settings()) == "local"
    assert isinstance(make_engine(settings()), LocalEngine)


def test_a_recipe_may_ask_for_ray() -> None:
    asked = with_engine(settings(), recipe("ray").engine)
    assert (asked.engine.value, asked.engine.origin) == ("ray", "recipe")
    assert isinstance(make_engine(asked), RayEngine)


def test_the_environment_counts_before_the_recipe() -> None:
    assert engine_of(with_engine(settings(GRANDROUNDS_ENGINE="local"), "ray")) == "local"
    assert engine_of(with_engine(settings(GRANDROUNDS_ENGINE="ray"), "local")) == "ray"


def test_any_other_word_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"GRANDROUNDS_ENGINE is 'spark'.*local, ray"):
        engine_of(settings(GRANDROUNDS_ENGINE="spark"))
    with pytest.raises(RecipeError, match="engine"):
        recipe("spark")


def test_resources_follow_the_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRANDROUNDS_LLM_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("GRANDROUNDS_LLM_MODEL", "stub")
    given, lake = SettingsResource(home=str(tmp_path)), Lake(str(tmp_path / "lake"))
    for wanted, engine, client in (("local", LocalEngine, ModelClient), ("ray", RayEngine, RayClient)):
        with EngineResource(settings=given).open(recipe(wanted)) as opened:
            assert type(opened) is engine
        opened_client = ModelResource(settings=given).client(recipe(wanted), lake=lake)
        assert type(opened_client) is client
        opened_client.close()
