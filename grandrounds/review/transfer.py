"""Decisions by file: the queue out as JSON Lines, the filled-in lines back in.

Reading is lenient: a byte order mark, Windows line ends and blank lines are nothing, and a bad line
is reported and passed over while the others are imported. Importing a file again changes nothing.
"""

from __future__ import annotations

import codecs
import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from grandrounds.errors import ReviewError
from grandrounds.fingerprint import content_id
from grandrounds.recipe import Recipe, Review
from grandrounds.records.review_event import COMMENT, Rating, ReviewEvent
from grandrounds.review.checks import ADJUDICATOR, REVIEWER, fault_in_pseudonym, objection
from grandrounds.review.criteria import criteria_of
from grandrounds.review.lines import Line, line_of, parse_line
from grandrounds.review.policy import Outcome, policy_of, rulings
from grandrounds.review.rows import QueueEntry
from grandrounds.review.store import ReviewStore
from grandrounds.review.tables import OPEN, REPLACED

MOST_BYTES_A_LINE = 4 << 20
_BATCH = 500  # lines a transaction
_MOST_PROBLEMS = 1000  # told one by one; the rest are counted
_FOREIGN_MARKS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportReport:
    """What was exported, and where to (empty: nowhere but the caller's hands)."""

    recipe: str
    lines: int
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A line that was not imported, and why. Lines count from 1; the item is empty when unreadable."""

    line: int
    reason: str
    item_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What became of each line of a file: ``lines`` = imported + known + undecided + bad.

    ``known`` were imported before. ``problems`` holds the first thousand of the ``bad`` lines.
    """

    file: str
    lines: int
    imported: int
    known: int
    undecided: int
    bad: int
    problems: tuple[Problem, ...]


def export_queue(
    store: ReviewStore, recipe: Recipe | str, *, reviewer: str = "", disputed: bool = False
) -> Iterator[str]:
    """The lines that ask about the queue of ``recipe``, in its order, without line breaks.

    ``reviewer`` fills in that pseudonym and leaves out what they have decided. ``disputed`` asks
    only what readers differ on, as an adjudicator, with their decisions shown and names hidden. What is
    outside the sample that people read is not asked.
    """
    fault = fault_in_pseudonym(reviewer) if reviewer else None
    if fault:
        raise ReviewError(fault)
    name, policy = policy_of(store, recipe)
    role = ADJUDICATOR if disputed else REVIEWER
    now = store.snapshot(name)
    for ruling, entry in zip(rulings(now, policy), now.entries, strict=True):
        if any((event.reviewer, event.role) == (reviewer, role) for event in ruling.decisions):
            continue
        if disputed and ruling.outcome is not Outcome.DISPUTED:
            continue
        if ruling.outcome is Outcome.UNREAD:
            continue
        earlier = ruling.decisions if disputed else None
        yield line_of(entry.candidate, reviewer=reviewer, role=role, policy=policy, earlier=earlier)


def write_export(lines: Iterable[str], path: Path, *, recipe: str) -> ExportReport:
    """Write ``lines`` to a new file, whole or not at all. A file that exists is never overwritten:
    somebody may have filled it in."""
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}.tmp")
    count = 0
    try:
        with temporary.open("x", encoding="utf-8", newline="\n") as handle:
            for line in lines:
                handle.write(line + "\n")
                count += 1
            handle.flush()
            os.fsync(handle.fileno())
        _put(temporary, path)
    except FileExistsError as exc:
        raise ReviewError(
            f"{path} exists already, and may hold somebody's decisions.",
            remedy="Give another name with --out, or import that file and delete it.",
        ) from exc
    except OSError as exc:
        raise ReviewError(f"{path} can't be written: {exc.strerror or exc}.") from exc
    finally:
        temporary.unlink(missing_ok=True)
    return ExportReport(recipe=recipe, lines=count, file=str(path))


def import_file(store: ReviewStore, path: Path, *, now: datetime) -> ImportReport:
    """Store the decisions in the file at ``path``; ``now`` dates those that don't say when.

    Raises ``ReviewError`` when the file can't be read at all; a bad line is only reported.
    """
    try:
        with path.open("rb") as handle:
            _refuse_foreign(handle, path)
            return _Import(store, file=str(path), now=now).run(_lines(handle))
    except OSError as exc:
        raise ReviewError(
            f"{path} can't be read: {exc.strerror or exc}.", remedy="Give a file that `export` wrote."
        ) from exc


def import_lines(
    store: ReviewStore, numbered: Iterable[tuple[int, bytes | str | None]], *, file: str, now: datetime
) -> ImportReport:
    """Store decisions that were read elsewhere: for each place in ``file`` a line like those of
    ``export_queue``, or a sentence that says what is wrong there."""
    return _Import(store, file=file, now=now).run(numbered)


@dataclass(slots=True)
class _Import:
    """One import under way."""

    store: ReviewStore
    file: str
    now: datetime
    lines: int = 0
    imported: int = 0
    known: int = 0
    undecided: int = 0
    bad: int = 0
    problems: list[Problem] = field(default_factory=list)
    # How often the same decision stood in the file: a second "accept" after a "withdraw" is another.
    _times: dict[str, int] = field(default_factory=dict)
    # For each reviewer and item the file's last decision: its line, and its id if it was known before.
    _last: dict[tuple[str, str, str, str, str], tuple[int, str]] = field(default_factory=dict)
    # What came with each recipe's queue.
    _policies: dict[str, Review] = field(default_factory=dict)

    def run(self, numbered: Iterable[tuple[int, bytes | str | None]]) -> ImportReport:
        """Go through the file, a batch a transaction."""
        batch: list[tuple[int, Line]] = []
        for number, raw in numbered:
            self.lines += 1
            line = self._read(number, raw)
            if line is not None:
                batch.append((number, line))
            if len(batch) >= _BATCH:
                self._store(batch)
                batch = []
        self._store(batch)
        self._tell_taken_back()
        return ImportReport(
            file=self.file,
            lines=self.lines,
            imported=self.imported,
            known=self.known,
            undecided=self.undecided,
            bad=self.bad,
            problems=tuple(sorted(self.problems, key=lambda problem: problem.line)),
        )

    def _read(self, number: int, raw: bytes | str | None) -> Line | None:
        if isinstance(raw, str):
            self._complain(number, raw)
            return None
        if raw is None:
            self._complain(number, f"It is longer than {MOST_BYTES_A_LINE >> 20} MiB.")
            return None
        line = parse_line(raw)
        if isinstance(line, str):
            self._complain(number, line)
            return None
        if line.undecided:
            self.undecided += 1
            return None
        if not line.decision:
            self._complain(number, "It has words or edits, but no decision.", line.item_id)
            return None
        return line

    def _store(self, batch: Sequence[tuple[int, Line]]) -> None:
        events = [self._event(line) for _, line in batch]
        places = {id(event): place for event, place in zip(events, batch, strict=True)}

        def guard(event: ReviewEvent, entry: QueueEntry, earlier: Sequence[ReviewEvent]) -> str | None:
            return (
                _stale(entry)
                or places[id(event)][1].changed_in_place(entry.candidate)
                or self._unasked(event)
                or objection(event, earlier)
            )

        result = self.store.append(events, guard=guard, keep_going=True)
        self.imported += result.added
        self.known += result.known
        refused = {id(refusal.event): refusal.reason for refusal in result.refused}
        for event in events:
            number = places[id(event)][0]
            if id(event) in refused:
                self._complain(number, refused[id(event)], event.item_id)
            elif event.decision != COMMENT:
                known = event.event_id in result.known_ids
                self._last[_whose(event)] = (number, event.event_id if known else "")

    def _event(self, line: Line) -> ReviewEvent:
        edits = line.edits.as_json()
        said: list[object] = [
            line.recipe,
            line.item_id,
            line.content_sha256,
            line.reviewer,
            line.role,
            line.decision,
            line.reasons,
            line.comment,
            edits,
            line.moment.isoformat() if line.moment else None,
        ]
        ratings = self._ratings(line)
        more = {
            "ratings": sorted([rating.criterion, rating.score] for rating in ratings),
            "marks": sorted([mark.kind, mark.reference, mark.words] for mark in line.marks),
            "answered": line.answered,
        }
        if any(more.values()):  # files from before there were any keep their ids
            said.append({name: value for name, value in more.items() if value})
        same = content_id("same", said)
        self._times[same] = self._times.get(same, 0) + 1
        return ReviewEvent(
            event_id=content_id("event", [*said, self._times[same]]),
            recipe=line.recipe,
            item_id=line.item_id,
            content_sha256=line.content_sha256,
            reviewer=line.reviewer,
            role=line.role,
            decision=line.decision,
            reasons=tuple(line.reasons),
            comment=line.comment,
            edits=edits,
            ratings=ratings,
            marks=line.marks,
            answer=line.answered,
            seconds=line.seconds,
            created_at=line.moment or self.now,
        )

    def _ratings(self, line: Line) -> tuple[Rating, ...]:
        """The line's scores, by criteria as the recipe writes them."""
        names = (
            [criterion.name for criterion in criteria_of(self._policy(line.recipe))] if line.ratings else []
        )
        known = {_key(name): name for name in names} | {name: name for name in names}
        return tuple(
            Rating(criterion=known.get(name) or known.get(_key(name), name), score=score)
            for name, score in line.ratings.items()
        )

    def _unasked(self, event: ReviewEvent) -> str | None:
        """What the recipe never asked for, as a sentence."""
        if event.answer and not self._policy(event.recipe).blind_answer:
            return "The recipe shows the marked answer at once, so nobody answers before: empty `answered`."
        names = [criterion.name for criterion in criteria_of(self._policy(event.recipe))]
        for rating in event.ratings:
            if rating.criterion not in names:
                named = rating.criterion[:80]
                return f"{named!r} is none of what the recipe has rated: {', '.join(names)}."
        return None

    def _policy(self, recipe: str) -> Review:
        if recipe not in self._policies:
            known = recipe in self.store.recipes()
            self._policies[recipe] = (self.store.policy(recipe) if known else None) or Review()
        return self._policies[recipe]

    def _tell_taken_back(self) -> None:
        """A known decision that was superseded since looks like success, but no longer counts."""
        latest: dict[tuple[str, str, str, str, str], str] = {}
        for recipe in sorted({key[0] for key in self._last}):
            for event in self.store.events(recipe):
                if event.decision != COMMENT:
                    latest[_whose(event)] = event.event_id
        for key, (number, event_id) in self._last.items():
            if event_id and latest.get(key) != event_id:
                self.known -= 1
                self._complain(
                    number,
                    f"{key[3]} took this decision back after it was first imported, so it doesn't count. "
                    "To decide so again, fill in decided_at.",
                    key[1],
                )

    def _complain(self, number: int, reason: str, item_id: str = "") -> None:
        self.bad += 1
        if len(self.problems) < _MOST_PROBLEMS:
            self.problems.append(Problem(line=number, reason=reason, item_id=item_id[:200]))


def _key(name: str) -> str:
    """A criterion as titles of columns may have it."""
    return " ".join(name.replace("_", " ").casefold().split())


def _put(temporary: Path, path: Path) -> None:
    """Give the file its name, unless that is taken."""
    try:
        os.link(temporary, path)  # unlike a rename, refuses to replace
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if path.exists():
            raise FileExistsError(path) from None
        os.replace(temporary, path)


def _whose(event: ReviewEvent) -> tuple[str, str, str, str, str]:
    return (event.recipe, event.item_id, event.content_sha256, event.reviewer, event.role)


def _stale(entry: QueueEntry) -> str | None:
    if entry.state == OPEN:
        return None
    if entry.state == REPLACED:
        return "The item's content has changed since this line was exported. Export again and look anew."
    return "The item is no longer asked (it was withdrawn from the queue)."


def _refuse_foreign(handle: BinaryIO, path: Path) -> None:
    head = handle.read(4)
    handle.seek(0)
    if head.startswith(_FOREIGN_MARKS):
        raise ReviewError(f"{path} is UTF-16 or UTF-32 text.", remedy="Save it as UTF-8 and import again.")
    if head.startswith(codecs.BOM_UTF8):
        handle.seek(len(codecs.BOM_UTF8))
    first = handle.peek(64) if hasattr(handle, "peek") else b""
    if first.lstrip().startswith(b"["):
        raise ReviewError(
            f"{path} is one JSON list, not JSON Lines.",
            remedy="Write one object a line, without brackets around and commas between them.",
        )


def _lines(handle: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """Numbered lines that are not blank; ``None`` for one too long, of which no more is kept."""
    number = 0
    while raw := handle.readline(MOST_BYTES_A_LINE + 1):
        number += 1
        if len(raw) > MOST_BYTES_A_LINE:
            while raw and not raw.endswith(b"\n"):
                raw = handle.readline(1 << 20)
            yield number, None
        elif raw.strip():
            yield number, raw
