"""The ledger: every request and every answer in one SQLite file, so that nothing is paid for twice.

Content-addressed by request id and append-only. Only ``ok`` answers are served as answers (a setting
adds ``refused``); all others are kept, counted, and asked again. Write-ahead logging lets others read
while one writes; a second writer waits its turn. ``write`` returns when its answers are on the disk.

Keep the file on a local disk: SQLite's write-ahead log does not work over network file systems.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from grandrounds.errors import LedgerError
from grandrounds.fingerprint import canonical
from grandrounds.llm.answer import OK, STATUSES, UNPARSABLE, ModelAnswer
from grandrounds.llm.ledger.faults import MOVE_AWAY, ledger_error
from grandrounds.llm.ledger.migrations import APPLICATION_ID, MIGRATIONS
from grandrounds.llm.request import KEY_VERSION, ModelRequest
from grandrounds.llm.structured import parse

#: How long another process may hold the ledger before we give up, in seconds.
BUSY_SECONDS = 30.0

_COLUMNS = tuple(
    field.name for field in fields(ModelAnswer) if field.name not in {"request_id", "parsed", "from_ledger", "cost"}
)
_INSERT_REQUEST = "INSERT INTO requests VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
_INSERT_ANSWER = (
    f"INSERT INTO answers (request_id, {', '.join(_COLUMNS)}, backend, created_at) "  # noqa: S608
    f"VALUES (?, {', '.join('?' * len(_COLUMNS))}, ?, ?) ON CONFLICT DO NOTHING"
)
_DEMOTE_ANSWER = "UPDATE answers SET status = ? WHERE request_id = ? AND status = 'ok'"
_MAGIC = b"SQLite format 3\x00"
_CHUNK = 500  # SQLite's oldest limit of variables in one statement is 999


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """One answer on its way into the ledger. ``backend`` names where it came from, without secrets."""

    request: ModelRequest
    answer: ModelAnswer
    backend: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerStats:
    """What a ledger holds. Tokens count every answer that was paid for, also those never served."""

    requests: int
    answers: int
    by_status: Mapping[str, int]
    prompt_tokens: int
    completion_tokens: int
    bytes: int


class Ledger:
    """An open ledger; make it with a path, close it or use it in a ``with``.

    Safe to use from several threads. Raises ``LedgerError`` naming the file and the remedy when the
    file is locked for longer than ``busy_seconds``, damaged, foreign, read-only, or the disk is full.
    A damaged file is never replaced.
    """

    def __init__(self, path: Path, *, busy_seconds: float = BUSY_SECONDS) -> None:
        self.path = path
        self._busy_seconds = busy_seconds
        self._writing = threading.Lock()
        self._reading = threading.Lock()
        with self._faults("opened"):
            self._create_if_absent()
            self._refuse_other_files()
            self._writer = self._connect()
            try:
                self._recognise()
                self._migrate(self._writer)
                self._reader = self._connect()
            except BaseException:
                self._writer.close()
                raise

    @property
    def name(self) -> str:
        """Where the ledger is, as it may be printed."""
        return str(self.path)

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file. Everything written is already on the disk."""
        for connection in (self._reader, self._writer):
            with suppress(sqlite3.Error):
                connection.close()

    def lookup(
        self, requests: Sequence[ModelRequest], *, statuses: Sequence[str] = (OK,)
    ) -> dict[str, ModelAnswer]:
        """The answers to serve, by request id: ``ok`` ones, and the newest of the other ``statuses``.

        An answer is served only while its text still fits the schema it was asked for.
        """
        found: dict[str, ModelAnswer] = {}
        by_id = {request.request_id: request for request in requests}
        ids = list(by_id)
        with self._reading, self._faults("read"):
            for start in range(0, len(ids), _CHUNK):
                for answer in self._select(self._reader, ids[start : start + _CHUNK], statuses):
                    known = found.get(answer.request_id)
                    if known is None or known.status != OK:
                        found[answer.request_id] = answer
        checked = {key: _parsed(answer, by_id[key]) for key, answer in found.items()}
        return {key: answer for key, answer in checked.items() if answer is not None}

    def write(self, filed: Sequence[Filed]) -> list[ModelAnswer]:
        """Put answers on the disk in one transaction; gives, for each, the answer that counts.

        That is the one given, except where another process filed an ``ok`` answer first: then that.
        """
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        with self._writing, self._faults("written"), _transaction(self._writer):
            return [self._write_one(entry, now) for entry in filed]

    def stats(self) -> LedgerStats:
        """Counts and sums over the whole ledger."""
        with self._reading, self._faults("read"):
            requests = self._reader.execute("SELECT count(*) FROM requests").fetchone()[0]
            rows = self._reader.execute(
                "SELECT status, count(*), sum(prompt_tokens), sum(completion_tokens) "
                "FROM answers GROUP BY status ORDER BY status"
            ).fetchall()
        files = [self.path, *(self.path.with_name(self.path.name + end) for end in ("-wal", "-shm"))]
        return LedgerStats(
            requests=requests,
            answers=sum(row[1] for row in rows),
            by_status={row[0]: row[1] for row in rows},
            prompt_tokens=sum(row[2] for row in rows),
            completion_tokens=sum(row[3] for row in rows),
            bytes=sum(file.stat().st_size for file in files if file.exists()),
        )

    def check(self) -> list[str]:
        """What is wrong inside the file, as SQLite sees it; empty when it is whole. Reads all of it."""
        with self._reading, self._faults("checked"):
            rows = self._reader.execute("PRAGMA quick_check(20)").fetchall()
        return [row[0] for row in rows if row[0] != "ok"]

    # Opening ----------------------------------------------------------------------------------

    def _create_if_absent(self) -> None:
        """A new ledger appears whole: made under another name, then linked to its own."""
        if self.path.exists():
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self.path.with_name(f".{self.path.name}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
        try:
            connection = sqlite3.connect(temporary, isolation_level=None)
            try:
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                self._migrate(connection)
                connection.execute("PRAGMA journal_mode = WAL")
            finally:
                connection.close()
            _name(temporary, self.path)
        finally:
            for end in ("", "-wal", "-shm", "-journal"):
                temporary.with_name(temporary.name + end).unlink(missing_ok=True)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=self._busy_seconds, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA synchronous = FULL")
        return connection

    def _refuse_other_files(self) -> None:
        """SQLite takes an empty or tiny file for a new database and writes over it; we don't."""
        with self.path.open("rb") as handle:
            head = handle.read(len(_MAGIC))
        if head != _MAGIC:
            state = "not a database" if head else "empty, it was cut off"
            raise LedgerError(f"The ledger {self.path} is damaged ({state}).", remedy=MOVE_AWAY)

    def _recognise(self) -> None:
        mark = self._writer.execute("PRAGMA application_id").fetchone()[0]
        if mark != APPLICATION_ID:
            raise LedgerError(
                f"{self.path} is a SQLite database, but not a ledger of this program.",
                remedy="Point GRANDROUNDS_HOME to another folder, or move that file away.",
            )
        version = self._writer.execute("PRAGMA user_version").fetchone()[0]
        if version > len(MIGRATIONS):
            raise LedgerError(
                f"The ledger {self.path} was written by a newer version of grandrounds.",
                remedy="Upgrade grandrounds, or point GRANDROUNDS_HOME to another folder.",
            )
        # Learn now, before anything is paid for, whether answers can be stored at all.
        self._writer.execute("BEGIN IMMEDIATE")
        self._writer.execute("ROLLBACK")

    def _migrate(self, connection: sqlite3.Connection) -> None:
        if connection.execute("PRAGMA user_version").fetchone()[0] == len(MIGRATIONS):
            return
        with _transaction(connection):
            done = connection.execute("PRAGMA user_version").fetchone()[0]
            for step in MIGRATIONS[done:]:
                for statement in step:
                    connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")

    # Rows -------------------------------------------------------------------------------------

    def _write_one(self, filed: Filed, now: str) -> ModelAnswer:
        request, answer = filed.request, filed.answer
        self._writer.execute(
            _INSERT_REQUEST,
            (
                request.request_id,
                KEY_VERSION,
                request.model,
                request.prompt_name,
                request.prompt_version,
                request.prompt_sha256,
                request.protected,
                canonical(request.key()).decode(),
                now,
            ),
        )
        values = (request.request_id, *(getattr(answer, name) for name in _COLUMNS), filed.backend, now)
        if self._writer.execute(_INSERT_ANSWER, values).rowcount == 1:
            return answer
        first = _parsed(next(self._select(self._writer, [request.request_id], (OK,))), request)
        if first is not None:
            return first
        # The one that stands there no longer fits its schema: it was damaged, and gives way.
        self._writer.execute(_DEMOTE_ANSWER, (UNPARSABLE, request.request_id))
        self._writer.execute(_INSERT_ANSWER, values)
        return answer

    @staticmethod
    def _select(
        connection: sqlite3.Connection, ids: Sequence[str], statuses: Sequence[str]
    ) -> Iterator[ModelAnswer]:
        """Rows in the order of filing. One query a status, so that ``ok`` uses its own index."""
        for status in STATUSES:
            if status not in statuses:
                continue
            rows = connection.execute(
                f"SELECT request_id, {', '.join(_COLUMNS)} FROM answers "  # noqa: S608
                f"WHERE request_id IN ({', '.join('?' * len(ids))}) AND status = '{status}' "
                "ORDER BY answer_id",
                list(ids),
            )
            for row in rows:
                yield ModelAnswer(
                    request_id=row[0], **dict(zip(_COLUMNS, row[1:], strict=True)), from_ledger=True
                )

    @contextmanager
    def _faults(self, done: str) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as exc:
            raise ledger_error(exc, path=self.path, done=done, busy_seconds=self._busy_seconds) from exc


def open_ledger(where: str | Path, *, busy_seconds: float = BUSY_SECONDS) -> Ledger:
    """The ledger at a path or a URL (``sqlite:///PATH``)."""
    return Ledger(Path(str(where).removeprefix("sqlite:///")), busy_seconds=busy_seconds)


def _name(temporary: Path, path: Path) -> None:
    """Give a finished file its name, unless another process was faster."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        return
    except OSError:  # a file system without links
        if not path.exists():
            os.replace(temporary, path)


def _parsed(answer: ModelAnswer, request: ModelRequest) -> ModelAnswer | None:
    """The stored answer with its object read again from its text; ``None`` when that no longer fits."""
    if answer.status != OK:
        return answer
    parsed = parse(answer.text, request.schema)
    return replace(answer, parsed=parsed.text) if parsed.text else None


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
