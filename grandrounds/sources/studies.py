"""The imaging studies of a source folder, read and de-identified: what becomes tables.

What the reader finds holds names, dates and original ids; nothing of that leaves this module but the map
back, which is written to the home folder with rights for its owner alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from grandrounds.deidentify.burned_in import Cleared, read_clear_list
from grandrounds.deidentify.key import project_key
from grandrounds.deidentify.mapping import save_map
from grandrounds.deidentify.reading import deidentified
from grandrounds.deidentify.settings import DeidentifySettings
from grandrounds.lake import Lake
from grandrounds.needs import Deidentify
from grandrounds.records.deidentified import DeidentifiedRow
from grandrounds.records.source import Source
from grandrounds.records.volume import VolumeRecord
from grandrounds.sources.inventory import read_folder
from grandrounds.sources.volume import read_volume_folder
from grandrounds.volumes.reader import Progress

CLEAR_LIST = "cleared.csv"
"""Its name at the top of a source folder: pictures that a person has looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Studies:
    """What a folder holds of imaging, fit to be kept. ``sources`` has one row a file of any kind, by path;
    ``report`` says of each imaging file what was changed. ``read_now`` and ``reused`` count series."""

    sources: tuple[Source, ...]
    volumes: tuple[VolumeRecord, ...]
    report: tuple[DeidentifiedRow, ...]
    read_now: int
    reused: int


def read_studies(
    folder: Path,
    *,
    lake: Lake,
    home: Path,
    name: str,
    asked: Deidentify,
    rules: Path | None = None,
    progress: Progress | None = None,
) -> Studies:
    """Read ``folder`` and take out what identifies; the project's key is made in ``home`` when missing.

    ``name`` is that of the map back, which is kept in ``home``; ``rules`` stand in for the folder's own
    ``sources.yaml``.

    Raises ``SourceError`` when the folder can't be opened or ``sources.yaml`` is wrong, ``SettingsError``
    when the key can't be used.
    """
    found = read_volume_folder(folder, lake=lake, rules=rules, progress=progress)
    told = {source.path for source in found.sources}
    others = read_folder(folder, lake=lake, wanted=frozenset(), rules=rules).sources
    rows = sorted(
        [*found.sources, *(row for row in others if row.path not in told)], key=lambda row: row.path
    )
    clean = deidentified(
        replace(found, sources=tuple(rows)),
        folder=folder,
        settings=_settings(asked),
        key=project_key(home),
        clear_list=_cleared(asked, folder),
        faces=asked.faces,
        lake=lake,
    )
    save_map(home, name, clean.originals)
    return Studies(
        sources=clean.sources,
        volumes=clean.volumes,
        report=clean.report,
        read_now=found.read_now,
        reused=found.reused,
    )


def _cleared(asked: Deidentify, folder: Path) -> Mapping[str, Cleared]:
    """The recipe's clear list, else the one that lies in the folder."""
    if asked.clear_list:
        return read_clear_list(Path(asked.clear_list))
    beside = folder / CLEAR_LIST
    return read_clear_list(beside) if beside.is_file() else {}


def _settings(asked: Deidentify) -> DeidentifySettings:
    kept = asked.model_dump(exclude={"faces", "clear_list", "safe_private"})
    return DeidentifySettings.from_mapping(
        kept | ({"safe_private": "known"} if asked.safe_private == "known" else {})
    )
