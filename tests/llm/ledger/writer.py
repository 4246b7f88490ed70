"""A program that files answers until it is killed, and says what the ledger acknowledged.

    python -m tests.llm.ledger.writer WHERE FIRST STEP

Imports little: tests start it many times.
"""

from __future__ import annotations

import sys

from grandrounds.llm.answer import ModelAnswer
from grandrounds.llm.ledger import Filed, Ledger
from grandrounds.llm.request import Message, ModelRequest

SCHEMA = {
    "type": "object",
    "properties": {"diagnosis": {"type": "string"}},
    "required": ["diagnosis"],
    "additionalProperties": False,
}
_BATCH = 5


def request(number: int) -> ModelRequest:
    """The request with this number."""
    return ModelRequest.of(
        messages=(Message(role="user", content=f"case {number}"),),
        schema_name="draft",
        schema=SCHEMA,
        model="stub",
        max_tokens=64,
        prompt_name="draft",
        prompt_version="1",
        prompt_sha256="0" * 64,
    )


def good(request: ModelRequest, word: str = "measles") -> Filed:
    """A good answer to it."""
    text = f'{{"diagnosis": "{word}"}}'
    answer = ModelAnswer(request_id=request.request_id, status="ok", text=text, parsed=text)
    return Filed(request=request, answer=answer, backend="test")


def main() -> None:
    where, first, step = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    with Ledger(where) as ledger:
        for start in range(first * _BATCH, 10**6, step * _BATCH):
            requests = [request(start + part) for part in range(_BATCH)]
            ledger.write([good(one) for one in requests])
            sys.stdout.write(" ".join(one.request_id for one in requests) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
