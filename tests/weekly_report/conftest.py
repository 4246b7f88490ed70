"""Three weeks of a live benchmark, published by the house's own writer, and what else is known of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from grandrounds.records.envelope import Item
from grandrounds.records.funnel import ReasonCount
from grandrounds.records.retired import RETRACTED, REVISED, Withdrawal
from grandrounds.release.plots import Plot
from grandrounds.release.writer import ReleaseRequest, write_release
from grandrounds.weekly_report.report import Report
from grandrounds.weekly_report.values import (
    LATER,
    REFUSED,
    TAKEN,
    Arrived,
    Cost,
    FailedCheck,
    FeedState,
    WeekFacts,
)
from grandrounds.weeks import Week
from tests.support.factories import make_reviews, picture, world
from tests.support.releases import make_items, make_recipe, make_request, without
from tests.weekly_report.writing import WEEKS, write_all

NAME = "live_cases"


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """The benchmark's folder, and the versions and days of its weeks."""

    folder: Path
    versions: tuple[str, ...]

    def version(self, week: Week) -> str:
        return self.versions[WEEKS.index(week)]


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """Three weeks: 12 cases, then 16, then 20 of which one was retracted and one revised."""
    with pytest.MonkeyPatch.context() as patch:
        plots = tuple(Plot(name=f"{name}.png", alt=name, png=picture(7)) for name in ("splits", "funnel"))
        patch.setattr("grandrounds.release.folder.draw_plots", lambda *args, **more: plots)
        return publish_weeks(tmp_path_factory.mktemp("releases"))


def publish_weeks(root: Path) -> Published:
    """The three weeks below ``root``."""
    recipe = make_recipe(reviewed=True, name=NAME, title="Live cases", live={"start": "2026-W40"})
    splits: dict[str, str] = {}
    days: dict[str, date] = {}
    gone: dict[str, Withdrawal] = {}
    versions = []
    for number, week in enumerate(WEEKS):
        made = world(12 + 4 * number, recipe=NAME)
        released = week.after.monday + timedelta(days=1)
        if number == 2:
            gone[made.cases[0].source_id] = Withdrawal(
                reason=RETRACTED, words="Retraction notice 10.0000/r1 <of 18 November>"
            )
            gone[made.cases[3].source_id] = Withdrawal(reason=REVISED, words="Version 2 was harvested.")
        own = recipe.in_week(week)
        rows = _items(made, own, splits=splits, days=days, day=released)
        agreed = 0.86 - 0.02 * number
        request = make_request(
            made=made,
            recipe=own,
            reviewed=True,
            items=rows,
            reviews=make_reviews(made.candidates),
            released=released,
            withdrawn=dict(gone),
            agreement={
                "items": len(made.candidates),
                "percent_agreement": agreed + 0.06,
                "gwet_ac1": agreed,
                "gwet_ac1_low": agreed - 0.07,
                "gwet_ac1_high": agreed + 0.05,
            },
        )
        for item in rows:
            if item.source_id in gone:
                request = without(request, item)
        if number:
            request = _carry_over(request, rows[-number:])
        versions.append(write_release(request, root=root).version)
    return Published(folder=root / NAME, versions=tuple(versions))


def _items(
    made: Any, recipe: Any, *, splits: dict[str, str], days: dict[str, date], day: date
) -> list[Item]:
    for item in make_items(made, recipe):
        splits.setdefault(item.group_id, item.split)
        days.setdefault(item.item_id, day)
    return [
        replace(item, split=splits[item.group_id], available_from=days[item.item_id])
        for item in make_items(made, recipe)
    ]


def _carry_over(request: ReleaseRequest, rows: list[Item]) -> ReleaseRequest:
    """The readers had no time for some."""
    for item in rows:
        request = without(request, item)
    waiting = [replace(row, gate="carried_over") for row in request.rejections if row.gate == "readers"]
    names = {row.rejection_id for row in waiting if row.subject_id in {i.candidate_id for i in rows}}
    rejections = [
        replace(row, gate="carried_over") if row.rejection_id in names else row
        for row in request.rejections
    ]
    steps = [
        replace(
            step,
            refused=tuple(
                ReasonCount(reason=reason, count=amount)
                for reason, amount in (
                    ("carried_over", len(names)),
                    ("readers", sum(part.count for part in step.refused) - len(names)),
                )
                if amount
            ),
        )
        if step.step == "review"
        else step
        for step in request.funnel
    ]
    return replace(request, rejections=rejections, funnel=tuple(steps))


def facts_of(week: Week, **more: Any) -> WeekFacts:
    """What is known of a week besides its release; every week a little other."""
    number = week.number - 45
    seen = week.monday + timedelta(days=2)
    arrived = [
        Arrived(
            feed=("europe_pmc", "pmc_oai")[place % 2],
            record_id=f"PMC{7_000_000 + 100 * week.number + place}",
            title=f"A {('rash', 'cough', 'fever', 'headache')[place % 4]} that was not what it seemed: case {place}",
            decision=TAKEN if place % 5 < 3 else (REFUSED if place % 5 == 3 else LATER),
            reason="" if place % 5 < 3 else ("licence", "language", "not_a_case")[place % 3],
            words="" if place % 5 < 3 else "Its licence allows no derivatives.",
            first_public=seen - timedelta(days=2 + 3 * place),
            seen=seen,
            licence="CC-BY-4.0",
            revised=place == 7,
            retracted=place == 13,
        )
        for place in range(24 + 6 * number)
    ]
    values: dict[str, Any] = {
        "week": week,
        "arrived": tuple(arrived),
        "feeds": (
            FeedState(feed="europe_pmc"),
            FeedState(feed="pmc_oai"),
            FeedState(
                feed="journal_rss",
                finished=week.number == 45,
                trouble="https://u:pw@feeds.example/rss?key=s3cret gave 503.",
            ),
        ),
        "cost": Cost(
            requests=412,
            reused=260,
            prompt_tokens=181_204,
            completion_tokens=40_118,
            money=1.8342,
            currency="USD",
        ),
        "failed_checks": (
            FailedCheck(table="items", check="label_balance", words="Neurological items are 31% of all."),
        )
        if week.number == 47
        else (),
        "run_url": f"https://dagster.example/runs/{week.number}",
    }
    return WeekFacts(**(values | more))


@pytest.fixture
def facts() -> Callable[..., WeekFacts]:
    """Makes the facts of a week."""
    return facts_of


@pytest.fixture(scope="module")
def written(published: Any, tmp_path_factory: pytest.TempPathFactory) -> Report:
    """All three weeks; tests only read it."""
    return write_all(published, tmp_path_factory.mktemp("weekly"), facts_of)
