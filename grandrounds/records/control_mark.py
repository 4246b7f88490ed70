"""One row of the ``marks`` table: what a model judge gave to one answer whose worth is known."""

from __future__ import annotations

from dataclasses import dataclass

OK, PARTIAL = "ok", "partial"


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlMark:
    """One control answer to one item, marked, or why it is not.

    ``control`` is ``reference``, ``empty``, ``generic`` or ``wrong``; ``answer_of`` names the disease that
    a wrong answer is of. ``criteria`` were asked about, ``failed`` of them got no verdict, and only without
    such there is a ``score`` (0 to 1). ``status`` is ``ok``, ``partial`` (a reply with verdicts that don't
    count), or the status of a request without a usable reply; ``waiting`` is one of them. The rest is the
    contract of the judge: its version, model, prompt, how many tokens its reply might have, and the hash of
    the rubric it went by.
    """

    mark_id: str
    recipe: str
    task: str
    item_id: str
    revision_id: str
    control: str
    answer_of: str = ""
    status: str
    reason: str = ""
    score: float | None = None
    criteria: int
    failed: int
    judge: str
    judge_version: str
    model: str
    prompt_sha256: str
    max_tokens: int
    rubric_sha256: str
    request_id: str = ""
