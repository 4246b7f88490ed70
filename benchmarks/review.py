"""Fifty readers at once at the clinicians' page, on SQLite and PostgreSQL; the server is killed half way.

    python benchmarks/review.py [--json] [--database sqlite|postgres|both] [--seconds 60]
    python benchmarks/review.py --readers 5 --items 200 --seconds 10      a short one

The real server (``grandrounds review serve``) runs as a process of its own over a queue of ``--items``
candidates of 8 kB, each with case, draft and revision in the lake. Each reader is a client with an account:
it signs in (before the clock starts: hashing a password takes its time), then takes the next item (the
whole page), thinks, saves what it typed, thinks, decides, and goes on; ``--think`` seconds an item, where
people take thirty: with three, fifty readers weigh as much as five hundred. In the middle the server is
killed (``kill -9``) and started again.

Clients, server and PostgreSQL share the machine. PostgreSQL writes through to the disk (``fsync`` on).

Ends with 1 when a promise breaks: the next item within 200 ms (95th percentile), no place given twice,
every acknowledged decision in the database once, everything that was saved still there after the kill.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.reading_room.day import judged, spend
from benchmarks.reading_room.queue import lake_in, names, open_house
from grandrounds.review.store import ReviewStore
from tests.support.review_server import ReviewServer

LIMIT_MS = 200.0
_KINDS = ("next", "save", "decide")


def main() -> int:
    """Run, print, and tell by the exit status whether every promise held."""
    given = _arguments()
    which = ("sqlite", "postgres") if given.database == "both" else (given.database,)
    report: dict[str, Any] = {
        "readers": given.readers,
        "items": given.items,
        "think_seconds": given.think,
        "cores": os.cpu_count(),
    }
    failed = False
    for name in which:
        with tempfile.TemporaryDirectory() as folder, _database(name, Path(folder)) as url:
            found = _run(Path(folder), url, given)
        failed |= bool(found["broken"])
        report[name] = found
        if not given.json:
            _print(name, found)
    if given.json:
        print(json.dumps(report, indent=2))
    return int(failed)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--readers", type=int, default=50)
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--database", choices=("sqlite", "postgres", "both"), default="both")
    parser.add_argument("--seconds", type=float, default=60.0, help="How long they read.")
    parser.add_argument("--think", type=float, default=3.0, help="Seconds a reader spends on an item.")
    parser.add_argument("--no-kill", action="store_true", help="Leave the server alone.")
    parser.add_argument("--json", action="store_true", help="One object instead of a table.")
    return parser.parse_args()


@contextmanager
def _database(name: str, folder: Path) -> Iterator[str]:
    """The address of an empty database."""
    if name == "sqlite":
        yield f"sqlite:///{folder / 'review.sqlite'}"
        return
    from tests.support.postgres import binaries, running

    programs = binaries()
    if programs is None:
        raise SystemExit("PostgreSQL's server is not installed (apt-get install postgresql).")
    with running(programs, fsync=True) as server:
        yield server.empty()


def _run(home: Path, url: str, given: argparse.Namespace) -> dict[str, Any]:
    people, before = names(given.readers), os.getloadavg()[0]
    began = time.monotonic()
    with ReviewStore(url) as store:
        filled = open_house(store, lake_in(home), items=given.items, readers=people)
        filling = time.monotonic() - began
        with ReviewServer(home, url) as server:
            log, taken = asyncio.run(
                spend(server, people, seconds=given.seconds, think=given.think, kill=not given.no_kill)
            )
            found = judged(log, taken, server=server, store=store, filled=filled, limit=LIMIT_MS)
    return {
        **asdict(found),
        "requests_a_second": round(found.requests_a_second, 1),
        "server_cpu_milliseconds_a_request": round(found.cpu_milliseconds, 2),
        "server_cpu_share": round(found.server_cpu_seconds / found.seconds, 2),
        "item_bytes": filled.bytes,
        "filling_seconds": round(filling, 1),
        "load_before": round(before, 1),
        "load_after": round(os.getloadavg()[0], 1),
    }


def _print(name: str, found: dict[str, Any]) -> None:
    print(f"\n{name}: {found['decisions']:,} decisions, {found['requests_a_second']:.0f} requests a second")
    print(f"  {'ms':<8}{'p50':>8}{'p95':>8}{'p99':>8}")
    for kind in _KINDS:
        print(f"  {kind:<8}" + "".join(f"{value:>8.0f}" for value in found["milliseconds"][kind]))
    print(
        f"  server: {found['server_cpu_milliseconds_a_request']:.1f} ms of processor a request, "
        f"{found['server_cpu_share']:.0%} of a core; started in "
        + ", ".join(f"{start:.1f} s" for start in found["starts"])
    )
    print(
        f"  killed: {found['interrupted']} requests got no answer; {found['kept']} saved texts looked for "
        "and found"
    )
    print(
        f"  page {found['page_bytes'] / 1000:.0f} kB, item {found['item_bytes'] / 1000:.1f} kB; filled in "
        f"{found['filling_seconds']:.0f} s; load {found['load_before']} before, {found['load_after']} after"
    )
    for sentence in found["broken"][:20]:
        print(f"  BROKEN: {sentence}")


if __name__ == "__main__":
    sys.exit(main())
