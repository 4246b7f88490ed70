"""How near two verdicts are: weights of agreement (1 same, 0 farthest) and Krippendorff's differences."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np

from grandrounds.statistics.agreement_sums import Numbers

Table: TypeAlias = tuple[tuple[float, ...], ...]
Weights: TypeAlias = Literal["identity", "linear", "quadratic", "ordinal"] | Table
"""One of the known ones, or one's own: a row a value, 1 for the same and less for others."""
Level = Literal["nominal", "ordinal", "interval", "ratio"]


def weights_of(kind: Weights, scores: Numbers) -> Numbers:
    """The weights between values with these ``scores``.

    Identity: 1 on the diagonal alone. Linear and quadratic: 1 less the (squared) distance as a share
    of the largest. Ordinal: 1 less C(steps + 1, 2) as a share of its largest, which looks at order
    alone. Source: K. L. Gwet, Handbook of Inter-Rater Reliability, 4th ed. (2014), section 3.5.
    Raises ``ValueError`` for weights of one's own that don't fit the values.
    """
    number = len(scores)
    if not isinstance(kind, str):
        own = np.array(kind, dtype=float)
        if own.shape != (number, number):
            raise ValueError(f"weights of {number} values need {number} rows of {number} numbers")
        return own
    if number < 2 or kind == "identity":
        return np.eye(number)
    if kind == "ordinal":
        ranks = np.argsort(np.argsort(scores))
        steps = np.abs(ranks[:, None] - ranks[None, :]).astype(float)
        far = steps * (steps + 1) / 2
    else:
        far = np.abs(scores[:, None] - scores[None, :]) ** (2 if kind == "quadratic" else 1)
    weights: Numbers = 1 - far / far.max()
    return weights


def differences(level: Level, scores: Numbers, totals: Numbers) -> Numbers:
    """Krippendorff's squared differences between values, for each row of ``totals`` (how often each
    value was given; only ``ordinal`` looks at them).

    Source: K. Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), section on metrics.
    """
    number = len(scores)
    if level == "nominal":
        return (1 - np.eye(number))[None]
    if level == "interval":
        return ((scores[:, None] - scores[None, :]) ** 2)[None]
    if level == "ratio":
        sums = scores[:, None] + scores[None, :]
        shares = np.divide(
            scores[:, None] - scores[None, :], sums, out=np.zeros_like(sums), where=sums != 0
        )
        return (shares**2)[None]
    # Of all that lies from one value to the other, each end counts half.
    middles = np.cumsum(totals, axis=1) - totals / 2
    return (middles[:, :, None] - middles[:, None, :]) ** 2
