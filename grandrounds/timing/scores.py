"""Scores by date, and before and after the day until which a model was trained.

Items of one group (an article, a patient) stand or fall together, so intervals come from drawing groups
again, not items (B. Efron, R. Tibshirani, An Introduction to the Bootstrap, 1993, chapters 8 and 13).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from grandrounds.errors import TimingError
from grandrounds.statistics.intervals import Interval, wilson
from grandrounds.timing.cutoffs import Cutoff
from grandrounds.timing.dates import DatedItem, period_of, periods_between
from grandrounds.timing.results import Results

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RESAMPLES = 2000
_CONFIDENCE = 0.95
_BLOCK = 4_000_000
# More periods than a chart can show: those without items are left out then.
_MOST_PERIODS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A mean of ``items`` from ``groups``, with its interval where there is one."""

    mean: float
    items: int
    groups: int
    interval: Interval | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """A model before (up to and with) and after its cut-off. ``difference`` is after less before;
    an interval that holds 0 shows none. A score is ``None`` without items, and then nothing is compared."""

    cutoff: Cutoff
    before: Score | None
    after: Score | None
    difference: float | None
    interval: Interval | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelScores:
    """One model: all its items, by period, and around its cut-off where that is known.

    ``undated`` items have no date, so they count in ``overall`` alone; ``unknown`` are results for items
    that the release does not have.
    """

    model: str
    overall: Score
    periods: Mapping[str, Score]
    around: Around | None
    undated: int
    unknown: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedScores:
    """All models over the same ``periods``, in order; some may hold no item."""

    by: str
    kind: str
    periods: tuple[str, ...]
    models: tuple[ModelScores, ...]


@dataclass(frozen=True, slots=True)
class _Scored:
    group: str
    day: date | None
    score: float


def scores_by_date(
    items: Sequence[DatedItem],
    results: Results,
    *,
    by: str,
    kind: str,
    cutoffs: Mapping[str, Cutoff] | None = None,
) -> DatedScores:
    """The scores of every model by period of date ``by``. Raises ``TimingError`` when no item is known."""
    known = {item.item_id: item for item in items}
    models = []
    days: set[date] = set()
    for model, scores in results.scores.items():
        own = [
            _Scored(known[item].group_id, known[item].day(by), score)
            for item, score in scores.items()
            if item in known
        ]
        if not own:
            continue
        days |= {each.day for each in own if each.day is not None}
        cutoff = (cutoffs or {}).get(model.casefold())
        models.append(
            ModelScores(
                model=model,
                overall=_score(own),
                periods=_by_period(own, kind),
                around=_around(own, cutoff) if cutoff else None,
                undated=sum(each.day is None for each in own),
                unknown=len(scores) - len(own),
            )
        )
    if not models:
        raise TimingError(
            "No result is for an item of this release.",
            remedy="item_id in the results must be that of the release; another version may have others.",
        )
    return DatedScores(by=by, kind=kind, periods=_periods(days, kind), models=tuple(models))


def difference_interval(
    before: Iterable[tuple[str, float]],
    after: Iterable[tuple[str, float]],
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Interval | None:
    """The interval of the mean of ``after`` less that of ``before``, each (group, score), by drawing groups
    of both again. ``None`` with fewer than two groups in either. The same rows and seed give the same."""
    import numpy as np

    sides = [_by_group(before), _by_group(after)]
    if min(len(side) for side in sides) < 2:
        return None
    generator = np.random.default_rng(seed)
    first, second = (_means(side, resamples, generator) for side in sides)
    return _percentiles(second - first)


def _around(own: Sequence[_Scored], cutoff: Cutoff) -> Around:
    before = [each for each in own if each.day is not None and each.day <= cutoff.day]
    after = [each for each in own if each.day is not None and each.day > cutoff.day]
    both = bool(before and after)
    return Around(
        cutoff=cutoff,
        before=_score(before) if before else None,
        after=_score(after) if after else None,
        difference=_mean(after) - _mean(before) if both else None,
        interval=difference_interval(
            ((each.group, each.score) for each in before), ((each.group, each.score) for each in after)
        )
        if both
        else None,
    )


def _by_period(own: Sequence[_Scored], kind: str) -> dict[str, Score]:
    parted: defaultdict[str, list[_Scored]] = defaultdict(list)
    for each in own:
        if each.day is not None:
            parted[period_of(each.day, kind)].append(each)
    return {name: _score(parted[name]) for name in sorted(parted)}


def _periods(days: set[date], kind: str) -> tuple[str, ...]:
    if not days:
        return ()
    whole = tuple(periods_between(min(days), max(days), kind))
    if len(whole) <= _MOST_PERIODS:
        return whole
    return tuple(sorted({period_of(day, kind) for day in days}))


def _score(own: Sequence[_Scored]) -> Score:
    groups = len({each.group for each in own})
    return Score(mean=_mean(own), items=len(own), groups=groups, interval=_interval(own, groups))


def _interval(own: Sequence[_Scored], groups: int) -> Interval | None:
    """Wilson's where each item is right or wrong and a group of its own, else by drawing groups again."""
    import numpy as np

    if groups == len(own) and all(each.score in (0.0, 1.0) for each in own):
        return wilson(int(sum(each.score for each in own)), len(own), confidence=_CONFIDENCE)
    if groups < 2:
        return None
    side = _by_group((each.group, each.score) for each in own)
    return _percentiles(_means(side, RESAMPLES, np.random.default_rng(0)))


def _mean(own: Sequence[_Scored]) -> float:
    return sum(each.score for each in own) / len(own)


def _by_group(rows: Iterable[tuple[str, float]]) -> NDArray[np.float64]:
    """Sum and number of each group, by name."""
    import numpy as np

    sums: defaultdict[str, float] = defaultdict(float)
    counts: Counter[str] = Counter()
    for group, score in rows:
        sums[group] += score
        counts[group] += 1
    return np.array([[sums[name], counts[name]] for name in sorted(sums)], dtype=np.float64).reshape(-1, 2)


def _means(
    side: NDArray[np.float64], resamples: int, generator: np.random.Generator
) -> NDArray[np.float64]:
    """The mean of each resample: as many groups as there are, drawn with putting back."""
    import numpy as np

    block = max(1, _BLOCK // len(side))
    drawn = []
    for first in range(0, resamples, block):
        places = generator.integers(0, len(side), size=(min(block, resamples - first), len(side)))
        sums = side[places].sum(axis=1)
        drawn.append(sums[:, 0] / sums[:, 1])
    return np.concatenate(drawn)


def _percentiles(drawn: NDArray[np.float64]) -> Interval:
    import numpy as np

    tail = (1 - _CONFIDENCE) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return Interval(low=float(low), high=float(high), confidence=_CONFIDENCE)
