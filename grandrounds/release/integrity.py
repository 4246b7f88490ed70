"""Are the files of a release those that its manifest lists, byte for byte? Nothing else is opened.

A release may come from anywhere, so names in it are not trusted: links are not followed, special
files not opened, listed paths must stay inside, and a file is hashed only when its size is right.
"""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from grandrounds.errors import ReleaseError
from grandrounds.fingerprint import sha256_file
from grandrounds.release import manifest as manifests
from grandrounds.release.evidence import TABLES as EVIDENCE
from grandrounds.release.films import FILM
from grandrounds.release.findings import Checked, Problem
from grandrounds.release.manifest import FORMAT, Manifest, ManifestFile, read_manifest

SUMS = "SHA256SUMS"
_EVIDENCE_KINDS = tuple(table.kind for tables in EVIDENCE.values() for table in tables)
TABLES = ("items", *_EVIDENCE_KINDS, "rejections", "reviews", "votes", "retired")
KINDS = (*TABLES, "media", "nifti", FILM, "plot", "datasheet", "croissant", "changes")
ONCE = ("rejections", "reviews", "datasheet", "croissant", "changes")

# Deeper or more than this is no release of ours; walking on would only serve an attacker.
_DEEPEST = 16
_MOST_FILES = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReport:
    """``manifest`` is ``None`` when it can't be read; ``sound`` are the paths whose bytes are right."""

    manifest: Manifest | None
    problems: tuple[Problem, ...]
    sound: frozenset[str]
    checked: tuple[Checked, ...]


def check_files(directory: Path) -> FileReport:
    """Compare every file below ``directory`` with the manifest. Problems are reported, never raised."""
    try:
        manifest = read_manifest(directory)
    except ReleaseError as exc:
        # Without a manifest there is nothing to compare with, so the folder is not even walked.
        problem = Problem(where=manifests.NAME, what=exc.what)
        return FileReport(manifest=None, problems=(problem,), sound=frozenset(), checked=())
    found, problems = _walk(directory)
    if manifest.format != FORMAT:
        problems.append(
            Problem(
                where=manifests.NAME,
                what=f"format {manifest.format!r} is not {FORMAT!r}, the one known here",
            )
        )
    problems += _listing_problems(manifest)
    sound = set()
    for file in manifest.files:
        what = _file_fault(directory, file, found)
        if what:
            problems.append(Problem(where=printable(file.path), what=what))
        else:
            sound.add(file.path)
    listed = {file.path for file in manifest.files}
    problems += [
        Problem(where=printable(path), what="is not listed in the manifest")
        for path in sorted(found - listed - {manifests.NAME, SUMS})
    ]
    problems += _seal_problems(directory, manifest, found)
    return FileReport(
        manifest=manifest,
        problems=tuple(problems),
        sound=frozenset(sound),
        checked=(
            Checked(what="files: size and SHA-256 as listed, none missing or extra", count=len(found)),
        ),
    )


def sums(manifest: Manifest, manifest_sha256: str) -> bytes:
    """The bytes of ``SHA256SUMS``, as ``sha256sum -c`` reads them: every file but itself."""
    lines = {file.path: file.sha256 for file in manifest.files} | {manifests.NAME: manifest_sha256}
    return "".join(f"{digest}  {path}\n" for path, digest in sorted(lines.items())).encode()


def printable(name: str) -> str:
    """A file name from anywhere, safe to print on one line."""
    shown = name.encode("utf-8", "backslashreplace").decode("utf-8")
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in shown)


def _walk(directory: Path) -> tuple[set[str], list[Problem]]:
    """Plain files below ``directory`` as relative paths, and what else lies there."""
    found: set[str] = set()
    problems: list[Problem] = []
    for path, kind in _entries(directory, "", _DEEPEST):
        if kind:
            problems.append(Problem(where=printable(path), what=kind))
        else:
            found.add(path)
        if len(found) + len(problems) > _MOST_FILES:
            problems.append(Problem(where=str(directory), what=f"holds more than {_MOST_FILES} files"))
            break
    return found, problems


def _entries(directory: Path, before: str, depth: int) -> Iterator[tuple[str, str]]:
    """Relative path and, for what is no plain file, the words that say so."""
    try:
        entries = sorted(os.scandir(directory), key=lambda entry: entry.name)
    except OSError as exc:
        yield before or ".", f"can't be listed: {exc.strerror or exc}"
        return
    if not entries and before:
        yield before, "is an empty folder, which no release has"
    for entry in entries:
        path = f"{before}/{entry.name}" if before else entry.name
        if entry.is_symlink():
            yield path, "is a link; a release holds plain files only"
        elif entry.is_dir(follow_symlinks=False):
            if depth == 0:
                yield path, f"lies more than {_DEEPEST} folders deep"
            else:
                yield from _entries(Path(entry.path), path, depth - 1)
        elif entry.is_file(follow_symlinks=False):
            yield path, ""
        else:
            yield path, "is a special file; a release holds plain files only"


def _listing_problems(manifest: Manifest) -> Iterator[Problem]:
    for path, times in sorted(Counter(file.path for file in manifest.files).items()):
        if times > 1:
            yield Problem(where=printable(path), what="is listed twice in the manifest")
        if path in (manifests.NAME, SUMS):
            yield Problem(where=path, what="may not be listed in the manifest")
    kinds = Counter(file.kind for file in manifest.files)
    for kind in sorted(kinds.keys() - set(KINDS)):
        yield Problem(where=manifests.NAME, what=f"lists a file of the unknown kind {kind!r}")
    wanted = dict.fromkeys(ONCE, 1)
    for evidence, tables in EVIDENCE.items():
        wanted |= {table.kind: int(evidence == manifest.evidence_kind) for table in tables}
    for kind, number in wanted.items():
        if kinds[kind] != number:
            yield Problem(
                where=manifests.NAME, what=f"lists {kinds[kind]} files of kind {kind!r} instead of {number}"
            )
    for file in manifest.files:
        told = (
            file.rows is not None,
            file.schema_sha256 is not None,
            file.task is not None,
            file.split is not None,
        )
        table, items = file.kind in TABLES, file.kind == "items"
        if told != (table, table, items, items):
            yield Problem(
                where=printable(file.path), what="is listed with rows, schema, task or split it can't have"
            )
    if kinds["votes"] != (manifest.panel is not None):
        yield Problem(
            where=manifests.NAME, what="a release has one file of votes when a panel voted, else none"
        )
    if kinds["retired"] != (manifest.week is not None):
        yield Problem(
            where=manifests.NAME,
            what="a release of a week has one list of retired items, others have none",
        )
    if not kinds["items"]:
        yield Problem(where=manifests.NAME, what="lists no file of items")


def _file_fault(directory: Path, file: ManifestFile, found: set[str]) -> str:
    path = PurePosixPath(file.path)
    if path.is_absolute() or ".." in path.parts or str(path) != file.path or "\\" in file.path:
        return "is a path that leaves the release or has more than one spelling"
    if file.path not in found:
        return "is listed in the manifest but is not a plain file of the release"
    place = directory / file.path
    try:
        status = place.lstat()
        if not stat.S_ISREG(status.st_mode):
            return "is not a plain file"
        if status.st_size != file.bytes:
            return f"has {status.st_size} bytes instead of {file.bytes}"
        digest = sha256_file(place)
    except OSError as exc:
        return f"can't be read: {exc.strerror or exc}"
    return "" if digest == file.sha256 else f"has SHA-256 {digest} instead of {file.sha256}"


def _seal_problems(directory: Path, manifest: Manifest, found: set[str]) -> Iterator[Problem]:
    """The manifest itself and ``SHA256SUMS``, which vouch for each other."""
    try:
        written = (directory / manifests.NAME).read_bytes()
        if written != manifest.document():
            yield Problem(where=manifests.NAME, what="is not spelled as it was written")
        if SUMS not in found:
            yield Problem(where=SUMS, what="is missing")
            return
        expected = sums(manifest, sha256_file(directory / manifests.NAME))
        if (directory / SUMS).stat().st_size != len(expected):
            yield Problem(where=SUMS, what="does not list the hashes of the files and of the manifest")
        elif (directory / SUMS).read_bytes() != expected:
            yield Problem(where=SUMS, what="does not fit the manifest: one of them was changed")
    except OSError as exc:
        yield Problem(where=manifests.NAME, what=f"can't be read: {exc.strerror or exc}")
    except UnicodeEncodeError:
        yield Problem(where=manifests.NAME, what="lists a path that is not Unicode")
