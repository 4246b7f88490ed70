"""Dagster's own records in SQLite, with less work for each of them.

For every event and every look at a run, Dagster makes a new SQLAlchemy engine and a new connection: each
statement is compiled anew, and SQLite writes its log back into the file and removes it, as it does whenever
the last connection is closed. That was half the processor time of a small build. Here the engines of the
few files in use are kept with a connection each. Files, tables and locking are Dagster's, and schedules,
which a build does not touch, are left to it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from dagster import EventLogEntry
from dagster._core.storage.base_storage import DagsterStorage
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._core.storage.runs.sqlite.sqlite_run_storage import SqliteRunStorage
from dagster._core.storage.schedules.sqlite.sqlite_schedule_storage import SqliteScheduleStorage
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import QueuePool

_MOST_OPEN = 8
_PATIENCE_SECONDS = 30
"""How long a command waits for another that writes the same file."""


class SqliteRecords(DagsterSqliteStorage):
    """Runs, events and schedules in the files where Dagster's own storage has them.

    Named as ``storage: custom`` in a home's ``dagster.yaml`` (``instance.place_settings``); a home with an
    older one goes on with Dagster's own class on the same files.
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self.base_dir = base_dir
        self._run_storage = _Runs.from_local(os.path.join(base_dir, "history", ""))
        self._event_log_storage = _Events(os.path.join(base_dir, "history", "runs", ""))
        self._schedule_storage = SqliteScheduleStorage.from_local(os.path.join(base_dir, "schedules"))
        self._inst_data = inst_data
        DagsterStorage.__init__(self)  # what is between makes the storages that are made above

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> SqliteRecords:
        """Made from what ``dagster.yaml`` says."""
        return cls.from_local(inst_data=inst_data, **config_value)


class _Engines:
    """The engines of the files that were used last, each with one connection that stays open."""

    def __init__(self) -> None:
        self._made: dict[str, Engine] = {}
        self._lock = threading.Lock()

    def __getitem__(self, address: str) -> Engine:
        with self._lock:
            engine = self._made.pop(address, None) or _opened(address)
            self._made[address] = engine
            if len(self._made) > _MOST_OPEN:
                self._made.pop(next(iter(self._made))).dispose()
            return engine

    def close(self) -> None:
        """Close what is open; what is asked for afterwards is opened again."""
        with self._lock:
            for engine in self._made.values():
                engine.dispose()
            self._made.clear()


def _opened(address: str) -> Engine:
    engine = create_engine(
        address,
        poolclass=QueuePool,
        pool_size=1,
        max_overflow=-1,
        connect_args={"timeout": _PATIENCE_SECONDS},
    )

    @event.listens_for(engine, "connect")
    def _lasting(connection: Any, _record: Any) -> None:
        # The log is written ahead: a power cut loses the last events at most, and breaks nothing.
        connection.execute("PRAGMA synchronous=NORMAL")

    return engine


class _Runs(SqliteRunStorage):
    def __init__(self, conn_string: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines = _Engines()
        super().__init__(conn_string, inst_data)

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        with self._engines[self._conn_string].begin() as connection:
            yield connection

    def dispose(self) -> None:
        self._engines.close()
        super().dispose()


class _Events(SqliteEventLogStorage):
    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines = _Engines()
        super().__init__(base_dir, inst_data)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            engine = self._engines[self.conn_string_for_shard(shard)]
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.begin() as connection:
                yield connection

    def store_event(self, event: EventLogEntry) -> None:
        super().store_event(event)
        # Dagster's page watches the file of a run, which a log written ahead leaves as it is for long.
        with suppress(OSError):
            os.utime(self.path_for_shard(event.run_id))

    def dispose(self) -> None:
        self._engines.close()
        super().dispose()
