"""What the review store promises, held against both databases."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from grandrounds.errors import ReviewError
from grandrounds.recipe import Review
from grandrounds.records.envelope import content_sha256
from grandrounds.records.parts import Flag
from grandrounds.review.store import ReviewStore

RECIPE = "case_diagnosis"


def reworded(candidate, rationale="Another rationale."):
    changed = replace(candidate, rationale=rationale)
    return replace(changed, content_sha256=content_sha256(changed))


def driver_url(url):
    return url.replace("postgresql://", "postgresql+psycopg://")


# The queue


def test_candidates_come_back_as_they_went_in_and_in_order(store, candidates):
    result = store.enqueue(RECIPE, candidates, run_id="run-1")
    assert (result.added, result.kept, result.changed, result.withdrawn) == (12, 0, 0, 0)
    entries = store.queue(RECIPE)
    assert tuple(entry.candidate for entry in entries) == candidates
    assert [entry.position for entry in entries] == list(range(1, 13))
    assert {entry.run_id for entry in entries} == {"run-1"}
    assert store.recipes() == [RECIPE]


def test_filling_twice_changes_nothing(store, candidates):
    store.enqueue(RECIPE, candidates, run_id="run-1")
    before = store.queue(RECIPE)
    result = store.enqueue(RECIPE, reversed(candidates), run_id="run-2")
    assert (result.added, result.kept, result.changed, result.withdrawn) == (0, 12, 0, 0)
    assert store.queue(RECIPE) == before


def test_a_changed_content_is_asked_again_at_its_old_place(store, candidates, decide):
    store.enqueue(RECIPE, candidates)
    store.append([decide(candidates[2])])
    changed = (*candidates[:2], reworded(candidates[2]), *candidates[3:])
    result = store.enqueue(RECIPE, changed)
    assert (result.added, result.kept, result.changed, result.withdrawn) == (0, 11, 1, 0)
    assert tuple(entry.candidate for entry in store.queue(RECIPE)) == changed
    assert len(store.events(RECIPE)) == 1
    (old,) = store.queue(RECIPE, states=("replaced",))
    assert old.candidate == candidates[2]


def test_what_is_no_longer_produced_is_withdrawn_and_its_events_stay(store, candidates, decide):
    store.enqueue(RECIPE, candidates)
    store.append([decide(candidates[0])])
    result = store.enqueue(RECIPE, candidates[1:])
    assert (result.added, result.kept, result.changed, result.withdrawn) == (0, 11, 0, 1)
    assert candidates[0] not in [entry.candidate for entry in store.queue(RECIPE)]
    assert [event.item_id for event in store.events(RECIPE)] == [candidates[0].item_id]
    again = store.enqueue(RECIPE, candidates)
    assert (again.added, again.kept) == (1, 11)
    assert {entry.item_id for entry in store.queue(RECIPE)} == {one.item_id for one in candidates}


def test_a_content_that_comes_back_is_the_same_entry(store, candidates):
    store.enqueue(RECIPE, candidates[:1])
    store.enqueue(RECIPE, [reworded(candidates[0])])
    back = store.enqueue(RECIPE, candidates[:1])
    assert back.changed == 1
    assert [entry.candidate for entry in store.queue(RECIPE)] == [candidates[0]]
    assert len(store.queue(RECIPE, states=("open", "replaced", "withdrawn"))) == 2


def test_flags_may_change_without_asking_again(store, candidates):
    store.enqueue(RECIPE, candidates[:1])
    flagged = replace(candidates[0], quality_flags=(Flag(flag="bias", detail="longest option"),))
    assert store.enqueue(RECIPE, [flagged]).kept == 1
    assert store.queue(RECIPE)[0].candidate == flagged


def test_recipes_do_not_touch_one_another(store, candidates):
    other = tuple(make_other(one) for one in candidates)
    store.enqueue(RECIPE, candidates)
    store.enqueue("other_recipe", other)
    store.enqueue(RECIPE, [])
    assert store.queue(RECIPE) == []
    assert len(store.queue("other_recipe")) == 12
    assert store.recipes() == [RECIPE, "other_recipe"]


def make_other(candidate):
    moved = replace(candidate, recipe="other_recipe")
    return replace(moved, content_sha256=content_sha256(moved))


def test_the_policy_rides_along_and_stays_when_none_is_given(store, candidates):
    policy = Review(policy="readers", readers=3, minimum_agreement=0.8)
    store.enqueue(RECIPE, candidates, policy=policy)
    store.enqueue(RECIPE, candidates)
    assert store.policy(RECIPE) == policy
    assert store.policy("unheard_of") is None


@pytest.mark.parametrize("fault", ["twice", "recipe", "hash"])
def test_candidates_that_decisions_can_not_hang_on_are_refused_whole(store, candidates, fault):
    bad = {
        "twice": candidates[0],
        "recipe": replace(candidates[1], recipe="other"),
        "hash": replace(candidates[1], content_sha256="0" * 64),
    }[fault]
    with pytest.raises(ReviewError, match=bad.item_id):
        store.enqueue(RECIPE, [candidates[0], bad])
    assert store.queue(RECIPE) == []


# The events


def test_events_come_back_as_they_went_in_and_in_order(store, candidates, decide):
    store.enqueue(RECIPE, candidates)
    far = timezone(timedelta(hours=9))
    given = [
        decide(candidates[0], seconds=12.25, comment="fits — “well” 诊断 🩺\nsecond line\ttab"),
        decide(candidates[1], "reject", reasons=("not clinical", "leak"), by="reviewer-b"),
        decide(candidates[2], "edit", edits='{"rationale":"Shorter."}'),
        decide(candidates[3], created_at=datetime(2026, 5, 4, 12, 0, 0, 123456, tzinfo=far)),
    ]
    assert store.append(given).added == 4
    assert store.events(RECIPE) == given
    assert all(event.created_at.tzinfo == UTC for event in store.events())
    assert store.events("unheard_of") == []


def test_appending_again_is_known_and_changes_nothing(store, candidates, decide):
    store.enqueue(RECIPE, candidates)
    event = decide(candidates[0])
    store.append([event])
    later = replace(event, created_at=event.created_at + timedelta(days=1))
    result = store.append([event, later, event])
    assert (result.added, result.known) == (0, 3)
    assert store.events() == [event]


def test_another_event_under_a_known_id_is_refused(store, candidates, decide):
    store.enqueue(RECIPE, candidates)
    event = decide(candidates[0])
    store.append([event])
    with pytest.raises(ReviewError, match="never changed"):
        store.append([replace(event, decision="reject")])
    assert store.events() == [event]


def test_one_bad_event_keeps_the_whole_batch_out(store, candidates, decide):
    store.enqueue(RECIPE, candidates)
    with pytest.raises(ReviewError, match="None of the 2 events was stored"):
        store.append([decide(candidates[0]), decide(candidates[1], "perhaps")])
    assert store.events() == []


def test_told_to_keep_going_it_stores_the_good_ones_and_says_why_the_others_not(store, candidates, decide):
    store.enqueue(RECIPE, candidates)
    bad = decide(candidates[1], by="Somebody Real")
    result = store.append([decide(candidates[0]), bad], keep_going=True)
    assert (result.added, len(result.refused)) == (1, 1)
    assert result.refused[0].event is bad
    assert "pseudonym" in result.refused[0].reason


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"reviewer": ""}, "reviewer is missing"),
        ({"reviewer": "reviewer@example.org"}, "pseudonym"),
        ({"reviewer": "Reviewer-A"}, "pseudonym"),
        ({"role": "king"}, "role 'king'"),
        ({"decision": "perhaps"}, "decision 'perhaps'"),
        ({"decision": "edit"}, "no edits"),
        ({"edits": '{"rationale":"x"}'}, "say 'edit'"),
        ({"decision": "comment"}, "comment is empty"),
        ({"comment": "a\x00b"}, r"U\+0000"),
        ({"comment": "\ud800"}, r"U\+D800"),
        ({"comment": "x" * 10_001}, "10,001"),
        ({"reasons": ("x" * 301,)}, "A reason"),
        ({"reasons": ("x",) * 21}, "21 reasons"),
        ({"seconds": float("nan")}, "seconds"),
        ({"seconds": -1.0}, "seconds"),
        ({"created_at": datetime(2026, 1, 1)}, "time zone"),
        ({"item_id": "item-unknown"}, "no such item"),
        ({"item_id": "a\x00b"}, "is no id"),
        ({"recipe": ""}, "is no id"),
        ({"content_sha256": "f" * 64}, "never asked"),
    ],
)
def test_an_unsound_event_is_refused_by_name(store, candidates, decide, change, reason):
    store.enqueue(RECIPE, candidates)
    with pytest.raises(ReviewError, match=reason):
        store.append([decide(candidates[0], **change)])
    assert store.events() == []


def test_edits_that_break_the_item_are_refused(store, candidates, decide):
    store.enqueue(RECIPE, candidates)
    with pytest.raises(ReviewError, match="not among the options"):
        store.append([decide(candidates[0], "edit", edits='{"answer":"gout"}')])


def test_an_event_about_a_content_that_was_replaced_is_kept_as_history(store, candidates, decide):
    store.enqueue(RECIPE, candidates[:1])
    store.enqueue(RECIPE, [reworded(candidates[0])])
    assert store.append([decide(candidates[0])]).added == 1


# Append-only, held by the database itself


REPLACING = (
    "INTO review_events SELECT sequence, event_id, recipe, item_id, content_sha256, reviewer, role, "
    "'reject', reasons, comment, edits, seconds, created_at FROM review_events"
)
FORBIDDEN = {
    "sqlite": (f"INSERT OR REPLACE {REPLACING}", f"REPLACE {REPLACING}"),
    "postgresql": ("TRUNCATE review_events", "TRUNCATE review_queue CASCADE"),
    "both": (
        "UPDATE review_events SET decision = 'reject'",
        "DELETE FROM review_events",
        "DELETE FROM review_queue",
        "UPDATE review_queue SET item_id = 'other'",
    ),
}


def run(engine, statement):
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            connection.execute(text("PRAGMA foreign_keys = ON"))
        connection.execute(text(statement))


def test_no_statement_changes_or_removes_an_event(store, url, candidates, decide):
    store.enqueue(RECIPE, candidates[:1])
    store.append([decide(candidates[0])])
    before = store.events()
    engine = create_engine(driver_url(url))
    for statement in FORBIDDEN[url.partition(":")[0]] + FORBIDDEN["both"]:
        with pytest.raises(DBAPIError):
            run(engine, statement)
        assert store.events() == before, statement
    engine.dispose()


def test_an_item_can_not_be_open_with_two_contents(store, url, candidates):
    store.enqueue(RECIPE, candidates[:1])
    engine = create_engine(driver_url(url))
    with pytest.raises(DBAPIError), engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO review_queue SELECT recipe, item_id, 'other', state, position, run_id, "
                "candidate FROM review_queue"
            )
        )
    engine.dispose()


def test_sqlite_survives_a_power_cut_by_its_settings(lite, tmp_path):
    with lite._database.reading() as connection:
        settings = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert settings == ["wal", 2, 1]


def test_a_store_closed_can_be_opened_again(url, candidates, decide):
    with ReviewStore(url) as first:
        first.enqueue(RECIPE, candidates)
        first.append([decide(candidates[0])])
    with ReviewStore(url) as second:
        assert len(second.queue(RECIPE)) == 12
        assert len(second.events()) == 1


def test_a_damaged_candidate_is_told_not_thrown(lite, tmp_path, candidates):
    lite.enqueue(RECIPE, candidates[:1])
    raw = sqlite3.connect(tmp_path / "lite.sqlite")
    raw.execute("""UPDATE review_queue SET candidate = '{"recipe": 1}'""")
    raw.commit()
    raw.close()
    with pytest.raises(ReviewError, match="Build the recipe again"):
        lite.queue(RECIPE)
    assert lite.enqueue(RECIPE, candidates[:1]).kept == 1
    assert lite.queue(RECIPE)[0].candidate == candidates[0]
