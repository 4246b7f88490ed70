"""How fast the model stage sends requests, keeps answers and finds them again, beside two other ways.

    python benchmarks/model_stage.py [--requests 5000] [--concurrency 256] [--latency-ms 50]
        [--rounds 3] [--clients stage,openai,reference] [--memory] [--json]

Three clients ask the same questions of the same stub server on loopback, which answers each after a fixed
time: ``stage`` (this project: content ids, answers checked against their schema, a durable ledger),
``openai`` (a bare ``AsyncOpenAI`` behind a semaphore, nothing kept) and ``reference`` (raw aiohttp,
pydantic and SQLite, written for just this). They run in turn, round after round, each time as a process
of its own; ratios are medians over the rounds of one client's figure to another's in the same round, so
whatever else the machine does weighs on both.

Each round also runs ``stage`` and ``reference`` again over what they kept, and with 2% of the requests
refused at first (429). ``--memory`` compares the peak memory of ``stage`` at 200,000 requests with that at
5,000, without latency.
"""

from __future__ import annotations

import argparse
import json
import platform
import sqlite3
import sys
import tempfile
from dataclasses import dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.support.measure import Measured, Work, run_client, warm_up
from tests.support.stub_openai import StubProcess

CLIENTS = ("stage", "openai", "reference")
KEEPING = ("stage", "reference")
SHARE_429 = 0.02
SMALL, LARGE = 5_000, 200_000
PACKAGES = ("grandrounds", "aiohttp", "httpx", "openai", "orjson", "pydantic", "uvloop")

Round = dict[str, Measured]


@dataclass(slots=True)
class Rounds:
    """What was measured: one entry a round, in each what every client took."""

    first: list[Round] = field(default_factory=list)
    again: list[Round] = field(default_factory=list)
    refused: list[Round] = field(default_factory=list)


def main() -> None:
    options = _options()
    work = Work(requests=options.requests, concurrency=options.concurrency, latency_ms=options.latency_ms)
    with StubProcess() as stub, tempfile.TemporaryDirectory() as folder:
        rounds = measure(stub, work, Path(folder), clients=options.clients, count=options.rounds)
        figures = summary(rounds, work)
        if options.memory:
            figures |= memory(stub, work, Path(folder))
    figures["versions"] = versions()
    if options.json:
        print(json.dumps(figures))
    else:
        print(table(figures))


def measure(stub: StubProcess, work: Work, folder: Path, *, clients: tuple[str, ...], count: int) -> Rounds:
    rounds = Rounds()
    keeping = [name for name in clients if name in KEEPING]
    for name in clients:
        warm_up(name, stub, folder / "warm" / name)
    for number in range(count):
        place = folder / str(number)
        rounds.first.append({name: run_client(name, stub, work, place / name) for name in clients})
        rounds.again.append({name: run_client(name, stub, work, place / name) for name in keeping})
        busy = replace(work, share_429=SHARE_429)
        rounds.refused.append(
            {name: run_client(name, stub, busy, place / f"{name}-429") for name in keeping}
        )
        for name, run in rounds.again[-1].items():
            if run.received:
                raise SystemExit(f"{name} asked {run.received} answered requests again")
    return rounds


def summary(rounds: Rounds, work: Work) -> dict[str, Any]:
    """The figures. A ratio whose clients didn't both run is left out."""
    clients = {name: _client(rounds, name, work) for name in rounds.first[0]}
    found: dict[str, Any] = {
        "ratio_to_openai_loop": ratio(rounds.first, "rate", "stage", "openai"),
        "ratio_to_aiohttp_sqlite": ratio(rounds.first, "rate", "stage", "reference"),
        "ratio_with_429s": ratio(rounds.refused, "rate", "stage", "reference"),
        "cached_speedup": _cached_speedup(rounds),
        "cached_wall_ratio": ratio(rounds.again, "wall_seconds", "stage", "reference"),
        "cpu_s_per_1000": clients.get("stage", {}).get("cpu_s_per_1000"),
        "clients": clients,
        "requests": work.requests,
        "concurrency": work.concurrency,
        "latency_ms": work.latency_ms,
        "rounds": len(rounds.first),
    }
    return {name: value for name, value in found.items() if value is not None}


def ratio(rounds: list[Round], figure: str, one: str, other: str) -> float | None:
    """The median of the rounds' own ratios; ``None`` when one of the two clients didn't run."""
    if not rounds or not {one, other} <= rounds[0].keys():
        return None
    return round(median(getattr(r[one], figure) / getattr(r[other], figure) for r in rounds), 3)


def _cached_speedup(rounds: Rounds) -> float | None:
    if "stage" not in rounds.first[0]:
        return None
    pairs = zip(rounds.first, rounds.again, strict=True)
    return round(median(one["stage"].wall_seconds / two["stage"].wall_seconds for one, two in pairs), 2)


def _client(rounds: Rounds, name: str, work: Work) -> dict[str, float]:
    """Medians of one client. ``server_share`` is the part of the time that the server computed: near 1,
    the server was measured and not the client."""
    runs = [one[name] for one in rounds.first]
    found = {
        "requests_per_s": round(median(run.rate for run in runs)),
        "cpu_s_per_1000": round(median(run.cpu_seconds for run in runs) / work.requests * 1000, 3),
        "peak_mb": round(median(run.peak_mb for run in runs), 1),
        "wall_s": round(median(run.wall_seconds for run in runs), 2),
        "server_share": round(median(run.server_cpu_seconds / run.window_seconds for run in runs), 2),
    }
    if name in KEEPING:
        found["rerun_wall_s"] = round(median(one[name].wall_seconds for one in rounds.again), 2)
        found["requests_per_s_with_429s"] = round(median(one[name].rate for one in rounds.refused))
    return found


def memory(stub: StubProcess, work: Work, folder: Path) -> dict[str, float]:
    """Peak memory of the stage in MB at few and at many requests."""
    peaks = {
        count: run_client(
            "stage", stub, replace(work, requests=count, latency_ms=0.0), folder / f"{count}"
        ).peak_mb
        for count in (SMALL, LARGE)
    }
    return {
        "memory_mb_5000": round(peaks[SMALL], 1),
        "memory_mb_200000": round(peaks[LARGE], 1),
        "memory_mb_difference": round(peaks[LARGE] - peaks[SMALL], 1),
    }


def versions() -> dict[str, str]:
    found = {"python": platform.python_version(), "sqlite": sqlite3.sqlite_version}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def table(figures: dict[str, Any]) -> str:
    """The figures for a person; the first part is a table in Markdown."""
    lines = [
        "| client | requests/s | with 2% 429s | CPU s per 1,000 | peak MB | again, s |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name, client in figures["clients"].items():
        kept = client.get("requests_per_s_with_429s", ""), client.get("rerun_wall_s", "")
        lines.append(
            f"| {name} | {client['requests_per_s']} | {kept[0]} | {client['cpu_s_per_1000']:.2f} "
            f"| {client['peak_mb']:.0f} | {kept[1]} |"
        )
    lines.append("")
    shown = (name for name in figures if name not in {"clients", "versions"})
    lines += [f"{name:24} {figures[name]}" for name in shown]
    lines.append(", ".join(f"{name} {number}" for name, number in figures["versions"].items()))
    return "\n".join(lines)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=_positive, default=SMALL)
    parser.add_argument("--concurrency", type=_positive, default=256)
    parser.add_argument("--latency-ms", type=float, default=50.0)
    parser.add_argument("--rounds", type=_positive, default=3)
    parser.add_argument("--clients", type=_clients, default=CLIENTS, help=f"of {', '.join(CLIENTS)}")
    parser.add_argument("--memory", action="store_true", help=f"also measure memory at {LARGE:,} (minutes)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser.parse_args()


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _clients(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    unknown = set(names) - set(CLIENTS)
    if unknown:
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(sorted(unknown))}")
    return names


if __name__ == "__main__":
    main()
