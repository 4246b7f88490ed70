"""Intervals for shares of small samples."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A confidence interval, both ends included, at ``confidence`` (0.95 is 95%)."""

    low: float
    high: float
    confidence: float = 0.95


def wilson(successes: int, trials: int, *, confidence: float = 0.95) -> Interval:
    """The Wilson score interval of a share, without continuity correction.

    Never leaves [0, 1] and is sound for small samples and shares near 0 or 1, unlike p +- 1.96 se.
    Without trials it is [0, 1]: nothing is known. Raises ``ValueError`` for impossible counts.

    Source: E. B. Wilson, J. Am. Stat. Assoc. 22 (1927) 209; method 3 in R. G. Newcombe,
    Stat. Med. 17 (1998) 857, whose table the tests hold.
    """
    if not 0 <= successes <= trials or not 0.0 < confidence < 1.0:
        raise ValueError(f"a share needs 0 <= successes <= trials, got {successes} of {trials}")
    if trials == 0:
        return Interval(low=0.0, high=1.0, confidence=confidence)
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share = successes / trials
    scale = 1 + z * z / trials
    middle = (share + z * z / (2 * trials)) / scale
    half = z / scale * sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    low = 0.0 if successes == 0 else max(0.0, middle - half)
    high = 1.0 if successes == trials else min(1.0, middle + half)
    return Interval(low=low, high=high, confidence=confidence)
