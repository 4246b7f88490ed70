"""Whether the place or the length of an option gives the answer away: effect size, guarded by luck.

With a handful of items some letter is always ahead of chance. A value counts only when a fair
shuffle would hardly ever (1 in 100) reach it, and then by how large it is, never by its p-value.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import comb, exp, lgamma, log, sqrt
from typing import Literal

from grandrounds.recipe import Gates
from grandrounds.records.envelope import Envelope

Verdict = Literal["ok", "warn", "fail"]

# Below this many items nothing fails: the measure is too coarse to condemn a benchmark.
FEWEST_TO_FAIL = 40
_LUCK = 0.01
_EXACT = 120
# The expected largest of k standard normal numbers, k = 1 ... 10 (H. L. Harter, Biometrika 48 (1961) 151).
_LARGEST_NORMAL = (0.0, 0.5642, 0.8463, 1.0294, 1.1630, 1.2672, 1.3522, 1.4236, 1.4850, 1.5388)


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterShare:
    """How often the answer stands at one letter (A is the first option)."""

    letter: str
    count: int
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Excess:
    """An accuracy that needs no knowledge, against chance.

    ``accuracy - chance`` is ``over_chance``; a fair shuffle gives ``expected`` on average and more
    than ``luck`` in one of a hundred benchmarks of this size (both over chance).
    """

    accuracy: float
    chance: float
    expected: float
    luck: float
    verdict: Verdict

    @property
    def over_chance(self) -> float:
        """Accuracy over chance: the effect size."""
        return self.accuracy - self.chance


@dataclass(frozen=True, slots=True, kw_only=True)
class BiasReport:
    """Option bias of one task's multiple-choice items.

    ``position`` is the accuracy of always giving ``best_letter``, ``longest`` that of always giving
    the longest option (ties shared); ``uniquely_longest`` is the share of items whose answer alone
    is the longest. ``options`` is the mean number of options.
    """

    task: str
    n: int
    options: float
    letters: tuple[LetterShare, ...]
    best_letter: str
    position: Excess
    longest: Excess
    uniquely_longest: float

    @property
    def verdict(self) -> Verdict:
        """The worse of the two verdicts."""
        order: tuple[Verdict, ...] = ("ok", "warn", "fail")
        return max(self.position.verdict, self.longest.verdict, key=order.index)

    def markdown(self) -> str:
        """The report as two short Markdown tables."""
        lines = [
            f"**{self.task}**: {self.n} items, {self.options:.3g} options each",
            "",
            "| always ... | accuracy | over chance | by luck (mean; 99 in 100 below) | verdict |",
            "| --- | --- | --- | --- | --- |",
            _line(f"letter {self.best_letter}", self.position),
            _line("the longest option", self.longest),
            "",
            "| letter | " + " | ".join(part.letter for part in self.letters) + " |",
            "|" + " --- |" * (len(self.letters) + 1),
            "| answers | " + " | ".join(f"{part.count} ({part.share:.1%})" for part in self.letters) + " |",
            "",
            f"The answer alone is the longest option in {self.uniquely_longest:.1%} of items.",
        ]
        return "\n".join(lines)


def bias_reports(rows: Iterable[Envelope], gates: Gates) -> list[BiasReport]:
    """One report a task that has multiple-choice rows, tasks in alphabetical order.

    Rows without options or without an answer index are left out.
    """
    by_task: dict[str, list[Envelope]] = {}
    for row in rows:
        if row.options and row.answer_index is not None:
            by_task.setdefault(row.task, []).append(row)
    return [_report(task, by_task[task], gates) for task in sorted(by_task)]


def letter(index: int) -> str:
    """The letter of a 0-based option: 0 is A."""
    return chr(ord("A") + index)


def is_uniquely_longest(options: Sequence[str], answer: str) -> bool:
    """Whether ``answer`` has more characters than every other option."""
    return all(len(option) < len(answer) for option in options if option != answer)


def _report(task: str, rows: Sequence[Envelope], gates: Gates) -> BiasReport:
    n = len(rows)
    chance = sum(1 / len(row.options) for row in rows) / n
    places = Counter(row.answer_index or 0 for row in rows)
    best = min(places, key=lambda place: (-places[place], place))
    width = max(len(row.options) for row in rows)
    fewest = min(len(row.options) for row in rows)
    return BiasReport(
        task=task,
        n=n,
        options=sum(len(row.options) for row in rows) / n,
        letters=tuple(
            LetterShare(letter=letter(place), count=places[place], share=places[place] / n)
            for place in range(width)
        ),
        best_letter=letter(best),
        position=_excess(
            places[best] / n,
            chance,
            n=n,
            expected=_expected_best(n, fewest) - 1 / fewest,
            choices=fewest,
            warn=gates.position_bias_warn,
            fail=gates.position_bias_fail,
        ),
        longest=_excess(
            sum(_longest_credit(row.options, row.answer) for row in rows) / n,
            chance,
            n=n,
            expected=0.0,
            choices=1,
            warn=gates.longest_option_warn,
            fail=gates.longest_option_fail,
        ),
        uniquely_longest=sum(is_uniquely_longest(row.options, row.answer) for row in rows) / n,
    )


def _excess(
    accuracy: float, chance: float, *, n: int, expected: float, choices: int, warn: float, fail: float
) -> Excess:
    luck = _luck(n, chance, choices) - chance
    over = accuracy - chance
    verdict: Verdict = "ok"
    if over > luck and over > warn:
        verdict = "fail" if over > fail and n >= FEWEST_TO_FAIL else "warn"
    return Excess(accuracy=accuracy, chance=chance, expected=expected, luck=luck, verdict=verdict)


def _longest_credit(options: Sequence[str], answer: str) -> float:
    """The chance to be right by giving the longest option, picking among equally long ones."""
    most = max(map(len, options))
    longest = [option for option in options if len(option) == most]
    return 1 / len(longest) if answer in longest else 0.0


@lru_cache(maxsize=256)
def _expected_best(n: int, k: int) -> float:
    """The expected share of the most frequent of ``k`` letters when ``n`` answers fall evenly.

    Exact up to 120 items: E[max] = sum over m of P(max > m), where P(max <= m) is n! / k^n times
    the coefficient of x^n in (sum_{j <= m} x^j / j!)^k. Beyond, 1/k + sqrt(1 / (k n)) times the
    expected largest of k normal numbers.
    """
    if n > _EXACT or k > len(_LARGEST_NORMAL):
        return min(1.0, 1 / k + sqrt(1 / (k * n)) * _LARGEST_NORMAL[min(k, len(_LARGEST_NORMAL)) - 1])
    import numpy as np

    scale = exp((lgamma(n + 1) - n * log(k)) / n)  # spread over n factors, so that nothing overflows
    total = 0.0
    for most in range(n):
        terms = np.array([exp(j * log(scale) - lgamma(j + 1)) if j <= most else 0.0 for j in range(n + 1)])
        product = np.array([1.0])
        for _ in range(k):
            product = np.convolve(product, terms)[: n + 1]
        total += 1.0 - min(1.0, float(product[n]) if len(product) > n else 0.0)
    return total / n


@lru_cache(maxsize=256)
def _luck(n: int, chance: float, choices: int) -> float:
    """The share that the best of ``choices`` letters stays at or below in 99 of 100 fair shuffles.

    The smallest m / n with choices * P(Binomial(n, chance) > m) <= 0.01 (Bonferroni, so a little
    too kind rather than too strict).
    """
    allowed = _LUCK / choices
    tail = 0.0
    for count in range(n, -1, -1):
        tail += _binomial(n, count, chance)
        if tail > allowed:
            return count / n
    return 0.0


def _binomial(n: int, count: int, share: float) -> float:
    if share >= 1.0:
        return 1.0 if count == n else 0.0
    if n <= 60:
        return comb(n, count) * share**count * (1 - share) ** (n - count)
    ways = lgamma(n + 1) - lgamma(count + 1) - lgamma(n - count + 1)
    return exp(ways + count * log(share) + (n - count) * log(1 - share))


def _line(what: str, excess: Excess) -> str:
    return (
        f"| {what} | {excess.accuracy:.1%} | {excess.over_chance:+.1%} | "
        f"{excess.expected:+.1%}; {excess.luck:+.1%} | {excess.verdict} |"
    )
