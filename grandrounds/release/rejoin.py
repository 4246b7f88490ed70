"""``rejoin``: the frames that a release only names, cut again from one's own copy of the videos.

The licence of some videos does not allow to pass their pictures on. A release then names their frames by
the hash of the file, number, time, crop and hash of the pixels. Whoever has the file can have the frames:
they are cut from it, their pixels are compared, and a completed copy of the release is written. The release
itself is never touched, and the copy says what it is: it must not be passed on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from grandrounds.errors import ReleaseError
from grandrounds.fingerprint import sha256_file
from grandrounds.locks import exclusive
from grandrounds.progress import stage
from grandrounds.records.clip import ClipRow
from grandrounds.release.completing import complete_items, write_copy
from grandrounds.release.cutting import Cutter
from grandrounds.release.evidence import ClipEvidence
from grandrounds.release.integrity import check_files
from grandrounds.release.manifest import Manifest
from grandrounds.release.reading import Reader
from grandrounds.release.staging import remove_leftovers, rename_into, staging

SUFFIX = "-rejoined"
_MARK = ".rejoining-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A video that is missing, or a frame that differs: which clip, of which file (its SHA-256), and
    why."""

    evidence_id: str
    source_sha256: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejoined:
    """What became of it. ``path`` is the copy; empty where none was written: because the release names
    nothing that it doesn't show (``items`` is 0), or because nothing of it could be had. ``completed`` of
    ``items`` got their pictures, ``frames`` were cut, ``videos`` of ``videos_wanted`` files were found."""

    path: str
    items: int
    completed: int
    frames: int
    videos: int
    videos_wanted: int
    troubles: tuple[Trouble, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether nothing is left out."""
        return self.completed == self.items


def rejoin(directory: Path, *, sources: Path, out: Path | None = None) -> Rejoined:
    """Complete the release at ``directory`` from the videos in ``sources``.

    The copy is written to ``out`` (beside the release, with ``-rejoined`` after its name, when not given),
    whole or not at all. Raises ``ReleaseError`` for a release that is not sound, for one that is a
    completed copy itself, and for a place that is taken; ``SourceError`` where there are no sources.
    """
    place = place_of(directory, out)
    manifest, evidence = _read(directory)
    named = [row for row in evidence.clips if row.index_only]
    if not named:
        return Rejoined(path="", items=0, completed=0, frames=0, videos=0, videos_wanted=0)
    _refuse_place(place, directory)
    place.parent.mkdir(parents=True, exist_ok=True)
    lock, mark = place.with_name(f".{place.name}.lock"), f"{_MARK}{place.name}-"
    try:
        with exclusive(lock, what=f"The folder {place}"):
            _refuse_place(place, directory)
            remove_leftovers(place.parent, mark=mark)
            with staging(place, mark=_MARK) as staged:
                return _rejoin(directory, manifest, named, sources=sources, place=place, staged=staged)
    except OSError as exc:
        raise ReleaseError(
            f"The copy can't be written to {place}: {exc.strerror or exc}.",
            remedy="Check free space and rights; nothing half was left, and the release is untouched.",
        ) from exc


def place_of(directory: Path, out: Path | None) -> Path:
    """Where the copy goes."""
    real = directory.resolve()
    return out.absolute() if out is not None else real.with_name(real.name + SUFFIX)


def refusal_of(place: Path, directory: Path) -> str:
    """Why no copy may be written to ``place``; empty when it may."""
    inside = directory.resolve()
    if place.resolve() == inside or inside in place.resolve().parents:
        return f"{place} lies in the release itself, which never changes. Give another --out."
    if place.exists() or place.is_symlink():
        return (
            f"{place} is there already, and nothing is written over. Give another --out, or move it away."
        )
    return ""


def _rejoin(
    directory: Path,
    manifest: Manifest,
    named: Sequence[ClipRow],
    *,
    sources: Path,
    place: Path,
    staged: Path,
) -> Rejoined:
    pictures, copy = staged / "pictures", staged / "copy"
    pictures.mkdir()
    copy.mkdir()
    wanted = {row.source_sha256 for row in named}
    found = find_videos(sources, wanted)
    complete, frames, troubles = _cut(named, found, pictures)
    counted = complete_items(directory, manifest, copy, complete=complete, named=named, pictures=pictures)
    told = Rejoined(
        path="",
        items=counted.completed + counted.left,
        completed=counted.completed,
        frames=frames,
        videos=len(found),
        videos_wanted=len(wanted),
        troubles=tuple(troubles),
    )
    if not counted.completed:
        return told
    write_copy(directory, manifest, copy, counted=counted)
    problems = check_files(copy).problems
    if problems:
        raise ReleaseError(f"The copy would not be sound: {problems[0].where}: {problems[0].what}.")
    rename_into(copy, place)
    return replace(told, path=str(place))


def find_videos(sources: Path, wanted: Iterable[str]) -> dict[str, Path]:
    """The files below ``sources`` with the hashes in ``wanted``, by hash. Only what begins like a video is
    read; links that lead out of the folder are not followed. Raises ``SourceError``."""
    from grandrounds.sources.folder import walk
    from grandrounds.sources.kinds import VIDEO, recognise

    left, found = set(wanted), {}
    files = [file for file in walk(sources).files if not file.trouble and not file.outside]
    with stage("Looking for videos") as progress:
        for done, file in enumerate(files, start=1):
            if not left:
                break
            digest = _hash(file.path, lambda path: recognise(path) == VIDEO)
            if digest in left:
                left.discard(digest)
                found[digest] = file.path
            progress(done, len(files))
    return found


def _hash(path: Path, is_video: Callable[[Path], bool]) -> str:
    """The hash of a video; empty for what is none, or can't be read."""
    from grandrounds.errors import GrandRoundsError

    try:
        return sha256_file(path) if is_video(path) else ""
    except (OSError, GrandRoundsError):
        return ""


def _cut(
    named: Sequence[ClipRow], found: Mapping[str, Path], pictures: Path
) -> tuple[set[str], int, list[Trouble]]:
    """Cut the frames of every clip whose video was found into ``pictures``, by the hash that media name.

    Returns the clips of which all frames are right, how many frames these have, and what is wrong."""
    complete: set[str] = set()
    frames, troubles = 0, []
    by_video: defaultdict[str, list[ClipRow]] = defaultdict(list)
    for row in named:
        by_video[row.source_sha256].append(row)
    with Cutter() as cutter, stage("Cutting frames") as progress:
        done = 0
        for digest, rows in sorted(by_video.items()):
            for row in sorted(rows, key=lambda row: row.evidence_id):
                wrong = _cut_clip(row, found.get(digest), cutter, pictures)
                troubles += wrong
                if not wrong:
                    complete.add(row.evidence_id)
                    frames += len(row.frames)
                done += 1
                progress(done, len(named))
    return complete, frames, troubles


def _cut_clip(row: ClipRow, path: Path | None, cutter: Cutter, pictures: Path) -> list[Trouble]:
    def trouble(what: str) -> Trouble:
        return Trouble(evidence_id=row.evidence_id, source_sha256=row.source_sha256, what=what)

    if path is None:
        return [trouble("its video is not among the sources")]
    cut = cutter.cut(path, row.frames, numbered=True, pictures=True)
    wrong = []
    for frame, made in zip(row.frames, cut, strict=True):
        fault = made.fault
        if not fault and made.pixels_sha256 != frame.pixels_sha256:
            fault = "has other pixels than the release names"
        if fault:
            wrong.append(trouble(f"its frame at {frame.seconds:.3f} s {fault}"))
    if not wrong:
        for frame, made in zip(row.frames, cut, strict=True):
            (pictures / _name(frame.sha256)).write_bytes(made.png)
    return wrong


def _name(sha256: str) -> str:
    """A file name for a hash; a release from anywhere may give anything as one."""
    if not (len(sha256) == 64 and set(sha256) <= set("0123456789abcdef")):
        raise ReleaseError(f"The release names a picture {sha256[:80]!r}, which is no SHA-256.")
    return f"{sha256}.png"


def _read(directory: Path) -> tuple[Manifest, ClipEvidence]:
    files = check_files(directory)
    if files.manifest is None or files.problems:
        first = files.problems[0]
        raise ReleaseError(
            f"{directory} is not a sound release: {first.where}: {first.what}.",
            remedy=f"`grandrounds verify {directory}` lists everything that is wrong with it.",
        )
    if files.manifest.rejoined is not None:
        raise ReleaseError(
            f"{directory} is a completed copy itself.", remedy="Give the release that it was made from."
        )
    reader = Reader(directory=directory, manifest=files.manifest, sound=files.sound)
    evidence = reader.evidence()
    if reader.problems:
        first = reader.problems[0]
        raise ReleaseError(f"{directory} can't be read: {first.where}: {first.what}.")
    return files.manifest, evidence if isinstance(evidence, ClipEvidence) else ClipEvidence()


def _refuse_place(place: Path, directory: Path) -> None:
    refusal = refusal_of(place, directory)
    if refusal:
        raise ReleaseError(refusal, remedy="Nothing was written.")
