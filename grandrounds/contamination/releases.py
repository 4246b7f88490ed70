"""Earlier releases as documents: what other benchmarks of ours ask already."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from grandrounds.contamination.hits import Piece
from grandrounds.contamination.pieces import Library, Released
from grandrounds.contamination.texts import ItemText, texts_of
from grandrounds.fingerprint import sha256_value
from grandrounds.release.manifest import read_manifest
from grandrounds.release.published import inside, published_versions, read_items

_ASKED = ("stem", "question", "answer")


def release_texts(directory: Path) -> Iterator[ItemText]:
    """The texts of a release's items. Raises ``ReleaseError`` when it can't be read."""
    for item in read_items(directory):
        yield from texts_of(item, item.item_id)


def other_releases(root: Path, *, apart_from: str) -> list[Path]:
    """Every release below ``root`` but those of the benchmark ``apart_from``, by name and version."""
    if not root.is_dir():
        return []
    return [
        benchmark / str(version)
        for benchmark in sorted(root.iterdir())
        if benchmark.is_dir() and benchmark.name != apart_from
        for version in published_versions(benchmark)
    ]


def released(root: Path, *, apart_from: str) -> Released:
    """The releases below ``root`` of other benchmarks than ``apart_from``, for the gate."""
    directories = other_releases(root, apart_from=apart_from)

    def pieces(library: Library, without: Collection[str]) -> Iterator[Piece]:
        for directory in directories:
            yield from release_pieces(library, directory, without=without)

    manifests = [read_manifest(directory) for directory in directories]
    return Released(
        pieces=pieces,
        identity=sha256_value([[made.benchmark, made.version, made.content_sha256] for made in manifests]),
    )


def release_pieces(library: Library, directory: Path, *, without: Collection[str]) -> Iterator[Piece]:
    """What the items of the release at ``directory`` ask and answer, but those of items ``without``.

    Their sources and rejections ask nothing, so these are no documents.
    """
    manifest = read_manifest(directory)
    for file in manifest.files_of("items"):
        path = inside(directory, file)
        name = f"{manifest.benchmark}/{manifest.version}/{file.path}"
        yield from library.file(path, name=name, only=_ASKED, without=without)
