"""The run's side of the cluster: the feed, and the Ray Data pipeline that carries blocks to workers."""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Callable
from typing import Any

from grandrounds.engine.cluster import Cluster
from grandrounds.errors import EngineError
from grandrounds.llm.budget import Limits
from grandrounds.llm.fanout.asker import Asker
from grandrounds.llm.fanout.blocks import Report, unpack_report
from grandrounds.llm.fanout.feed import Feed
from grandrounds.llm.fanout.post import Post
from grandrounds.llm.prices import Prices

BLOCKS_PER_WORKER = 2
"""One that is asked and one that waits, so that no worker waits."""


_SHARE_OF_PROCESSOR = 0.25  # what is reserved: workers mostly wait, and others use the cluster too


class Fleet:
    """A feed in the cluster and ``workers`` that live as long as a run.

    The feed lives as long as the fleet, and what was spent with it. ``far_lake`` is the lake's address
    where nodes on other machines can't open it, else empty.
    """

    def __init__(
        self, cluster: Cluster, post: Post, *, workers: int, limits: Limits, prices: Prices
    ) -> None:
        self.workers = workers
        self.far_lake = post.lake_url if cluster.other_machines and "://" not in post.lake_url else ""
        self._ray = cluster.ray
        self._feed = self._beside_us(Feed).remote(post.pack(), limits, prices)

    def open(self, *, take: Callable[[Report], None], ended: Callable[[BaseException | None], None]) -> int:
        """Begin a run: ``take`` is called with each report and ``ended`` once, both in another thread.

        Gives the number of the first block.
        """
        run, first = self._ray.get(self._feed.open.remote())
        thread = threading.Thread(
            target=self._carry, args=(run, first, take, ended), name="ray-data", daemon=True
        )
        thread.start()
        return int(first)

    def put(self, number: int, data: bytes) -> None:
        """Give a block to the workers."""
        self._ray.get(self._feed.put.remote(number, data))

    def drop(self, number: int) -> None:
        """That block is done."""
        self._feed.drop.remote(number)

    def finish(self) -> None:
        """No more blocks will come."""
        self._feed.finish.remote()

    def halt(self) -> None:
        """Have nothing more sent; what is in flight is kept."""
        self._feed.halt.remote()

    def joined(self) -> int:
        """How many workers have begun in this run."""
        count: int = self._ray.get(self._feed.joined.remote())
        return count

    def heard(self) -> list[Report]:
        """What workers have told of blocks that aren't done, since the last time."""
        return [unpack_report(data) for data in self._ray.get(self._feed.heard.remote())]

    def close(self) -> None:
        """End the feed, and with it whatever still works."""
        self._ray.kill(self._feed)

    def _beside_us(self, kind: type) -> Any:
        """An actor class on the node of this process: what it holds goes to no other machine's memory."""
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        here = NodeAffinitySchedulingStrategy(self._ray.get_runtime_context().get_node_id(), soft=False)
        return self._ray.remote(num_cpus=0, max_concurrency=10_000, scheduling_strategy=here)(kind)

    def _carry(
        self,
        run: int,
        first: int,
        take: Callable[[Report], None],
        ended: Callable[[BaseException | None], None],
    ) -> None:
        error: BaseException | None = None
        try:
            for batch in self._reports(run, first):
                for data in batch.column("report").to_pylist():
                    take(unpack_report(data))
        except Exception as exc:  # noqa: BLE001 - Ray's own, of many classes
            words = str(exc).strip().splitlines()
            error = EngineError(
                f"The Ray cluster gave up: {words[-1] if words else type(exc).__name__}",
                remedy="Run again: it goes on where it was. `ray status` and the cluster's logs say more.",
            )
        ended(error)

    def _reports(self, run: int, first: int) -> Any:
        """The pipeline; its batches are tables with a column ``report``, in no order."""
        import ray.data

        from grandrounds.llm.fanout.source import FeedSource

        logging.getLogger("ray.data").setLevel(logging.CRITICAL)  # errors come from us, in one line
        warnings.filterwarnings("ignore", module=r"ray\.data\.")
        reports = ray.data.read_datasource(
            FeedSource(self._feed, run=run, first=first), override_num_blocks=1, num_cpus=0
        ).map_batches(
            Asker,
            fn_constructor_args=(self._feed,),
            batch_size=None,
            batch_format="pyarrow",
            num_cpus=_SHARE_OF_PROCESSOR,
            compute=ray.data.ActorPoolStrategy(
                size=self.workers, max_tasks_in_flight_per_actor=BLOCKS_PER_WORKER
            ),
        )
        context = reports.context
        context.enable_progress_bars = False
        context.print_on_execution_start = False
        context.target_max_block_size = 1  # byte: Ray would gather rows until there are 128 MiB of them
        return reports.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=0)
