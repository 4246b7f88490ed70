"""The sensor brings home what a Batch API answered, and no worker ever waits for it. Votes go the same way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest

from grandrounds.errors import RequestsError
from grandrounds.lake import Lake
from grandrounds.llm.config import client_from_settings
from grandrounds.llm.files.answers import import_answers
from grandrounds.llm.files.exported import ExportedRequests
from grandrounds.llm.files.shards import write_shards
from grandrounds.llm.ledger import open_ledger
from grandrounds.records.vote import PanelVote
from pipelines.commands import find_recipe
from pipelines.running import definitions_of, run_job
from pipelines.stages import prepare, requests_of
from resources import SettingsResource
from tests.pipelines.conftest import settings_of
from tests.pipelines.test_votes_flow import recipe_of
from tests.support.answering import answer_shards
from tests.support.commands import Ended
from tests.support.expert import answer
from tests.support.stub_batches import StubBatches
from tests.support.voters import models_file

RECIPE = "case_diagnosis"
SENSOR = f"import_{RECIPE}_answers"
EXPORT = ("requests", "export", RECIPE, "--stage", "draft", "--submit")


class Ticks:
    """The sensor, evaluated as the daemon would: the cursor is kept from tick to tick."""

    def __init__(self, home: Path, sources: Path) -> None:
        settings = settings_of(home, sources)
        self._sensor = definitions_of(find_recipe(RECIPE), settings).resolve_sensor_def(SENSOR)
        self._settings = SettingsResource(home=str(home))
        self.cursor: str | None = None

    def tick(self) -> dg.RunRequest | str:
        """The run that was asked for, or why none was."""
        with (
            dg.DagsterInstance.ephemeral() as instance,
            dg.build_sensor_context(
                instance=instance, resources={"settings": self._settings}, cursor=self.cursor
            ) as context,
        ):
            said = self._sensor(context)
        if isinstance(said, dg.SkipReason):
            return str(said.skip_message)
        assert isinstance(said, dg.SensorResult)
        self.cursor = said.cursor
        (asked,) = said.run_requests or []
        return asked


@pytest.fixture(autouse=True)
def _homes(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a run sets is taken back."""
    for name in ("GRANDROUNDS_HOME", "DAGSTER_HOME"):
        monkeypatch.setenv(name, "")


@pytest.fixture
def files_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRANDROUNDS_LLM_BACKEND", "files")
    monkeypatch.setenv("GRANDROUNDS_LLM_MODEL", "stub")


@pytest.mark.usefixtures("files_backend")
def test_the_sensor_imports_what_ended_and_asks_for_one_build(
    command: Callable[..., Ended], tmp_path: Path, few: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    with StubBatches(responder=answer) as stub:
        monkeypatch.setenv("GRANDROUNDS_LLM_BASE_URL", stub.base_url)
        ticks = Ticks(home, few)
        assert ticks.tick() == "There are no open batches."
        ended = command(*EXPORT, "--out", tmp_path / "out", "--sources", few, home=home)
        assert ended.code == 0, ended.err

        said = ticks.tick()
        assert isinstance(said, str) and "in_progress" in said

        asked = ticks.tick()
        assert isinstance(asked, dg.RunRequest)
        assert asked.tags["grandrounds/recipe"] == RECIPE
        assert asked.run_key and asked.run_key.startswith("answers-")
        with open_ledger(home / "ledger.sqlite") as ledger:
            assert ledger.stats().by_status == {"ok": 4}

        assert ticks.tick() == "There are no open batches."
        ticks.cursor = None
        again = ticks.tick()
        assert isinstance(again, dg.RunRequest)
        assert again.run_key == asked.run_key, "a lost cursor asks for the same run, which there is already"


@pytest.mark.usefixtures("files_backend")
def test_trouble_is_told_by_the_sensor_and_passes(
    command: Callable[..., Ended], tmp_path: Path, few: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    with StubBatches(responder=answer, api_key="right") as stub:
        monkeypatch.setenv("GRANDROUNDS_LLM_BASE_URL", stub.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", "right")
        command(*EXPORT, "--out", tmp_path / "out", "--sources", few, home=home)
        ticks = Ticks(home, few)
        monkeypatch.setenv("OPENAI_API_KEY", "wrong")
        said = ticks.tick()
        assert isinstance(said, str) and "refuses the key" in said and "wrong" not in said

        monkeypatch.setenv("OPENAI_API_KEY", "right")
        ticks.tick()
        assert isinstance(ticks.tick(), dg.RunRequest)


def test_the_sensor_starts_no_build_that_would_ask_an_endpoint(tmp_path: Path, few: Path) -> None:
    said = Ticks(tmp_path / "home", few).tick()

    assert isinstance(said, str) and "GRANDROUNDS_LLM_BACKEND" in said


def test_the_sensor_is_off_until_somebody_wants_it(tmp_path: Path, few: Path) -> None:
    definitions = definitions_of(find_recipe(RECIPE), settings_of(tmp_path, few))

    assert definitions.resolve_sensor_def(SENSOR).default_status == dg.DefaultSensorStatus.STOPPED


def test_a_panel_votes_by_files(tmp_path: Path, sources: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = recipe_of({"models": ["m-a", "m-b"]})
    file = models_file(tmp_path, {"m-a": "http://127.0.0.1:9/v1", "m-b": "http://127.0.0.1:9/v1"})
    given = {"GRANDROUNDS_MODELS": str(file), "GRANDROUNDS_LLM_BACKEND": "files"}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    home, out = tmp_path / "home", tmp_path / "out"
    settings = settings_of(home, sources, **given)

    assert prepare(recipe, "vote", settings=settings, quiet=True).success
    client = client_from_settings(settings)
    export = write_shards(
        requests_of(recipe, "vote", settings=settings, client=client),
        out=out,
        media=Lake(settings.lake_url.value),
        recipe=recipe.name,
    )
    assert b"data:image/" in b"".join(path.read_bytes() for path in out.glob("*.jsonl"))
    assert {shard.model for shard in export.shards} == {"m-a", "m-b"}
    with ExportedRequests([out]) as known, open_ledger(settings.ledger_url.value) as ledger:
        back = answer_shards([out / shard.file for shard in export.shards], tmp_path / "back")
        assert import_answers(back, ledger=ledger, known=known).filed == {"ok": export.manifest.requests}

    outcome = run_job("build", recipe, settings=settings, quiet=True)

    assert outcome.success, outcome.errors
    votes = Lake(str(home / "lake")).read_records(f"{recipe.name}/votes", PanelVote)
    assert len(votes) == export.manifest.requests
    assert {vote.status for vote in votes} == {"ok"}


@pytest.mark.usefixtures("files_backend")
def test_votes_on_what_still_waits_are_not_asked(tmp_path: Path, few: Path) -> None:
    recipe = recipe_of({"models": ["stub"], "repeats": 2}, author="model")
    settings = settings_of(
        tmp_path / "home", few, GRANDROUNDS_LLM_BACKEND="files", GRANDROUNDS_LLM_MODEL="stub"
    )

    with pytest.raises(RequestsError, match="requests before it wait for answers"):
        prepare(recipe, "vote", settings=settings, quiet=True)
