"""A panel over real HTTP: every vote is there, one a question, whatever becomes of a model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from grandrounds.contracts import contract
from grandrounds.errors import ModelError, RecipeError
from grandrounds.lake import Lake
from grandrounds.llm.backends.endpoint import Endpoint
from grandrounds.llm.backends.http import HttpBackend
from grandrounds.llm.backends.retry import RetryPolicy
from grandrounds.llm.budget import BudgetReached, Limits
from grandrounds.llm.client import ModelClient
from grandrounds.llm.ledger import open_ledger
from grandrounds.recipe import Recipe
from grandrounds.records.envelope import Candidate
from grandrounds.records.table import from_table, to_table
from grandrounds.records.vote import LETTER, RULE, PanelVote
from grandrounds.settings import resolve
from grandrounds.votes.panel import Voter, ask_panel
from grandrounds.votes.voters import seated, seats
from tests.support.factories import world
from tests.support.revisions import make_recipe
from tests.support.stub_openai import StubServer
from tests.support.voters import always_first, guesser, knows, models_file, responder, solver

ROWS: tuple[Candidate, ...] = world(6).candidates
CHOICES = tuple(row for row in ROWS if row.options)
RETRY = RetryPolicy(attempts=2, unanswered=1, base=0.001, longest=0.001)


def panel(models: Sequence[str] = ("good",), *, repeats: int = 1, **more: Any) -> Recipe:
    given = {"models": list(models), "repeats": repeats, "pictures": False, **more}
    return make_recipe(panel=given, gates={"blind_luck": 0})


@contextmanager
def voter(base_url: str, folder: Path, name: str, *, local: bool = True, **more: Any) -> Iterator[Voter]:
    backend = HttpBackend(Endpoint(base_url=base_url, local=local), retry=RETRY, timeout_seconds=5)
    ledger = open_ledger(folder / "ledger.sqlite")
    with ModelClient(ledger, backend, model=f"wire-{name}", concurrency=8, **more) as client:
        yield Voter(name=name, client=client, version="file's version")


def ask(base_url: str, folder: Path, recipe: Recipe, rows: Sequence[Candidate] = ROWS) -> list[PanelVote]:
    assert recipe.panel is not None
    voters = [voter(base_url, folder, name) for name in recipe.panel.models]
    return list(ask_panel(rows, recipe=recipe, voters=voters))


def test_a_good_solver_is_right_with_the_case_and_a_guesser_is_as_good_without(tmp_path: Path) -> None:
    minds = {"wire-good": solver(ROWS), "wire-bad": guesser}
    with StubServer(responder=responder(minds)) as stub:
        votes = ask(stub.base_url, tmp_path, panel(["good", "bad"], repeats=2))
    assert len(votes) == 2 * 2 * (len(ROWS) + len(CHOICES))
    assert len({vote.vote_id for vote in votes}) == len(votes)
    good = [vote for vote in votes if vote.model == "good" and not vote.blind]
    assert all(vote.correct for vote in good)
    assert {vote.model_version for vote in good} == {"wire-good"}
    assert {vote.judged_by for vote in good if vote.task == "diagnosis_open"} == {RULE}
    choices = [vote for vote in votes if vote.task == "diagnosis_mcq"]
    assert {vote.judged_by for vote in choices} == {LETTER}
    assert all((vote.answer_index == vote.right_index) == vote.correct for vote in choices)
    assert all(vote.prompt_tokens and vote.completion_tokens for vote in votes)
    assert {vote.n for vote in votes} == {1, 2}


def test_votes_are_a_table_under_their_contract(tmp_path: Path) -> None:
    with StubServer(responder=responder({"wire-good": solver(ROWS)})) as stub:
        votes = ask(stub.base_url, tmp_path, panel())
    assert from_table(PanelVote, to_table(votes, contract("votes"))) == votes


def test_asking_again_sends_nothing_and_says_the_same(tmp_path: Path) -> None:
    with StubServer(responder=responder({"wire-good": solver(ROWS)})) as stub:
        recipe = panel(repeats=2)
        first = ask(stub.base_url, tmp_path, recipe)
        sent = stub.stats()["received"]
        assert ask(stub.base_url, tmp_path, recipe) == first
        assert stub.stats()["received"] == sent == len(first)
        third = ask(stub.base_url, tmp_path, panel(repeats=3))
        assert stub.stats()["received"] == sent + len(third) // 3, "only the third repeat is new"
        assert {vote.vote_id for vote in first} <= {vote.vote_id for vote in third}


def test_who_always_says_a_is_right_once_in_as_many_repeats_as_options(tmp_path: Path) -> None:
    with StubServer(responder=responder({"wire-a": always_first})) as stub:
        votes = ask(stub.base_url, tmp_path, panel(["a"], repeats=5), CHOICES)
    right = Counter((vote.item_id, vote.blind) for vote in votes if vote.correct)
    assert set(right.values()) == {1}
    assert len(right) == 2 * len(CHOICES)


def test_a_model_that_is_down_fails_and_the_others_count(tmp_path: Path) -> None:
    with StubServer() as gone:
        nowhere = gone.base_url
    with StubServer(responder=responder({"wire-up": solver(ROWS)})) as stub:
        voters = [voter(nowhere, tmp_path, "down"), voter(stub.base_url, tmp_path, "up")]
        votes = list(ask_panel(ROWS, recipe=panel(["down", "up"]), voters=voters))
    by_model = {name: [vote for vote in votes if vote.model == name] for name in ("down", "up")}
    assert len(by_model["down"]) == len(by_model["up"])
    assert {vote.status for vote in by_model["down"]} == {"failed"}
    assert all("nothing" in vote.reason.lower() or "reach" in vote.reason for vote in by_model["down"])
    assert {vote.correct for vote in by_model["down"]} == {None}
    assert all(vote.counts for vote in by_model["up"])
    to_table(votes, contract("votes"))


def test_a_model_that_fails_half_way_keeps_what_it_answered(tmp_path: Path) -> None:
    def dies(body: dict[str, Any]) -> Any:
        if len(stub.book.bodies) > 5:
            stub.stub.plan = replace(stub.stub.plan, api_key="changed meanwhile")
        return responder({"wire-m": solver(ROWS)})(body)

    with StubServer(responder=dies) as stub:
        votes = list(ask_panel(ROWS, recipe=panel(["m"]), voters=[voter(stub.base_url, tmp_path, "m")]))
    assert len(votes) == len(ROWS) + len(CHOICES)
    assert len({vote.vote_id for vote in votes}) == len(votes)
    statuses = Counter(vote.status for vote in votes)
    assert statuses["ok"] >= 1 and statuses["failed"] >= 1


def test_when_nobody_can_be_asked_the_run_stops(tmp_path: Path) -> None:
    with StubServer() as gone:
        nowhere = gone.base_url
    with pytest.raises(ModelError):
        ask(nowhere, tmp_path, panel(["one", "other"]))


def test_a_spent_budget_stops_the_run_after_the_others_were_asked(tmp_path: Path) -> None:
    minds = {"wire-poor": guesser, "wire-rich": guesser}
    with StubServer(responder=responder(minds)) as stub:
        voters = [
            voter(stub.base_url, tmp_path, "poor", limits=Limits(requests=3)),
            voter(stub.base_url, tmp_path, "rich"),
        ]
        votes: list[PanelVote] = []
        with pytest.raises(BudgetReached):
            votes.extend(ask_panel(ROWS, recipe=panel(["poor", "rich"]), voters=voters))
        asked = Counter(body["model"] for body in stub.book.bodies)
    assert asked["wire-poor"] == 3
    assert asked["wire-rich"] == len(ROWS) + len(CHOICES)


@pytest.mark.parametrize(
    ("always", "status"), [("refuse", "refused"), ("nonsense", "unparsable"), ("length", "truncated"), ("500", "failed")]
)  # fmt: skip
def test_what_is_no_answer_is_neither_right_nor_wrong(always: str, status: str, tmp_path: Path) -> None:
    with StubServer(always=always) as stub:
        votes = ask(stub.base_url, tmp_path, panel(["m"]), ROWS[:2])
    assert {vote.status for vote in votes} == {status}
    assert all(vote.correct is None and vote.reason and not vote.answer for vote in votes)
    to_table(votes, contract("votes"))


def test_not_a_byte_of_protected_evidence_goes_to_a_model_elsewhere(tmp_path: Path) -> None:
    rows = [replace(row, protected=number % 2 == 0) for number, row in enumerate(CHOICES)]
    minds = {"wire-far": guesser, "wire-near": guesser}
    with StubServer(responder=responder(minds)) as stub:
        voters = [
            voter(stub.base_url, tmp_path, "far", local=False),
            voter(stub.base_url, tmp_path, "near"),
        ]
        votes = list(ask_panel(rows, recipe=panel(["far", "near"]), voters=voters))
        far = [str(body) for body in stub.book.bodies if body["model"] == "wire-far"]
    protected = {row.item_id: row for row in rows if row.protected}
    assert not any(row.question + str(row.options[0]) in text for row in protected.values() for text in far)
    assert not any(row.stem[:60] in text for row in protected.values() for text in far)
    statuses = {(vote.model, vote.item_id in protected): vote.status for vote in votes}
    assert statuses == {
        ("far", True): "not_local",
        ("far", False): "ok",
        ("near", True): "ok",
        ("near", False): "ok",
    }
    assert len(far) == 2 * (len(rows) - len(protected))


def test_one_that_knows_the_options_is_right_without_the_case(tmp_path: Path) -> None:
    planted = CHOICES[:2]
    with StubServer(responder=responder({"wire-m": knows(planted, guesser)})) as stub:
        votes = ask(stub.base_url, tmp_path, panel(["m"], repeats=3), CHOICES)
    right = {
        row.item_id: [bool(v.correct) for v in votes if v.item_id == row.item_id and v.blind]
        for row in CHOICES
    }
    assert all(right[row.item_id] == [True] * 3 for row in planted)


def test_requests_and_votes_are_a_stream(tmp_path: Path) -> None:
    """A panel on a million items must not hold them: the first votes come before the last is asked."""
    rows = [replace(CHOICES[0], item_id=f"item-{number:024x}") for number in range(3000)]
    with StubServer(responder=responder({"wire-m": guesser})) as stub:
        votes = ask_panel(rows, recipe=panel(["m"]), voters=[voter(stub.base_url, tmp_path, "m")])
        next(votes)
        assert stub.stats()["received"] < 3000
        votes.close()  # type: ignore[attr-defined]


def test_progress_goes_through_the_whole_panel(tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    with StubServer(responder=responder({"wire-a": guesser, "wire-b": guesser})) as stub:
        voters = [voter(stub.base_url, tmp_path, name) for name in "ab"]
        list(
            ask_panel(
                CHOICES,
                recipe=panel(["a", "b"]),
                voters=voters,
                on_progress=lambda done, total: told.append((done, total)),
            )
        )
    total = 4 * len(CHOICES)
    assert told[-1] == (total, total)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


# Seats ---------------------------------------------------------------------------------------------


def test_names_of_a_recipe_are_found_in_the_models_file(tmp_path: Path) -> None:
    with StubServer(responder=responder({"one": guesser})) as stub:
        file = models_file(tmp_path, {"one": stub.base_url, "two": stub.base_url})
        settings = resolve({"GRANDROUNDS_HOME": str(tmp_path), "GRANDROUNDS_MODELS": str(file)}, environ={})
        recipe = panel(["one"])
        (seat,) = seats(recipe, settings)
        assert (seat.name, seat.wire, seat.version) == ("one", "one", "v-one")
        opening = seated(seat, settings=settings, recipe=recipe, lake=Lake(str(tmp_path / "lake")))
        votes = list(ask_panel(CHOICES[:1], recipe=recipe, voters=[opening]))
    assert [vote.status for vote in votes] == ["ok", "ok"]


def test_a_panel_without_names_is_the_default_model(tmp_path: Path) -> None:
    given = {"GRANDROUNDS_LLM_BASE_URL": "http://127.0.0.1:9/v1", "GRANDROUNDS_LLM_MODEL": "mine"}
    settings = resolve({"GRANDROUNDS_HOME": str(tmp_path), **given}, environ={})
    assert [seat.wire for seat in seats(panel([]), settings)] == ["mine"]


@pytest.mark.parametrize(
    ("models", "words"), [([], "no model is configured"), (["gone"], "nobody configured")]
)
def test_a_model_that_is_not_there_is_named(models: list[str], words: str, tmp_path: Path) -> None:
    settings = resolve({"GRANDROUNDS_HOME": str(tmp_path)}, environ={})
    with pytest.raises(RecipeError, match=words):
        seats(panel(models), settings)


def test_one_model_by_two_names_would_vote_twice(tmp_path: Path) -> None:
    file = tmp_path / "models.yaml"
    entry = "{base_url: 'http://127.0.0.1:9/v1', model: same}"
    file.write_text(f"models:\n  a: {entry}\n  b: {entry}\n")
    settings = resolve({"GRANDROUNDS_HOME": str(tmp_path), "GRANDROUNDS_MODELS": str(file)}, environ={})
    with pytest.raises(RecipeError, match="by two names"):
        seats(panel(["a", "b"]), settings)
