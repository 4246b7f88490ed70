"""One harvest of one feed: pages in, decisions and files into the journal, resumable at every step.

The clock is passed in; what it says is written beside each record, and makes the week to which the
record belongs. A record that can't be had now is put off and tried again by the next harvests.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from grandrounds.harvest import judging
from grandrounds.harvest.feed import FIGURE, MAIN, Feed, FeedPage, FeedRecord, Fetched
from grandrounds.harvest.journal import LATER, REFUSED, TAKEN, Journal, KeptFile, Run, Version
from grandrounds.harvest.known import of_record
from grandrounds.harvest.names import safe_name
from grandrounds.harvest.problems import (
    CursorLostError,
    FeedError,
    ForbiddenError,
    HarvestError,
    MalformedError,
    NotThereError,
    TooLargeError,
    UnreachableError,
)
from grandrounds.harvest.settings import FeedSettings
from grandrounds.harvest.store import FileStore
from grandrounds.locks import exclusive

Clock = Callable[[], datetime]
Progress = Callable[[str], None]
_OUTAGE = 3  # records in a row that can't be reached: it is the server, not the record
_STOPS = 3  # times a harvest may stop at one cursor before it is begun anew
_SMALL_LOSS = 10
_CIRCLES = 3  # pages in a row with nothing but what was listed before
_UNSTAMPED = datetime.min.replace(tzinfo=UTC)  # the journal gives the moment


@dataclass(frozen=True, slots=True, kw_only=True)
class HarvestReport:
    """What one harvest did. ``finished`` is false when it stopped; ``trouble`` says why, and the next
    harvest goes on from there. ``refused`` counts by reason."""

    feed: str
    pages: int = 0
    listed: int = 0
    taken: int = 0
    put_off: int = 0
    known: int = 0
    refused: Mapping[str, int] = field(default_factory=dict)
    faults: tuple[str, ...] = ()
    finished: bool = True
    trouble: str = ""
    remedy: str = ""


def harvest(
    feed: Feed,
    *,
    settings: FeedSettings,
    journal: Journal,
    store: FileStore,
    now: Clock,
    since: date | None = None,
    until: date | None = None,
    accept_losses: bool = False,
    progress: Progress | None = None,
) -> HarvestReport:
    """Take what is new in ``feed``. Trouble with the feed is reported, not raised: others go on.

    Without ``since`` it goes on where the last harvest ended. Raises ``GrandRoundsError`` when another
    process harvests the same feed, or the journal or the store can't be written.
    """
    with exclusive(journal.lock_path(feed.name), what=f"The feed {feed.name}"):
        collecting = _Collecting(
            feed=feed,
            settings=settings,
            journal=journal,
            store=store,
            now=now,
            accept_losses=accept_losses,
            progress=progress,
        )
        return collecting.all(since, until)


@dataclass(slots=True, kw_only=True)
class _Collecting:
    """A harvest at work."""

    feed: Feed
    settings: FeedSettings
    journal: Journal
    store: FileStore
    now: Clock
    accept_losses: bool
    progress: Progress | None
    counts: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    unreached: int = 0
    repeats: int = 0

    def all(self, since: date | None, until: date | None) -> HarvestReport:
        """Finish what was left open, then a harvest of its own."""
        open_run = self.journal.open_run(self.feed.name)
        trouble: HarvestError | None = None
        if open_run is not None and since is None:
            trouble = self._one(open_run)
        if trouble is None:
            trouble = self._one(self._begin(since, until))
        return HarvestReport(
            feed=self.feed.name,
            pages=self.counts["pages"],
            listed=self.counts["listed"],
            taken=self.counts[TAKEN],
            put_off=self.counts[LATER],
            known=self.counts["known"],
            refused=dict(sorted(self.refused.items())),
            faults=tuple(self.faults),
            finished=trouble is None,
            trouble=trouble.what if trouble else "",
            remedy=trouble.remedy if trouble else "",
        )

    def _begin(self, since: date | None, until: date | None) -> Run:
        before = self.journal.last_whole_run(self.feed.name)
        cursor = ""
        if since is None and before is not None:
            ended = before.started_at.date()
            ended = min(ended, before.until) if before.until else ended
            since, cursor = ended - timedelta(days=self.settings.overlap_days), before.cursor
        return self.journal.begin(self.feed.name, at=self.now(), since=since, until=until, cursor=cursor)

    def _one(self, run: Run) -> HarvestError | None:
        """Run to the end, or to the trouble that stops it."""
        cursor = run.cursor
        try:
            self._again(run)
            for page in self.feed.pages(cursor, since=run.since, until=run.until):
                self._refuse_circles(run, page, cursor)
                self._page(run, page)
                cursor = page.cursor
                if page.last:
                    return None
            raise FeedError(f"The feed {self.feed.name} ended without a last page.")
        except HarvestError as exc:
            if not isinstance(
                exc,
                (FeedError, UnreachableError, NotThereError, TooLargeError, ForbiddenError, MalformedError),
            ):
                raise  # the journal's or the store's own trouble: no feed would fare better
            lost = isinstance(exc, CursorLostError)
            stops = self.journal.add_trouble(
                run, at=self.now(), cursor=cursor, detail=str(exc)[:1000], abandoned=lost
            )
            if not lost and stops >= _STOPS and not isinstance(exc, UnreachableError):
                self.journal.add_trouble(
                    run,
                    at=self.now(),
                    cursor=cursor,
                    detail="Stopped here too often; begun anew.",
                    abandoned=True,
                )
            return exc

    def _again(self, run: Run) -> None:
        """Try once more what was put off."""
        for version in self.journal.put_off(self.feed.name):
            if not self.journal.was_tried(run, version.record.record_id):
                made = self._decide(run, version.record)
                self.journal.add_versions(run, [made], at=self.now())
                self._count(made)

    def _refuse_circles(self, run: Run, page: FeedPage, cursor: str) -> None:
        if page.last:
            return
        old = bool(page.records) and all(self.journal.was_listed(run, r.record_id) for r in page.records)
        self.repeats = self.repeats + 1 if old else 0
        again = page.cursor == cursor or self.journal.has_cursor(run, page.cursor)
        if again or self.repeats >= _CIRCLES:
            raise CursorLostError(
                f"The feed {self.feed.name} goes in circles (cursor {page.cursor[:80]!r}).",
                remedy="The next harvest begins anew. Report it to the feed if it happens again.",
            )

    def _page(self, run: Run, page: FeedPage) -> None:
        made: dict[str, Version] = {}
        for record in page.records:
            if record.feed != self.feed.name or not record.record_id or len(record.record_id) > 500:
                self.faults.append(
                    f"An entry without a usable id was passed by: {record.record_id[:80]!r}."
                )
                continue
            earlier = made.get(record.record_id)
            if self._is_known(run, record, earlier):
                self.counts["known"] += 1
                continue
            made[record.record_id] = self._decide(run, record)
        rows = list(made.values())
        listed = [record.record_id for record in page.records if record.feed == self.feed.name]
        if page.last and page.whole:
            rows += self._lost(run, listed)
        self.journal.add_page(run, rows, at=self.now(), cursor=page.cursor, last=page.last, listed=listed)
        for version in rows:
            self._count(version)
        self.counts["pages"] += 1
        self.counts["listed"] += len(page.records)
        self.faults += page.faults
        if self.progress is not None:
            self.progress(f"{self.feed.name}: {self.counts['listed']} listed, {self.counts[TAKEN]} taken")

    def _is_known(self, run: Run, record: FeedRecord, earlier: Version | None) -> bool:
        """Whether the journal has this state of the record, or a newer one."""
        latest = earlier or self.journal.latest(record.feed, record.record_id)
        if latest is None:
            return False
        if latest.fingerprint == record.fingerprint():
            if self._is_allowed_now(latest, record):
                return False
            return latest.decision != LATER or self.journal.was_tried(run, record.record_id)
        newer, older = record.revised, latest.record.revised
        if newer is not None and older is not None and newer != older:
            return newer < older
        # Listed twice in one harvest in two states of one date: the first counts, or they would take turns.
        return earlier is not None or self.journal.was_listed(run, record.record_id)

    def _is_allowed_now(self, latest: Version, record: FeedRecord) -> bool:
        """Whether a record that was refused unread is admitted since the feed's settings were widened."""
        by_policy = latest.reason in (judging.LICENCE, judging.LANGUAGE, judging.NOT_A_CASE)
        if latest.decision != REFUSED or not by_policy or latest.files:
            return False
        return not judging.judge_record(record, self.settings).reason

    def _decide(self, run: Run, record: FeedRecord) -> Version:
        judged = judging.judge_record(record, self.settings)
        if judged.reason:
            return _version(record, judged, REFUSED)
        try:
            files, notes = self.journal.staged(run, record) or self._fetched(run, record)
            self.unreached = 0
        except UnreachableError as exc:
            self.unreached += 1
            if self.unreached >= _OUTAGE:
                raise
            return self._put_off(record, judged, judging.UNREACHABLE, exc)
        except NotThereError as exc:
            if exc.lasting:
                return _refused(record, judged, judging.GONE, str(exc))
            return self._put_off(record, judged, judging.GONE, exc)
        except TooLargeError as exc:
            return _refused(record, judged, judging.TOO_LARGE, str(exc))
        except ForbiddenError as exc:
            return _refused(record, judged, judging.FORBIDDEN, str(exc))
        except (FeedError, MalformedError) as exc:
            return self._put_off(record, judged, judging.MALFORMED, exc)
        data = self.store.get(next(file.sha256 for file in files if file.role == MAIN))
        read = judging.judge_text(record, data, licence=judged.licence, settings=self.settings, notes=notes)
        if read.reason == judging.MALFORMED:
            return self._put_off(record, read, judging.MALFORMED, HarvestError(read.detail))
        return _version(record, read, REFUSED if read.reason else TAKEN, files=files)

    def _fetched(self, run: Run, record: FeedRecord) -> tuple[tuple[KeptFile, ...], tuple[str, ...]]:
        """The record's files, in the store and noted, so that they are fetched once."""
        fetched = _checked(record, self.feed.fetch(record), self.settings)
        files = tuple(
            KeptFile(name=file.name, role=file.role, sha256=self.store.put(file.data), bytes=len(file.data))
            for file in fetched.files
        )
        self.journal.stage(run, record, files, notes=fetched.notes)
        return files, fetched.notes

    def _put_off(
        self, record: FeedRecord, judged: judging.Judgement, reason: str, exc: HarvestError
    ) -> Version:
        """Later, unless it was tried often enough."""
        before = self.journal.times_put_off(record.feed, record.record_id, record.fingerprint())
        if before + 1 >= self.settings.attempts:
            return _refused(record, judged, reason, f"{exc} It was tried {before + 1} times.")
        return Version(
            record=record,
            fingerprint=record.fingerprint(),
            seen_at=_UNSTAMPED,
            decision=LATER,
            reason=reason,
            detail=str(exc)[:1000],
            licence=judged.licence,
            known=of_record(record),
        )

    def _lost(self, run: Run, listed: list[str]) -> list[Version]:
        """What a whole listing no longer has. A listing that lost most of it is rather a fault."""
        here = set(listed)
        gone = [record for record in self.journal.unlisted(run) if record.record_id not in here]
        present = self.journal.present(self.feed.name)
        if len(gone) > max(_SMALL_LOSS, present // 2) and not self.accept_losses:
            raise FeedError(
                f"The feed {self.feed.name} no longer lists {len(gone)} of {present} records.",
                remedy="Look at it: a folder may not be mounted. If they have really gone, harvest once "
                "with --accept-losses.",
            )
        lost = [
            FeedRecord(
                feed=record.feed,
                record_id=record.record_id,
                gone=True,
                identifiers=record.identifiers,
                title=record.title,
                first_public=record.first_public,
            )
            for record in gone
        ]
        return [_version(record, judging.judge_record(record, self.settings), REFUSED) for record in lost]

    def _count(self, version: Version) -> None:
        self.counts[version.decision] += 1
        if version.decision == REFUSED:
            self.refused[version.reason] += 1


def _version(
    record: FeedRecord, judged: judging.Judgement, decision: str, *, files: tuple[KeptFile, ...] = ()
) -> Version:
    return Version(
        record=record,
        fingerprint=record.fingerprint(),
        seen_at=_UNSTAMPED,
        decision=decision,
        reason=judged.reason,
        detail=judged.detail[:1000],
        licence=judged.licence,
        known=judged.known,
        files=files,
    )


def _refused(record: FeedRecord, judged: judging.Judgement, reason: str, detail: str) -> Version:
    said = judging.Judgement(reason=reason, detail=detail, licence=judged.licence, known=judged.known)
    return _version(record, said, REFUSED)


def _checked(record: FeedRecord, fetched: Fetched, settings: FeedSettings) -> Fetched:
    """What a plug-in handed over: one main file, names that can be written, sizes within limits."""
    mains = [file for file in fetched.files if file.role == MAIN]
    if len(mains) != 1 or any(file.role not in (MAIN, FIGURE) for file in fetched.files):
        raise MalformedError(f"{record.record_id} came with {len(mains)} main files instead of one.")
    if len({file.name for file in fetched.files}) != len(fetched.files) or any(
        file.name != safe_name(file.name) for file in fetched.files
    ):
        raise MalformedError(f"{record.record_id} came with file names that can't be written.")
    if len(mains[0].data) > settings.maximum_bytes:
        raise TooLargeError(f"{record.record_id} has {len(mains[0].data):,} bytes.")
    if sum(len(file.data) for file in fetched.files) > settings.maximum_unpacked:
        raise TooLargeError(f"The files of {record.record_id} together have more bytes than are taken.")
    return fetched
