"""How far readers agree, from the verdicts that stand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from grandrounds.records.envelope import Candidate
from grandrounds.records.review_event import ACCEPT, EDIT, REJECT, ReviewEvent
from grandrounds.review.checks import REVIEWER, current_decisions

_CATEGORIES = (ACCEPT, EDIT, REJECT)
# The interval's cost is resamples times items; this keeps it to seconds for any queue.
_MOST_RESAMPLES, _LEAST_RESAMPLES, _WORK = 2000, 200, 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderAgreement:
    """Agreement of the readers over ``items`` candidates that two or more of them decided.

    ``percent_agreement`` is the mean share (0 to 1) of pairs of readers that said the same,
    ``gwet_ac1`` the coefficient that allows for chance, with the ends of its 95% interval. All are
    ``None`` where they are not defined: no candidate has two readers, or (the interval) only one.
    """

    items: int
    percent_agreement: float | None = None
    gwet_ac1: float | None = None
    gwet_ac1_low: float | None = None
    gwet_ac1_high: float | None = None

    def as_json(self) -> dict[str, object]:
        """The figures by name."""
        return asdict(self)


def agreement_of(
    candidates: Iterable[Candidate], events: Iterable[ReviewEvent], *, interval: bool = True
) -> ReaderAgreement:
    """The readers' agreement on ``candidates``; adjudicators don't count, nor do old contents.

    An edit is one category whatever it changes. The interval is a bootstrap over candidates and
    takes seconds for thousands of them; ``interval=False`` leaves it out.
    """
    by_item: dict[str, list[ReviewEvent]] = {}
    for event in events:
        if event.role == REVIEWER:
            by_item.setdefault(event.item_id, []).append(event)
    ratings: dict[str, list[str]] = {}
    for candidate in candidates:
        read = current_decisions(by_item.get(candidate.item_id, ()), candidate.content_sha256)
        ratings[candidate.item_id] = [event.decision for event in read]
    return agreement_in((ratings[item] for item in sorted(ratings)), interval=interval)


def agreement_in(verdicts: Iterable[list[str]], *, interval: bool = True) -> ReaderAgreement:
    """The agreement in ``verdicts``: for each candidate, in an order of its own, what its readers said."""
    from grandrounds.statistics.agreement import Ratings, gwet_ac1, percent_agreement, with_interval

    rows = [row for row in verdicts if row]
    shared = sum(len(row) > 1 for row in rows)
    if not shared:
        return ReaderAgreement(items=0)

    def ac1(ratings: Ratings) -> float | None:
        return gwet_ac1(ratings, categories=_CATEGORIES)

    if not interval:
        return ReaderAgreement(items=shared, percent_agreement=percent_agreement(rows), gwet_ac1=ac1(rows))
    resamples = min(_MOST_RESAMPLES, max(_LEAST_RESAMPLES, _WORK // len(rows)))
    found = with_interval("gwet_ac1", ac1, rows, resamples=resamples)
    return ReaderAgreement(
        items=shared,
        percent_agreement=percent_agreement(rows),
        gwet_ac1=found.value,
        gwet_ac1_low=found.interval.low if found.interval else None,
        gwet_ac1_high=found.interval.high if found.interval else None,
    )
