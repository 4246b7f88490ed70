"""The journal: every version of every record that a feed ever listed, when it was seen, what was decided.

SQLite in WAL mode; rows are only added. The records of a page and the cursor behind it are written in
one transaction, so a harvest that is killed anywhere goes on where it was, and nothing is taken twice.
Files that were fetched for a page which is not yet journalled are noted apart (``stage``), so that they
need not be fetched again.

Moments never go back: a past week, once laid out, stays as it was.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from grandrounds.harvest.feed import FeedRecord
from grandrounds.harvest.journal_schema import VERSION, statements
from grandrounds.harvest.known import Known
from grandrounds.harvest.problems import HarvestError

TAKEN, REFUSED, LATER = "taken", "refused", "later"
_SKEW = timedelta(minutes=5)  # clocks of machines and their corrections; more is a mistake
_BUSY_SECONDS = 60.0
_SELECT_FILES = "SELECT version, name, role, sha256, bytes FROM files"
_SELECT = "SELECT id, record, fingerprint, seen_at, decision, reason, detail, licence, known FROM versions"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFile:
    """A file of a version: its name, role (``main`` or ``figure``), hash and size in the store."""

    name: str
    role: str
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One line of the journal. ``seen_at`` is aware (UTC); ``licence`` is what was decided on.

    ``reason`` is empty when taken; ``known`` is what record and full text say together.
    """

    number: int = 0
    record: FeedRecord
    fingerprint: str
    seen_at: datetime
    decision: str
    reason: str = ""
    detail: str = ""
    licence: str = "unknown"
    known: Known
    files: tuple[KeptFile, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One harvest in the journal: its window, where it stands, whether it goes on from before."""

    number: int
    feed: str
    started_at: datetime
    since: date | None
    until: date | None
    cursor: str
    resumed: bool


class Journal:
    """The journal at ``path``. One connection; a harvest holds ``lock_path`` besides."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute("PRAGMA foreign_keys = ON")
            self._db.execute("PRAGMA recursive_triggers = ON")  # REPLACE is a deletion too
            self._prepare()
        except (sqlite3.Error, OSError) as exc:
            raise HarvestError(
                f"The harvest journal {path} can't be opened: {exc}.",
                remedy="Check its rights, or restore it from a copy.",
            ) from exc

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def lock_path(self, feed: str) -> Path:
        """The file that whoever harvests ``feed`` holds."""
        return self.path.with_name(f"{self.path.name}.{feed}.lock")

    # Harvests ---------------------------------------------------------------------------------

    def open_run(self, feed: str) -> Run | None:
        """The harvest of ``feed`` that was begun and neither ended nor was abandoned."""
        row = self._db.execute(
            "SELECT id, started_at, since, until, cursor FROM harvests WHERE feed = ? "
            "ORDER BY id DESC LIMIT 1",
            (feed,),
        ).fetchone()
        if row is None:
            return None
        page = self._last_page(row[0])
        if page is not None and page[1]:
            return None
        if self._count("troubles", "harvest = ? AND abandoned = 1", row[0]):
            return None
        return _run(feed, row, cursor=page[0] if page else row[4], resumed=True)

    def last_whole_run(self, feed: str) -> Run | None:
        """The newest harvest of ``feed`` that came to its end, with the cursor behind its last page."""
        row = self._db.execute(
            "SELECT h.id, h.started_at, h.since, h.until, p.cursor FROM harvests h JOIN pages p "
            "ON p.harvest = h.id AND p.last = 1 WHERE h.feed = ? ORDER BY h.id DESC LIMIT 1",
            (feed,),
        ).fetchone()
        return _run(feed, row, cursor=row[4], resumed=False) if row else None

    def begin(self, feed: str, *, at: datetime, since: date | None, until: date | None, cursor: str) -> Run:
        """Note that a harvest begins."""
        with self._writing(at) as moment:
            made = self._db.execute(
                "INSERT INTO harvests (feed, started_at, since, until, cursor) VALUES (?, ?, ?, ?, ?)",
                (feed, moment, _day(since), _day(until), cursor),
            )
        row = (made.lastrowid, moment, _day(since), _day(until), cursor)
        return _run(feed, row, cursor=cursor, resumed=False)

    def add_page(
        self,
        run: Run,
        versions: Sequence[Version],
        *,
        at: datetime,
        cursor: str,
        last: bool,
        listed: Sequence[str],
    ) -> None:
        """Write what became of a page's records, and the cursor behind it: all or nothing."""
        with self._writing(at) as moment:
            self._add_versions(run, versions, moment, listed)
            self._db.execute(
                "INSERT INTO pages (harvest, at, cursor, last, records) VALUES (?, ?, ?, ?, ?)",
                (run.number, moment, cursor, int(last), len(listed)),
            )

    def add_versions(self, run: Run, versions: Sequence[Version], *, at: datetime) -> None:
        """Write what became of records that were put off before."""
        with self._writing(at) as moment:
            self._add_versions(run, versions, moment, ())

    def add_trouble(self, run: Run, *, at: datetime, cursor: str, detail: str, abandoned: bool) -> int:
        """Note why a harvest stopped; the answer is how often it stopped at this cursor."""
        with self._writing(at) as moment:
            self._db.execute(
                "INSERT INTO troubles (harvest, at, cursor, abandoned, detail) VALUES (?, ?, ?, ?, ?)",
                (run.number, moment, cursor, int(abandoned), detail),
            )
        return self._count("troubles", "harvest = ? AND cursor = ?", run.number, cursor)

    def has_cursor(self, run: Run, cursor: str) -> bool:
        """Whether a page of this harvest already ended at ``cursor``."""
        return bool(self._count("pages", "harvest = ? AND cursor = ?", run.number, cursor))

    def was_listed(self, run: Run, record_id: str) -> bool:
        """Whether a page of this harvest already held the record."""
        return bool(self._count("listed", "harvest = ? AND record_id = ?", run.number, record_id))

    def was_tried(self, run: Run, record_id: str) -> bool:
        """Whether this harvest already decided on the record."""
        return bool(
            self._count(
                "versions", "feed = ? AND record_id = ? AND harvest = ?", run.feed, record_id, run.number
            )
        )

    # Files fetched for a page that is not journalled yet --------------------------------------

    def stage(
        self, run: Run, record: FeedRecord, files: Sequence[KeptFile], *, notes: Sequence[str] = ()
    ) -> None:
        """Note the files of a record as soon as they are in the store."""
        packed = json.dumps([[f.name, f.role, f.sha256, f.bytes] for f in files])
        with self._transaction():
            self._db.execute(
                "INSERT INTO staged (harvest, record_id, fingerprint, files, notes) VALUES (?, ?, ?, ?, ?)",
                (run.number, record.record_id, record.fingerprint(), packed, json.dumps(list(notes))),
            )

    def staged(self, run: Run, record: FeedRecord) -> tuple[tuple[KeptFile, ...], tuple[str, ...]] | None:
        """The files that this harvest already fetched for exactly this state of the record."""
        row = self._db.execute(
            "SELECT files, notes FROM staged WHERE harvest = ? AND record_id = ? AND fingerprint = ?",
            (run.number, record.record_id, record.fingerprint()),
        ).fetchone()
        if row is None:
            return None
        files = tuple(KeptFile(name=n, role=r, sha256=s, bytes=b) for n, r, s, b in json.loads(row[0]))
        return files, tuple(json.loads(row[1]))

    # Reading ----------------------------------------------------------------------------------

    def latest(self, feed: str, record_id: str) -> Version | None:
        """The newest line about a record."""
        found = self._versions("feed = ? AND record_id = ? ORDER BY id DESC LIMIT 1", feed, record_id)
        return next(found, None)

    def put_off(self, feed: str) -> tuple[Version, ...]:
        """The records whose newest line is ``later``, oldest first."""
        return tuple(
            self._versions(
                "feed = ? AND decision = 'later' AND id IN (SELECT max(id) FROM versions WHERE feed = ? "
                "GROUP BY record_id) ORDER BY id",
                feed,
                feed,
            )
        )

    def times_put_off(self, feed: str, record_id: str, fingerprint: str) -> int:
        """How often this state of a record was put off."""
        where = "feed = ? AND record_id = ? AND fingerprint = ? AND decision = 'later'"
        return self._count("versions", where, feed, record_id, fingerprint)

    def unlisted(self, run: Run) -> tuple[FeedRecord, ...]:
        """The records of the run's feed that still exist by the journal and were not listed in this run."""
        found = self._versions(
            "feed = ? AND id IN (SELECT max(id) FROM versions WHERE feed = ? GROUP BY record_id) AND "
            "record_id NOT IN (SELECT record_id FROM listed WHERE harvest = ?) ORDER BY record_id",
            run.feed,
            run.feed,
            run.number,
        )
        return tuple(version.record for version in found if not version.record.gone)

    def present(self, feed: str) -> int:
        """How many records of ``feed`` exist by the journal."""
        found = self._versions(
            "feed = ? AND id IN (SELECT max(id) FROM versions GROUP BY feed, record_id)", feed
        )
        return sum(not version.record.gone for version in found)

    def versions(self, *, until: datetime | None = None, feed: str = "") -> Iterator[Version]:
        """All lines seen before ``until`` (of one feed, where named), in the order they were written."""
        where, given = ["1 = 1"], []
        if until is not None:
            where.append("seen_at < ?")
            given.append(stamp(until))
        if feed:
            where.append("feed = ?")
            given.append(feed)
        return self._versions(f"{' AND '.join(where)} ORDER BY id", *given)

    def last_moment(self) -> datetime | None:
        """The newest moment in the journal."""
        row = self._db.execute(
            "SELECT max(at) FROM (SELECT max(seen_at) AS at FROM versions "
            "UNION ALL SELECT max(at) FROM pages "
            "UNION ALL SELECT max(started_at) FROM harvests UNION ALL SELECT max(at) FROM troubles)"
        ).fetchone()
        return _moment(row[0]) if row[0] else None

    # ------------------------------------------------------------------------------------------

    def _prepare(self) -> None:
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version > VERSION:
            raise HarvestError(
                f"The harvest journal {self.path} was written by a newer version of Grand Rounds.",
                remedy="Upgrade, or name another GRANDROUNDS_HOME.",
            )
        if version == VERSION:
            return
        with self._transaction():
            if self._db.execute("PRAGMA user_version").fetchone()[0] == 0:
                for statement in statements():
                    self._db.execute(statement)

    def _add_versions(
        self, run: Run, versions: Sequence[Version], moment: str, listed: Sequence[str]
    ) -> None:
        for record_id in dict.fromkeys(listed):
            self._db.execute(
                "INSERT INTO listed (harvest, record_id) SELECT ?, ? WHERE NOT EXISTS "
                "(SELECT 1 FROM listed WHERE harvest = ? AND record_id = ?)",
                (run.number, record_id, run.number, record_id),
            )
        for version in versions:
            made = self._db.execute(
                "INSERT INTO versions (harvest, feed, record_id, fingerprint, seen_at, decision, reason, "
                "detail, licence, record, known) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    run.number,
                    version.record.feed,
                    version.record.record_id,
                    version.fingerprint,
                    moment,
                    version.decision,
                    version.reason,
                    version.detail,
                    version.licence,
                    _json(version.record.as_json()),
                    _json(version.known.as_json()),
                ),
            )
            self._db.executemany(
                "INSERT INTO files (version, name, role, sha256, bytes) VALUES (?, ?, ?, ?, ?)",
                [(made.lastrowid, f.name, f.role, f.sha256, f.bytes) for f in version.files],
            )

    def _versions(self, where: str, *given: Any) -> Iterator[Version]:
        rows = self._db.execute(
            f"{_SELECT} WHERE {where}",
            given,
        ).fetchall()
        files: dict[int, list[KeptFile]] = {}
        chosen = f"version IN (SELECT id FROM versions WHERE {where})"  # noqa: S608 - this module's own words
        order = "ORDER BY version, role DESC, name"
        held = self._db.execute(f"{_SELECT_FILES} WHERE {chosen} {order}", given)
        for version, name, role, sha256, size in held:
            kept = KeptFile(name=name, role=role, sha256=sha256, bytes=size)
            files.setdefault(version, []).append(kept)
        for number, record, fingerprint, seen, decision, reason, detail, licence, known in rows:
            yield Version(
                number=number,
                record=FeedRecord.from_json(json.loads(record)),
                fingerprint=fingerprint,
                seen_at=_moment(seen),
                decision=decision,
                reason=reason,
                detail=detail,
                licence=licence,
                known=Known.from_json(json.loads(known)),
                files=tuple(files.get(number, ())),
            )

    def _last_page(self, harvest: int) -> tuple[str, bool] | None:
        row = self._db.execute(
            "SELECT cursor, last FROM pages WHERE harvest = ? ORDER BY id DESC LIMIT 1", (harvest,)
        ).fetchone()
        return (row[0], bool(row[1])) if row else None

    def _count(self, table: str, where: str, *given: Any) -> int:
        query = f"SELECT count(*) FROM {table} WHERE {where}"  # noqa: S608 - the words are this module's own
        return int(self._db.execute(query, given).fetchone()[0])

    @contextmanager
    def _writing(self, at: datetime) -> Iterator[str]:
        """A transaction, and the moment that its rows bear: ``at``, never before what is written."""
        if at.tzinfo is None:
            raise HarvestError("A harvest's moment needs a time zone.", remedy="Pass an aware `now`.")
        with self._transaction():
            last = self.last_moment()
            if last is not None and at < last - _SKEW:
                raise HarvestError(
                    f"The clock says {at:%Y-%m-%d %H:%M}, but {self.path} was written at "
                    f"{last:%Y-%m-%d %H:%M}.",
                    remedy="Weeks that are over are not harvested again. Set the clock right, or lay out "
                    "the past week from the journal as it is.",
                )
            yield stamp(max(at, last) if last else at)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self._db.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as exc:
            raise HarvestError(
                f"The harvest journal {self.path} can't be written: {exc}.", remedy="Try again."
            ) from exc
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")


def stamp(moment: datetime) -> str:
    """A moment as the journal writes it: UTC, always of one length, so that text sorts by time."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _day(value: date | None) -> str | None:
    return value.isoformat() if value else None


def _run(feed: str, row: Sequence[Any], *, cursor: str, resumed: bool) -> Run:
    return Run(
        number=int(row[0]),
        feed=feed,
        started_at=_moment(row[1]),
        since=date.fromisoformat(row[2]) if row[2] else None,
        until=date.fromisoformat(row[3]) if row[3] else None,
        cursor=cursor,
        resumed=resumed,
    )


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
