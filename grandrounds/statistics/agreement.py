"""How far readers agree: percent agreement, Cohen's kappa, Gwet's AC1, with intervals.

All take ``ratings``: one row an item, one place a reader, ``None`` where that reader did not look.
Kappa falls apart when nearly all verdicts are the same (what reviews of good items look like);
AC1 does not, so it is the figure to publish, and kappa stands beside it for comparison.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

from grandrounds.statistics.intervals import Interval

Ratings = Sequence[Sequence[str | None]]
_RESAMPLES = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """One coefficient over ``items`` items that at least two readers rated.

    ``value`` is ``None`` where it is not defined (nobody shared an item, or chance alone explains
    everything); so is ``interval`` then.
    """

    name: str
    value: float | None
    interval: Interval | None
    items: int


def percent_agreement(ratings: Ratings) -> float | None:
    """The mean share of agreeing pairs of readers, over items with two readers or more."""
    shares = [_pair_share(row) for row in map(_given, ratings) if len(row) >= 2]
    return sum(shares) / len(shares) if shares else None


def cohen_kappa(ratings: Ratings) -> float | None:
    """Cohen's kappa for exactly two readers: (po - pe) / (1 - pe), over items that both rated.

    pe is the agreement by chance, from each reader's own shares. Raises ``ValueError`` for more
    readers. Source: J. Cohen, Educ. Psychol. Meas. 20 (1960) 37.
    """
    if any(len(row) != 2 for row in ratings):
        raise ValueError("Cohen's kappa is for exactly two readers; use Gwet's AC1 for more")
    both = [row for row in map(_given, ratings) if len(row) == 2]
    if not both:
        return None
    observed = sum(one == other for one, other in both) / len(both)
    categories = sorted({verdict for row in both for verdict in row})
    chance = sum(
        sum(row[0] == category for row in both) * sum(row[1] == category for row in both)
        for category in categories
    ) / (len(both) ** 2)
    return None if chance == 1.0 else (observed - chance) / (1 - chance)


def gwet_ac1(ratings: Ratings, *, categories: Sequence[str] | None = None) -> float | None:
    """Gwet's AC1 for any number of readers and any gaps: (pa - pe) / (1 - pe).

    pe = 1 / (Q - 1) * sum over categories of p (1 - p), p being the mean share of a category over
    all items that anybody rated. ``categories`` are all possible verdicts; without it, those seen.
    With a single category, agreement is complete (1) by definition. Source: K. L. Gwet, Br. J.
    Math. Stat. Psychol. 61 (2008) 29; missing ratings as in his Handbook of Inter-Rater Reliability.
    """
    observed = percent_agreement(ratings)
    if observed is None:
        return None
    rated = [row for row in map(_given, ratings) if row]
    names = sorted(set(categories or ()) | {verdict for row in rated for verdict in row})
    if len(names) < 2:
        return 1.0
    shares = [sum(row.count(name) / len(row) for row in rated) / len(rated) for name in names]
    chance = sum(share * (1 - share) for share in shares) / (len(names) - 1)
    return (observed - chance) / (1 - chance)


def with_interval(
    name: str,
    statistic: Callable[[Ratings], float | None],
    ratings: Ratings,
    *,
    confidence: float = 0.95,
    resamples: int = _RESAMPLES,
    seed: int = 0,
) -> Agreement:
    """``statistic`` with a percentile bootstrap interval: items are drawn again, readers are not.

    The same ratings and ``seed`` give the same interval. Resamples in which the statistic is not
    defined are left out; with fewer than two shared items there is no interval. Source: B. Efron,
    R. Tibshirani, An Introduction to the Bootstrap (1993), chapter 13.
    """
    shared = sum(len(_given(row)) >= 2 for row in ratings)
    value = statistic(ratings)
    if value is None or shared < 2:
        return Agreement(name=name, value=value, interval=None, items=shared)
    drawn = sorted(found for found in _resampled(statistic, ratings, resamples, seed) if found is not None)
    if not drawn:
        return Agreement(name=name, value=value, interval=None, items=shared)
    tail = (1 - confidence) / 2
    interval = Interval(
        low=drawn[round(tail * (len(drawn) - 1))],
        high=drawn[round((1 - tail) * (len(drawn) - 1))],
        confidence=confidence,
    )
    return Agreement(name=name, value=value, interval=interval, items=shared)


def _resampled(
    statistic: Callable[[Ratings], float | None], ratings: Ratings, resamples: int, seed: int
) -> list[float | None]:
    import numpy as np

    # The bare bit generator: its stream is fixed by numpy's promise, those of distributions are not.
    raw = np.random.PCG64(seed).random_raw(resamples * len(ratings)).reshape(resamples, len(ratings))
    picks = (raw >> np.uint64(11)) % np.uint64(len(ratings))
    return [statistic([ratings[position] for position in row]) for row in picks.tolist()]


def _given(row: Sequence[str | None]) -> list[str]:
    return [verdict for verdict in row if verdict is not None]


def _pair_share(row: Sequence[str]) -> float:
    pairs = len(row) * (len(row) - 1) // 2
    return sum(one == other for one, other in combinations(row, 2)) / pairs
