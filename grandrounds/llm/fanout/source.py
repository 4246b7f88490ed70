"""Ray Data's view of the feed: one endless read task that yields each block as a row when it is there.

Imports Ray: only for who has joined a cluster.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import ray
from ray.data.block import BlockMetadata
from ray.data.datasource import Datasource, ReadTask

_SCHEMA = pa.schema([("block", pa.int64()), ("data", pa.binary())])


class FeedSource(Datasource):
    """Rows ``block`` (its number, from ``first`` on) and ``data`` (see ``pack_requests``) of one ``run``.

    Reading again from the start, which Ray does when the process that reads dies, gives the same blocks,
    empty ones for those that are done.
    """

    def __init__(self, feed: Any, *, run: int, first: int) -> None:
        self._feed = feed
        self._run = run
        self._first = first

    def estimate_inmemory_data_size(self) -> int | None:
        """Nobody knows."""
        return None

    def get_read_tasks(
        self, parallelism: int, per_task_row_limit: int | None = None, data_context: Any = None
    ) -> list[ReadTask]:
        """One task: blocks are read in their order, and there is no work in it."""
        feed, run, first = self._feed, self._run, self._first
        metadata = BlockMetadata(num_rows=None, size_bytes=None, exec_stats=None, input_files=None)
        return [ReadTask(lambda: _blocks(feed, run, first), metadata, schema=_SCHEMA)]


def _blocks(feed: Any, run: int, number: int) -> Iterator[pa.Table]:
    while (data := ray.get(feed.next.remote(run, number))) is not None:
        # Also for one that is done: Ray counts what a task yields, and goes on behind what it has.
        yield pa.table({"block": [number], "data": [data]}, schema=_SCHEMA)
        number += 1
