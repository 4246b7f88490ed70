"""From what became of a request to a row of the ``votes`` table."""

from __future__ import annotations

from grandrounds.fingerprint import content_id
from grandrounds.llm.answer import FAILED, UNPARSABLE, ModelAnswer
from grandrounds.records.vote import LETTER, OK, RULE, PanelVote
from grandrounds.statistics.bias import letter
from grandrounds.votes.asking import Ask
from grandrounds.votes.marking import is_right


def read_vote(ask: Ask, answer: ModelAnswer, *, model: str, version: str = "") -> PanelVote:
    """The vote that ``answer`` is. ``model`` is the panel's name for whom was asked; ``version`` is taken
    where the server doesn't say what it is."""
    if not answer.ok:
        reason = answer.error or f"the model's answer was {answer.status}"
        return _vote(ask, answer, model=model, version=version, status=answer.status, reason=reason)
    value = answer.value()
    chosen = _chosen(ask, value) if ask.shown else None
    said = ask.shown[chosen] if chosen is not None else " ".join(str(value.get("answer", "")).split())
    if not said:
        return _vote(
            ask, answer, model=model, version=version, status=UNPARSABLE, reason="the answer is empty"
        )
    return _vote(ask, answer, model=model, version=version, status=OK, said=said, chosen=chosen)


def missing_vote(ask: Ask, *, model: str, reason: str) -> PanelVote:
    """The vote of a model that could not be asked at all."""
    answer = ModelAnswer(request_id=ask.request.request_id, status=FAILED)
    return _vote(ask, answer, model=model, version="", status=FAILED, reason=reason)


def _chosen(ask: Ask, value: dict[str, object]) -> int:
    """The place of the letter; the schema lets no other letters through."""
    return [letter(place) for place in range(len(ask.shown))].index(str(value["letter"]))


def _vote(
    ask: Ask,
    answer: ModelAnswer,
    *,
    model: str,
    version: str,
    status: str,
    reason: str = "",
    said: str = "",
    chosen: int | None = None,
) -> PanelVote:
    row = ask.candidate
    correct = None
    if status == OK:
        correct = said == row.answer if ask.shown else _named(ask, said)
    return PanelVote(
        vote_id=content_id("vote", [row.item_id, model, ask.blind, ask.n, *_view(ask)]),
        recipe=row.recipe,
        task=row.task,
        item_id=row.item_id,
        revision_id=row.revision_id,
        model=model,
        model_version=answer.model or (version if answer.ok else ""),
        blind=ask.blind,
        one_frame=ask.one_frame,
        n=ask.n,
        status=status,
        reason=reason,
        answer=said,
        answer_index=chosen,
        right_index=ask.shown.index(row.answer) if ask.shown else None,
        correct=correct,
        judged_by=LETTER if ask.shown else RULE,
        request_id=ask.request.request_id,
        prompt_sha256=ask.request.prompt_sha256,
        prompt_tokens=answer.prompt_tokens,
        completion_tokens=answer.completion_tokens,
        cost=answer.cost,
    )


def _view(ask: Ask) -> list[str]:
    """What else tells a vote from others; nothing for the views that there always were."""
    return ["one_frame"] if ask.one_frame else []


def _named(ask: Ask, said: str) -> bool:
    return is_right(said, answer=ask.candidate.answer, aliases=ask.candidate.answer_aliases)
