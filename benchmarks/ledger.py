"""What the durable ledger costs: the model stage against a loop that keeps nothing, same stub, same run.

    python benchmarks/ledger.py [--requests 5000] [--concurrency 256] [--latency-ms 50] [--json]

``loop`` is bare aiohttp that reads each reply as JSON and forgets it. ``stage`` is the model client: a
content id for each request, the reply checked against its schema, the answer on the disk (synced) before
its place is given on. ``again`` is the same run when everything is answered. Rates are requests a second,
the median of interleaved rounds; CPU is of this process, in seconds per 1,000 requests.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from grandrounds.contracts import contract
from grandrounds.llm.backends.endpoint import Endpoint
from grandrounds.llm.backends.http import HttpBackend
from grandrounds.llm.client import ModelClient
from grandrounds.llm.ledger import Filed, Ledger
from grandrounds.llm.reply import Reply, judge
from grandrounds.llm.request import Message, ModelRequest
from grandrounds.llm.wire import body
from tests.support.stub_openai import StubProcess

PASSAGE = "A 54-year-old presents with six weeks of breathlessness on exertion and a dry cough. " * 16


def make_requests(count: int) -> list[ModelRequest]:
    schema = contract("outputs/diagnosis_draft").json_schema()
    return [
        ModelRequest.of(
            messages=(
                Message(role="system", content="You draft one examination question from the case."),
                Message(role="user", content=f"Case {number}. {PASSAGE}"),
            ),
            schema_name="diagnosis_draft",
            schema=schema,
            model="stub",
            max_tokens=512,
            prompt_name="benchmark",
            prompt_version="1",
            prompt_sha256="0" * 64,
        )
        for number in range(count)
    ]


def loop(requests: list[ModelRequest], base_url: str, concurrency: int) -> None:
    async def run() -> None:
        todo = iter(requests)
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

            async def worker() -> None:
                for request in todo:
                    data = json.dumps(body(request)).encode()
                    headers = {"Content-Type": "application/json"}
                    async with session.post(
                        f"{base_url}/chat/completions", data=data, headers=headers
                    ) as reply:
                        json.loads(json.loads(await reply.read())["choices"][0]["message"]["content"])

            await asyncio.gather(*(worker() for _ in range(concurrency)))

    asyncio.run(run())


def stage(requests: list[ModelRequest], base_url: str, concurrency: int, path: Path) -> None:
    backend = HttpBackend(Endpoint(base_url=base_url, local=True))
    with ModelClient(Ledger(path), backend, model="stub", concurrency=concurrency) as client:
        answers = client.answer_all(requests)
        assert len(answers) == len(requests)
        assert all(answer.ok for answer in answers.values())


def measured(work: Callable[[], None], count: int) -> dict[str, float]:
    before, began = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    work()
    seconds, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"rate": count / seconds, "cpu_s_per_1000": cpu / count * 1000, "seconds": seconds}


def commit_cost(requests: list[ModelRequest], folder: Path) -> dict[str, float]:
    """Milliseconds an answer, when so many share one synced commit."""
    cost = {}
    object_ = dict.fromkeys(("diagnosis", "rationale", "answer_quote"), PASSAGE)
    text = json.dumps({**object_, "aliases": [], "distractors": [], "support_quotes": []})
    filed = [
        Filed(request=request, answer=judge(request, Reply(text=text)), backend="benchmark")
        for request in requests[:512]
    ]
    for size in (1, 16, 256):
        with Ledger(folder / f"commits-{size}.sqlite") as ledger:
            began = time.perf_counter()
            for start in range(0, len(filed), size):
                ledger.write(filed[start : start + size])
            cost[str(size)] = (time.perf_counter() - began) / len(filed) * 1000
    return cost


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=5000)
    parser.add_argument("--concurrency", type=int, default=256)
    parser.add_argument("--latency-ms", type=float, default=50.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    requests, count = make_requests(options.requests), options.requests
    rounds: dict[str, list[dict[str, float]]] = {"loop": [], "stage": [], "again": []}
    with StubProcess(latency_ms=options.latency_ms) as stub, tempfile.TemporaryDirectory() as folder:
        at, many = stub.base_url, options.concurrency
        for number in range(options.rounds):
            run = partial(stage, requests, at, many, Path(folder) / f"{number}.sqlite")
            rounds["loop"].append(measured(partial(loop, requests, at, many), count))
            rounds["stage"].append(measured(run, count))
            rounds["again"].append(measured(run, count))
        result: dict[str, Any] = {
            name: {key: round(statistics.median(one[key] for one in took), 3) for key in took[0]}
            for name, took in rounds.items()
        }
        result["commit_ms_per_answer"] = {
            size: round(cost, 3) for size, cost in commit_cost(requests, Path(folder)).items()
        }
    result["ratio_to_loop"] = round(result["stage"]["rate"] / result["loop"]["rate"], 3)
    result["versions"] = {"python": sys.version.split()[0], "aiohttp": aiohttp.__version__}
    if options.json:
        print(json.dumps(result))
        return
    for name in rounds:
        print(
            f"{name:6} {result[name]['rate']:8.0f}/s   {result[name]['cpu_s_per_1000']:.3f} CPU s per 1,000"
        )
    print(f"stage / loop: {result['ratio_to_loop']}")
    print(f"one answer in a commit of so many, in ms: {result['commit_ms_per_answer']}")


if __name__ == "__main__":
    main()
