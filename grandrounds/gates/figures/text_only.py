"""Gate ``text_only``: no item that its question and options give away, whatever the picture shows.

The blind filter of those who have no panel of models. A small model (``figures.text_baseline``) learns from
the items of all other books which options tend to be right, and answers this book's without a picture. What
it gets right with at least ``evidence.text_sure`` is refused. 1 refuses nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from grandrounds.recipe import Recipe
from grandrounds.records.envelope import Candidate

NAME = "text_only"


def find(candidates: Sequence[Candidate], recipe: Recipe) -> dict[int, str]:
    """By place, why candidates are refused."""
    from grandrounds.figures.text_baseline import sure_of

    sure = sure_of(candidates, least=recipe.figures.text_sure)
    return {
        place: f"Without the picture, from the words of other books' items alone, {probability:.0%} of the "
        f"probability goes to the right one of its {len(candidates[place].options)} options."
        for place, probability in sure.items()
    }
