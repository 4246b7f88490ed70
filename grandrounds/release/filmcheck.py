"""Are the films in a release what its clips were cut from? Each frame is cut again and its pixels are
compared.

The films came from anywhere, so a process of their own reads them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from grandrounds.progress import stage
from grandrounds.release.cutting import Cutter
from grandrounds.release.evidence import ClipEvidence
from grandrounds.release.films import FILM, MIME, film_path
from grandrounds.release.findings import Problem
from grandrounds.release.manifest import Manifest


def film_problems(
    evidence: ClipEvidence, manifest: Manifest, *, directory: Path, sound: frozenset[str]
) -> Iterator[Problem]:
    """Films that are missing, that no clip names, or that don't give the frames of their clips. Only the
    files in ``sound``, whose bytes are as listed, are opened."""
    wanted = {film_path(digest): digest for digest in evidence.films}
    held = {file.path: file.sha256 for file in manifest.files_of(FILM)}
    for path in sorted(wanted.keys() - held.keys()):
        yield Problem(where=path, what="is named by a clip, but is missing")
    for path in sorted(held.keys() - wanted.keys()):
        yield Problem(where=path, what="is named by no clip")
    for path in sorted(held.keys() & wanted.keys()):
        if held[path] != wanted[path]:
            yield Problem(where=path, what="is not named by the hash of its bytes")
    rows = [row for row in evidence.clips if row.clip_sha256]
    with Cutter() as cutter, stage("Cutting frames again") as progress:
        for done, row in enumerate(rows, start=1):
            path = film_path(row.clip_sha256)
            if row.clip_mime != MIME:
                yield Problem(where=row.evidence_id, what=f"says its film is {row.clip_mime!r}, not {MIME}")
            if path in sound and held.get(path) == row.clip_sha256:
                cut = cutter.cut(directory / path, row.frames, numbered=False)
                for frame, again in zip(row.frames, cut, strict=True):
                    fault = again.fault
                    if not fault and again.pixels_sha256 != frame.pixels_sha256:
                        fault = "has other pixels when it is cut again from its film"
                    if fault:
                        yield Problem(
                            where=row.evidence_id, what=f"its frame at {frame.seconds:.3f} s {fault}"
                        )
            progress(done, len(rows))
