"""How far readers agree: percent, kappas, Gwet's AC, Krippendorff's alpha, with bootstrap intervals.

All take ``ratings``: one row an item, one place a reader, ``None`` where that reader did not look.
Kappas fall apart when nearly all verdicts are the same (what reviews of good items look like); Gwet's
AC1 does not, so it is the figure to publish, and the others stand beside it for comparison. Weighted
coefficients want values in order: numbers, or ``categories`` as given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from grandrounds.statistics.agreement_sums import (
    Coded,
    Numbers,
    Rated,
    Ratings,
    Statistic,
    coded,
    resampled,
    values_of,
)
from grandrounds.statistics.agreement_weights import Level, Weights, differences, weights_of
from grandrounds.statistics.intervals import Interval

RESAMPLES = 2000


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


# Values ---------------------------------------------------------------------------------------------


def percent_agreement(ratings: Ratings) -> float | None:
    """The mean share of agreeing pairs of readers, over items with two readers or more."""
    return _value(percent(), ratings)


def cohen_kappa(
    ratings: Ratings, *, weights: Weights = "identity", categories: Sequence[Rated] = ()
) -> float | None:
    """Cohen's kappa (see ``cohen``). Raises ``ValueError`` unless there are exactly two readers."""
    if any(len(row) != 2 for row in ratings):
        raise ValueError("Cohen's kappa is for exactly two readers; use Gwet's AC1 for more")
    return _value(cohen(weights), ratings, categories)


def fleiss_kappa(
    ratings: Ratings, *, weights: Weights = "identity", categories: Sequence[Rated] = ()
) -> float | None:
    """Fleiss' kappa (see ``fleiss``)."""
    return _value(fleiss(weights), ratings, categories)


def gwet_ac(
    ratings: Ratings, *, weights: Weights = "identity", categories: Sequence[Rated] | None = None
) -> float | None:
    """Gwet's AC1, or AC2 with weights (see ``gwet``)."""
    return _value(gwet(weights), ratings, categories or ())


def gwet_ac1(ratings: Ratings, *, categories: Sequence[Rated] | None = None) -> float | None:
    """Gwet's AC1 (see ``gwet``)."""
    return gwet_ac(ratings, categories=categories)


def krippendorff_alpha(
    ratings: Ratings, *, level: Level = "nominal", categories: Sequence[Rated] = ()
) -> float | None:
    """Krippendorff's alpha (see ``krippendorff``)."""
    return _value(krippendorff(level), ratings, categories)


def specific_agreement(ratings: Ratings, category: Rated) -> float | None:
    """How often others said ``category``, too, where one did (see ``specific``)."""
    return _value(specific(category), ratings)


# Intervals ------------------------------------------------------------------------------------------


def with_interval(
    statistic: Statistic,
    ratings: Ratings,
    *,
    categories: Sequence[Rated] = (),
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Agreement:
    """``statistic`` with a percentile bootstrap interval (see ``with_intervals``)."""
    (found,) = with_intervals(
        [statistic],
        ratings,
        categories=categories,
        confidence=confidence,
        resamples=resamples,
        seed=seed,
    )
    return found


def with_intervals(
    statistics: Sequence[Statistic],
    ratings: Ratings,
    *,
    categories: Sequence[Rated] = (),
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> tuple[Agreement, ...]:
    """Each statistic with a percentile bootstrap interval: items are drawn again, readers are not.

    The same ratings and ``seed`` give the same intervals. Resamples in which a statistic is not
    defined are left out; with fewer than two shared items (or no resamples) there is no interval. Source:
    B. Efron, R. Tibshirani, An Introduction to the Bootstrap (1993), chapter 13.
    """
    given = coded(ratings, categories=categories)
    shared = int((given.readers >= 2).sum())
    values = values_of(statistics, given)
    drawn: list[Numbers] = []
    if shared >= 2 and resamples:
        drawn = resampled(statistics, given, resamples=resamples, seed=seed)
    return tuple(
        Agreement(
            name=statistic.name,
            value=value,
            interval=_interval(drawn[place], confidence) if drawn and value is not None else None,
            items=shared,
        )
        for place, (statistic, value) in enumerate(zip(statistics, values, strict=True))
    )


# Coefficients ---------------------------------------------------------------------------------------


def percent() -> Statistic:
    """Percent agreement: the mean share of agreeing pairs of readers."""
    return Statistic(
        name="percent",
        features=lambda given: np.column_stack(_pair_shares(given, np.eye(len(given.values)))),
        finish=lambda sums, _: _over(sums[:, 0], sums[:, 1]),
    )


def cohen(weights: Weights = "identity") -> Statistic:
    """Cohen's kappa of the first two places: (po - pe) / (1 - pe), over items that both rated.

    pe is the agreement by chance, from each reader's own shares. Sources: J. Cohen, Educ. Psychol.
    Meas. 20 (1960) 37; weighted: J. Cohen, Psychol. Bull. 70 (1968) 213.
    """

    def finish(sums: Numbers, given: Coded) -> Numbers:
        size = len(given.values)
        joint = _over(sums, sums.sum(axis=1)[:, None]).reshape(-1, size, size)
        near = weights_of(weights, given.scores)
        observed = (joint * near).sum(axis=(1, 2))
        ones, others = joint.sum(axis=2), joint.sum(axis=1)
        return _beyond_chance(observed, ((ones @ near) * others).sum(axis=1))

    return Statistic(name=_named("cohen_kappa", weights), features=_joint, finish=finish)


def fleiss(weights: Weights = "identity") -> Statistic:
    """Fleiss' kappa: as Gwet's, but by chance means drawing two verdicts from the shares over all items.

    Any number of readers, any gaps; without gaps it is Fleiss's own. Sources: J. L. Fleiss, Psychol.
    Bull. 76 (1971) 378; gaps and weights: K. L. Gwet, Handbook of Inter-Rater Reliability (2014).
    """

    def finish(sums: Numbers, given: Coded) -> Numbers:
        observed, shares = _observed_and_shares(sums)
        near = weights_of(weights, given.scores)
        return _beyond_chance(observed, ((shares @ near) * shares).sum(axis=1))

    return Statistic(
        name=_named("fleiss_kappa", weights),
        features=lambda given: _by_share(given, weights),
        finish=finish,
    )


def gwet(weights: Weights = "identity") -> Statistic:
    """Gwet's AC1 for any number of readers and any gaps, AC2 with weights: (pa - pe) / (1 - pe).

    pe = T / (Q (Q - 1)) * sum over categories of p (1 - p), p being the mean share of a category over
    all items that anybody rated, Q the number of categories and T the sum of all weights (Q without
    weights). With a single category, agreement is complete (1) by definition. Source: K. L. Gwet, Br. J.
    Math. Stat. Psychol. 61 (2008) 29; weights and gaps as in his Handbook of Inter-Rater Reliability.
    """

    def finish(sums: Numbers, given: Coded) -> Numbers:
        observed, shares = _observed_and_shares(sums)
        size = len(given.values)
        if size < 2:
            return np.where(np.isnan(observed), np.nan, 1.0)
        total = weights_of(weights, given.scores).sum()
        chance = (shares * (1 - shares)).sum(axis=1) * total / (size * (size - 1))
        return _beyond_chance(observed, chance)

    name = "gwet_ac1" if weights == "identity" else _named("gwet_ac2", weights)
    return Statistic(name=name, features=lambda given: _by_share(given, weights), finish=finish)


def krippendorff(level: Level = "nominal") -> Statistic:
    """Krippendorff's alpha for any number of readers and any gaps: 1 - Do / De, the differences seen over
    those to be expected when the same verdicts are dealt out at random.

    Not defined when all verdicts are the same. The interval draws items, not pairs as his own program
    does. Source: K. Krippendorff, Computing Krippendorff's Alpha-Reliability (2011).
    """

    def features(given: Coded) -> Numbers:
        counts, size = given.counts, len(given.values)
        several = given.readers >= 2
        pairs = counts[:, :, None] * counts[:, None, :]
        pairs[:, np.arange(size), np.arange(size)] -= counts
        pairs = pairs / np.where(several, given.readers - 1, 1)[:, None, None]
        return np.where(several[:, None], pairs.reshape(len(counts), size * size), 0.0)

    def finish(sums: Numbers, given: Coded) -> Numbers:
        size = len(given.values)
        seen = sums.reshape(-1, size, size)
        totals = seen.sum(axis=2)
        apart = differences(level, given.scores, totals)
        number = totals.sum(axis=1)
        found = (seen * apart).sum(axis=(1, 2))
        expected = (totals[:, :, None] * totals[:, None, :] * apart).sum(axis=(1, 2))
        return 1 - _over(found * (number - 1), expected)

    return Statistic(name=f"krippendorff_alpha_{level}", features=features, finish=finish)


def specific(category: Rated) -> Statistic:
    """Specific agreement on ``category``: of all pairs of readers with one who said it, weighted by who
    said it, the share where the other said it, too. For two readers 2a / (2a + b + c).

    Sources: L. R. Dice, Ecology 26 (1945) 297; D. V. Cicchetti, A. R. Feinstein, J. Clin. Epidemiol. 43
    (1990) 551; several readers: J. S. Uebersax, "Raw agreement indices".
    """

    def features(given: Coded) -> Numbers:
        if category not in given.values:
            return np.zeros((len(given.counts), 2))
        said = given.counts[:, given.values.index(category)]
        others = np.maximum(given.readers - 1, 0)
        return np.column_stack([said * (said - 1), said * others])

    return Statistic(
        name=f"specific_{category}",
        features=features,
        finish=lambda sums, _: _over(sums[:, 0], sums[:, 1]),
    )


# Inside ---------------------------------------------------------------------------------------------


def _value(statistic: Statistic, ratings: Ratings, categories: Sequence[Rated] = ()) -> float | None:
    (value,) = values_of([statistic], coded(ratings, categories=categories))
    return value


def _interval(drawn: Numbers, confidence: float) -> Interval | None:
    sound = np.sort(drawn[~np.isnan(drawn)])
    if not len(sound):
        return None
    tail = (1 - confidence) / 2
    return Interval(
        low=float(sound[round(tail * (len(sound) - 1))]),
        high=float(sound[round((1 - tail) * (len(sound) - 1))]),
        confidence=confidence,
    )


def _pair_shares(given: Coded, near: Numbers) -> tuple[Numbers, Numbers]:
    """For each item the share of its pairs of verdicts that agree (by weights), and whether it has any."""
    counts, readers = given.counts, given.readers
    several = readers >= 2
    pairs = readers * (readers - 1)
    agreeing = (counts * (counts @ near - 1)).sum(axis=1)
    return _over(agreeing, pairs, otherwise=0.0), several.astype(float)


def _by_share(given: Coded, weights: Weights) -> Numbers:
    """What Fleiss and Gwet sum: pairs as above, whether anybody rated, the share of each category."""
    agreeing, several = _pair_shares(given, weights_of(weights, given.scores))
    shares = _over(given.counts, given.readers[:, None], otherwise=0.0)
    return np.column_stack([agreeing, several, (given.readers > 0).astype(float), shares])


def _observed_and_shares(sums: Numbers) -> tuple[Numbers, Numbers]:
    return _over(sums[:, 0], sums[:, 1]), _over(sums[:, 3:], sums[:, 2][:, None])


def _joint(given: Coded) -> Numbers:
    """For each item the cell of the table of two readers that it falls into; none when one is missing."""
    size = len(given.values)
    cells = np.zeros((len(given.codes), size * size))
    if given.codes.shape[1] >= 2:
        one, other = given.codes[:, 0], given.codes[:, 1]
        both = np.nonzero((one >= 0) & (other >= 0))[0]
        cells[both, one[both] * size + other[both]] = 1.0
    return cells


def _beyond_chance(observed: Numbers, chance: Numbers) -> Numbers:
    # Chance of one is agreement on a single verdict: a kappa says nothing then. Sums of shares miss one
    # by rounding only.
    return _over(observed - chance, np.where(np.isclose(chance, 1.0, rtol=0, atol=1e-12), 0.0, 1 - chance))


def _over(top: Numbers, bottom: Numbers, *, otherwise: float = float("nan")) -> Numbers:
    """``top / bottom``, and ``otherwise`` where the bottom is 0 (or not a number)."""
    top, bottom = np.broadcast_arrays(top, bottom)
    made: Numbers = np.full(top.shape, otherwise)
    np.divide(top, bottom, out=made, where=bottom != 0)
    return made


def _named(name: str, weights: Weights) -> str:
    if weights == "identity":
        return name
    return f"{name}_{weights if isinstance(weights, str) else 'weighted'}"
