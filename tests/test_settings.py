"""Settings: who wins, and what is never printed."""

from __future__ import annotations

from pathlib import Path

import pytest

from grandrounds.errors import SettingsError
from grandrounds.settings import resolve


def test_a_flag_beats_the_environment_beats_the_default(tmp_path: Path) -> None:
    environment = {"GRANDROUNDS_HOME": str(tmp_path / "env"), "GRANDROUNDS_LLM_MODEL": "m"}
    chosen = resolve({"GRANDROUNDS_HOME": str(tmp_path / "flag")}, environment)
    assert (chosen.home.value, chosen.home.origin) == (str(tmp_path / "flag"), "flag")
    assert (chosen.llm_model.value, chosen.llm_model.origin) == ("m", "environment")
    assert (chosen.api_key.value, chosen.api_key.origin) == ("", "default")


def test_a_flag_that_was_not_given_does_not_count(tmp_path: Path) -> None:
    chosen = resolve({"GRANDROUNDS_HOME": None}, {"GRANDROUNDS_HOME": str(tmp_path)})
    assert chosen.home.origin == "environment"


def test_everything_lies_below_home_unless_said_otherwise(tmp_path: Path) -> None:
    chosen = resolve({}, {"GRANDROUNDS_HOME": str(tmp_path)})
    assert chosen.lake_url.value == str(tmp_path / "lake")
    assert chosen.review_url.value == f"sqlite:///{tmp_path}/review.sqlite"
    assert chosen.ledger_url.value == f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    assert chosen.releases_path == tmp_path / "releases"


def test_home_is_absolute_even_when_given_relative() -> None:
    assert resolve({}, {"GRANDROUNDS_HOME": "here"}).home_path.is_absolute()
    assert resolve({}, {}).home_path == Path.cwd() / ".grandrounds"
    assert resolve({}, {"GRANDROUNDS_HOME": "~/x"}).home_path == Path.home() / "x"


def test_a_model_needs_an_address_and_a_name() -> None:
    assert not resolve({}, {"GRANDROUNDS_LLM_MODEL": "m"}).model_configured
    both = {"GRANDROUNDS_LLM_MODEL": "m", "GRANDROUNDS_LLM_BASE_URL": "http://localhost:8000/v1/"}
    assert resolve({}, both).model_configured
    assert resolve({}, both).llm_base_url.value == "http://localhost:8000/v1"


def test_an_address_that_is_none_is_refused_by_name() -> None:
    with pytest.raises(SettingsError, match=r"GRANDROUNDS_LLM_BASE_URL is 'localhost'.*http://"):
        resolve({}, {"GRANDROUNDS_LLM_BASE_URL": "localhost"})


def test_secrets_are_never_shown() -> None:
    chosen = resolve(
        {},
        {
            "OPENAI_API_KEY": "sk-hidden-1",
            "GRANDROUNDS_REVIEW_URL": "postgresql+psycopg://grand:hidden-2@db:5432/review",
            "GRANDROUNDS_LAKE_URL": "s3://hidden-user:hidden-3@bucket/lake",
        },
    )
    shown = " ".join(setting.shown for setting in chosen.all())
    assert "hidden-1" not in shown
    assert "hidden-2" not in shown
    assert "hidden-3" not in shown
    assert "db:5432/review" in shown
