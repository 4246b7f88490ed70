"""What the votes on one item come to: shares of right answers, held against pure guessing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import comb

from grandrounds.records.vote import PanelVote


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """``right`` of ``votes`` that count."""

    right: int
    votes: int

    @property
    def share(self) -> float:
        """The share of right votes; 0 without any."""
        return self.right / self.votes if self.votes else 0.0

    def __str__(self) -> str:
        return f"{self.right} of {self.votes}"


def share_of(votes: Iterable[PanelVote], *, blind: bool, one_frame: bool = False) -> Share:
    """The votes of one view that count: blind, with one frame alone, or (neither) with the evidence."""
    counted = [vote for vote in votes if vote.counts and (vote.blind, vote.one_frame) == (blind, one_frame)]
    return Share(right=sum(bool(vote.correct) for vote in counted), votes=len(counted))


def by_model(votes: Iterable[PanelVote], *, blind: bool, one_frame: bool = False) -> dict[str, Share]:
    """The same, model by model in the order of their names; models without such a vote are left out."""
    found: dict[str, list[PanelVote]] = {}
    for vote in votes:
        found.setdefault(vote.model, []).append(vote)
    shares = {model: share_of(found[model], blind=blind, one_frame=one_frame) for model in sorted(found)}
    return {model: share for model, share in shares.items() if share.votes}


def chance_of(options: int) -> float:
    """How often a guess is right: one in the number of options; never for an open question."""
    return 1 / options if options else 0.0


def luck(share: Share, *, chance: float) -> float:
    """How often as many right votes or more come from guessing alone: the upper tail of a binomial.

    The guesser has no preference and each vote is a guess of its own. The panel turns the options from
    repeat to repeat, so a model that prefers a letter is no better off; one that prefers an option for
    its wording is, so several models say more than several repeats.
    """
    if share.votes == 0 or share.right == 0:
        return 1.0
    tail = sum(
        comb(share.votes, right) * chance**right * (1 - chance) ** (share.votes - right)
        for right in range(share.right, share.votes + 1)
    )
    return min(1.0, tail)
