"""Writing the report of a week: its note and page, and what is made of all weeks, the index and the
feed.

``out`` belongs to one benchmark. Every file in it is a function of the notes, is written beside its
place and renamed, and is left alone where its bytes are right; whoever writes holds a lock. So it may
be done again, by two at once, or after a kill, and ends the same.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote, urljoin, urlsplit

from pydantic import ValidationError

from grandrounds.errors import GrandRoundsError
from grandrounds.locks import exclusive
from grandrounds.weekly_report import feed
from grandrounds.weekly_report.alerts import HISTORY
from grandrounds.weekly_report.index import index_page
from grandrounds.weekly_report.note import Note, WeeklyReportError, read_note
from grandrounds.weekly_report.page import Links, week_page
from grandrounds.weekly_report.release_facts import ReleaseFacts, facts_from_release, release_before
from grandrounds.weekly_report.summary import note_of
from grandrounds.weekly_report.values import Site, WeekFacts
from grandrounds.weeks import Week

_LOCK = ".lock"
_TEMPORARY = ".new-"
_WAIT_SECONDS = 120.0
_LIES_BESIDE = (
    ("README.md", "Datasheet", "what the release holds, how it was made, its limits"),
    ("CHANGES.md", "Changes", "every item that was added, removed or changed"),
    ("manifest.json", "Manifest", "every file with its hash, sources, code, prompts and contracts"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was written. ``changed`` are the names of files whose bytes are new, ``passed_by`` says of
    weeks, by name, why their notes could not be read; their pages were left alone."""

    page: Path
    index: Path
    feed: Path
    note: Path
    changed: tuple[str, ...]
    passed_by: Mapping[str, str]


def write_report(
    benchmark: Path,
    *,
    version: str | None,
    facts: WeekFacts,
    out: Path,
    before: str | None = None,
    site: Site | None = None,
) -> Report:
    """Write the report of a week into ``out``, and the index and the feed of all weeks that have one.

    ``benchmark`` is the folder of its releases, ``version`` that of the week (``None`` while it has
    none) and ``before`` that to compare with: the newest of an earlier week when it is ``None``, none
    when it is empty. The same values and notes give the same bytes. Raises ``GrandRoundsError`` when a
    release can't be read, when facts and release are not of one week, or when ``out`` can't be written.
    """
    site = _checked(site or Site())
    release = None
    if version is not None:
        earlier = release_before(benchmark, version) if before is None else before
        release = facts_from_release(benchmark / version, before=benchmark / earlier if earlier else None)
    note = _noted(facts, release, benchmark=benchmark.name)
    try:
        out.mkdir(parents=True, exist_ok=True)
        with exclusive(out / _LOCK, what=f"The folder of reports {out}", wait_seconds=_WAIT_SECONDS):
            _refuse_other(out, note)
            written = _write(out / f"{note.week}.json", note.document())
            return _rebuild(out, benchmark, site, week=note.week, written=written)
    except OSError as exc:
        raise WeeklyReportError(
            f"The report of {note.week} can't be written to {out}: {exc.strerror or exc}.",
            remedy="Check free space and rights, and write it again; what was there is whole.",
        ) from exc


def _noted(facts: WeekFacts, release: ReleaseFacts | None, *, benchmark: str) -> Note:
    try:
        return note_of(facts, release, benchmark=benchmark)
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_context=False, include_input=False)[0]
        raise WeeklyReportError(
            f"The facts of {facts.week} can't be told: {exc.title}: "
            f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}."
        ) from exc


def _rebuild(out: Path, benchmark: Path, site: Site, *, week: str, written: list[str]) -> Report:
    """All pages, the index and the feed from the notes."""
    for path in sorted(out.glob(f"{_TEMPORARY}*")):
        path.unlink(missing_ok=True)  # of a writer that was killed: nobody else holds the lock
    notes, faults = _notes(out)
    changed = list(written)
    for place, note in enumerate(notes):
        links = Links(
            before=_neighbour(notes, place - 1),
            after=_neighbour(notes, place + 1),
            more=_more(note, out=out, benchmark=benchmark, site=site),
        )
        page = week_page(note, earlier=notes[max(0, place - HISTORY) : place], links=links)
        changed += _write(out / f"{note.week}.html", page)
    changed += _write(out / "index.html", index_page(notes, faults=faults))
    changed += _write(out / feed.NAME, feed.atom(notes, site=site))
    return Report(
        page=out / f"{week}.html",
        index=out / "index.html",
        feed=out / feed.NAME,
        note=out / f"{week}.json",
        changed=tuple(changed),
        passed_by=faults,
    )


def _notes(out: Path) -> tuple[list[Note], dict[str, str]]:
    """All notes in ``out``, oldest week first, and what is wrong with those that can't be read."""
    notes: list[Note] = []
    faults: dict[str, str] = {}
    for path in sorted(out.glob("*.json")):
        try:
            name = str(Week.parse(path.stem))
        except GrandRoundsError:
            continue  # not a note
        try:
            note = read_note(path)
            if note.week != name:
                raise WeeklyReportError(f"It is the note of {note.week}.")
            notes.append(note)
        except WeeklyReportError as exc:
            faults[name] = exc.what.replace(str(path), path.name)
    return notes, faults


def _refuse_other(out: Path, note: Note) -> None:
    """Two benchmarks in one folder would overwrite one another."""
    notes, _ = _notes(out)
    other = next((each.benchmark for each in notes if each.benchmark != note.benchmark), None)
    if other is not None:
        raise WeeklyReportError(
            f"{out} holds the reports of {other}, not of {note.benchmark}.",
            remedy="Give each benchmark a folder of its own.",
        )


def _neighbour(notes: Sequence[Note], place: int) -> tuple[str, str] | None:
    if not 0 <= place < len(notes):
        return None
    return f"Week {notes[place].week}", f"{notes[place].week}.html"


def _more(note: Note, *, out: Path, benchmark: Path, site: Site) -> tuple[tuple[str, str, str], ...]:
    links = []
    if note.release is not None:
        base = _releases(out, benchmark, site)
        for name, title, words in _LIES_BESIDE:
            address = f"{base}{quote(note.release.version)}/{name}" if base else ""
            links.append((address, title, words))
    links.append((f"{note.week}.json", "Numbers", "all that this page tells, as JSON"))
    if _web(note.run_url):
        links.append((note.run_url, "Dagster run", "the run that made this week"))
    return tuple(links)


def _releases(out: Path, benchmark: Path, site: Site) -> str:
    """The address of the releases as seen from a page, ending in ``/``; empty where there is no good
    one."""
    if site.releases:
        return site.releases
    mine, theirs = out.resolve(), benchmark.resolve()
    shared = os.path.commonpath([mine, theirs])
    # A way over the root of the disk would tell strangers how this machine is laid out.
    if shared == os.path.dirname(shared):
        return ""
    return quote(os.path.relpath(theirs, mine).replace(os.sep, "/")) + "/"


def _checked(site: Site) -> Site:
    """``site`` with addresses that end in ``/`` and a plain authority. Raises ``WeeklyReportError`` for
    those of other kinds."""
    for name in ("address", "releases"):
        value = getattr(site, name)
        if value and not _web(value):
            raise WeeklyReportError(
                f"{value!r} can't be the address of {'the reports' if name == 'address' else 'releases'}.",
                remedy="Give one that begins with https:// or http:// and has no query.",
            )
    return replace(
        site,
        address=_folder(site.address),
        releases=_folder(site.releases),
        authority=feed.authority(site.authority),
    )


def _folder(address: str) -> str:
    return urljoin(address.rstrip("/") + "/", ".") if address else ""


def _web(address: str) -> bool:
    """Whether an address leads to a web page, and nowhere else."""
    try:
        parts = urlsplit(address)
        return (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and parts.username is None
            and address.isprintable()
            and not any(char in address for char in ' "<>\\')
        )
    except ValueError:
        return False


def _write(path: Path, data: bytes) -> list[str]:
    """Put ``data`` at ``path``, whole or not at all; the name of the file if its bytes are new."""
    if path.is_file() and not path.is_symlink() and path.read_bytes() == data:
        return []
    temporary = path.with_name(f"{_TEMPORARY}{path.name}-{os.getpid()}-{secrets.token_hex(4)}")
    try:
        with temporary.open("xb") as handle:
            handle.write(data)
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    return [path.name]
