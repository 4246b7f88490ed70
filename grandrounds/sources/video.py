"""Videos of a source folder: their cuts and frames, what is said in them, and clips to be asked about.

    found = read_videos(Path("sources"), lake=lake, asked=ClipNeed())
    found.sources       one row for each file of any kind: what became of it
    found.videos        one row for each film that was read, whole or in part
    found.clips         two to five frames each, with the words said around them

Each video is read in a process that is ended when it overruns its time or memory, so nothing that a file
holds ends the run. What was read before is taken from the lake. ``sources.yaml``, licences, groups and
topics are told by where a file lies and are put in afterwards, every time.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from grandrounds.fingerprint import sha256_bytes, sha256_file
from grandrounds.lake import Lake
from grandrounds.needs import ClipNeed
from grandrounds.records.clip import ClipRow
from grandrounds.records.source import PASSED_BY, READ, Source
from grandrounds.records.video import VideoRow
from grandrounds.sources import kinds, memory, rows
from grandrounds.sources.books_spool import spool_folder
from grandrounds.sources.folder import Found, FoundFile, walk
from grandrounds.sources.licences import Licence
from grandrounds.sources.provenance import Provenance, Settled
from grandrounds.sources.rules import Rules, load_rules
from grandrounds.sources.video_groups import join_films
from grandrounds.sources.video_memory import NAME, VideoMemory, reader_version
from grandrounds.sources.video_notes import VideoNotes
from grandrounds.sources.video_rows import clip_rows, facts_of, read_source, video_row, words_of
from grandrounds.videos.jobs import VideoJob, VideoLimits, VideoReading
from grandrounds.videos.people import require
from grandrounds.videos.pool import VideoPool
from grandrounds.videos.sidecars import VIDEO_ENDINGS, sidecars
from grandrounds.videos.speech_plan import SpeechPlan
from grandrounds.videos.topics import topics
from grandrounds.videos.values import Sidecars
from grandrounds.workers.messages import spelt
from grandrounds.workers.processors import processors

Progress = Callable[[int, int, str], None]
"""Called with how many videos are done, how many there are, and the name of the last one."""

_ALSO_OTHER = (".ts", ".ogg")
"""Endings of films that other files have, too: programs, sound."""

_LOST = "The reading was lost on its way. Run again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Videos:
    """What a source folder holds of videos.

    ``sources`` has one row a file, by path; ``videos`` and ``clips`` are in the order of sources and of
    time. ``read_now`` counts videos that were opened in this run, ``reused`` those whose reading was kept
    from before; ``passed_by`` the files of each kind that are no videos.
    """

    sources: tuple[Source, ...]
    videos: tuple[VideoRow, ...]
    clips: tuple[ClipRow, ...]
    read_now: int
    reused: int
    passed_by: Mapping[str, int]


def read_videos(
    folder: Path,
    *,
    lake: Lake,
    asked: ClipNeed,
    rules: Path | None = None,
    progress: Progress | None = None,
    workers: int | None = None,
    limits: VideoLimits | None = None,
    profile: str = "open",
    speech: SpeechPlan | None = None,
) -> Videos:
    """Read the videos of ``folder`` (or a single file) and make clips of them.

    ``workers`` videos are read at once (``None``: one a processor). ``rules`` stand in for the folder's own
    ``sources.yaml``; ``limits`` bound one video's time and memory. ``profile`` is that of the release: a
    licence that it can't carry makes clips ``index_only`` where the need allows that. ``speech`` says where
    words may be recognised of videos that have none written. Raises
    ``MissingDependencyError`` when people are to be refused and faces can't be looked for,
    ``SourceError`` when the folder can't be opened or the rules are wrong, ``LakeError`` when the lake
    can't be written; a file that can't be read becomes a row that says why.
    """
    require(asked)
    found = walk(folder)
    if rules is not None:
        found = replace(found, rules=rules)
    place = folder.absolute() / "#videos"
    reading = _Reading(
        found=found,
        rules=load_rules(found.rules),
        provenance=Provenance.of(found.files),
        notes=VideoNotes.of(found.files),
        lake=lake,
        asked=asked,
        limits=limits or VideoLimits(),
        kept=VideoMemory(lake, asked, machine=_machine(speech)),
        index=memory.load_index(lake, place),
        progress=progress,
        profile=profile,
        speech=speech,
    )
    reading.sort_files()
    with spool_folder(lake) as spool, VideoPool(workers or processors()) as pool:
        reading.read_films(pool, spool)
    videos = reading.videos()
    reading.index.forget_others({file.name for file in found.files})
    memory.save_index(lake, place, reading.index)
    return videos


def _machine(speech: SpeechPlan | None) -> tuple[str, ...]:
    """What else readings depend on here: the program that reads words on frames, and who hears them."""
    program = shutil.which("tesseract")
    with suppress(OSError):
        size = Path(program).stat().st_size if program else 0
        return (f"tesseract {size}", speech.name if speech is not None else "")
    return ("tesseract", speech.name if speech is not None else "")


@dataclass(slots=True, kw_only=True)
class _Film:
    """A video to be read: what lies beside it, its hash, and its reading once there is one."""

    file: FoundFile
    seen_ns: int
    beside: Sidecars = field(default_factory=Sidecars)
    companions: dict[str, FoundFile] = field(default_factory=dict)
    hashes: tuple[tuple[str, str], ...] = ()
    sha256: str = ""
    first: str = ""
    reading: VideoReading | None = None


@dataclass(slots=True, kw_only=True)
class _Reading:
    """One reading of a folder."""

    found: Found
    rules: Rules
    provenance: Provenance
    notes: VideoNotes
    lake: Lake
    asked: ClipNeed
    limits: VideoLimits
    kept: VideoMemory
    index: memory.FileIndex
    progress: Progress | None
    profile: str
    speech: SpeechPlan | None
    others: list[tuple[FoundFile, str]] = field(default_factory=list)
    films: list[_Film] = field(default_factory=list)
    users: dict[str, str] = field(default_factory=dict)
    read_now: int = 0
    reused: int = 0
    version: str = field(default_factory=reader_version)

    # Films ------------------------------------------------------------------------------------

    def sort_files(self) -> None:
        """Tell films from other files, find what lies beside them, and what is already known."""
        for file in self.found.files:
            kind, seen_ns = self.index.recognise(file)
            if kind == kinds.VIDEO:
                self.films.append(_Film(file=file, seen_ns=seen_ns))
            else:
                self.others.append((file, kind))
        by_folder: dict[str, list[FoundFile]] = {}
        for file in self.found.files:
            if not file.trouble:
                by_folder.setdefault(file.folder, []).append(file)
        for film in self.films:
            self._find_companions(film, by_folder.get(film.file.folder, []))
            self._identify(film)
        firsts: dict[str, _Film] = {}
        # Of copies the one with the most beside it is read.
        for film in sorted(self.films, key=lambda one: (-len(one.companions), one.file.name)):
            if film.sha256:
                film.first = firsts.setdefault(film.sha256, film).file.name
        for film in self.films:
            if film.first == film.file.name and film.reading is None:
                film.reading = self.kept.recall(
                    film.sha256, film.hashes, protected=self._is_protected(film)
                )

    def _find_companions(self, film: _Film, files: Iterable[FoundFile]) -> None:
        by_name = {file.name: file for file in files}
        film.beside = sidecars(Path(film.file.name), map(Path, by_name))
        for path in (*film.beside.subtitles, *film.beside.poses):
            film.companions[path.as_posix()] = by_name[path.as_posix()]
            self.users.setdefault(path.as_posix(), film.file.name)

    def _identify(self, film: _Film) -> None:
        try:
            film.sha256 = self._hash(film.file, film.seen_ns, kinds.VIDEO)
        except OSError as exc:
            why = f"The file can't be read: {exc.strerror or exc}. Check its rights."
            film.reading = VideoReading(failure=why, lasting=False)
            return
        hashes = []
        for name, file in film.companions.items():
            try:
                hashes.append((name.rpartition("/")[2], self._hash(file, 0, "")))
            except OSError:
                hashes.append((name.rpartition("/")[2], "unreadable"))
        film.hashes = tuple(sorted(hashes))

    def _hash(self, file: FoundFile, seen_ns: int, kind: str) -> str:
        known = self.index.known(file)
        if known is not None and known.sha256:
            return known.sha256
        kind = kind or (known.kind if known is not None else self.index.recognise(file)[0])
        seen_ns = memory.now_ns()
        sha256 = sha256_file(file.path)
        self.index.note(file, kind=kind, seen_ns=seen_ns, sha256=sha256)
        return sha256

    def read_films(self, pool: VideoPool, spool: Path) -> None:
        """Read what is not known yet."""
        mine = [one for one in self.films if one.first in ("", one.file.name)]
        todo = [one for one in mine if one.reading is None]
        self.reused = sum(one.reading is not None and bool(one.sha256) for one in mine)
        self.read_now = len(todo)
        done, total = len(mine) - len(todo), len(mine)
        if self.progress and done:
            self.progress(done, total, "")
        jobs = []
        for number, film in enumerate(todo):
            folder = spool / str(number)
            folder.mkdir()
            jobs.append(self._job(film, folder))
        for place, answer in pool.run(jobs):
            self._keep(todo[place], answer, spool / str(place))
            done += 1
            if self.progress:
                self.progress(done, total, todo[place].file.name)

    def _job(self, film: _Film, spool: Path) -> VideoJob:
        def paths(names: Iterable[Path]) -> tuple[str, ...]:
            return tuple(spelt(str(film.companions[name.as_posix()].path)) for name in names)

        return VideoJob(
            path=spelt(str(film.file.path)),
            size=film.file.size,
            asked=self.asked,
            subtitles=paths(film.beside.subtitles),
            poses=paths(film.beside.poses),
            spool=spelt(str(spool)),
            speech=self.speech,
            lake=self.lake.url,
            protected=self._is_protected(film),
            limits=self.limits,
        )

    def _keep(self, film: _Film, reading: VideoReading, spool: Path) -> None:
        """Take a reading over: its media into the lake, itself for the next run."""
        reading = self._with_media(reading, spool)
        if reading.sha256 and reading.sha256 != film.sha256:
            # The file changed after it was hashed: what was read counts, and is not remembered by stamp.
            film.sha256 = reading.sha256
            self.index.entries.pop(film.file.name, None)
        self.kept.keep(reading, film.hashes, protected=self._is_protected(film))
        film.reading = reading

    def _with_media(self, reading: VideoReading, spool: Path) -> VideoReading:
        for sha256 in reading.media:
            try:
                data = (spool / sha256).read_bytes()
            except OSError:
                data = b""
            if sha256_bytes(data) != sha256:
                lost = "A picture of it was lost on its way. Run again, with more space on the disk."
                return VideoReading(sha256=reading.sha256, failure=lost, lasting=False)
            self.lake.put_media(data)
        for path in spool.glob("*"):
            path.unlink(missing_ok=True)
        return reading

    def _is_protected(self, film: _Film) -> bool:
        return bool(self.rules.about(film.file.name).protected)

    # Rows -------------------------------------------------------------------------------------

    def videos(self) -> Videos:
        """All rows."""
        readings = {one.file.name: one.reading for one in self.films if one.reading and one.reading.video}
        sources = join_films([self._source(film) for film in self.films], readings)
        videos: list[VideoRow] = []
        clips: list[ClipRow] = []
        for source in sorted(sources, key=lambda one: one.path):
            reading = readings.get(source.path)
            if source.status != READ or reading is None:
                continue
            video = self._video(reading, source)
            videos.append(video)
            clips += clip_rows(reading, video, index_only=self.asked.index_only, profile=self.profile)
        told = sorted([*sources, *self._other_rows()], key=lambda source: source.path)
        passed = Counter(source.kind for source in told if source.status == PASSED_BY)
        return Videos(
            sources=tuple(rows.told_apart(told)),
            videos=tuple(videos),
            clips=tuple(clips),
            read_now=self.read_now,
            reused=self.reused,
            passed_by=dict(sorted(passed.items())),
        )

    def _source(self, film: _Film) -> Source:
        file = film.file
        if film.first not in ("", file.name):
            return rows.duplicate(file, kinds.VIDEO, sha256=film.sha256, first=film.first)
        said, settled = self.rules.about(file.name), self._settled(file.name)
        reading = film.reading or VideoReading(failure=_LOST, lasting=False)
        if reading.video is None:
            return rows.failed(
                file,
                kinds.VIDEO,
                reason=reading.failure or _LOST,
                said=said,
                settled=settled,
                sha256=film.sha256,
                reader=NAME,
                version=self.version,
            )
        return read_source(file, reading, said=said, settled=settled, version=self.version)

    def _video(self, reading: VideoReading, source: Source) -> VideoRow:
        said = self.rules.about(source.path)
        assert reading.video is not None
        found = topics(
            source.path,
            facts_of(reading.video, comment=reading.comment),
            words_of(reading.video),
            self.notes.about(source.path, said),
        )
        return video_row(reading, source, said=said, topics=found)

    def _settled(self, name: str) -> Settled:
        """What is known of a file's licence; films say nothing of it themselves."""
        return self.provenance.settle(name, own=Licence(), said=self.rules.about(name).licence)

    def _other_rows(self) -> Iterable[Source]:
        """Rows of files that are no videos, or can't be opened."""
        for file, kind in self.others:
            said = self.rules.about(file.name)
            if kind == kinds.UNREADABLE:
                yield rows.unreadable(file, kind, said=said, settled=self._settled(file.name))
            elif _named_video(file.name) and kind != "link":
                yield rows.failed(
                    file, kind, reason=_no_video(kind), said=said, settled=self._settled(file.name)
                )
            else:
                yield rows.passed_by(file, kind, reason=self._why_passed(file, kind))
        yield from rows.rules_file(self.found, self.rules)

    def _why_passed(self, file: FoundFile, kind: str) -> str:
        if file.trouble:
            return file.trouble
        if file.name in self.users:
            return f"It belongs to {self.users[file.name]} and was read with it."
        return rows.misplaced_rules(file.name) or ("The file has 0 bytes." if kind == kinds.EMPTY else "")


def _named_video(name: str) -> bool:
    """Whether a name's ending promises a film."""
    return name.casefold().endswith(tuple(VIDEO_ENDINGS.difference(_ALSO_OTHER)))


def _no_video(kind: str) -> str:
    if kind == kinds.EMPTY:
        return "The file has 0 bytes: nothing was stored. Get it again."
    return (
        f"It is named as a video, but holds none: its content is of kind {kind}. Names of other files "
        "in it are not followed. Get the video itself."
    )
