"""Each reader's speed, verdicts and measure against gold, over all and by week. By pseudonym alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date, timedelta
from statistics import median

from grandrounds.records.review_event import ACCEPT, EDIT, REJECT, ReviewEvent
from grandrounds.review.checks import REVIEWER, current_decisions
from grandrounds.review.desk.gold import GoldItem
from grandrounds.review.figures.table import Table
from grandrounds.review.policy import Ruling
from grandrounds.statistics.intervals import wilson

Key = tuple[str, str]  # item and content


def readers_table(ruled: Sequence[Ruling], gold: Sequence[GoldItem]) -> Table:
    """What each reader decided on what is asked now, how long it took them, and how often they were
    right on gold, with Wilson's interval. Seconds are medians of time on screen."""
    right = _known(gold)
    rows = []
    for name, events in sorted(_by_reader(ruled).items()):
        said = Counter(event.decision for event in events)
        hits, of, share, low, high = _measure(events, right)
        rows.append(
            (
                name, len(events), said[ACCEPT], said[EDIT], said[REJECT], _seconds(events),
                hits, of, share, low, high, max(event.created_at for event in events),
            )
        )  # fmt: skip
    return Table(
        name="readers",
        columns=(
            "reviewer", "decisions", "accepted", "edited", "rejected", "seconds",
            "gold_right", "gold", "gold_share", "low", "high", "last",
        ),
        rows=tuple(rows),
    )  # fmt: skip


def weeks_table(ruled: Sequence[Ruling], gold: Sequence[GoldItem]) -> Table:
    """The same by week (its Monday), to see somebody tire or drift."""
    right = _known(gold)
    rows = []
    for name, events in sorted(_by_reader(ruled).items()):
        weeks: dict[date, list[ReviewEvent]] = {}
        for event in events:
            weeks.setdefault(_monday(event), []).append(event)
        for week, part in sorted(weeks.items()):
            hits, of, share, low, high = _measure(part, right)
            rows.append((name, week.isoformat(), len(part), _seconds(part), hits, of, share, low, high))
    return Table(
        name="weeks",
        columns=(
            "reviewer", "week", "decisions", "seconds",
            "gold_right", "gold", "gold_share", "low", "high",
        ),
        rows=tuple(rows),
    )  # fmt: skip


def gold_table(gold: Sequence[GoldItem], events: Sequence[ReviewEvent]) -> Table:
    """Each gold item: what is right, how many readers saw it, how many said so."""
    by_item: dict[str, list[ReviewEvent]] = {}
    for event in events:
        if event.role == REVIEWER:
            by_item.setdefault(event.item_id, []).append(event)
    rows = []
    for item in gold:
        standing = current_decisions(by_item.get(item.item_id, ()), item.content_sha256)
        hits = sum(event.decision == item.decision for event in standing)
        rows.append((item.item_id, item.decision, item.words, len(standing), hits, item.set_by, item.at))
    return Table(
        name="gold",
        columns=("item", "decision", "words", "read_by", "gold_right", "set_by", "at"),
        rows=tuple(rows),
    )


def _by_reader(ruled: Sequence[Ruling]) -> Mapping[str, list[ReviewEvent]]:
    found: dict[str, list[ReviewEvent]] = {}
    for ruling in ruled:
        for event in ruling.readers:
            found.setdefault(event.reviewer, []).append(event)
    return found


def _known(gold: Sequence[GoldItem]) -> Mapping[Key, str]:
    return {(item.item_id, item.content_sha256): item.decision for item in gold}


def _measure(
    events: Sequence[ReviewEvent], right: Mapping[Key, str]
) -> tuple[int, int, float | None, float | None, float | None]:
    asked = [event for event in events if (event.item_id, event.content_sha256) in right]
    hits = sum(event.decision == right[event.item_id, event.content_sha256] for event in asked)
    if not asked:
        return 0, 0, None, None, None
    interval = wilson(hits, len(asked))
    return hits, len(asked), hits / len(asked), interval.low, interval.high


def _seconds(events: Sequence[ReviewEvent]) -> float | None:
    known = [event.seconds for event in events if event.seconds is not None]
    return round(median(known), 1) if known else None


def _monday(event: ReviewEvent) -> date:
    day = event.created_at.astimezone(UTC).date()
    return day - timedelta(days=day.weekday())
