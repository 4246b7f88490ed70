"""The board says what the database says, on both databases, and is not worked out more often than need be."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from grandrounds.errors import ReviewError
from grandrounds.lake import Lake
from grandrounds.recipe import Review
from grandrounds.records.envelope import Candidate
from grandrounds.review.desk.desk import Desk
from grandrounds.review.desk.disputes import disputes
from grandrounds.review.figures import board as board_module
from grandrounds.review.figures.board import Boards
from grandrounds.review.figures.table import Table
from grandrounds.review.people.accounts import Accounts
from grandrounds.review.store import ReviewStore

RECIPE = "case_diagnosis"
NOW = datetime(2026, 5, 20, 15, tzinfo=UTC)


@pytest.fixture
def filled(store: ReviewStore, candidates: Sequence[Candidate], decide: Any) -> ReviewStore:
    store.enqueue(RECIPE, candidates, policy=Review(policy="readers", readers=2))
    for one in candidates[:4]:
        store.append([decide(one, by="reviewer-a"), decide(one, by="reviewer-b")])
    store.append([decide(candidates[4], by="reviewer-a")])
    store.append([decide(candidates[4], "reject", by="reviewer-b", reasons=("leak",))])
    return store


def test_every_table_is_there_and_says_the_same_twice(filled: ReviewStore, tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    one, two = Boards(filled, lake).board(RECIPE, now=NOW), Boards(filled, lake).board(RECIPE, now=NOW)
    assert one.tables == two.tables
    assert [row[0] for row in one.tables["disputes"].rows] == [disputes(filled, RECIPE)[0].candidate_id]
    for table in one.tables.values():
        assert table.as_csv().startswith("\ufeff")
        assert all(len(row) == len(table.columns) for row in table.rows)
    with pytest.raises(ReviewError, match="no review queue"):
        Boards(filled, lake).board("another", now=NOW)


def test_a_small_queue_s_board_is_always_new(
    filled: ReviewStore, candidates: Sequence[Candidate], decide: Any, tmp_path: Path
) -> None:
    boards = Boards(filled, Lake(str(tmp_path / "lake")))
    before = boards.board(RECIPE, now=NOW).status.by_reviewer["reviewer-a"]
    filled.append([decide(candidates[5], by="reviewer-a")])
    assert boards.board(RECIPE, now=NOW).status.by_reviewer["reviewer-a"] == before + 1


def test_a_large_queue_s_board_is_made_now_and_then(
    filled: ReviewStore,
    candidates: Sequence[Candidate],
    decide: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(board_module, "_QUICK", 0.0)
    monkeypatch.setattr(board_module, "_PATIENCE", 1e6)
    boards = Boards(filled, Lake(str(tmp_path / "lake")))
    first = boards.board(RECIPE, now=NOW)
    filled.append([decide(candidates[5], by="reviewer-a")])
    assert boards.board(RECIPE, now=NOW + timedelta(seconds=1)).as_of == first.as_of
    later = boards.board(RECIPE, now=NOW + timedelta(days=3650))
    assert later.status.by_reviewer["reviewer-a"] == first.status.by_reviewer["reviewer-a"] + 1


def test_disputes_are_for_those_who_did_not_read(
    filled: ReviewStore, candidates: Sequence[Candidate]
) -> None:
    people, desk = Accounts(filled.database), Desk(filled)
    reader = people.add("reviewer-b", roles=["adjudicator"])
    one, two = (people.add(f"adjudicator-{letter}", roles=["adjudicator"]) for letter in "ab")
    assert disputes(filled, RECIPE, account=reader) == []
    (ruling,) = disputes(filled, RECIPE, account=one)
    slot = desk.adjudicate(one, recipe=RECIPE, item_id=ruling.candidate_id)
    assert disputes(filled, RECIPE, account=two) == []
    assert len(disputes(filled, RECIPE, account=one)) == 1
    desk.decline(one, slot, "conflict")
    assert disputes(filled, RECIPE, account=one) == []
    assert len(disputes(filled, RECIPE, account=two)) == 1


def test_a_table_s_file_is_harmless() -> None:
    table = Table(name="t", columns=("words", "value"), rows=(("=1+1", -0.5), ('a,"b"\n', None), ("-2", 3)))
    assert table.as_csv() == '\ufeffwords,value\r\n\'=1+1,-0.5\r\n"a,""b""\n",\r\n\'-2,3\r\n'
    assert '"value": null' in table.as_json()
