"""A reviewed recipe: the build ends at the queue, people decide, the sensor publishes. Nothing waits."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from grandrounds.errors import ReviewError
from grandrounds.lake import Lake
from grandrounds.recipe import Recipe
from grandrounds.records.envelope import Candidate, Item
from grandrounds.records.review_event import ReviewEvent
from grandrounds.release.verify import verify
from grandrounds.review.store import ReviewStore
from pipelines.commands import find_recipe, refuse_unless_reviewed
from pipelines.running import Outcome, definitions_of
from resources import LakeResource, ReviewResource, SettingsResource
from tests.pipelines.conftest import settings_of

NAME = "case_diagnosis_reviewed"
Build = Callable[..., Outcome]


def event(candidate: Candidate, reviewer: str, decision: str, **more: object) -> ReviewEvent:
    return ReviewEvent(
        event_id=f"{reviewer}-{candidate.item_id}-{decision}",
        recipe=NAME,
        item_id=candidate.item_id,
        content_sha256=candidate.content_sha256,
        reviewer=reviewer,
        role=str(more.pop("role", "reviewer")),
        decision=decision,
        created_at=datetime(2026, 1, 5, 9, tzinfo=UTC),
        **more,  # type: ignore[arg-type]
    )


def candidates(home: Path) -> list[Candidate]:
    return Lake(str(home / "lake")).read_records(f"{NAME}/candidates", Candidate)


def decide(store: ReviewStore, events: Iterable[ReviewEvent]) -> None:
    store.append(list(events))


def tick(recipe: Recipe, home: Path, sources: Path) -> dg.RunRequest | dg.SkipReason:
    """What the publishing sensor says now."""
    settings = settings_of(home, sources)
    sensor = definitions_of(recipe, settings).resolve_sensor_def(f"publish_{NAME}_when_reviewed")
    given = SettingsResource(home=str(home))
    resources = {"review": ReviewResource(settings=given), "lake": LakeResource(settings=given)}
    with (
        dg.DagsterInstance.ephemeral() as instance,
        dg.build_sensor_context(instance=instance, resources=resources) as context,
    ):
        said = sensor(context)
    assert isinstance(said, (dg.RunRequest, dg.SkipReason))
    return said


def test_from_queue_to_a_reviewed_release(build: Build, tmp_path: Path, sources: Path) -> None:
    home, recipe = tmp_path / "home", find_recipe(NAME)
    built = build(home, sources, recipe=NAME)
    assert built.success, built.errors
    assert built.release is None
    asked = candidates(home)
    assert len(asked) > 10
    store = ReviewStore(settings_of(home, sources).review_url.value)
    assert {entry.item_id for entry in store.queue(NAME)} == {row.item_id for row in asked}

    waiting = tick(recipe, home, sources)
    assert isinstance(waiting, dg.SkipReason)
    with pytest.raises(ReviewError, match="can't be published yet"):
        refuse_unless_reviewed(recipe, settings_of(home, sources))

    decide(store, (event(row, "reviewer-a", "accept") for row in asked))
    disputed, refused, edited = asked[0], asked[1], asked[2]
    decide(store, (event(row, "reviewer-b", "accept") for row in asked[3:]))
    decide(store, [event(disputed, "reviewer-b", "reject", reasons=("ambiguous",))])
    decide(store, [event(refused, "reviewer-b", "reject", reasons=("answer wrong",))])
    decide(store, [event(edited, "reviewer-b", "accept")])
    assert isinstance(tick(recipe, home, sources), dg.SkipReason)
    decide(store, [event(disputed, "reviewer-c", "accept", role="adjudicator")])
    decide(store, [event(refused, "reviewer-c", "reject", role="adjudicator")])

    due = tick(recipe, home, sources)
    assert isinstance(due, dg.RunRequest)
    assert due.run_key
    again = tick(recipe, home, sources)
    assert isinstance(again, dg.RunRequest)
    assert again.run_key == due.run_key, "the same decisions are published once"

    published = build(home, sources, recipe=NAME, what="publish")
    assert published.success, (published.errors, published.failed_checks)
    assert (published.release or "").endswith("1.0.0")
    report = verify(Path(published.release or ""))
    assert report.problems == ()
    assert not report.preview
    made = Lake(str(home / "lake")).read_records(f"{NAME}/items", Item)
    assert {row.item_id for row in made} == {row.item_id for row in asked} - {refused.item_id}
    assert all(row.reviewed and row.available_from for row in made)
    manifest = json.loads((Path(published.release or "") / "manifest.json").read_text())
    assert manifest["agreement"]["items"] == len(asked)

    repeated = build(home, sources, recipe=NAME, what="publish")
    assert repeated.release == published.release
    assert repeated.tables["release"]["made"] == "this content is already published"


def test_a_rebuild_keeps_decisions_and_asks_nothing_twice(
    build: Build, tmp_path: Path, sources: Path
) -> None:
    home = tmp_path / "home"
    build(home, sources, recipe=NAME)
    store = ReviewStore(settings_of(home, sources).review_url.value)
    decide(store, (event(row, "reviewer-a", "accept") for row in candidates(home)))
    again = build(home, sources, recipe=NAME)
    assert again.tables["review_queue"]["added"] == 0
    assert again.tables["review_queue"]["kept"] == len(candidates(home))
    assert len(store.events(NAME)) == len(candidates(home))
