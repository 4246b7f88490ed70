"""The files of answers in what people point at: files, and folders with files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from grandrounds.llm.files.manifest import is_export, read_manifest

_ENDS = (".jsonl", ".jsonl.gz")


def answer_files(paths: Iterable[Path], *, exports: Iterable[Path] = ()) -> list[Path]:
    """The files to import, each once, in the order given; those of a folder by name.

    Of folders, files called ``*.jsonl`` or ``*.jsonl.gz`` at any depth are taken, but not the shards of
    exports in them or of ``exports``, nor files whose names begin with a dot.
    """
    given = list(paths)
    folders = [path for path in given if path.is_dir()]
    found = dict.fromkeys(path for path in given if not path.is_dir())
    shards = {shard for folder in [*exports, *_exports_in(folders)] for shard in _shards_of(folder)}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if _is_answers(path) and path.absolute() not in shards:
                found[path] = None
    return list(found)


def _is_answers(path: Path) -> bool:
    return path.name.endswith(_ENDS) and not path.name.startswith(".") and path.is_file()


def _exports_in(folders: Iterable[Path]) -> Iterator[Path]:
    for folder in folders:
        for path in [folder, *(found for found in sorted(folder.rglob("*")) if found.is_dir())]:
            if is_export(path):
                yield path


def _shards_of(folder: Path) -> Iterator[Path]:
    for shard in read_manifest(folder).shards:
        yield (folder / shard.file).absolute()
