"""From what is known of a week to its note: counted, shortened, and cleaned of what must not be shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from grandrounds.records.funnel import FunnelStep, ReasonCount, problems
from grandrounds.records.retired import Retired
from grandrounds.records.source import PASSED_BY
from grandrounds.release.manifest import ManifestStep
from grandrounds.release.splits import SPLITS
from grandrounds.weekly_report import note
from grandrounds.weekly_report.ages import ages_of
from grandrounds.weekly_report.note import MOST, Counted, Note, WeeklyReportError
from grandrounds.weekly_report.release_facts import ItemFact, ReleaseFacts
from grandrounds.weekly_report.values import (
    DECISIONS,
    LATER,
    REFUSED,
    TAKEN,
    AgreementFact,
    Arrived,
    FeedState,
    WeekFacts,
)
from grandrounds.weekly_report.wording import plain, told

LATE_DAYS = 28
"""A record that was first published longer than this before it was seen came late."""

_LABELS_KEPT = 60


def note_of(facts: WeekFacts, release: ReleaseFacts | None, *, benchmark: str) -> Note:
    """The note of a week. Raises ``WeeklyReportError`` when facts and release are not of one week."""
    manifest = release.manifest if release else None
    if manifest is not None and manifest.week != str(facts.week):
        raise WeeklyReportError(
            f"Release {manifest.version} is of week {manifest.week}, but the facts are of {facts.week}.",
            remedy="Pass the version that was released of that week.",
        )
    hidden = manifest is not None and manifest.profile == "private"
    given = sorted(facts.funnel, key=lambda step: step.position)
    funnel: Sequence[FunnelStep | ManifestStep] = manifest.funnel if manifest else given
    readers = (release.readers if release else None) or facts.readers
    agreement = (release.agreement if release else None) or facts.agreement
    return Note(
        benchmark=plain(benchmark),
        title=plain((manifest.title if manifest else facts.title) or benchmark),
        week=str(facts.week),
        waits=told(facts.waits),
        stale_days=facts.stale_days,
        run_url=facts.run_url if facts.run_url.isprintable() and len(facts.run_url) < 2000 else "",
        arrivals=None if facts.arrived is None else _arrivals(facts.arrived, facts.feeds, hidden=hidden),
        funnel=tuple(_step(step) for step in funnel),
        funnel_faults=tuple(plain(words) for words in _faults(funnel)[:MOST]),
        readers=note.ReadersNote(
            loads=tuple(
                note.LoadNote(reader=plain(load.reader, 60), decisions=load.decisions, minutes=load.minutes)
                for load in sorted(readers.loads, key=lambda load: (-load.decisions, load.reader))[:MOST]
            ),
            waiting=readers.waiting,
            waiting_before=readers.waiting_before,
        )
        if readers
        else None,
        agreement=_agreement(agreement),
        cost=note.CostNote(
            requests=facts.cost.requests,
            reused=facts.cost.reused,
            prompt_tokens=facts.cost.prompt_tokens,
            completion_tokens=facts.cost.completion_tokens,
            money=facts.cost.money,
            currency=plain(facts.cost.currency, 12),
        )
        if facts.cost
        else None,
        failed_checks=None
        if facts.failed_checks is None
        else tuple(
            note.CheckNote(
                table=plain(each.table, 80),
                check=plain(each.check, 80),
                severity=plain(each.severity, 20),
                words=told(each.words),
            )
            for each in sorted(facts.failed_checks, key=lambda e: (e.severity, e.table, e.check, e.words))[
                :MOST
            ]
        ),
        release=_released(release, facts) if release else None,
    )


def _arrivals(arrived: Sequence[Arrived], feeds: Sequence[FeedState], *, hidden: bool) -> note.ArrivalNote:
    unknown = sorted({row.decision for row in arrived} - set(DECISIONS))
    if unknown:
        raise WeeklyReportError(
            f"A record of the harvest was decided {unknown[0]!r}.",
            remedy=f"Decisions are {', '.join(DECISIONS)}.",
        )
    states = {state.feed: state for state in feeds}
    rows = sorted(arrived, key=lambda row: (row.feed, row.record_id, row.seen, row.decision, row.reason))
    by_feed: dict[str, list[Arrived]] = {name: [] for name in sorted({*states, *(r.feed for r in rows)})}
    for row in rows:
        by_feed[row.feed].append(row)

    def shown(wanted: Callable[[Arrived], bool]) -> tuple[note.RecordNote, ...]:
        chosen = [row for row in rows if not row.protected and wanted(row)]
        return tuple(_record(row, hidden=hidden) for row in chosen[:MOST])

    return note.ArrivalNote(
        feeds=tuple(
            _feed(name, of, states.get(name, FeedState(feed=name))) for name, of in by_feed.items()
        ),
        refusals=_most_first(Counter(plain(r.reason, 60) for r in rows if r.decision == REFUSED)),
        retracted=shown(lambda row: row.retracted),
        revised=shown(lambda row: row.revised and not row.retracted),
        late=shown(_late),
        taken=shown(lambda row: row.decision == TAKEN),
    )


def _feed(name: str, rows: Sequence[Arrived], state: FeedState) -> note.FeedNote:
    decided = Counter(row.decision for row in rows)
    return note.FeedNote(
        feed=plain(name, 80),
        taken=decided[TAKEN],
        refused=decided[REFUSED],
        later=decided[LATER],
        revised=sum(row.revised and not row.retracted for row in rows),
        retracted=sum(row.retracted for row in rows),
        late=sum(map(_late, rows)),
        finished=state.finished,
        trouble=told(state.trouble),
    )


def _record(row: Arrived, *, hidden: bool) -> note.RecordNote:
    words = told(row.words) if row.decision != TAKEN or row.retracted else ""
    return note.RecordNote(
        feed=plain(row.feed, 80),
        record_id="" if hidden else plain(row.record_id, 120),
        title="" if hidden else plain(row.title, 240),
        words="" if hidden else words,
        licence=plain(row.licence, 60),
        days=_days(row),
    )


def _days(row: Arrived) -> int | None:
    return None if row.first_public is None else row.seen.toordinal() - row.first_public.toordinal()


def _late(row: Arrived) -> bool:
    """A new record of an old article; a new version of a known one is no late arrival."""
    days = _days(row)
    return not row.revised and not row.retracted and days is not None and days > LATE_DAYS


def _step(step: FunnelStep | ManifestStep) -> note.StepNote:
    refused = Counter({plain(part.reason, 60): 0 for part in step.refused})
    for part in step.refused:
        refused[plain(part.reason, 60)] += part.count
    others = refused.pop(PASSED_BY, 0)
    return note.StepNote(
        step=plain(step.step, 40),
        unit=plain(step.unit, 40),
        entered=step.entered,
        left=step.left,
        refused=_most_first(refused),
        others=others,
    )


def _faults(steps: Iterable[FunnelStep | ManifestStep]) -> list[str]:
    made = [
        step
        if isinstance(step, FunnelStep)
        else FunnelStep(
            recipe="",
            position=0,
            step=step.step,
            unit=step.unit,
            entered=step.entered,
            left=step.left,
            refused=tuple(ReasonCount(reason=part.reason, count=part.count) for part in step.refused),
            expected=step.expected,
        )
        for step in steps
    ]
    return problems(made)


def _released(release: ReleaseFacts, facts: WeekFacts) -> note.ReleasedNote:
    manifest = release.manifest
    retired = sorted(release.retired, key=lambda row: (row.reason, row.task, row.item_id))
    return note.ReleasedNote(
        version=manifest.version,
        before=release.before,
        preview=manifest.preview,
        released=manifest.released,
        profile=manifest.profile,
        items=len(release.items),
        items_before=release.items_before,
        new=sum(item.new for item in release.items),
        gone=release.gone,
        replaced=release.replaced,
        sources=len({item.source_id for item in release.items}),
        splits=tuple(_splits(release.items)),
        labels=_labels(release.items),
        ages=ages_of(release.items, end=facts.week.after.monday, first_public=facts.first_public),
        retired_by_reason=_most_first(Counter(plain(row.reason, 40) for row in retired)),
        retired=tuple(_retired(row) for row in retired[:MOST]),
        agreement_before=_agreement(release.agreement_before),
    )


def _splits(items: Sequence[ItemFact]) -> Iterable[note.SplitNote]:
    for task in sorted({item.task for item in items}):
        own = [item for item in items if item.task == task]
        there = Counter(item.split for item in own)
        yield note.SplitNote(
            task=plain(task, 80),
            new=sum(item.new for item in own),
            **{split: there[split] for split in SPLITS},
        )


def _labels(items: Sequence[ItemFact]) -> tuple[note.LabelNote, ...]:
    every = Counter(label for item in items for label in item.labels)
    new = Counter(label for item in items if item.new for label in item.labels)
    rows = sorted(every.items(), key=lambda entry: (entry[0][0], -entry[1], entry[0][1]))
    kept: Counter[str] = Counter()
    made = []
    for (scheme, label), amount in rows:
        kept[scheme] += 1
        if kept[scheme] <= _LABELS_KEPT:
            made.append(
                note.LabelNote(
                    scheme=plain(scheme, 60), label=plain(label, 80), items=amount, new=new[scheme, label]
                )
            )
    return tuple(made)


def _retired(row: Retired) -> note.RetiredNote:
    days = (row.retired_at - row.available_from).days if row.available_from else None
    return note.RetiredNote(
        item_id=plain(row.item_id, 80),
        task=plain(row.task, 80),
        reason=plain(row.reason, 40),
        words=told(row.words),
        days=days,
    )


def _agreement(fact: AgreementFact | None) -> note.AgreementNote | None:
    if fact is None or fact.items < 1:
        return None
    return note.AgreementNote(
        items=fact.items, percent=fact.percent, ac1=fact.ac1, low=fact.low, high=fact.high
    )


def _most_first(counts: Mapping[str, int]) -> tuple[Counted, ...]:
    ordered = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    return tuple(Counted(name=name, count=amount) for name, amount in ordered[:MOST])
