"""Twelve weeks of a live benchmark against loopback servers that fail in all the ways that servers do."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from grandrounds.harvest.room import HarvestRoom
from grandrounds.lake import Lake
from grandrounds.records.harvested import Harvested
from grandrounds.records.retired import Retired
from grandrounds.release.published import read_items
from grandrounds.release.retirement import read_retired
from grandrounds.release.verify import verify
from tests.support.feeds.server import Fault, feed_server
from tests.support.live_weeks import Weeks, articles, during, nth, world

WEEKS = 12
OUTAGE, TOO_MANY, MALFORMED, DUPLICATE, REVISION, RETRACTION, LICENCE, QUIET = 2, 3, 4, 5, 6, 7, 8, 9


def released(weeks: Weeks, number: int) -> Path:
    name = next(name for name, week in weeks.releases().items() if week == str(nth(number)))
    return weeks.home / "releases" / weeks.recipe.name / name


def rows(weeks: Weeks, number: int) -> list[Harvested]:
    lake = Lake(str(weeks.home / "lake"))
    return lake.read_records(f"{weeks.recipe.name}/{nth(number)}/harvest", Harvested)


@pytest.fixture(scope="module")
def twelve(tmp_path_factory: pytest.TempPathFactory) -> object:
    """All twelve weeks, built one after the other."""
    published = list(articles())[: 2 * WEEKS]
    with feed_server(world(), page_size=3) as server:
        weeks = Weeks(home=tmp_path_factory.mktemp("live") / "home", server=server)
        for place, article in enumerate(published):
            if place // 2 != QUIET:
                weeks.world.publish(during(place // 2, hours=30 + place), article)
        weeks.world.revise(
            during(REVISION),
            published[0].number,
            sections=(*published[0].sections, ("Correction", "The dose was given twice a day, not once.")),
        )
        weeks.world.retract(during(RETRACTION), published[2].number, notice=800_001)
        weeks.world.relicense(
            during(LICENCE), published[4].number, "all rights reserved", "All rights reserved."
        )
        faults = {
            OUTAGE: [Fault(pattern=".", how="status", status=503)],
            TOO_MANY: [
                Fault(pattern="search", how="status", status=429, headers={"Retry-After": "1"}, times=1)
            ],
            MALFORMED: [
                Fault(
                    pattern=f"{published[2 * MALFORMED].pmcid}.*fullText",
                    how="body",
                    body=b"<article><tr",
                    times=2,
                )
            ],
        }
        outcomes = []
        for number in range(WEEKS):
            server.faults[:] = faults.get(number, [])
            outcomes.append(weeks.build(number))
            server.faults.clear()
        yield weeks, outcomes, published


def test_each_week_is_released_and_verifies(twelve) -> None:
    weeks, outcomes, _ = twelve

    assert [outcome.success for outcome in outcomes] == [True] * WEEKS, [o.errors for o in outcomes]
    assert sorted(set(weeks.releases().values())) == [
        str(nth(number)) for number in range(WEEKS) if number not in (OUTAGE, QUIET)
    ]
    for number in range(WEEKS):
        if number not in (OUTAGE, QUIET):
            assert verify(released(weeks, number)).problems == ()


def test_a_week_without_anything_new_has_no_release_of_its_own(twelve) -> None:
    _, outcomes, _ = twelve

    assert outcomes[QUIET].release == outcomes[QUIET - 1].release
    assert outcomes[OUTAGE].release == outcomes[OUTAGE - 1].release


def test_an_outage_costs_a_week_nothing_that_the_next_does_not_bring(twelve) -> None:
    weeks, outcomes, published = twelve
    late = {article.pmcid for article in published[2 * OUTAGE : 2 * OUTAGE + 2]}

    assert {row.record_id for row in rows(weeks, OUTAGE)}.isdisjoint(late)
    assert outcomes[OUTAGE].tables["harvest"]["troubles"]
    brought = {row.record_id: row for row in rows(weeks, TOO_MANY) if row.record_id in late}
    assert set(brought) == late
    assert {row.week for row in brought.values()} == {str(nth(TOO_MANY))}
    assert {row.first_public for row in brought.values()} == {published[0].first_public}


def test_nothing_is_harvested_twice(twelve) -> None:
    weeks, _, published = twelve
    room = HarvestRoom(folder=weeks.home / "harvest")

    with room.open_journal() as journal:
        taken = Counter(
            (version.record.feed, version.record.record_id, version.fingerprint)
            for version in journal.versions()
            if version.decision == "taken"
        )
    assert set(taken.values()) == {1}
    fetched = {
        article.pmcid: weeks.server.fetched(f"epmc/{article.pmcid}/fullTextXML") for article in published
    }
    revised = {published[0].pmcid, published[2].pmcid, published[4].pmcid, published[2 * MALFORMED].pmcid}
    assert {pmcid for pmcid, times in fetched.items() if times > 1} <= revised


def test_what_was_malformed_is_had_later(twelve) -> None:
    weeks, _, published = twelve
    broken = published[2 * MALFORMED]

    first = [
        row for row in rows(weeks, MALFORMED) if (row.feed, row.record_id) == ("europe-pmc", broken.pmcid)
    ]
    assert [row.status for row in first] in (["later"], ["refused"])
    assert all(row.words for row in first)
    last = [row for row in rows(weeks, WEEKS - 1) if row.title == broken.title]
    assert [row.status for row in last].count("live") == 1


def test_two_feeds_that_list_one_article_give_one_source(twelve) -> None:
    weeks, _, published = twelve

    live = [row for row in rows(weeks, WEEKS - 1) if row.status == "live"]
    assert len({row.source_id for row in live}) == len(live)
    assert len(live) <= len(published) - 2


@pytest.mark.parametrize(
    ("number", "place", "reason"),
    [(REVISION, 0, "revised"), (RETRACTION, 2, "retracted"), (LICENCE, 4, "licence_changed")],
)
def test_items_retire_with_their_source(twelve, number: int, place: int, reason: str) -> None:
    weeks, _, published = twelve
    before = {row.item_id: row for row in read_items(released(weeks, number - 1))}
    retired = {row.item_id: row for row in read_retired(released(weeks, number))}

    gone = [row for row in retired.values() if row.week == str(nth(number))]
    assert {row.reason for row in gone} == {reason}
    assert gone
    for row in gone:
        assert before[row.item_id].citation.find(published[place].title[:20]) >= 0
        assert row.retired_at == nth(number).after.monday
    there = {row.item_id for row in read_items(released(weeks, WEEKS - 1))}
    assert there.isdisjoint(retired)


def test_the_list_of_the_retired_only_grows(twelve) -> None:
    weeks, _, _ = twelve
    lists: list[set[Retired]] = [
        {row.item_id for row in read_retired(released(weeks, number))}
        for number in range(WEEKS)
        if number not in (OUTAGE, QUIET)
    ]

    assert all(one <= other for one, other in pairwise(lists))
    assert lists[-1]


def test_a_past_week_built_again_is_the_same_release(twelve) -> None:
    weeks, outcomes, _ = twelve
    before = weeks.releases()
    asked = len(weeks.server.seen)

    again = weeks.build(4)

    assert again.success, again.errors
    assert again.release == outcomes[4].release
    assert weeks.releases() == before
    assert len(weeks.server.seen) == asked
