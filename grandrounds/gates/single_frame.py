"""Gate ``single_frame``: a panel of models must not find the answer of a clip from one frame.

The rule is that of gate ``blind``, with its limits: an item is refused when the share of its votes with one
frame alone that are right reaches ``gates.blind_share``, and guessing gives so many right ones in at most
``gates.blind_luck`` of such items. Which frame is shown is for ``votes.one_frame``. What the panel did not
answer from one frame, or too rarely to tell from luck, goes on with a flag.
"""

from __future__ import annotations

from collections.abc import Sequence

from grandrounds.gates.blind import Filter, filtered
from grandrounds.gates.gate import Findings, found
from grandrounds.recipe import Recipe
from grandrounds.records.envelope import Envelope
from grandrounds.records.vote import PanelVote

NAME = "single_frame"
UNTESTED = "single_frame_untested"
TOO_FEW = "single_frame_too_few"


def look(row: Envelope, votes: Sequence[PanelVote], recipe: Recipe) -> Findings:
    """Refuse a row that the panel of ``recipe`` answers from one frame; ``votes`` are the row's."""
    if recipe.panel is None or not recipe.panel.one_frame:
        return found()
    return filtered(
        row,
        [vote for vote in votes if vote.one_frame],
        recipe,
        by=Filter(
            view="single-frame",
            one_frame=True,
            lacking="From one frame",
            untested=UNTESTED,
            too_few=TOO_FEW,
        ),
    )
