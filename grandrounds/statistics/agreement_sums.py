"""Ratings as numbers, so that each coefficient is a function of sums over items.

A coefficient names what it counts of an item (its *features*) and what it makes of the sums of them.
Drawing items again then only changes how often each item is summed, and items with equal features are
one row: thousands of resamples of thousands of items are a few products of matrices.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rated = str | int | float
Ratings = Sequence[Sequence[Rated | None]]
"""One row an item, one place a reader, ``None`` where that reader did not look."""

Numbers = NDArray[np.float64]
_DRAWS_AT_ONCE = 2_000_000  # bounds memory: some 50 MiB
_CELLS_AT_ONCE = 4_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Coded:
    """Ratings by number: ``codes`` (items x places) index ``values``, -1 where nothing was said;
    ``counts`` (items x values) says how many readers gave each value."""

    codes: NDArray[np.int64]
    values: tuple[Rated, ...]
    counts: Numbers

    @property
    def readers(self) -> Numbers:
        """How many readers each item has."""
        readers: Numbers = self.counts.sum(axis=1)
        return readers

    @property
    def scores(self) -> Numbers:
        """The values as numbers: themselves, or their places where they are words."""
        if self.values and all(isinstance(value, int | float) for value in self.values):
            return np.array(self.values, dtype=float)
        return np.arange(1, len(self.values) + 1, dtype=float)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistic:
    """A coefficient: ``features`` of each item (items x n), and ``finish``, which makes one value of each
    row of sums (resamples x n); not a number where the coefficient is not defined."""

    name: str
    features: Callable[[Coded], Numbers]
    finish: Callable[[Numbers, Coded], Numbers]


def coded(ratings: Ratings, *, categories: Sequence[Rated] = ()) -> Coded:
    """``ratings`` by number. The values are ``categories`` in their order, then whatever else was said, in
    the order of numbers or of words."""
    seen = {value for row in ratings for value in row if value is not None}
    values = (*categories, *sorted(seen.difference(categories), key=_in_order))
    places = {value: place for place, value in enumerate(values)}
    width = max((len(row) for row in ratings), default=0)
    codes = np.full((len(ratings), width), -1, dtype=np.int64)
    for item, row in enumerate(ratings):
        for place, value in enumerate(row):
            if value is not None:
                codes[item, place] = places[value]
    counts = np.zeros((len(ratings), len(values)))
    items, columns = np.nonzero(codes >= 0)
    np.add.at(counts, (items, codes[items, columns]), 1.0)
    return Coded(codes=codes, values=values, counts=counts)


def values_of(statistics: Sequence[Statistic], given: Coded) -> list[float | None]:
    """What each statistic is for these ratings; ``None`` where it is not defined."""
    if not given.values:
        return [None] * len(statistics)
    found: list[float | None] = []
    for statistic in statistics:
        value = statistic.finish(statistic.features(given).sum(axis=0, keepdims=True), given)
        found.append(None if np.isnan(value[0]) else float(value[0]))
    return found


def resampled(statistics: Sequence[Statistic], given: Coded, *, resamples: int, seed: int) -> list[Numbers]:
    """For each statistic its values over ``resamples`` draws of the items with replacement. All of them
    see the same draws."""
    features = [statistic.features(given) for statistic in statistics]
    edges = np.cumsum([0, *(part.shape[1] for part in features)])
    kinds, kind_of = np.unique(np.hstack(features), axis=0, return_inverse=True)
    found: list[list[Numbers]] = [[] for _ in statistics]
    for times in _draws(kind_of.reshape(-1), len(kinds), resamples=resamples, seed=seed):
        sums = times @ kinds
        for place, statistic in enumerate(statistics):
            found[place].append(statistic.finish(sums[:, edges[place] : edges[place + 1]], given))
    return [np.concatenate(parts) for parts in found]


def _draws(kind_of: NDArray[Any], kinds: int, *, resamples: int, seed: int) -> Iterator[Numbers]:
    """How often each kind of item is drawn, resample by resample, many resamples at a time."""
    items = len(kind_of)
    # The bare bit generator: its stream is fixed by numpy's promise, those of distributions are not.
    source = np.random.PCG64(seed)
    most = max(1, min(_DRAWS_AT_ONCE // items, _CELLS_AT_ONCE // kinds))
    for start in range(0, resamples, most):
        rows = min(most, resamples - start)
        picks = (source.random_raw(rows * items) >> np.uint64(11)) % np.uint64(items)
        cells = kind_of[picks.astype(np.int64)].reshape(rows, items)
        cells = cells + (np.arange(rows) * kinds)[:, None]
        yield np.bincount(cells.reshape(-1), minlength=rows * kinds).reshape(rows, kinds).astype(float)


def _in_order(value: Rated) -> tuple[bool, float, str]:
    return (True, 0.0, value) if isinstance(value, str) else (False, float(value), "")
