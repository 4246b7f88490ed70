"""Blocks of requests on their way to workers, and what workers report, as JSON.

Requests are made anew where they arrive, and must have the id that they left with: so a worker with other
code, which might ask something else, is noticed before it asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import orjson

from grandrounds import errors
from grandrounds.errors import EngineError, GrandRoundsError
from grandrounds.llm.answer import ModelAnswer
from grandrounds.llm.answering import Tally
from grandrounds.llm.budget import BudgetReached
from grandrounds.llm.request import MediaPart, Message, ModelRequest

COUNTED = ("sent", "tries", "prompt_tokens", "completion_tokens", "cost")
"""What a worker counts for the run. What is given to the caller is counted where it is given."""

_PLAIN = tuple(
    field.name for field in fields(ModelRequest) if field.name not in {"messages", "schema", "request_id"}
)
_KINDS: dict[str, type[GrandRoundsError]] = {
    kind.__name__: kind
    for kind in (*vars(errors).values(), BudgetReached)
    if isinstance(kind, type) and issubclass(kind, GrandRoundsError)
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a worker did with one block.

    ``answers`` are those it has, maybe not all; ``tally`` holds what it sent (``COUNTED``). ``trouble`` is
    what kept it from going on, ``spent`` the budget that is reached.
    """

    block: int
    answers: tuple[ModelAnswer, ...] = ()
    tally: Tally | None = None
    trouble: GrandRoundsError | None = None
    spent: str = ""


def pack_requests(requests: Sequence[ModelRequest]) -> bytes:
    """A block of requests. Schemas, of which there are few, stand in it once."""
    schemas: dict[str, int] = {}
    packed = [_packed(request, schemas) for request in requests]
    return orjson.dumps({"schemas": list(schemas), "requests": packed})


def unpack_requests(block: bytes) -> list[ModelRequest]:
    """The requests of a block. Raises ``EngineError`` when one would be another question here."""
    read = orjson.loads(block)
    requests = []
    for packed in read["requests"]:
        request = _unpacked(packed, read["schemas"])
        if request.request_id != packed["id"]:
            raise EngineError(
                f"A node of the Ray cluster understands request {packed['id']} as {request.request_id}.",
                remedy="Install the same version of grandrounds on every node.",
            )
        requests.append(request)
    return requests


def pack_report(report: Report) -> bytes:
    """A report as JSON."""
    trouble, tally = report.trouble, report.tally
    return orjson.dumps(
        {
            "block": report.block,
            "answers": [asdict(answer) for answer in report.answers],
            "tally": None if tally is None else {name: getattr(tally, name) for name in COUNTED},
            "trouble": None
            if trouble is None
            else {"kind": type(trouble).__name__, "what": trouble.what, "remedy": trouble.remedy},
            "spent": report.spent,
        }
    )


def unpack_report(data: bytes) -> Report:
    """The report; an error is again of the class that it was."""
    read = orjson.loads(data)
    trouble = read["trouble"]
    return Report(
        block=read["block"],
        answers=tuple(ModelAnswer(**answer) for answer in read["answers"]),
        tally=None if read["tally"] is None else Tally(**read["tally"]),
        trouble=trouble
        and _KINDS.get(trouble["kind"], EngineError)(trouble["what"], remedy=trouble["remedy"]),
        spent=read["spent"],
    )


def _packed(request: ModelRequest, schemas: dict[str, int]) -> dict[str, Any]:
    return {
        "id": request.request_id,
        "messages": [
            [message.role, message.content, [[part.sha256, part.media_type] for part in message.media]]
            for message in request.messages
        ],
        "schema": schemas.setdefault(request.schema, len(schemas)),
        **{name: getattr(request, name) for name in _PLAIN},
    }


def _unpacked(packed: dict[str, Any], schemas: list[str]) -> ModelRequest:
    messages = tuple(
        Message(
            role=role,
            content=content,
            media=tuple(MediaPart(sha256=sha256, media_type=kind) for sha256, kind in media),
        )
        for role, content, media in packed["messages"]
    )
    plain = {name: packed[name] for name in _PLAIN}
    return ModelRequest(messages=messages, schema=schemas[packed["schema"]], **plain)
