"""What people said of a sample of pairs: which verdicts count, and the error that they measure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from grandrounds.fingerprint import sha256_value
from grandrounds.records.alignment_score import RIGHT, UNSURE, WRONG, AlignmentScore
from grandrounds.records.figure import FigureRow
from grandrounds.statistics.intervals import Interval, wilson


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many pairs were found right or wrong, and on how many scorers could not say or did not agree."""

    right: int
    wrong: int
    unsure: int
    scorers: int

    @property
    def judged(self) -> int:
        """Pairs that were found right or wrong."""
        return self.right + self.wrong

    @property
    def error(self) -> float:
        """The share of wrong pairs; 0 where none was judged."""
        return self.wrong / self.judged if self.judged else 0.0

    @property
    def interval(self) -> Interval:
        """The 95% Wilson interval of the error."""
        return wilson(self.wrong, self.judged)


def pair_sha256(row: FigureRow) -> str:
    """The hash of a figure's picture and caption together."""
    return sha256_value([row.sha256, row.label, row.caption])


def standing(scores: Iterable[AlignmentScore], figures: Iterable[FigureRow]) -> tuple[AlignmentScore, ...]:
    """The scores, by id, of pairs that are still read as they were when somebody looked."""
    pairs: Mapping[str, str] = {row.evidence_id: pair_sha256(row) for row in figures}
    kept = (score for score in scores if pairs.get(score.evidence_id) == score.pair_sha256)
    return tuple(sorted(kept, key=lambda score: score.score_id))


def tally(scores: Iterable[AlignmentScore]) -> Tally:
    """Count pairs: each scorer's last verdict on a pair counts, and of several scorers most decide."""
    last: dict[tuple[str, str], AlignmentScore] = {}
    for score in sorted(scores, key=lambda each: (each.position, each.score_id)):
        last[score.pair_sha256, score.scorer] = score
    by_pair: dict[str, Counter[str]] = {}
    for (pair, _), score in last.items():
        by_pair.setdefault(pair, Counter())[score.verdict] += 1
    counted = Counter(_verdict(verdicts) for verdicts in by_pair.values())
    return Tally(
        right=counted[RIGHT],
        wrong=counted[WRONG],
        unsure=counted[UNSURE],
        scorers=len({scorer for _, scorer in last}),
    )


def _verdict(verdicts: Counter[str]) -> str:
    if verdicts[RIGHT] == verdicts[WRONG]:
        return UNSURE
    return RIGHT if verdicts[RIGHT] > verdicts[WRONG] else WRONG
