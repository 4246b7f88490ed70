"""Several processes on one review database: nothing lost, nothing twice, and kill -9 harmless."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from grandrounds.review.store import ReviewStore

RECIPE = "case_diagnosis"

# Appends events FIRST to LAST, SIZE a transaction, and says each id once its transaction is over.
WRITER = """
import sys
from datetime import UTC, datetime
from grandrounds.records.review_event import ReviewEvent
from grandrounds.review.store import ReviewStore

url, first, last, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
store = ReviewStore(url)
entries = store.queue("case_diagnosis")
print("ready", flush=True)
sys.stdin.readline()
for start in range(first, last, size):
    events = [
        ReviewEvent(
            event_id=f"event-{number}", recipe="case_diagnosis",
            item_id=entries[number % len(entries)].item_id,
            content_sha256=entries[number % len(entries)].content_sha256,
            reviewer=f"reviewer-{number}", role="reviewer", decision="accept",
            created_at=datetime(2026, 5, 4, tzinfo=UTC),
        )
        for number in range(start, min(start + size, last))
    ]
    store.append(events)
    print("\\n".join(event.event_id for event in events), flush=True)
"""

pytestmark = pytest.mark.slow


def start(url, first, last, size):
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, url, str(first), str(last), str(size)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def go(*running):
    for process in running:
        assert process.stdout.readline() == "ready\n"
    for process in running:
        process.stdin.write("go\n")
        process.stdin.flush()


def test_two_processes_appending_at_once_lose_nothing_and_store_nothing_twice(url, candidates):
    with ReviewStore(url) as store:
        store.enqueue(RECIPE, candidates)
        # 2,000 events in all; 500 of them are sent by both.
        running = [start(url, 0, 1250, 10), start(url, 750, 2000, 10)]
        go(*running)
        said = [set(process.communicate(timeout=120)[0].split()) for process in running]
        assert [process.returncode for process in running] == [0, 0]
        ids = [event.event_id for event in store.events()]
        assert len(ids) == len(set(ids)) == 2000
        assert set(ids) == said[0] | said[1] == {f"event-{number}" for number in range(2000)}


def test_no_acknowledged_event_is_lost_to_kill_9(url, candidates):
    with ReviewStore(url) as store:
        store.enqueue(RECIPE, candidates)
    process = start(url, 0, 100_000, 1)
    go(process)
    said = [process.stdout.readline().strip() for _ in range(60)]
    os.kill(process.pid, signal.SIGKILL)
    said += process.communicate(timeout=60)[0].split()
    assert process.returncode == -signal.SIGKILL
    with ReviewStore(url) as store:
        kept = [event.event_id for event in store.events()]
        # The one in flight may have landed without its writer living to say so; no other may.
        assert kept[: len(said)] == [f"event-{number}" for number in range(len(said))]
        assert len(kept) <= len(said) + 1
        assert store.append([]).added == 0
        assert store.enqueue(RECIPE, candidates).kept == len(candidates)


def test_kill_9_in_the_middle_of_a_batch_leaves_whole_batches(url, candidates):
    with ReviewStore(url) as store:
        store.enqueue(RECIPE, candidates)
    process = start(url, 0, 1_000_000, 400)
    go(process)
    said = [process.stdout.readline() for _ in range(400)]
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    with ReviewStore(url) as store:
        assert len(store.events()) % 400 == 0
        assert len(store.events()) >= len(said)
