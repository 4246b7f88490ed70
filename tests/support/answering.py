"""Another program that answers exported requests: it knows OpenAI Batch JSONL and nothing else of ours.

    python tests/support/answering.py SHARD... --out DIR [--style openai|vllm] [--responder FILE.py:NAME]

It writes, for each shard, what the Batch API or ``vllm run-batch`` would have written. Where
``--fail`` says so, every so manieth request fails: in OpenAI's style into an error file of its own, in
vLLM's into the same file.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.support.stub_openai import _load, sample_answer

Responder = Callable[[dict[str, Any]], Any]


def completion(body: dict[str, Any], text: str | None, **changes: Any) -> dict[str, Any]:
    """A chat completion that says ``text``; ``changes`` are of the choice."""
    message = {"role": "assistant", "content": text, "refusal": changes.pop("refusal", None)}
    return {
        "id": "chatcmpl-0",
        "object": "chat.completion",
        "model": changes.pop("model", body["model"]),
        "choices": [{"index": 0, "message": message, "finish_reason": "stop", **changes}],
        "usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18},
    }


def answered(request: dict[str, Any], document: Any, *, status: int = 200, error: Any = None) -> bytes:
    """An answer line to a request line."""
    response = {"status_code": status, "request_id": "0", "body": document}
    line = {"id": "batch_req_0", "custom_id": request["custom_id"], "response": response, "error": error}
    return json.dumps(line).encode() + b"\n"


def failed(request: dict[str, Any], *, style: str = "openai") -> bytes:
    """A line that says that a request failed, as each of the two programs says it."""
    if style == "vllm":
        words = "the model `other` does not exist"
        return answered(request, {"error": {"message": words}}, status=404, error={"message": words})
    body = {"error": {"message": "Rate limit reached", "type": "requests", "code": "rate_limit_exceeded"}}
    return answered(request, body, status=429)


def expired(request: dict[str, Any]) -> bytes:
    """How OpenAI says that a request's batch ended before its turn."""
    error = {
        "code": "batch_expired",
        "message": "This request could not be executed before the window ended.",
    }
    line = {"id": "batch_req_0", "custom_id": request["custom_id"], "response": None, "error": error}
    return json.dumps(line).encode() + b"\n"


def said(value: Any) -> str:
    """What a responder gave, as the model would have written it."""
    return value if isinstance(value, str) else json.dumps(value)


def requests_in(shard: Path) -> Iterator[dict[str, Any]]:
    with shard.open("rb") as handle:
        for line in handle:
            yield json.loads(line)


def answers_to(
    requests: Iterable[dict[str, Any]],
    responder: Responder = sample_answer,
    *,
    fail: int = 0,
    style: str = "openai",
) -> Iterator[tuple[bytes, bool]]:
    """A line for each request, and whether it is of one that failed."""
    for number, request in enumerate(requests, 1):
        if fail and number % fail == 0:
            yield failed(request, style=style), True
        else:
            yield (
                answered(request, completion(request["body"], said(responder(request["body"])))),
                False,
            )


def answer_shards(
    shards: Iterable[Path],
    out: Path,
    responder: Responder = sample_answer,
    *,
    style: str = "openai",
    fail: int = 0,
) -> list[Path]:
    """Answer each shard in a file of its own; gives the files."""
    out.mkdir(parents=True, exist_ok=True)
    written = []
    for shard in shards:
        output, errors = out / f"{shard.stem}-output.jsonl", out / f"{shard.stem}-errors.jsonl"
        good, bad = bytearray(), bytearray()
        for line, is_bad in answers_to(requests_in(shard), responder, fail=fail, style=style):
            (bad if is_bad and style == "openai" else good).extend(line)
        output.write_bytes(good)
        written.append(output)
        if bad:
            errors.write_bytes(bad)
            written.append(errors)
    return written


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shards", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--style", choices=("openai", "vllm"), default="openai")
    parser.add_argument("--responder", default="")
    parser.add_argument("--fail", type=int, default=0)
    given = parser.parse_args()
    made = answer_shards(
        given.shards,
        given.out,
        _load(given.responder) if given.responder else sample_answer,
        style=given.style,
        fail=given.fail,
    )
    sys.stdout.write("".join(f"{path}\n" for path in made))
