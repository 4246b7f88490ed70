"""A live recipe with readers: what is decided is released, what is not is carried over."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from assets.weeks import partition_of
from grandrounds.fingerprint import content_id
from grandrounds.lake import Lake
from grandrounds.records.envelope import Candidate
from grandrounds.records.rejection import Rejection
from grandrounds.records.review_event import ReviewEvent
from grandrounds.records.table import from_table
from grandrounds.release.published import read_items
from grandrounds.release.verify import verify
from grandrounds.review.store import ReviewStore
from pipelines.weekly import publish_week
from tests.support.feeds.server import feed_server
from tests.support.live_weeks import Weeks, articles, during, live_recipe, nth, world


@pytest.fixture
def weeks(tmp_path: Path) -> Iterator[Weeks]:
    recipe = live_recipe(review={"policy": "readers", "readers": 1})
    with feed_server(world()) as server:
        made = Weeks(home=tmp_path / "home", server=server, recipe=recipe)
        for place, article in enumerate(list(articles())[:6]):
            made.world.publish(during(place // 3, hours=30 + place), article)
        yield made


def decide(store: ReviewStore, candidate: Candidate, reader: str, decision: str) -> None:
    """A reader's decision on a candidate."""
    event = ReviewEvent(
        event_id=content_id("event", [candidate.item_id, reader]),
        recipe=candidate.recipe,
        item_id=candidate.item_id,
        content_sha256=candidate.content_sha256,
        reviewer=reader,
        role="reviewer",
        decision=decision,
        created_at=datetime(2025, 1, 20, 8, tzinfo=UTC),
    )
    store.append([event])


def asked(store: ReviewStore, recipe: str) -> list[str]:
    """What readers are asked about."""
    return sorted(entry.item_id for entry in store.snapshot(recipe).entries if entry.state == "open")


def candidates(weeks: Weeks, number: int) -> list[Candidate]:
    lake = Lake(str(weeks.home / "lake"))
    return lake.read_records(f"{weeks.recipe.name}/{nth(number)}/candidates", Candidate)


def test_what_waits_is_carried_over_and_released_when_it_is_read(weeks: Weeks) -> None:
    import pyarrow.parquet as pq

    lake, store = Lake(str(weeks.home / "lake")), ReviewStore(weeks.settings.review_url.value)
    assert weeks.build(0).success
    first = candidates(weeks, 0)
    decide(store, first[0], "reviewer-a", "accept")

    ended = nth(0).ends("UTC")
    early = publish_week(weeks.recipe, store, lake, now=ended + timedelta(days=1))
    late = publish_week(weeks.recipe, store, lake, now=ended + timedelta(days=6))
    assert isinstance(early, dg.SkipReason)
    assert isinstance(late, dg.RunRequest)
    assert late.partition_key == partition_of(nth(0))

    outcome = weeks.publish(0)
    assert outcome.success, outcome.errors
    release = Path(str(outcome.release))
    assert verify(release).problems == ()
    assert [item.candidate_id for item in read_items(release)] == [first[0].item_id]
    refused = from_table(Rejection, pq.ParquetFile(release / "rejections.parquet").read())
    assert {row.subject_id for row in refused if row.gate == "carried_over"} == {
        row.item_id for row in first[1:]
    }

    assert weeks.build(1).success
    second = candidates(weeks, 1)
    assert {row.item_id for row in first} < {row.item_id for row in second}
    for row in second:
        if row.item_id != first[0].item_id:
            decide(store, row, "reviewer-b", "accept")
    done = publish_week(weeks.recipe, store, lake, now=nth(1).ends("UTC"))
    assert isinstance(done, dg.RunRequest)

    outcome = weeks.publish(1)
    assert outcome.success, outcome.errors
    items = read_items(Path(str(outcome.release)))
    assert {item.candidate_id for item in items} == {row.item_id for row in second}
    assert set(weeks.releases().values()) == {str(nth(0)), str(nth(1))}


def test_a_past_week_that_is_built_again_leaves_the_queue_alone(weeks: Weeks) -> None:
    store = ReviewStore(weeks.settings.review_url.value)
    assert weeks.build(0).success
    assert weeks.build(1).success
    before = asked(store, weeks.recipe.name)

    assert weeks.build(0).success

    assert asked(store, weeks.recipe.name) == before
    assert len(before) == len(candidates(weeks, 1))
