"""The demo's imaging studies as files: ``python -m grandrounds.demo.studies.folder [FOLDER]`` makes them.

What is compared and remade is the contents: another zlib packs the same voxels into other bytes.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from grandrounds.demo.studies import films, hospital, organs, spine, troubled, write
from grandrounds.demo.studies.troubled import Raw
from grandrounds.paths import demo_sources

FOLDER = "studies"
"""Where the studies lie inside the demo sources."""

#: Each study's folder, and the function that makes its files by name; ``.gz`` ones not yet packed.
STUDIES: Mapping[str, Callable[[], Mapping[str, bytes | Raw]]] = {
    **{f"spine/{plan.subject}": partial(spine.files, plan) for plan in spine.PLANS},
    **{f"organs/{plan.subject}": partial(organs.files, plan) for plan in organs.PLANS},
    **{f"films/{plan.subject}": partial(films.files, plan) for plan in films.PLANS},
    f"dicom/{hospital.FOLDER}": hospital.files,
    **{f"troubled/{name}": make for name, make in troubled.FAULTS.items()},
}


def same(path: Path, made: bytes | Raw) -> bool:
    """Whether a file holds what was made: the same bytes, once it is unpacked where it was packed."""
    data = path.read_bytes()
    if isinstance(made, Raw):
        return data == made.data
    try:
        return (zlib.decompress(data, 31) if path.name.endswith(".gz") else data) == made
    except zlib.error:
        return False


def write_study(name: str, folder: Path) -> tuple[Path, ...]:
    """Write the files of a study below ``folder``; those whose contents are right already stay."""
    written = []
    for file, made in STUDIES[name]().items():
        path = folder / name / file
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or not same(path, made):
            path.write_bytes(_stored(file, made))
        written.append(path)
    return tuple(written)


def _stored(file: str, made: bytes | Raw) -> bytes:
    if isinstance(made, Raw):
        return made.data
    return write.packed(made) if file.endswith(".gz") else made


def write_all(folder: Path) -> tuple[Path, ...]:
    """Write all studies below ``folder`` and say where their files are."""
    return tuple(path for name in STUDIES for path in write_study(name, folder))


if __name__ == "__main__":
    write_all(Path(sys.argv[1]) if len(sys.argv) > 1 else demo_sources() / FOLDER)
