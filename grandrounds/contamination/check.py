"""One check: the items of a benchmark against folders of other benchmarks, and against our releases."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from grandrounds.contamination.hits import Limits, Piece
from grandrounds.contamination.index import Index
from grandrounds.contamination.manifest import Contamination, told
from grandrounds.contamination.pieces import Library
from grandrounds.contamination.releases import other_releases, release_pieces, release_texts
from grandrounds.contamination.scan import Scan
from grandrounds.contamination.texts import texts_in_file
from grandrounds.errors import ContaminationError
from grandrounds.progress import Report, stage
from grandrounds.release.manifest import NAME, read_manifest

_TOLD_EVERY = 10_000


def check(
    benchmark: Path,
    *,
    against: Sequence[Path] = (),
    releases: Path | None = None,
    limits: Limits | None = None,
) -> Contamination:
    """Hold the items at ``benchmark`` (a release's folder, or any file of rows) against others.

    ``against`` are folders or files, ``releases`` is the root of our own releases, of which those of other
    benchmarks are taken. Raises ``ContaminationError`` when there is nothing to compare.
    """
    released = (benchmark / NAME).is_file()
    if benchmark.is_dir() and not released:
        raise ContaminationError(
            f"{benchmark} is a folder, but no release: it has no {NAME}.",
            remedy="Give the folder of one version, or a file: Parquet, JSON Lines, JSON, CSV or TSV.",
        )
    name = read_manifest(benchmark).benchmark if released else benchmark.name
    index = Index(release_texts(benchmark) if released else texts_in_file(benchmark))
    if not len(index):
        raise ContaminationError(f"{benchmark} has no text that could be looked for.")
    others = other_releases(releases, apart_from=name if released else "") if releases else []
    library = Library()

    def pieces() -> Iterator[Piece]:
        for root in against:
            yield from _apart_from(benchmark, library, root)
        for directory in others:
            yield from release_pieces(library, directory, without=index.items)

    return compare(name, index=index, library=library, pieces=pieces(), limits=limits or Limits())


def compare(
    benchmark: str, *, index: Index, library: Library, pieces: Iterable[Piece], limits: Limits
) -> Contamination:
    """Let all ``pieces`` pass by ``index``."""
    scan = Scan(index, limits)
    with stage("Texts of documents") as seen:
        scan.take(_counted(pieces, seen))
    return told(benchmark, index=index, scan=scan, documents=library.documents, limits=limits)


def _apart_from(benchmark: Path, library: Library, root: Path) -> Iterator[Piece]:
    """The texts below ``root``. A benchmark that lies there itself would be a copy of itself."""
    own = benchmark.resolve()
    if root.resolve() == own or own.is_relative_to(root.resolve()):
        raise ContaminationError(
            f"{benchmark} lies in {root}, so every item of it would be found there.",
            remedy="Name a folder that holds other benchmarks only.",
        )
    yield from library.folder(root)


def _counted(pieces: Iterable[Piece], seen: Report) -> Iterator[Piece]:
    for number, piece in enumerate(pieces, start=1):
        if not number % _TOLD_EVERY:
            seen(number, None)
        yield piece
