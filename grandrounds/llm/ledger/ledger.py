"""The ledger: every request and every answer, in SQLite or PostgreSQL, so nothing is paid for twice.

Content-addressed by request id and append-only (but for ``prune``). Only ``ok`` answers are served as
answers (a setting adds ``refused``); all others are kept, counted, and asked again. Others read while one
writes. ``write`` returns when its answers are on the disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from grandrounds.errors import LedgerError
from grandrounds.llm.answer import OK, UNPARSABLE, WAITING, ModelAnswer
from grandrounds.llm.ledger import reading, rows
from grandrounds.llm.ledger.database import Session, open_database
from grandrounds.llm.ledger.exporting import Exported, export
from grandrounds.llm.ledger.pruning import prune
from grandrounds.llm.ledger.rows import Row
from grandrounds.llm.ledger.selecting import moment
from grandrounds.llm.ledger.values import Filed, LedgerStats, Pruned, Selection, StoredRequest
from grandrounds.llm.request import ModelRequest
from grandrounds.llm.structured import parse

#: How long another process may hold the ledger before we give up, in seconds.
BUSY_SECONDS = 30.0

_CHUNK = 1000  # bounds what one query brings
_EVERYTHING = Selection()


class Ledger:
    """An open ledger, at a path or an address; close it or use it in a ``with``.

    Safe to use from several threads and processes. Raises ``LedgerError`` naming the ledger and the
    remedy when it is locked for longer than ``busy_seconds``, damaged, foreign, read-only, out of reach,
    or the disk is full. A damaged file is never replaced.
    """

    def __init__(self, where: str | Path, *, busy_seconds: float = BUSY_SECONDS) -> None:
        self._database = open_database(where, busy_seconds=busy_seconds)
        self.name = self._database.name

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the ledger. Everything written is already on the disk."""
        self._database.close()

    def lookup(
        self, requests: Sequence[ModelRequest], *, statuses: Sequence[str] = (OK,)
    ) -> dict[str, ModelAnswer]:
        """The answers to serve, by request id: ``ok`` ones, and the newest of the other ``statuses``.

        An answer is served only while its text still fits the schema it was asked for.
        """
        by_id = {request.request_id: request for request in requests}
        ids = list(by_id)
        found: dict[str, Row] = {}
        for start in range(0, len(ids), _CHUNK):
            found |= self._database.read(
                lambda session, part=ids[start : start + _CHUNK]: _found(session, part, statuses)  # type: ignore[misc]
            )
        checked = {key: _served(row, by_id[key]) for key, row in found.items()}
        return {key: answer for key, answer in checked.items() if answer is not None}

    def write(self, filed: Sequence[Filed]) -> list[ModelAnswer]:
        """Put answers on the disk in one transaction; gives, for each, the answer that counts.

        That is the one given, except where another process filed an ``ok`` answer first: then that.
        """
        if not filed:
            return []
        now = moment(datetime.now(UTC))
        try:
            return self._database.write(_Batch(filed, now=now).file)
        except UnicodeEncodeError:  # half a character from some server
            return self._database.write(_Batch([rows.storable(entry) for entry in filed], now=now).file)

    def stats(self) -> LedgerStats:
        """Counts and sums over the whole ledger."""
        return replace(self._database.read(reading.stats), bytes=self._database.size())

    def check(self) -> list[str]:
        """What is wrong inside the ledger; empty when it is whole. Reads all of it."""
        return self._database.faults() or self._database.read(reading.faults)

    def show(self, id_prefix: str) -> StoredRequest:
        """The one request whose id starts so (with or without ``req-``), with every answer.

        Raises ``LedgerError`` when there is none, or more than one.
        """
        return self._database.read(lambda session: reading.show(session, id_prefix, name=self.name))

    def stored(
        self, selection: Selection = _EVERYTHING, *, include_protected: bool = False
    ) -> Iterator[StoredRequest]:
        """The answers of a selection in the order of filing, each with its request; few at a time.

        Each comes as a request with that one answer. Requests that hold protected evidence are left
        out unless ``include_protected``. Others may read and write meanwhile.
        """
        return reading.stored(self._database, selection, include_protected=include_protected)

    def export(
        self,
        out: Path,
        selection: Selection = _EVERYTHING,
        *,
        include_protected: bool = False,
        on_progress: Callable[[int], None] | None = None,
    ) -> Exported:
        """Write the answers of a selection, each with its request, to a new file.

        Its name ends in ``.jsonl``, ``.jsonl.gz`` or ``.parquet``. Requests that hold protected evidence
        are left out, and counted, unless ``include_protected``.
        """
        everything = self.stored(selection, include_protected=True)
        return export(everything, out, include_protected=include_protected, on_progress=on_progress)

    def prune(self, selection: Selection, *, ok: bool = False, dry_run: bool = True) -> Pruned:
        """Delete the answers of a selection, and requests left without any; says how many went, or would.

        ``ok`` answers stay unless ``ok``: they would have to be paid for again. Then the room is given
        back to the disk. Each step is whole, so it may be interrupted.
        """
        return prune(self._database, selection, ok=ok, dry_run=dry_run)

    def shrink(self) -> None:
        """Give the room of what was pruned back to the disk. ``LedgerError`` while others use it."""
        self._database.shrink()


def open_ledger(where: str | Path, *, busy_seconds: float | None = None) -> Ledger:
    """The ledger at a path, ``sqlite:///PATH`` or ``postgresql://...``. See ``Ledger``."""
    return Ledger(where) if busy_seconds is None else Ledger(where, busy_seconds=busy_seconds)


class _Batch:
    """Answers that are filed in one transaction, as rows."""

    def __init__(self, filed: Sequence[Filed], *, now: str) -> None:
        self._filed = filed
        schemas: dict[str, Row] = {}
        requests: dict[tuple[str, bool], Row] = {}
        for entry in filed:
            request = entry.request
            if entry.answer.status == WAITING:
                raise LedgerError(f"Request {request.request_id} waits for its answer: nothing to file.")
            if request.schema not in schemas:
                schemas[request.schema] = rows.schema_row(request)
            place = (request.request_id, request.protected)
            if place not in requests:
                requests[place] = rows.request_row(
                    request, schema_sha256=schemas[request.schema][0], now=now
                )
        # In one order in every process, so that two that file the same rarely wait for each other.
        self._schemas = sorted(schemas.values())
        self._plain = sorted(row for (_, protected), row in requests.items() if not protected)
        self._protected = sorted(row for (_, protected), row in requests.items() if protected)
        self._answers = [rows.answer_row(entry, now=now) for entry in filed]

    def file(self, session: Session) -> list[ModelAnswer]:
        """File them; gives, for each, the answer that counts."""
        session.change_many(rows.INSERT_SCHEMA, self._schemas)
        session.change_many(rows.INSERT_REQUEST, self._plain)
        session.change_many(rows.INSERT_PROTECTED_REQUEST, self._protected)
        added = session.change_many(rows.INSERT_ANSWER, self._answers)
        if added == len(self._filed):
            return [entry.answer for entry in self._filed]
        return self._settled(session)

    def _settled(self, session: Session) -> list[ModelAnswer]:
        """The answers that count, where some had an ``ok`` answer before them."""
        ids = sorted({entry.request.request_id for entry in self._filed if entry.answer.ok})
        standing = {row[1]: row for row in _ok_rows(session, ids)}
        counted = []
        for entry, row in zip(self._filed, self._answers, strict=True):
            answer, key = entry.answer, entry.request.request_id
            if answer.ok and _standing_answer(standing[key], entry) is None:
                # The one that stands there no longer fits its schema: it was damaged, and gives way.
                session.change(rows.DEMOTE_ANSWER, (UNPARSABLE, standing[key][0]))
                session.change(rows.INSERT_ANSWER, row)
                (standing[key],) = _ok_rows(session, [key])
            counted.append((answer.ok and _standing_answer(standing[key], entry)) or answer)
        return counted


def _standing_answer(row: Row, entry: Filed) -> ModelAnswer | None:
    """The answer in ``row``, which is perhaps the one just filed; ``None`` when it no longer fits."""
    return entry.answer if rows.is_row_of(row, entry.answer) else _served(row, entry.request)


def _ok_rows(session: Session, ids: Sequence[str]) -> list[Row]:
    among, values = session.among("a.request_id", ids)
    return session.rows(f"{rows.SELECT_ANSWERS} a.status = 'ok' AND {among}", values)


def _found(session: Session, ids: Sequence[str], statuses: Sequence[str]) -> dict[str, Row]:
    """The ``ok`` answer of each id, or else the newest of the other statuses."""
    found: dict[str, Row] = {}
    others = [status for status in statuses if status != OK]
    if others:
        of_ids, values = session.among("a.request_id", ids)
        of_statuses, more = session.among("a.status", others)
        statement = (
            f"{rows.SELECT_ANSWERS} a.status <> 'ok' AND {of_ids} AND {of_statuses} ORDER BY a.answer_id"
        )
        found.update((row[1], row) for row in session.rows(statement, [*values, *more]))
    if OK in statuses:
        found.update((row[1], row) for row in _ok_rows(session, ids))
    return found


def _served(row: Row, request: ModelRequest) -> ModelAnswer | None:
    """The stored answer with its object read again from its text; ``None`` when that no longer fits."""
    if rows.status_of(row) != OK:
        return rows.answer_of(row)
    parsed = parse(rows.text_of(row), request.schema).text
    return rows.answer_of(row, parsed=parsed) if parsed else None
