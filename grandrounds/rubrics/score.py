"""What verdicts come to: points, scores and shares, with intervals where there are many."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from grandrounds.fingerprint import sha256_value
from grandrounds.records.parts import Criterion

AXES = ("accuracy", "completeness", "safety", "context", "communication")
MET, NOT_MET, FAILED = "met", "not_met", "failed"


def score(rubric: Sequence[Criterion], met: Iterable[str]) -> float:
    """The points of the criteria whose ids are ``met``, over all points above 0, between 0 and 1.

    The form is that of rubric scoring with points of both signs: sum(points met) / sum(points above 0),
    cut off at 0 and 1. A rubric without points above 0 gives 0.
    """
    kept = set(met)
    most = sum(each.points for each in rubric if each.points > 0)
    got = sum(each.points for each in rubric if each.criterion_id in kept)
    return min(1.0, max(0.0, got / most)) if most else 0.0


def axis_scores(rubric: Sequence[Criterion], met: Iterable[str]) -> Mapping[str, float]:
    """The same for each axis that has points above 0."""
    kept = set(met)
    found = {}
    for axis in AXES:
        own = [each for each in rubric if each.axis == axis]
        if any(each.points > 0 for each in own):
            found[axis] = score(own, kept)
    return found


def rubric_sha256(rubric: Sequence[Criterion]) -> str:
    """The hash of all that a judge goes by, in the rubric's order."""
    return sha256_value(
        [
            [each.criterion_id, each.text, each.axis, each.points, each.kind, list(each.terms)]
            for each in rubric
        ]
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A mean with its 95 % bootstrap interval (percentiles) over ``n`` values."""

    mean: float
    low: float
    high: float
    n: int


def interval(
    values: Sequence[float], *, groups: Sequence[str] = (), resamples: int = 2000
) -> Interval | None:
    """The mean of ``values`` and its interval; whole ``groups`` (articles, patients) are drawn together.

    ``None`` without values. The draws are the same every time (seed 0).
    """
    if not values:
        return None
    import numpy as np

    names = list(groups) or [str(number) for number in range(len(values))]
    sums: dict[str, list[float]] = {}
    for name, value in zip(names, values, strict=True):
        held = sums.setdefault(name, [0.0, 0.0])
        held[0] += value
        held[1] += 1
    table = np.array([sums[name] for name in sorted(sums)])
    draws = np.random.default_rng(0).integers(0, len(table), size=(resamples, len(table)))
    totals = table[draws].sum(axis=1)
    means = totals[:, 0] / totals[:, 1]
    low, high = np.percentile(means, [2.5, 97.5])
    return Interval(mean=float(np.mean(values)), low=float(low), high=float(high), n=len(values))
