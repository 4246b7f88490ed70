"""The inventory of a source folder: every file a row, every case report read once.

What was read before is taken from the lake: by stamp where the file is untouched, by content where
it was moved or touched. What a reading depends on is the file's bytes alone; ``sources.yaml``, licences
and pictures beside an article are applied afterwards, every time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from grandrounds.engine.base import Engine
from grandrounds.errors import SourceError
from grandrounds.fingerprint import sha256_bytes
from grandrounds.lake import Lake
from grandrounds.records.case import Case
from grandrounds.records.source import PASSED_BY, READ, Source
from grandrounds.sources import kinds, memory, rows
from grandrounds.sources.article import Article
from grandrounds.sources.case_report import CaseReportReader, Reading
from grandrounds.sources.folder import Found, FoundFile, walk
from grandrounds.sources.licences import Licence
from grandrounds.sources.markdown import MAXIMUM_BYTES as MAXIMUM_TEXT
from grandrounds.sources.media import MediaShelf
from grandrounds.sources.pool import Job, Outcome, Progress, read_all
from grandrounds.sources.provenance import Provenance, Settled
from grandrounds.sources.rules import Rules, load_rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """What a source folder holds.

    ``sources`` has one row a file, by path, ``cases`` one row a patient, in the same order.
    ``read_now`` counts files that a reader opened in this run, ``reused`` those whose reading was
    kept from before, ``passed_by`` the files of each kind that were left alone.
    """

    sources: tuple[Source, ...]
    cases: tuple[Case, ...]
    read_now: int
    reused: int
    passed_by: Mapping[str, int]


def read_folder(
    folder: Path,
    *,
    lake: Lake,
    wanted: frozenset[str] = kinds.CASE_KINDS,
    rules: Path | None = None,
    progress: Progress | None = None,
    workers: int | None = None,
    engine: Engine | None = None,
) -> Inventory:
    """Take the inventory of ``folder`` (or of a single file), reading the kinds in ``wanted``.

    A folder without files gives an empty inventory. ``workers`` of 1 reads in this process alone;
    ``engine`` says who reads where there is much to read (processes of this machine by default).
    ``rules`` stand in for the folder's own ``sources.yaml``. Raises ``SourceError`` when the folder can't
    be opened or the rules are wrong; a file that can't be read becomes a row that says why.
    """
    unread = sorted(wanted - kinds.CASE_KINDS)
    if unread:
        raise SourceError(
            f"No reader takes files of the kind {', '.join(unread)}.",
            remedy=f"Readers take: {', '.join(sorted(kinds.CASE_KINDS))}.",
        )
    found = walk(folder)
    if rules is not None:
        found = replace(found, rules=rules)
    taking = _Taking(
        found=found,
        rules=load_rules(found.rules),
        provenance=Provenance.of(found.files),
        lake=lake,
        wanted=wanted,
        engine=engine,
        index=memory.load_index(lake, folder),
    )
    taking.sort_files()
    taking.read_files(progress, workers)
    inventory = taking.inventory()
    taking.index.forget_others({file.name for file in found.files})
    memory.save_index(lake, folder, taking.index)
    return inventory


@dataclass(slots=True, kw_only=True)
class _Wanted:
    """A file that is to be read: its hash, and its reading once there is one."""

    file: FoundFile
    kind: str
    seen_ns: int
    sha256: str = ""
    reading: Reading | None = None
    first: str = ""


@dataclass(slots=True, kw_only=True)
class _Taking:
    """One inventory being taken."""

    found: Found
    rules: Rules
    provenance: Provenance
    lake: Lake
    wanted: frozenset[str]
    index: memory.FileIndex
    engine: Engine | None = None
    reader: CaseReportReader = field(default_factory=CaseReportReader)
    others: list[tuple[FoundFile, str]] = field(default_factory=list)
    candidates: list[_Wanted] = field(default_factory=list)
    read_now: int = 0
    reused: int = 0

    def sort_files(self) -> None:
        """Tell the files to be read from the others, and find what is already known."""
        firsts: dict[str, str] = {}
        for file in self.found.files:
            kind, seen_ns = self.index.recognise(file)
            if kind not in self.wanted:
                self.others.append((file, kind))
                continue
            candidate = _Wanted(file=file, kind=kind, seen_ns=seen_ns)
            self.candidates.append(candidate)
            self._identify(candidate)
            if candidate.sha256:
                candidate.first = firsts.setdefault(candidate.sha256, file.name)
                if candidate.first != file.name:
                    continue
                candidate.reading = candidate.reading or memory.load_reading(
                    self.lake, sha256=candidate.sha256, kind=kind, version=self.reader.version
                )

    def read_files(self, progress: Progress | None, workers: int | None) -> None:
        """Read what is not known yet."""
        mine = [c for c in self.candidates if c.first in ("", c.file.name)]
        self.reused = sum(c.reading is not None and bool(c.sha256) for c in mine)
        jobs = [c for c in mine if c.reading is None]
        total = len(mine)
        done = total - len(jobs)
        if progress and done:
            progress(done, total, "")
        for candidate, outcome in zip(jobs, self._outcomes(jobs, workers), strict=True):
            self._keep(candidate, outcome)
            done += 1
            if progress:
                progress(done, total, candidate.file.name)

    def inventory(self) -> Inventory:
        """The rows, in the order of paths."""
        sources: list[Source] = []
        articles: dict[str, Article] = {}
        for candidate in self.candidates:
            source = self._row(candidate)
            sources.append(source)
            if source.status == READ and candidate.reading and candidate.reading.article:
                articles[source.path] = candidate.reading.article
        sources = rows.join_groups(sources)
        shelf = MediaShelf(lake=self.lake, found=self.found, index=self.index, images=self._images())
        media = shelf.take(
            {s.path: (s.group_id or "", articles[s.path]) for s in sources if s.path in articles}
        )
        cases: list[Case] = []
        for position, source in enumerate(sources):
            article = articles.get(source.path)
            if article is None:
                continue
            taken = media[source.path]
            noted = sources[position] = replace(source, notes=source.notes + taken.notes)
            cases += rows.cases(article, noted, rows.with_media(article.figures, taken.by_name))
        sources += self._passed_rows(shelf.used)
        sources.sort(key=lambda source: source.path)
        order = {
            source.source_id: position for position, source in enumerate(sources) if source.status == READ
        }
        cases.sort(key=lambda case: (order[case.source_id], case.case_number))
        passed = Counter(source.kind for source in sources if source.status == PASSED_BY)
        return Inventory(
            sources=tuple(sources),
            cases=tuple(cases),
            read_now=self.read_now,
            reused=self.reused,
            passed_by=dict(sorted(passed.items())),
        )

    def _identify(self, candidate: _Wanted) -> None:
        """Fill the hash of a wanted file, or its failure where it must not or can't be opened."""
        file = candidate.file
        known = self.index.known(file)
        if known is not None and known.sha256:
            candidate.sha256 = known.sha256
            return
        limit = kinds.MAXIMUM_XML_BYTES if candidate.kind == kinds.JATS else MAXIMUM_TEXT
        if file.size > limit:
            candidate.reading = Reading(
                failure=f"The file has {file.size:,} bytes, more than the {limit:,} that are read. "
                "Split it into single articles.",
            )
            return
        candidate.seen_ns = memory.now_ns()
        try:
            candidate.sha256 = sha256_bytes(file.path.read_bytes())
        except OSError as exc:
            candidate.reading = Reading(
                failure=f"The file can't be read: {exc.strerror or exc}. Check its rights."
            )
            return
        self.index.note(file, kind=candidate.kind, seen_ns=candidate.seen_ns, sha256=candidate.sha256)

    def _outcomes(self, jobs: list[_Wanted], workers: int | None) -> Iterator[Outcome]:
        found = [Job(path=job.file.path, kind=job.kind, sha256=job.sha256) for job in jobs]
        return read_all(found, workers=workers, engine=self.engine)

    def _keep(self, candidate: _Wanted, outcome: Outcome) -> None:
        """Take over what was read, and store it for the next run."""
        self.read_now += 1
        candidate.reading = memory.unpack(outcome.packed)
        if outcome.sha256 and outcome.sha256 != candidate.sha256:
            # The file changed after it was hashed: what was read counts, and is not remembered by stamp.
            candidate.sha256 = outcome.sha256
            self.index.entries.pop(candidate.file.name, None)
        if outcome.lasting and outcome.sha256:
            memory.save_reading(
                self.lake,
                outcome.packed,
                sha256=outcome.sha256,
                kind=candidate.kind,
                version=self.reader.version,
            )

    def _row(self, candidate: _Wanted) -> Source:
        file, kind = candidate.file, candidate.kind
        said = self.rules.about(file.name)
        if candidate.first not in ("", file.name):
            return rows.duplicate(file, kind, sha256=candidate.sha256, first=candidate.first)
        reading = candidate.reading or Reading(failure="The reading was lost on its way. Run again.")
        if reading.article is None:
            return rows.failed(
                file,
                kind,
                reason=reading.failure,
                said=said,
                settled=self._settled(file.name),
                sha256=candidate.sha256,
                reader=self.reader.name,
                version=self.reader.version,
            )
        return rows.read(
            file,
            kind,
            reading.article,
            sha256=candidate.sha256,
            said=said,
            settled=self._settled(file.name, rows.own_licence(reading.article)),
            reader=self.reader.name,
            version=self.reader.version,
        )

    def _settled(self, name: str, own: Licence | None = None) -> Settled:
        """What is known of a file's licence; ``own`` is what it says of itself."""
        return self.provenance.settle(name, own=own or Licence(), said=self.rules.about(name).licence)

    def _images(self) -> list[FoundFile]:
        return [file for file, kind in self.others if kind == kinds.IMAGE]

    def _passed_rows(self, used: frozenset[str]) -> list[Source]:
        """Rows of files that no reader took; pictures that an article uses are part of that article."""
        made = []
        for file, kind in self.others:
            if file.name in used:
                continue
            if kind == kinds.UNREADABLE:
                reason = (
                    f"{file.trouble or 'The file can not be opened.'} {file.remedy or 'Check its rights.'}"
                )
                said = self.rules.about(file.name)
                settled = self._settled(file.name)
                made.append(rows.failed(file, kind, reason=reason, said=said, settled=settled))
            else:
                why = file.trouble or rows.misplaced_rules(file.name)
                made.append(rows.passed_by(file, kind, reason=why))
        return [*made, *rows.rules_file(self.found, self.rules)]
