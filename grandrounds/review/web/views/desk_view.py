"""The start page's values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grandrounds.records.review_event import WITHDRAW, ReviewEvent
from grandrounds.review.desk.values import Progress

_SHORT = frozenset({"vqa", "mcq", "ct", "mri", "ecg", "icd"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """One recipe's queue as one reader meets it."""

    recipe: str
    progress: Progress

    @property
    def title(self) -> str:
        """The recipe's name as words."""
        return titled(self.recipe)

    @property
    def all(self) -> int:
        """What this reader has decided and could still decide."""
        return self.progress.mine + self.progress.left


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A decision of one's own; ``standing`` ones can be taken back."""

    event: ReviewEvent
    standing: bool


def told_of(events: Sequence[ReviewEvent], standing: frozenset[str]) -> tuple[Told, ...]:
    """The decisions, each with whether it still stands; taking one back is no decision of its own."""
    return tuple(
        Told(event=event, standing=event.event_id in standing)
        for event in events
        if event.decision != WITHDRAW
    )


def titled(recipe: str) -> str:
    """A recipe's name as words: ``case_diagnosis`` is "Case diagnosis", ``figure_vqa`` is "Figure VQA"."""
    words = [word.upper() if word in _SHORT else word for word in recipe.split("_")]
    return " ".join([words[0][:1].upper() + words[0][1:], *words[1:]])
