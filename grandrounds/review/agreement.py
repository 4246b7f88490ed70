"""How far readers agree, from the verdicts that stand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from grandrounds.records.envelope import Candidate
from grandrounds.records.review_event import ACCEPT, EDIT, REJECT, ReviewEvent
from grandrounds.review.checks import REVIEWER, current_decisions

CATEGORIES = (ACCEPT, EDIT, REJECT)


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

    An edit is one category whatever it changes. The interval is a bootstrap over candidates;
    ``interval=False`` leaves it out, for those who ask every few seconds and don't show it.
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
    from grandrounds.statistics.agreement import RESAMPLES, gwet, percent, with_intervals

    rows = [row for row in verdicts if row]
    shared = sum(len(row) > 1 for row in rows)
    if not shared:
        return ReaderAgreement(items=0)
    same, ac1 = with_intervals(
        [percent(), gwet()], rows, categories=CATEGORIES, resamples=RESAMPLES if interval else 0
    )
    return ReaderAgreement(
        items=shared,
        percent_agreement=same.value,
        gwet_ac1=ac1.value,
        gwet_ac1_low=ac1.interval.low if ac1.interval else None,
        gwet_ac1_high=ac1.interval.high if ac1.interval else None,
    )
