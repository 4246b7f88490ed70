"""All figures of one recipe's review, worked out once for each state of the database."""

from __future__ import annotations

import time
from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from sqlalchemy import func, select

from grandrounds.errors import LakeError, ReviewError
from grandrounds.fingerprint import sha256_value
from grandrounds.lake import Lake
from grandrounds.recipe import Review
from grandrounds.records.funnel import FunnelStep
from grandrounds.review import tables
from grandrounds.review.desk.disputes import versions
from grandrounds.review.desk.gold import Gold
from grandrounds.review.desk.statements import HELD
from grandrounds.review.figures.agreement import agreement_table, ratings_table
from grandrounds.review.figures.answers import answers_table
from grandrounds.review.figures.pace import Forecast, days_table, forecast, missing
from grandrounds.review.figures.readers import gold_table, readers_table, weeks_table
from grandrounds.review.figures.table import Table
from grandrounds.review.policy import Outcome, ReviewStatus, Ruling, rulings, status_of
from grandrounds.review.store import ReviewStore, Snapshot
from grandrounds.review.tables import OPEN

_queue, _slots, _declines = tables.queue.c, tables.slots.c, tables.declines.c
_KEPT = 8
_QUICK, _PATIENCE = 0.5, 10  # seconds; times as long as the work took


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """``tables`` by name, as they are shown and downloaded; ``run_id`` is the run that filled the queue
    last. ``as_of`` is when the decisions were looked at, a little ago for a large queue."""

    recipe: str
    policy: Review
    status: ReviewStatus
    forecast: Forecast
    run_id: str
    as_of: datetime
    tables: dict[str, Table]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Worked:
    """What takes time, and changes only with the queue and its events."""

    state: str
    as_of: datetime
    seconds: float
    now: Snapshot
    ruled: Sequence[Ruling]
    status: ReviewStatus
    agreement: Table
    ratings: Table


class Boards:
    """Makes boards; keeps what was worked out until something changed. Safe to use from several threads."""

    def __init__(self, store: ReviewStore, lake: Lake) -> None:
        self._store = store
        self._lake = lake
        self._lock = Lock()
        self._kept: OrderedDict[str, _Worked] = OrderedDict()

    def board(self, recipe: str, *, now: datetime) -> Board:
        """The board of a recipe. Raises ``ReviewError`` when it has no queue."""
        if recipe not in self._store.recipes():
            raise ReviewError(f"There is no review queue of {recipe!r}.")
        policy = self._store.policy(recipe) or Review()
        worked = self._worked(recipe, policy, now)
        events, gold = worked.now.events, Gold(self._store).of(recipe)
        coming = forecast(missing(worked.ruled), events, now=now)
        made = (
            _progress(worked.status),
            coming.as_table(),
            days_table(events),
            worked.agreement,
            worked.ratings,
            readers_table(worked.ruled, gold),
            weeks_table(worked.ruled, gold),
            gold_table(gold, events),
            answers_table(worked.ruled, (entry.candidate for entry in worked.now.entries)),
            self._held(recipe, now),
            _disputes(worked.ruled),
            self._declined(recipe),
            self._funnel(recipe),
        )
        entries = worked.now.entries
        return Board(
            recipe=recipe,
            policy=policy,
            status=worked.status,
            forecast=coming,
            run_id=max(entries, key=lambda entry: entry.position).run_id if entries else "",
            as_of=worked.as_of,
            tables={table.name: table for table in made},
        )

    def ruled(self, recipe: str, *, now: datetime) -> Sequence[Ruling]:
        """What each item has come to."""
        return self._worked(recipe, self._store.policy(recipe) or Review(), now).ruled

    def _worked(self, recipe: str, policy: Review, now: datetime) -> _Worked:
        state = self._state(recipe, policy)
        with self._lock:  # one at a time: ten people who look at once are worked for once
            known = self._kept.get(recipe)
            if known is None or (known.state != state and _is_old(known, now)):
                self._kept[recipe] = _work(self._store, recipe, policy, state=state, now=now)
            self._kept.move_to_end(recipe)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
            return self._kept[recipe]

    def _state(self, recipe: str, policy: Review) -> str:
        events = tables.events.c
        with self._store.database.reading() as connection:
            last = connection.scalar(select(func.max(events.sequence)).where(events.recipe == recipe))
            asked = connection.execute(
                select(_queue.item_id, _queue.content_sha256)
                .where(_queue.recipe == recipe, _queue.state == OPEN)
                .order_by(_queue.item_id)
            )
            return sha256_value(
                [recipe, last, policy.model_dump(mode="json"), [list(row) for row in asked]]
            )

    def _held(self, recipe: str, now: datetime) -> Table:
        with self._store.database.reading() as connection:
            rows = connection.execute(
                select(_slots.account, _slots.role, _slots.item_id, _slots.taken_at, _slots.expires_at)
                .where(_slots.recipe == recipe, _slots.state == HELD, _slots.expires_at > now)
                .order_by(_slots.taken_at)
            ).all()
        return Table(
            name="held",
            columns=("reviewer", "role", "item", "since", "until"),
            rows=tuple(tuple(row) for row in rows),
        )

    def _declined(self, recipe: str) -> Table:
        with self._store.database.reading() as connection:
            rows = connection.execute(
                select(_declines.account, _declines.kind, _declines.item_id, _declines.words, _declines.at)
                .where(_declines.recipe == recipe)
                .order_by(_declines.at.desc(), _declines.account)
            ).all()
        return Table(
            name="declined",
            columns=("reviewer", "kind", "item", "words", "at"),
            rows=tuple(tuple(row) for row in rows),
        )

    def _funnel(self, recipe: str) -> Table:
        try:
            steps = self._steps(recipe)
        except LakeError:
            steps = []
        rows = []
        for step in steps:
            why = ", ".join(f"{part.reason} {part.count}" for part in step.refused)
            rows.append((step.step, step.unit, step.entered, step.left, step.entered - step.left, why))
        return Table(
            name="funnel",
            columns=("step", "unit", "entered", "went_on", "refused", "why"),
            rows=tuple(rows),
        )

    def _steps(self, recipe: str) -> list[FunnelStep]:
        """From the lake; of a recipe that is built by the week, the newest week's."""
        weeks = list(self._lake.tables_below(recipe, "funnel"))
        for key in (f"{recipe}/funnel", *(f"{recipe}/{week}/funnel" for week in reversed(weeks))):
            if self._lake.has_table(key):
                found: list[FunnelStep] = self._lake.read_records(key, FunnelStep)
                return sorted(found, key=lambda step: step.position)
        return []


def _work(store: ReviewStore, recipe: str, policy: Review, *, state: str, now: datetime) -> _Worked:
    begun = time.monotonic()
    found = store.snapshot(recipe)
    ruled = rulings(found, policy)
    status = status_of(recipe, policy, ruled)
    agreement, ratings = agreement_table(ruled), ratings_table(ruled)
    return _Worked(
        state=state,
        as_of=now,
        seconds=time.monotonic() - begun,
        now=found,
        ruled=ruled,
        status=status,
        agreement=agreement,
        ratings=ratings,
    )


def _is_old(worked: _Worked, now: datetime) -> bool:
    """Whether it may be worked out again: what takes long is not done at every decision, or readers would
    wait for those who look at figures."""
    quick = worked.seconds < _QUICK
    return quick or (now - worked.as_of).total_seconds() > _PATIENCE * worked.seconds


def _progress(status: ReviewStatus) -> Table:
    whole = status.candidates or 1
    return Table(
        name="progress",
        columns=("outcome", "items", "share"),
        rows=tuple((outcome.value, count, count / whole) for outcome, count in status.shown.items()),
    )


def _disputes(ruled: Sequence[Ruling]) -> Table:
    rows = []
    for ruling in ruled:
        if ruling.outcome is Outcome.DISPUTED:
            said = Counter(event.decision for event in versions(ruling.decisions))
            rows.append(
                (
                    ruling.candidate_id,
                    ruling.candidate.task,
                    ", ".join(f"{count} {name}" for name, count in said.items()),
                )
            )
    return Table(name="disputes", columns=("item", "task", "said"), rows=tuple(rows))
