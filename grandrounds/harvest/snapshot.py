"""The source folder of a moment: what was live then, laid out from journal and store alone.

Two snapshots of one moment have the same bytes, whenever and wherever they are made. The layout is
``FEED/LICENCE/FIRST_PUBLIC/RECORD/``, so that few rules in ``sources.yaml`` say the licence and the date
of everything. ``.snapshot.json`` (which readers pass by) says what is in it and what retired.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from grandrounds.fingerprint import content_id
from grandrounds.harvest.feed import MAIN
from grandrounds.harvest.journal import Journal, KeptFile, Version, stamp
from grandrounds.harvest.lives import Alive, Ended, main_sha256, replay
from grandrounds.harvest.names import folder_name, safe_name
from grandrounds.harvest.problems import HarvestError
from grandrounds.harvest.store import FileStore
from grandrounds.records.parts import Identifier

MANIFEST = ".snapshot.json"
_UNDATED = "undated"


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotSource:
    """A live source. ``path`` is its article inside the folder; ``source_id`` is the one its reader gives.

    ``first_seen`` is when the article was first taken, ``seen_at`` when this text of it was: late
    arrivals belong to the week of ``first_seen`` and keep their ``first_public``.
    """

    feed: str
    record_id: str
    version: str
    title: str
    path: str
    sha256: str
    source_id: str
    licence: str
    first_public: date | None
    first_seen: datetime
    seen_at: datetime
    identifiers: tuple[Identifier, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Retired:
    """A source that was live once; ``reason`` is one of those in ``lives``."""

    feed: str
    record_id: str
    version: str
    title: str
    sha256: str
    source_id: str
    retired_at: datetime
    reason: str
    detail: str
    identifiers: tuple[Identifier, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What ``folder`` holds, and what it no longer holds, at the moment ``until`` (not included)."""

    folder: Path
    until: datetime
    sources: tuple[SnapshotSource, ...]
    retired: tuple[Retired, ...]


def snapshot(journal: Journal, *, store: FileStore, until: datetime, folder: Path) -> Snapshot:
    """Lay out in ``folder`` what was live just before ``until``; what stood there is replaced whole.

    Raises ``HarvestError`` when a file of the store is missing or damaged, the folder can't be written,
    or it holds what no snapshot made.
    """
    if until.tzinfo is None:
        raise HarvestError("The moment of a snapshot needs a time zone.", remedy="Pass an aware `until`.")
    lives = replay(journal.versions(until=until))
    sources = tuple(_source(one) for one in lives.alive)
    retired = tuple(_retired(one) for one in lives.ended)
    made = Snapshot(folder=folder, until=until, sources=sources, retired=retired)
    manifest = _manifest(made)
    files = {
        f"{source.path.rpartition('/')[0]}/{name}": kept
        for source, alive in zip(sources, lives.alive, strict=True)
        for name, kept in _names(alive.version).items()
    }
    if not _stands(folder, manifest, files):
        _lay_out(made, manifest, files, lives.alive, store)
    return made


def _source(alive: Alive) -> SnapshotSource:
    version = alive.version
    main = next(file for file in version.files if file.role == MAIN)
    day = version.known.first_public.isoformat() if version.known.first_public else _UNDATED
    place = (
        f"{version.record.feed}/{safe_name(version.licence)}/{day}/{folder_name(version.record.record_id)}"
    )
    return SnapshotSource(
        feed=version.record.feed,
        record_id=version.record.record_id,
        version=version.record.version or version.fingerprint,
        title=version.known.title,
        path=f"{place}/{main.name}",
        sha256=main.sha256,
        source_id=source_id(main.sha256),
        licence=version.licence,
        first_public=version.known.first_public,
        first_seen=alive.first_seen,
        seen_at=version.seen_at,
        identifiers=version.known.identifiers,
    )


def _retired(ended: Ended) -> Retired:
    version, digest = ended.version, main_sha256(ended.version)
    return Retired(
        feed=version.record.feed,
        record_id=version.record.record_id,
        version=version.record.version or version.fingerprint,
        title=version.known.title,
        sha256=digest,
        source_id=source_id(digest),
        retired_at=ended.by.seen_at,
        reason=ended.reason,
        detail=ended.by.detail,
        identifiers=version.known.identifiers,
    )


def source_id(sha256: str) -> str:
    """The id that readers give to a source with these bytes."""
    return content_id("source", ["sha256", sha256])


def _names(version: Version) -> dict[str, KeptFile]:
    return {file.name: file for file in version.files}


def _rules(made: Snapshot, alive: tuple[Alive, ...]) -> str:
    """``sources.yaml``: licences by folder, dates by folder, and groups of what does not name itself."""
    import yaml

    rules: list[dict[str, Any]] = []
    licences = {(s.path.split("/")[0], s.path.split("/")[1]): s.licence for s in made.sources}
    for (feed, folder), licence in sorted(licences.items()):
        rules.append({"path": f"{feed}/{folder}", "licence": licence})
    for day in sorted({s.first_public for s in made.sources if s.first_public is not None}):
        rules.append({"path": f"*/*/{day.isoformat()}/**", "published": day})
    for source, one in zip(made.sources, alive, strict=True):
        if not one.version.known.named:
            rules.append({"path": source.path.rpartition("/")[0], "group": _group(source)})
    return yaml.safe_dump({"files": rules}, sort_keys=False, allow_unicode=True, width=1000)


def _group(source: SnapshotSource) -> str:
    """A group for a text without identifiers: its record's own, else the record itself."""
    for scheme in ("doi", "pmcid", "pmid"):
        for identifier in source.identifiers:
            if identifier.scheme == scheme:
                return f"{scheme}:{identifier.value.casefold()}"
    return f"{source.feed}:{source.record_id}"


def _manifest(made: Snapshot) -> str:
    document = {
        "until": stamp(made.until),
        "sources": [
            {
                "path": s.path,
                "feed": s.feed,
                "record_id": s.record_id,
                "version": s.version,
                "title": s.title,
                "source_id": s.source_id,
                "sha256": s.sha256,
                "licence": s.licence,
                "first_public": s.first_public.isoformat() if s.first_public else None,
                "first_seen": stamp(s.first_seen),
                "seen_at": stamp(s.seen_at),
                "identifiers": [[i.scheme, i.value] for i in s.identifiers],
            }
            for s in made.sources
        ],
        "retired": [
            {
                "feed": r.feed,
                "record_id": r.record_id,
                "version": r.version,
                "title": r.title,
                "source_id": r.source_id,
                "sha256": r.sha256,
                "retired_at": stamp(r.retired_at),
                "reason": r.reason,
                "detail": r.detail,
                "identifiers": [[i.scheme, i.value] for i in r.identifiers],
            }
            for r in made.retired
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def read_manifest(folder: Path) -> Snapshot:
    """The snapshot that stands in ``folder``. Raises ``HarvestError`` where there is none."""
    try:
        said = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        moments = ("first_seen", "seen_at", "retired_at")

        def row(entry: dict[str, Any]) -> dict[str, Any]:
            made = dict(entry)
            made.update({name: _moment(made[name]) for name in moments if name in made})
            if made.get("first_public"):
                made["first_public"] = date.fromisoformat(made["first_public"])
            made["identifiers"] = tuple(Identifier(scheme=s, value=v) for s, v in made["identifiers"])
            return made

        return Snapshot(
            folder=folder,
            until=_moment(said["until"]),
            sources=tuple(SnapshotSource(**row(entry)) for entry in said["sources"]),
            retired=tuple(Retired(**row(entry)) for entry in said["retired"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise HarvestError(
            f"{folder} holds no snapshot: {exc}.", remedy="Lay it out from the journal."
        ) from exc


def _moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


def _stands(folder: Path, manifest: str, files: dict[str, KeptFile]) -> bool:
    """Whether the folder already holds exactly this snapshot, by names and sizes."""
    try:
        if (folder / MANIFEST).read_text(encoding="utf-8") != manifest:
            return False
        found = {
            path.relative_to(folder).as_posix(): path.stat().st_size
            for path in folder.rglob("*")
            if path.is_file()
        }
    except OSError:
        return False
    found.pop(MANIFEST, None)
    return found.pop("sources.yaml", None) is not None and found == {
        name: kept.bytes for name, kept in files.items()
    }


def _lay_out(
    made: Snapshot, manifest: str, files: dict[str, KeptFile], alive: tuple[Alive, ...], store: FileStore
) -> None:
    folder = made.folder
    if folder.exists() and any(folder.iterdir()) and not (folder / MANIFEST).exists():
        raise HarvestError(
            f"{folder} holds files that no snapshot made.",
            remedy="Name an empty folder, or move them away.",
        )
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-", suffix=".part"))
        try:
            new.chmod(0o755)
            for name, kept in sorted(files.items()):
                (new / name).parent.mkdir(parents=True, exist_ok=True)
                store.place(kept.sha256, new / name)
            (new / "sources.yaml").write_text(_rules(made, alive), encoding="utf-8")
            (new / MANIFEST).write_text(manifest, encoding="utf-8")
            _swap(new, folder)
        finally:
            shutil.rmtree(new, ignore_errors=True)
    except OSError as exc:
        raise HarvestError(
            f"The snapshot {folder} can't be written: {exc.strerror or exc}.",
            remedy="Check free space and rights.",
        ) from exc


def _swap(new: Path, folder: Path) -> None:
    """``new`` in the place of ``folder``. Killed between the steps, the next snapshot makes it again."""
    if folder.exists():
        old = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-", suffix=".old"))
        os.rename(folder, old / "was")
        os.rename(new, folder)
        shutil.rmtree(old, ignore_errors=True)
    else:
        os.rename(new, folder)
