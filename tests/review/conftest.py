"""Both databases for the review store's tests: SQLite in a file, and a PostgreSQL server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from grandrounds.fingerprint import content_id
from grandrounds.records.envelope import Candidate
from grandrounds.records.review_event import ReviewEvent
from grandrounds.review.store import ReviewStore
from tests.support.factories import make_candidate, make_case
from tests.support.postgres import Server


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database; each test that asks runs on both kinds."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'review.sqlite'}"
    server: Server = request.getfixturevalue("postgres")
    return server.empty()


@pytest.fixture
def store(url: str) -> Iterator[ReviewStore]:
    with ReviewStore(url) as opened:
        yield opened


@pytest.fixture
def lite(tmp_path: Path) -> Iterator[ReviewStore]:
    """A store on SQLite alone, for what does not depend on the database."""
    with ReviewStore(f"sqlite:///{tmp_path / 'lite.sqlite'}") as opened:
        yield opened


@pytest.fixture(scope="session")
def candidates() -> tuple[Candidate, ...]:
    """Six multiple-choice candidates of one recipe, then six open ones."""
    return tuple(
        make_candidate(make_case(number), task=task)
        for task in ("diagnosis_mcq", "diagnosis_open")
        for number in range(6)
    )


EventMaker = Callable[..., ReviewEvent]


@pytest.fixture
def decide() -> EventMaker:
    """Makes events with ids and times of their own: ``decide(candidate, "reject", by="reviewer-b")``."""
    number = count(1)

    def make(
        candidate: Candidate, decision: str = "accept", by: str = "reviewer-a", **more: object
    ) -> ReviewEvent:
        place = next(number)
        fields: dict[str, object] = {
            "event_id": content_id("event", [candidate.item_id, decision, by, place]),
            "recipe": candidate.recipe,
            "item_id": candidate.item_id,
            "content_sha256": candidate.content_sha256,
            "reviewer": by,
            "role": "reviewer",
            "decision": decision,
            "created_at": datetime(2026, 5, 4, 8, 0, tzinfo=UTC) + timedelta(seconds=place),
        }
        return ReviewEvent(**{**fields, **more})  # type: ignore[arg-type]

    return make
