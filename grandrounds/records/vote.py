"""One row of the ``votes`` table: what one model of a panel answered to one question, once."""

from __future__ import annotations

from dataclasses import dataclass

from grandrounds.records.parts import Vote

OK = "ok"
LETTER, RULE = "letter", "rule"


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelVote:
    """One answer of one model, or why there is none.

    ``item_id`` names what was asked (a candidate's id before any reviewer's edit); ``model`` is the name
    in the models file, ``model_version`` what the server calls itself. ``blind``: the evidence was
    withheld. ``one_frame``: all its frames but one were. ``n`` is the repeat, from 1. ``status`` is
    ``ok``, ``refused``, ``truncated``, ``unparsable``, ``failed``, ``not_local`` or ``waiting``; only
    ``ok`` votes count and have ``correct``.
    ``answer_index`` and ``right_index`` (from 0) are places in the order that this model saw.
    ``judged_by`` says what decided: the ``letter`` of an option, or a ``rule`` over names and synonyms.
    ``cost`` is in the currency of the price list.
    """

    vote_id: str
    recipe: str
    task: str
    item_id: str
    revision_id: str
    model: str
    model_version: str = ""
    blind: bool
    one_frame: bool = False
    n: int
    status: str
    reason: str = ""
    answer: str = ""
    answer_index: int | None = None
    right_index: int | None = None
    correct: bool | None = None
    judged_by: str
    request_id: str
    prompt_sha256: str
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0

    @property
    def counts(self) -> bool:
        """Whether it is an answer, right or wrong."""
        return self.status == OK and self.correct is not None

    def short(self) -> Vote:
        """The vote as an item carries it."""
        return Vote(
            model=self.model,
            version=self.model_version,
            blind=self.blind,
            one_frame=self.one_frame,
            n=self.n,
            answer=self.answer,
            correct=bool(self.correct),
        )
