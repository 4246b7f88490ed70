"""Votes for tests, as a panel would have given them."""

from __future__ import annotations

from collections.abc import Iterable

from grandrounds.fingerprint import content_id
from grandrounds.records.envelope import Candidate, Envelope, item_id
from grandrounds.records.vote import LETTER, OK, RULE, PanelVote
from tests.support.factories import make_candidate, make_case

_ROW = make_candidate(make_case(0))


def cast(
    model: str,
    *,
    correct: bool | None = None,
    blind: bool = False,
    one_frame: bool = False,
    n: int = 1,
    status: str = OK,
    row: Envelope = _ROW,
    revision_id: str = "",
) -> PanelVote:
    """One vote of ``model`` on ``row``, right or wrong, or with another status."""
    item = item_id(row)
    good = status == OK
    view = ["one_frame"] if one_frame else []
    wrong = next((option for option in row.options if option != row.answer), "something else")
    return PanelVote(
        vote_id=content_id("vote", [item, model, blind, n, *view]),
        recipe=row.recipe,
        task=row.task,
        item_id=item,
        revision_id=revision_id or str(getattr(row, "revision_id", "")),
        model=model,
        model_version=f"{model}-2026" if good else "",
        blind=blind,
        one_frame=one_frame,
        n=n,
        status=status,
        reason="" if good else f"the model's answer was {status}",
        answer=(row.answer if correct else wrong) if good else "",
        answer_index=(0 if correct else 1) if good and row.options else None,
        right_index=0 if row.options else None,
        correct=bool(correct) if good else None,
        judged_by=LETTER if row.options else RULE,
        request_id=content_id("req", [item, model, blind, n, *view]),
        prompt_sha256="0" * 64,
    )


def votes_on(
    rows: Iterable[Candidate], *, right: bool = True, blind_right: bool = False, models: Iterable[str] = ("m-a", "m-b")
) -> list[PanelVote]:  # fmt: skip
    """Two models' votes on ``rows``: with the evidence, and blind on those with options."""
    return [
        cast(model, correct=blind_right if blind else right, blind=blind, row=row)
        for model in models
        for row in rows
        for blind in ((False, True) if row.options else (False,))
    ]
