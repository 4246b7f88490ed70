"""A build with a panel, end to end and for real: models vote over HTTP, gates weigh it, the release says who."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from grandrounds.lake import Lake
from grandrounds.recipe import Recipe, parse_recipe
from grandrounds.records.envelope import Candidate, Item
from grandrounds.records.funnel import problems
from grandrounds.records.rejection import Rejection
from grandrounds.records.vote import PanelVote
from grandrounds.release.panel import filtered_by
from grandrounds.release.verify import verify
from pipelines.running import Outcome, definitions_of, run_job
from tests.pipelines.conftest import settings_of
from tests.support.stub_openai import StubServer
from tests.support.voters import Mind, guesser, knows, models_file, responder, solver

NAME = "voted"
Run = Callable[..., Outcome]


def recipe_of(panel: Mapping[str, Any] | None, **more: Any) -> Recipe:
    attributes: dict[str, Any] = {
        "name": NAME,
        "title": "Diagnosis, voted on",
        "owners": ["team:benchmarks"],
        "tasks": [{"name": "diagnosis_mcq", "options": 5}, {"name": "diagnosis_open"}],
        "author": "rule",
        **more,
    }
    return parse_recipe({**attributes, "panel": panel} if panel else attributes, where="test")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Build a recipe in this process, with a models file when given."""
    before = {name: os.environ.get(name) for name in ("DAGSTER_HOME", "GRANDROUNDS_HOME")}

    def go(recipe: Recipe, sources: Path, *, home: Path | None = None, **more: str) -> Outcome:
        for name, value in more.items():
            monkeypatch.setenv(name, value)
        settings = settings_of(home or tmp_path / "home", sources, **more)
        return run_job("build", recipe, settings=settings, quiet=True)

    yield go
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


@pytest.fixture
def candidates(run: Run, sources: Path, tmp_path: Path) -> list[Candidate]:
    """What passes the gates without any votes: what a panel is going to be asked."""
    outcome = run(recipe_of(None), sources, home=tmp_path / "without")
    assert outcome.success, outcome.errors
    return rows(tmp_path / "without", "candidates", Candidate)


def rows(home: Path, table: str, record: type[Any]) -> list[Any]:
    return Lake(str(home / "lake")).read_records(f"{NAME}/{table}", record)


def stub_of(minds: Mapping[str, Mind]) -> StubServer:
    return StubServer(responder=responder(minds))


def test_what_a_panel_answers_without_the_case_is_refused_and_the_release_says_by_whom(
    run: Run, sources: Path, candidates: list[Candidate], tmp_path: Path
) -> None:
    choices = [row for row in candidates if row.options]
    planted = [row for row in choices if guessed(row) != row.answer][:2]
    leaky = knows(planted, solver(candidates))
    with stub_of({"m-a": leaky, "m-b": leaky}) as stub:
        file = models_file(tmp_path, {"m-a": stub.base_url, "m-b": stub.base_url})
        outcome = run(recipe_of({"models": ["m-a", "m-b"]}), sources, GRANDROUNDS_MODELS=str(file))
    assert outcome.success, outcome.errors
    assert outcome.release is not None
    home = tmp_path / "home"

    refused = [row for row in rows(home, "rejections", Rejection) if row.gate == "blind"]
    lucky = [row for row in choices if guessed(row) == row.answer]
    assert {row.subject_id for row in refused} == {row.revision_id for row in [*planted, *lucky]}
    assert all("m-a 1 of 1, m-b 1 of 1" in row.reason for row in refused)
    assert problems(outcome.funnel) == []
    gates = next(step for step in outcome.funnel if step.step == "gates")
    assert {part.reason: part.count for part in gates.refused}["blind"] == len(refused)

    votes = rows(home, "votes", PanelVote)
    assert Counter(vote.status for vote in votes) == {"ok": 2 * (len(candidates) + len(choices))}
    items = rows(home, "items", Item)
    assert len(items) == len(candidates) - len(refused)
    assert all({vote.model for vote in item.votes} == {"m-a", "m-b"} for item in items)
    assert {label.path for item in items for label in item.labels if label.scheme == "difficulty"} == {
        ("easy",)
    }

    release = Path(outcome.release)
    report = verify(release)
    assert report.problems == ()
    assert report.filtered_by == ("m-a", "m-b")
    assert [(each.model, each.versions, each.removed) for each in filtered_by(release)] == [
        ("m-a", ("m-a",), len(refused)),
        ("m-b", ("m-b",), len(refused)),
    ]
    readme = (release / "README.md").read_text(encoding="utf-8")
    assert "Which models voted" in readme and "can't be compared" in readme
    panel = json.loads((release / "manifest.json").read_text())["panel"]
    assert panel["items_asked"] == len(candidates)
    assert panel["items_removed"] == {"blind": len(refused)}
    assert panel["models"][0]["released_blind"]["right"] == 0


def guessed(row: Candidate) -> str:
    """What a guesser says of an item; it depends on nothing but the words of the options."""
    from tests.support.voters import Question

    return guesser(Question(text="", case="", options=dict(zip("ABCDE", row.options, strict=True))))


def test_building_again_asks_nobody_and_changes_nothing(run: Run, few: Path, tmp_path: Path) -> None:
    with stub_of({"m-a": guesser}) as stub:
        file = models_file(tmp_path, {"m-a": stub.base_url})
        made = recipe_of({"models": ["m-a"], "repeats": 2}, gates={"blind_luck": 0.05})
        first = run(made, few, GRANDROUNDS_MODELS=str(file))
        sent = stub.stats()["received"]
        again = run(made, few, GRANDROUNDS_MODELS=str(file))
        assert sent > 0
        assert stub.stats()["received"] == sent
        assert first.success and again.success, [*first.errors, *again.errors]
        assert again.tables["votes"]["requests_sent"] == 0
        assert "reused" in again.tables["votes"]["made"]
        assert again.release == first.release
        # A limit of the gates asks nobody again either.
        other = recipe_of({"models": ["m-a"], "repeats": 2}, gates={"difficulty_easy": 0.9})
        third = run(other, few, GRANDROUNDS_MODELS=str(file))
        assert third.success, third.errors
        assert stub.stats()["received"] == sent
        assert "reused" in third.tables["votes"]["made"]


def test_a_model_that_is_down_is_told_of_and_the_others_filter(run: Run, few: Path, tmp_path: Path) -> None:
    with StubServer() as gone:
        nowhere = gone.base_url
    with stub_of({"up": guesser}) as stub:
        file = models_file(tmp_path, {"up": stub.base_url, "down": nowhere})
        made = recipe_of({"models": ["up", "down"]})
        outcome = run(made, few, GRANDROUNDS_MODELS=str(file))
        assert outcome.success, outcome.errors
        (check,) = [c for c in outcome.failed_checks if c.check == "panel_answered"]
        assert check.severity == "WARN"
        assert "down" in check.metadata["problems"] and "failed" in check.metadata["problems"]
        assert any(row.table == "votes" and row.status == "failed" for row in outcome.unanswered)
        assert outcome.release is not None
        assert [each.model for each in filtered_by(Path(outcome.release))] == ["up"]
        sent = stub.stats()["received"]
        with stub_of({"down": guesser}) as back:
            file = models_file(tmp_path, {"up": stub.base_url, "down": back.base_url})
            outcome = run(made, few, GRANDROUNDS_MODELS=str(file))
            assert outcome.success, outcome.errors
            assert back.stats()["received"] == sent
        assert stub.stats()["received"] == sent, "who answered is not asked again"
    assert not [c for c in outcome.failed_checks if c.check == "panel_answered"]
    assert Path(str(outcome.release)).name != "0.1.0", "new votes are a new release"


def test_nobody_at_all_stops_the_build_with_what_to_do(run: Run, few: Path, tmp_path: Path) -> None:
    with StubServer() as gone:
        nowhere = gone.base_url
    file = models_file(tmp_path, {"a": nowhere, "b": nowhere})
    outcome = run(recipe_of({"models": ["a", "b"]}), few, GRANDROUNDS_MODELS=str(file))
    assert not outcome.success
    assert outcome.release is None
    assert len(outcome.errors) == 1 and "a" in outcome.errors[0]
    assert "votes" not in outcome.tables

    unknown = run(recipe_of({"models": ["a", "nosuch"]}), few, GRANDROUNDS_MODELS=str(file))
    assert not unknown.success
    assert "nosuch" in unknown.errors[0] and "Known models: a, b" in unknown.errors[0]


def test_protected_items_of_a_private_release_are_never_sent_elsewhere(
    run: Run, sources: Path, tmp_path: Path
) -> None:
    made = {"release": {"profile": "private"}}
    outcome = run(recipe_of(None, **made), sources, home=tmp_path / "without")
    assert outcome.success, outcome.errors
    protected = [row for row in rows(tmp_path / "without", "candidates", Candidate) if row.protected]
    assert protected, "the demo sources hold a protected case"
    with stub_of({"far": guesser, "near": guesser}) as stub:
        addresses = {"far": stub.base_url, "near": stub.base_url}
        file = models_file(tmp_path, addresses, protected_ok={"near"})
        outcome = run(recipe_of({"models": ["far", "near"]}, **made), sources, GRANDROUNDS_MODELS=str(file))
        assert outcome.success, outcome.errors
        sent = [json.dumps(body) for body in stub.book.bodies if body["model"] == "far"]
    assert sent
    assert not [row for row in protected for text in sent if json.dumps(row.stem)[1:-1] in text]
    votes = rows(tmp_path / "home", "votes", PanelVote)
    ids = {row.item_id for row in protected}
    assert {(v.model, v.status) for v in votes if v.item_id in ids} == {
        ("far", "not_local"),
        ("near", "ok"),
    }


def test_a_recipe_with_a_panel_asks_it_about_a_shortlist_between_revisions_and_candidates(
    tmp_path: Path,
) -> None:
    settings = settings_of(tmp_path, tmp_path)
    graph = definitions_of(recipe_of({"models": ["a", "b"]}), settings).resolve_asset_graph()
    keys = {key.path[-1]: key for key in graph.get_all_asset_keys()}
    parents = {name: {p.path[-1] for p in graph.get(key).parent_keys} for name, key in keys.items()}
    assert parents["shortlist"] == parents["refused"] == {"revisions", "cases"}
    assert parents["votes"] == {"shortlist"}
    assert {"shortlist", "votes"} <= parents["candidates"] & parents["rejections"]
    assert "votes" in parents["release"]
    checks = {(key.asset_key.path[-1], key.name) for key in graph.asset_check_keys}
    tables = ("shortlist", "refused", "votes")
    assert {(table, "contract") for table in tables} | {("votes", "panel_answered")} <= checks
    plain = definitions_of(recipe_of(None), settings).resolve_asset_graph()
    assert not set(tables) & {key.path[-1] for key in plain.get_all_asset_keys()}


def test_votes_that_come_by_files_end_the_build_until_they_are_there(
    run: Run, few: Path, tmp_path: Path
) -> None:
    """An export, answers from somewhere else, an import: the same items as by asking."""
    made = recipe_of({"models": ["m-a", "m-b"]})
    ledger = {"GRANDROUNDS_LEDGER_URL": f"sqlite:///{tmp_path / 'shared.sqlite'}"}
    file = models_file(tmp_path, {"m-a": "http://127.0.0.1:9/v1", "m-b": "http://127.0.0.1:9/v1"})
    by_files = {"GRANDROUNDS_MODELS": str(file), "GRANDROUNDS_LLM_BACKEND": "files", **ledger}
    waiting = run(made, few, home=tmp_path / "files", **by_files)
    assert waiting.success, waiting.errors
    assert waiting.release is None
    assert not {"votes", "candidates"} & set(waiting.tables)
    assert {(row.table, row.status) for row in waiting.unanswered} == {("votes", "waiting")}

    with stub_of({"m-a": guesser, "m-b": guesser}) as stub:
        file = models_file(tmp_path, {"m-a": stub.base_url, "m-b": stub.base_url})
        live = {"GRANDROUNDS_MODELS": str(file), "GRANDROUNDS_LLM_BACKEND": "live", **ledger}
        asked = run(made, few, home=tmp_path / "live", **live)
    assert asked.success and asked.release, asked.errors
    answered = run(made, few, home=tmp_path / "files", **by_files)
    assert answered.success and answered.release, answered.errors
    assert rows(tmp_path / "files", "items", Item) == rows(tmp_path / "live", "items", Item)
    assert rows(tmp_path / "files", "votes", PanelVote) == rows(tmp_path / "live", "votes", PanelVote)


def test_clinicians_review_what_the_panel_left(run: Run, few: Path, tmp_path: Path) -> None:
    made = recipe_of({"models": ["m-a", "m-b"]}, review={"policy": "readers", "readers": 1})
    with stub_of({"m-a": guesser, "m-b": guesser}) as stub:
        file = models_file(tmp_path, {"m-a": stub.base_url, "m-b": stub.base_url})
        outcome = run(made, few, GRANDROUNDS_MODELS=str(file))
    assert outcome.success, outcome.errors
    assert (
        outcome.tables["review_queue"]["dagster/row_count"]
        == outcome.tables["candidates"]["dagster/row_count"]
    )
