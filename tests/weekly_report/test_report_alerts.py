"""What of a week calls for a person, and what does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from grandrounds.records.funnel import FunnelStep, ReasonCount
from grandrounds.weekly_report.alerts import ALERT, HISTORY, NOTICE, alerts_of, stale_after
from grandrounds.weekly_report.note import AgreementNote, Note, ReleasedNote
from grandrounds.weekly_report.summary import note_of
from grandrounds.weekly_report.values import (
    Arrived,
    FailedCheck,
    FeedState,
    ReaderLoad,
    Readers,
    WeekFacts,
)
from grandrounds.weeks import Week

FIRST = Week(2026, 30)


def records(taken: int, refused: int = 0, *, feed: str = "pmc") -> tuple[Arrived, ...]:
    return tuple(
        Arrived(
            feed=feed,
            record_id=str(place),
            decision="taken" if place < taken else "refused",
            reason="" if place < taken else "licence",
            seen=date(2026, 7, 22),
        )
        for place in range(taken + refused)
    )


def released(**more: Any) -> ReleasedNote:
    values: dict[str, Any] = {
        "version": "2026.30.0", "before": "2026.29.0", "preview": False, "released": None, "profile": "open",
        "items": 100, "items_before": 95, "new": 6, "gone": 1, "replaced": 0, "sources": 50, "splits": (),
        "labels": (), "retired_by_reason": (), "retired": (), "agreement_before": None,
        "ages": {
            "bins": (), "dated": 0, "undated": 100, "ahead": 0, "median": None, "median_new": None,
            "youngest": None, "oldest": None,
        },
    }  # fmt: skip
    return ReleasedNote.model_validate(values | more)


def week(number: int = 0, *, release: ReleasedNote | None = None, **more: Any) -> Note:
    """A quiet week, ``number`` weeks after the first."""
    named = FIRST
    for _ in range(number):
        named = named.after
    values: dict[str, Any] = {
        "arrived": records(20, 5),
        "feeds": (FeedState(feed="pmc"),),
        "failed_checks": (),
    }
    note = note_of(WeekFacts(week=named, **(values | more)), None, benchmark="live")
    return note.model_copy(update={"release": release or released()})


def titles(note: Note, earlier: list[Note] | None = None) -> list[str]:
    return [f"{alert.level}: {alert.title}" for alert in alerts_of(note, earlier or [])]


def history(weeks: int, **more: Any) -> list[Note]:
    return [week(number, **more) for number in range(weeks)]


def test_a_week_as_it_should_be_calls_for_nobody() -> None:
    assert titles(week(4), history(4)) == []


def test_nothing_came() -> None:
    assert titles(week(arrived=())) == ["alert: Nothing came"]
    assert titles(week(arrived=(), feeds=())) == ["alert: Nothing came"]


def test_what_is_not_known_is_no_alert() -> None:
    assert titles(week(arrived=None, feeds=(), failed_checks=None)) == []


@pytest.mark.parametrize(
    ("weeks", "words"), [(0, ""), (1, ", 2 weeks running"), (HISTORY, ", more than 8 weeks running")]
)
def test_a_feed_that_failed_says_for_how_long(weeks: int, words: str) -> None:
    down = (FeedState(feed="pmc"), FeedState(feed="rss", finished=False, trouble="It gave 503."))
    (alert,) = alerts_of(week(weeks, feeds=down), history(weeks, feeds=down))
    assert (alert.level, alert.title, alert.words) == (ALERT, f"The feed rss failed{words}", "It gave 503.")


def test_a_feed_that_worked_between_counts_anew() -> None:
    down = (FeedState(feed="pmc"), FeedState(feed="rss", finished=False))
    past = [*history(3, feeds=down), week(3)]
    assert titles(week(4, feeds=down), past) == ["alert: The feed rss failed"]


def test_a_feed_that_is_silent_after_it_had_brought_something() -> None:
    feeds = (FeedState(feed="pmc"), FeedState(feed="rss"))
    past = [week(0, feeds=feeds, arrived=records(20, 5) + records(3, feed="rss"))]
    past += [week(number, feeds=feeds) for number in (1, 2)]
    assert titles(week(3, feeds=feeds), past) == ["notice: The feed rss is silent"]
    assert titles(week(2, feeds=feeds), past[:2]) == []


@pytest.mark.parametrize(
    ("taken", "refused", "alert"),
    [
        (10, 20, True),  # two thirds against a fifth
        (20, 10, False),  # a third: 13 points more
        (13, 7, False),  # 15 points more of 20 may be chance
        (3, 9, False),  # too few to say
    ],
)
def test_refusals_are_told_only_when_they_are_many_more_than_usual(
    taken: int, refused: int, alert: bool
) -> None:
    found = titles(week(4, arrived=records(taken, refused)), history(4))
    assert found == (["alert: More was refused than usual"] if alert else [])


def test_refusals_without_a_past_to_compare_with_are_not_told() -> None:
    assert titles(week(1, arrived=records(1, 60)), history(1)) == []


def test_agreement_that_fell() -> None:
    def note(now: float) -> Note:
        before = AgreementNote(items=50, percent=0.9, ac1=0.85, low=0.8, high=0.9)
        told = week(release=released(agreement_before=before))
        return told.model_copy(update={"agreement": before.model_copy(update={"ac1": now})})

    assert titles(note(0.79)) == ["alert: Readers agree less"]
    assert titles(note(0.82)) == titles(note(0.95)) == []


def test_many_retired() -> None:
    assert titles(week(release=released(gone=12))) == ["alert: Many items were retired"]
    assert titles(week(release=released(gone=9))) == []
    assert titles(week(release=released(gone=2, items_before=4))) == []  # two are no many


def test_no_new_item() -> None:
    assert titles(week(release=released(new=0))) == ["notice: No new item"]


def test_a_release_that_came_too_late() -> None:
    past = [week(0, release=released(released=date(2026, 7, 28)))]
    late = week(1, release=released(released=date(2026, 7, 28) + timedelta(days=10)))
    on_time = week(1, release=released(released=date(2026, 7, 28) + timedelta(days=9)))
    assert titles(late, past) == ["alert: The benchmark was stale"]
    assert titles(on_time, past) == []


def test_weeks_without_a_release() -> None:
    def bare(number: int) -> Note:
        return week(number, waits="It waits for readers.").model_copy(update={"release": None})

    assert titles(bare(1), history(1)) == ["notice: No release"]
    assert titles(bare(2), [*history(1), bare(1)]) == ["alert: No release for 2 weeks"]


def test_a_missing_week() -> None:
    (alert,) = alerts_of(week(3), history(2))
    assert alert.title == "A week is missing" and "2026-W31" in alert.words


def test_failed_checks_by_severity() -> None:
    checks = (
        FailedCheck(table="items", check="a", severity="warning"),
        FailedCheck(table="items", check="b", severity="error"),
        FailedCheck(table="items", check="c", severity="error"),
    )
    assert titles(week(failed_checks=checks)) == ["alert: 2 checks failed", "notice: A check failed"]


def test_a_funnel_that_does_not_add_up() -> None:
    step = FunnelStep(
        recipe="live", position=0, step="gates", unit="draft", entered=10, left=8,
        refused=(ReasonCount(reason="leak", count=1),),
    )  # fmt: skip
    (alert,) = alerts_of(week(funnel=(step,)), [])
    assert alert.title == "The funnel does not add up" and "1 neither left nor were refused" in alert.words
    assert titles(week(funnel=(replace(step, left=9),))) == []


def test_candidates_that_wait_for_a_second_week() -> None:
    readers = Readers(loads=(ReaderLoad(reader="reviewer-a", decisions=3),), waiting=4, waiting_before=1)
    (alert,) = alerts_of(week(readers=readers), [])
    assert (alert.level, alert.words) == (NOTICE, "1 candidate was carried over the week before already.")


def test_the_day_after_which_it_is_stale() -> None:
    assert stale_after(week(stale_days=9)) == FIRST.after.monday + timedelta(days=9)
