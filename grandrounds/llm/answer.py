"""What became of a request: one frozen value whatever happened.

Statuses: ``ok`` (an object that fits the schema), ``refused`` (the model or a content filter
declined), ``truncated`` (cut short by the limit of tokens), ``unparsable`` (no such object in the
text), ``failed`` (no usable reply after all tries), ``not_local`` (protected evidence, and the endpoint
isn't marked local: nothing was sent), ``waiting`` (no answer yet: the request was exported or stands in a
queue; never in the ledger).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

OK = "ok"
REFUSED = "refused"
TRUNCATED = "truncated"
UNPARSABLE = "unparsable"
FAILED = "failed"
NOT_LOCAL = "not_local"
WAITING = "waiting"

STATUSES = (OK, REFUSED, TRUNCATED, UNPARSABLE, FAILED, NOT_LOCAL, WAITING)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelAnswer:
    """The answer to one request.

    ``text`` is what the model wrote, ``parsed`` the canonical JSON text of the object in it (empty
    unless ``ok``); tokens are what the server reported; ``seconds`` is the time on the wire of the try
    that was kept; ``attempts`` counts the tries of this run or, ``from_ledger``, of the run that paid.
    ``cost`` is the price of all its tokens, in the currency of the price list; 0 without one.
    ``error`` says in words why the status isn't ``ok``; ``error_class`` is its short kind.
    """

    request_id: str
    status: str
    text: str = ""
    parsed: str = ""
    finish_reason: str = ""
    refusal: str = ""
    model: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    attempts: int = 0
    cost: float = 0.0
    error: str = ""
    error_class: str = ""
    from_ledger: bool = False

    @property
    def ok(self) -> bool:
        """Whether there is an object to use."""
        return self.status == OK

    def value(self) -> dict[str, Any]:
        """The object, valid under the request's schema. Raises ``ValueError`` unless ``ok``."""
        if not self.ok:
            raise ValueError(f"request {self.request_id} has no value: {self.status} ({self.error})")
        value = json.loads(self.parsed)
        assert isinstance(value, dict)
        return value
