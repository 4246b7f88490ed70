"""A build with a model judge, for real: it marks answers of known worth over HTTP, and the release says how."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from grandrounds.demo.live import demo_world
from grandrounds.lake import Lake
from grandrounds.recipe import Recipe, parse_recipe
from grandrounds.records.control_mark import ControlMark
from grandrounds.records.envelope import Candidate
from grandrounds.records.rejection import Rejection
from grandrounds.release.verify import verify
from pipelines.running import Outcome, run_job
from tests.pipelines.conftest import settings_of
from tests.support.stub_openai import StubServer

NAME = "asked"
Run = Callable[..., Outcome]


def recipe_of(judge: str) -> Recipe:
    attributes: dict[str, Any] = {
        "name": NAME,
        "title": "Asked",
        "owners": ["team:benchmarks"],
        "tasks": [{"name": "consultation"}],
        "author": "rule",
        "gates": {"rubric": {"judge": judge}},
        "review": {"policy": "none"},
    }
    return parse_recipe(attributes, where="test")


def marker(body: dict[str, Any]) -> dict[str, Any]:
    """Meets a criterion above 0 where the answer says its very words."""
    before, _, after = body["messages"][-1]["content"].partition("The criteria:")
    before = before.partition("BEGIN ANSWER")[2]
    rows = []
    for number, text in re.findall(r"^(\d+)\. (.+)$", after, re.MULTILINE):
        told = re.sub(
            r"^(?:Names|Advises|Takes this finding into account:|Plans|Warns of|Tells the patient that) ", "",
            text.rstrip("."),
        ).removesuffix(" as the most likely diagnosis")  # fmt: skip
        wrong = re.match(r"Concludes|Relies|Puts|Advises to wait|.*the report avoided", text)
        said = next(
            (line for line in re.findall(r"[^.]+\.", before) if told in line and "advise" in line), ""
        )
        said = said or next((line for line in re.findall(r"[^.]+\.", before) if told in line), "")
        met = bool(said) and not wrong and "I ask" not in said
        rows.append({"number": int(number), "quote": told if met else "", "met": met})
    return {"verdicts": rows}


def careless(body: dict[str, Any]) -> dict[str, Any]:
    """The same, but it quotes what no answer says when it reads of a certain wrong disease."""
    marked = marker(body)
    if "diagnosis is multiple sclerosis" in body["messages"][-1]["content"]:
        marked["verdicts"][0] |= {"met": True, "quote": "Words that nobody said."}
    return marked


def generous(body: dict[str, Any]) -> dict[str, Any]:
    """Meets everything for everybody."""
    marked = marker(body)
    first = re.search(r"The most likely diagnosis is|Thank you for your question", str(body))
    for row in marked["verdicts"]:
        row |= {"met": True, "quote": first.group() if first else ""}
    return marked


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sources")
    demo_world(datetime(2025, 10, 8, 20, tzinfo=UTC)).drop(folder)
    return folder


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    before = {name: os.environ.get(name) for name in ("DAGSTER_HOME", "GRANDROUNDS_HOME")}

    def go(recipe: Recipe, sources: Path, **more: str) -> Outcome:
        for name, value in more.items():
            monkeypatch.setenv(name, value)
        return run_job(
            "build", recipe, settings=settings_of(tmp_path / "home", sources, **more), quiet=True
        )

    yield go
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def rows(tmp_path: Path, table: str, kind: type[Any]) -> list[Any]:
    return Lake(str(tmp_path / "home" / "lake")).read_records(f"{NAME}/{table}", kind)


def model(stub: StubServer) -> dict[str, str]:
    return {"GRANDROUNDS_LLM_BASE_URL": stub.base_url, "GRANDROUNDS_LLM_MODEL": "tiny"}


def test_the_judge_marks_what_passed_and_its_contract_stands_in_the_release(
    run: Run, sources: Path, tmp_path: Path
) -> None:
    with StubServer(responder=marker) as stub:
        outcome = run(recipe_of("both"), sources, **model(stub))
        asked = stub.stats()["received"]
        assert outcome.success, outcome.errors
        assert run(recipe_of("both"), sources, **model(stub)).success
        assert stub.stats()["received"] == asked > 0  # the ledger, and the table, are not made twice

    marks = rows(tmp_path, "marks", ControlMark)
    assert {each.status for each in marks} == {"ok"} and all(each.score is not None for each in marks)
    assert rows(tmp_path, "candidates", Candidate)
    (release,) = (tmp_path / "home" / "releases" / NAME).glob("0.*")
    told = json.loads((release / "manifest.json").read_text("utf-8"))["judge"]
    assert (told["judge"], told["models"], told["failed"]) == ("model", ["tiny"], 0)
    assert told["answers"] == len(marks) and len(told["prompt_sha256"]) == len(told["rubrics_sha256"]) == 64
    assert told["max_tokens"][0] > 512 and told["failure_rate"] == 0.0
    assert verify(release).problems == ()


def test_an_answer_that_earns_too_much_is_refused_in_the_judges_name(
    run: Run, sources: Path, tmp_path: Path
) -> None:
    with StubServer(responder=generous) as stub:
        run(recipe_of("model"), sources, **model(stub))
    assert not rows(tmp_path, "candidates", Candidate)
    refused = [row for row in rows(tmp_path, "rejections", Rejection) if row.gate == "controls"]
    assert refused and all("By the model judge" in row.reason for row in refused)


def test_verdicts_that_fail_are_counted_and_never_guessed(run: Run, sources: Path, tmp_path: Path) -> None:
    with StubServer(responder=careless) as stub:
        run(recipe_of("both"), sources, **model(stub))
    failed = [each for each in rows(tmp_path, "marks", ControlMark) if each.failed]
    assert failed and {each.status for each in failed} == {"partial"}
    assert all(each.score is None and each.reason for each in failed)
    kept = {row.item_id for row in rows(tmp_path, "candidates", Candidate)}
    assert kept.isdisjoint(each.item_id for each in failed)


def test_answers_that_come_as_files_are_waited_for(run: Run, sources: Path, tmp_path: Path) -> None:
    outcome = run(recipe_of("both"), sources, GRANDROUNDS_LLM_MODEL="tiny", GRANDROUNDS_LLM_BACKEND="files")
    assert outcome.success and "candidates" not in outcome.tables
    assert {row.status for row in outcome.unanswered} == {"waiting"}


def test_without_a_model_the_build_says_what_to_do(run: Run, sources: Path) -> None:
    outcome = run(recipe_of("both"), sources)
    assert not outcome.success and "no model is configured" in " ".join(outcome.errors)


def test_recipes_that_ask_no_judge_are_written_as_before() -> None:
    assert "judge" not in recipe_of("rule").written()["gates"]["rubric"]
    assert recipe_of("both").written()["gates"]["rubric"]["judge"] == "both"
