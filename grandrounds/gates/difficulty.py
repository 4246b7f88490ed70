"""Gate ``difficulty``: how much of a panel finds the answer with the evidence; and, if asked, a filter.

| share of right votes | label |
| --- | --- |
| ``gates.difficulty_easy`` (0.8) or more | ``easy`` |
| below ``gates.difficulty_hard`` (0.5, as MedAgentsBench draws the line) | ``hard`` |
| between | ``medium`` |

One vote is no share: below two that count there is neither label nor refusal. Shares are not corrected
for guessing; the number of options stands in the row.

``gates.difficulty_drop`` refuses what the whole panel gets right (``all_right``) or wrong
(``none_right``; such items are hard, or have a wrong key). A benchmark filtered so says little about
the models of the panel; which they were stands in the release.
"""

from __future__ import annotations

from collections.abc import Sequence

from grandrounds.gates.gate import Findings, found
from grandrounds.recipe import Gates, Recipe
from grandrounds.records.parts import Label
from grandrounds.records.vote import PanelVote
from grandrounds.statistics.votes import Share, by_model, share_of

NAME = "difficulty"
SCHEME = "difficulty"
EASY, MEDIUM, HARD = "easy", "medium", "hard"
_FEWEST = 2


def label(votes: Sequence[PanelVote], limits: Gates) -> Label | None:
    """The label of an item with these votes; ``None`` below two that count."""
    share = share_of(votes, blind=False)
    return Label(scheme=SCHEME, path=(_level(share, limits),)) if share.votes >= _FEWEST else None


def look(votes: Sequence[PanelVote], recipe: Recipe) -> Findings:
    """Refuse what the recipe drops: items that the whole panel gets right, or wrong."""
    share = share_of(votes, blind=False)
    drops = recipe.gates.difficulty_drop
    if share.votes < _FEWEST:
        return found()
    voters = ", ".join(f"{model} {own}" for model, own in by_model(votes, blind=False).items())
    return found(
        f"The whole panel answers it right ({voters}), and the recipe drops such items."
        if "all_right" in drops and share.right == share.votes
        else None,
        f"Nobody of the panel answers it right ({voters}), and the recipe drops such items."
        if "none_right" in drops and share.right == 0
        else None,
    )


def _level(share: Share, limits: Gates) -> str:
    if share.share >= limits.difficulty_easy:
        return EASY
    return HARD if share.share < limits.difficulty_hard else MEDIUM
