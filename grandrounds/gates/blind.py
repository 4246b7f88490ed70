"""Gate ``blind``: a panel of models must not find the answer without the evidence.

An item is refused when both hold:

- the share of its blind votes that are right reaches ``gates.blind_share`` (1.0: all of them);
- guessing alone would give so many right ones in at most ``gates.blind_luck`` of such items (0.05).

The second keeps good items from falling for nothing: one right vote on five options is luck in one of
five items, and only from two votes on, both right, is it less than one in twenty. All votes, not most of
them: LiveXiv's filter drops an item only when its blind model is right three times out of three. With
many models a lower share finds what one weak model would hide.

Votes that don't count (refused, failed, protected evidence and a model elsewhere) say nothing. An item
that nobody answered blind, or whose right votes are too few to tell from luck, goes on with a flag.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grandrounds.gates.gate import Findings, found
from grandrounds.recipe import Recipe
from grandrounds.records.envelope import Envelope
from grandrounds.records.parts import Flag
from grandrounds.records.vote import PanelVote
from grandrounds.statistics.votes import by_model, chance_of, luck, share_of

NAME = "blind"
UNTESTED = "blind_untested"
TOO_FEW = "blind_too_few"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """A view of an item that should not be enough to answer it.

    ``view`` names it, ``lacking`` begins the sentence that refuses, ``untested`` and ``too_few`` are the
    flags of what it could not decide.
    """

    view: str
    one_frame: bool = False
    lacking: str
    untested: str
    too_few: str


def look(row: Envelope, votes: Sequence[PanelVote], recipe: Recipe) -> Findings:
    """Refuse a row that the panel of ``recipe`` answers without its evidence; ``votes`` are the row's."""
    if recipe.panel is None:
        return found()
    what = {"case": "the case", "media": "the pictures"}[recipe.panel.withheld]
    by = Filter(view="blind", lacking=f"Without {what}", untested=UNTESTED, too_few=TOO_FEW)
    return filtered(row, [vote for vote in votes if vote.blind], recipe, by=by)


def filtered(row: Envelope, asked: Sequence[PanelVote], recipe: Recipe, *, by: Filter) -> Findings:
    """What becomes of a row by the votes of one view (``asked``): the rule above."""
    limits = recipe.gates
    if not asked or not limits.blind_luck:
        return found()
    share = share_of(asked, blind=not by.one_frame, one_frame=by.one_frame)
    if share.votes == 0:
        statuses = ", ".join(sorted({vote.status for vote in asked}))
        detail = f"None of its {len(asked)} {by.view} votes counts ({statuses}), so it was not filtered."
        return found(flags=(Flag(flag=by.untested, detail=detail),))
    if share.share < limits.blind_share:
        return found()
    by_luck = luck(share, chance=chance_of(len(row.options)))
    if by_luck > limits.blind_luck:
        detail = f"{share} {by.view} votes are right; guessing does that in {by_luck:.1%} of such items."
        return found(flags=(Flag(flag=by.too_few, detail=detail),))
    models = by_model(asked, blind=not by.one_frame, one_frame=by.one_frame)
    voters = ", ".join(f"{model} {own}" for model, own in models.items())
    return found(
        f"{by.lacking} it was answered right in {share} votes ({voters}); guessing does that in "
        f"{by_luck:.2%} of such items."
    )
