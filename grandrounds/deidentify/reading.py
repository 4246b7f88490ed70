"""A reading of imaging sources becomes fit to be tables: rows without names, volumes without faces.

    found = read_volume_folder(folder, lake=lake)
    clean = deidentified(found, folder=folder, settings=settings, key=key, lake=lake)
    clean.sources, clean.volumes, clean.report      rows of the tables of these names
    save_map(home, recipe, clean.originals)         the way back, beside the key

Whoever has an original could find its row by the hash of its bytes, so the rows have none, and ids that are
such hashes are mapped by the key. What ``sources.yaml`` says of licence, citation and date stands as it was
written: a person wrote it to be published. A volume in which identifying text may stand is quarantined
until the clear list names it or its files.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from grandrounds.deidentify import report as reports
from grandrounds.deidentify.burned_in import Cleared
from grandrounds.deidentify.examine import DICOM, NIFTI, ExamineJob, examine_all
from grandrounds.deidentify.key import ProjectKey
from grandrounds.deidentify.mapping import Original
from grandrounds.deidentify.report import Findings
from grandrounds.deidentify.sanitise import is_of_origin, sanitise, sanitise_path, sanitise_text
from grandrounds.deidentify.settings import DeidentifySettings
from grandrounds.deidentify.volume_faces import FLAG, check_way, with_face_seen_to
from grandrounds.deidentify.words import plain_words, scrub
from grandrounds.records.deidentified import (
    FACE_REFUSED,
    OK,
    QUARANTINED,
    REFUSED,
    UNUSED,
    DeidentifiedRow,
)
from grandrounds.records.source import DUPLICATE, READ, Source
from grandrounds.records.volume import QUARANTINED as HELD
from grandrounds.records.volume import REFUSED as NO_VOLUME
from grandrounds.records.volume import VolumeRecord
from grandrounds.sources.provenance import FILE, NOTE

if TYPE_CHECKING:
    from grandrounds.lake import Lake
    from grandrounds.sources.volume import VolumeSources

_SLICES = frozenset({"CT", "MR", "PT"})
_TOKEN = re.compile(r"[^a-z0-9]+")
_NUMBER = re.compile(r"\d{1,4}\Z")
_ENDINGS = frozenset({"nii", "gz", "dcm", "json", "csv", "tsv", "txt", "label", "lut", "ctbl"})
_SAME_BYTES = "The same bytes as another file, which is used instead."


@dataclass(frozen=True, slots=True, kw_only=True)
class DeidentifiedSources:
    """The tables' rows, sorted by their new ids, and what their new names stand for.

    ``originals`` belongs into ``mapping.save_map`` and nowhere else.
    """

    sources: tuple[Source, ...]
    volumes: tuple[VolumeRecord, ...]
    report: tuple[DeidentifiedRow, ...]
    originals: tuple[Original, ...]

    @property
    def paths(self) -> Mapping[str, str]:
        """New paths to original ones."""
        return {one.new: one.original for one in self.originals if one.kind == "path"}


def deidentified(
    found: VolumeSources,
    *,
    folder: Path,
    settings: DeidentifySettings,
    key: ProjectKey,
    lake: Lake,
    clear_list: Mapping[str, Cleared] | None = None,
    faces: str = FLAG,
    workers: int | None = None,
) -> DeidentifiedSources:
    """De-identify what was read from ``folder``. The same reading, settings and key give the same rows.

    ``clear_list`` names pictures that a person has looked at, by ``pixels_sha256`` of their files or
    by ``sha256`` of the volume. ``faces``: ``flag``, ``deface`` or ``refuse``. ``workers`` look into files
    at once. Raises ``SettingsError`` for another word, ``LakeError`` when the lake can't be used.
    """
    check_way(faces)
    known = _Known(found.sources, key)
    findings = _findings(found, folder, settings, lake, workers)
    made = _Made(settings=settings, key=key, lake=lake, faces=faces, known=known)
    for volume in found.volumes:
        made.add(volume, findings, clear_list or {})
    sources = [_source(one, known, settings, key) for one in found.sources]
    report = [
        _row(one, new, findings.get(one.source_id), made, settings)
        for one, new in zip(found.sources, sources, strict=True)
    ]
    return DeidentifiedSources(
        sources=tuple(sorted(sources, key=lambda one: (one.path, one.source_id))),
        volumes=tuple(sorted(made.volumes, key=lambda one: one.volume_id)),
        report=tuple(sorted(report, key=lambda one: (one.path, one.source_id))),
        originals=tuple(sorted(set(_originals(found, key)))),
    )


class _Known:
    """Texts of the program's own, freed of the folders and files that they name."""

    def __init__(self, sources: Iterable[Source], key: ProjectKey) -> None:
        self._paths = {one.path: sanitise_path(one.path.split("/"), key=key) for one in sources}
        parts = {part for path in self._paths for part in path.split("/")}
        parts |= {part.partition(".")[0] for part in parts}
        self._parts = sorted((part for part in parts if _tells(part)), key=lambda one: (-len(one), one))
        telling = [path for path in self._paths if "/" in path or _tells(path)]
        self._longest_first = sorted(telling, key=lambda path: (-len(path), path))
        self._seen: dict[str, str] = {}

    def path(self, original: str) -> str:
        """The new path."""
        return self._paths[original]

    def clean(self, text: str) -> str:
        """``text`` with new paths for original ones, without other parts of those, scrubbed."""
        if text not in self._seen:
            self._seen[text] = self._clean(text) if text else ""
        return self._seen[text]

    def _clean(self, text: str) -> str:
        for path in self._longest_first:
            if path in text:
                text = re.sub(rf"(?<![\w/]){re.escape(path)}(?![\w/])", self._paths[path], text)
        for part in self._parts:
            if part in text:
                text = re.sub(rf"(?<!\w){re.escape(part)}(?!\w)", "[removed]", text)
        return scrub(text)


def _tells(part: str) -> bool:
    """Whether a folder's or file's name may tell more than that it is one. Short numbers do not: they are
    what slices are called, and in the program's own texts they count."""
    if is_of_origin(part):
        return False
    words = [word for word in _TOKEN.split(part.lower()) if word]
    plain = all(word in plain_words() or word in _ENDINGS or _NUMBER.match(word) for word in words)
    # Letters beyond ASCII part words, and leave none where there is nothing else.
    return len(part) > 1 and not (plain and part.isascii())


class _Made:
    """Volumes in the making, and what became of them for the report."""

    def __init__(
        self, *, settings: DeidentifySettings, key: ProjectKey, lake: Lake, faces: str, known: _Known
    ) -> None:
        self._settings, self._key, self._lake, self._faces = settings, key, lake, faces
        self._known = known
        self.volumes: list[VolumeRecord] = []
        self.of_source: dict[str, list[VolumeRecord]] = defaultdict(list)
        self.hashes: dict[str, set[str]] = defaultdict(set)
        self.face: dict[str, str] = {}
        self.held: dict[str, str] = {}
        self.cleared: set[str] = set()

    def add(
        self, volume: VolumeRecord, findings: Mapping[str, Findings], clear_list: Mapping[str, Cleared]
    ) -> None:
        """De-identify one volume."""
        why = _suspicion(volume, findings)
        cleared = bool(why) and _is_cleared(volume, findings, clear_list)
        seen = with_face_seen_to(volume, way=self._faces, lake=self._lake)
        now = seen.volume
        if why and not cleared and now.status != NO_VOLUME:
            now = replace(now, status=HELD, reason=f"{now.reason} A person must look at it: {why}.".strip())
        clean = sanitise(self._plain(now), settings=self._settings, key=self._key)
        self.volumes.append(clean)
        for source_id in volume.source_ids:
            self.of_source[source_id].append(clean)
            if volume.sha256:
                self.hashes[source_id].add(volume.sha256)
            if seen.done:
                self.face[source_id] = seen.done
            if cleared:
                self.cleared.add(source_id)
            elif why:
                self.held[source_id] = why

    def _plain(self, volume: VolumeRecord) -> VolumeRecord:
        return replace(
            volume,
            reason=self._known.clean(volume.reason),
            notes=tuple(self._known.clean(note) for note in volume.notes),
        )


# Volumes ------------------------------------------------------------------------------------


def _findings(
    found: VolumeSources, folder: Path, settings: DeidentifySettings, lake: Lake, workers: int | None
) -> dict[str, Findings]:
    """What the files hold from which something was read, by their original source id."""
    used = {source_id for volume in found.volumes for source_id in volume.source_ids}
    files = [
        one
        for one in found.sources
        if one.kind in (DICOM, NIFTI) and one.sha256 and (one.status == READ or one.source_id in used)
    ]
    jobs = [
        ExamineJob(path=folder / one.path, kind=one.kind, sha256=one.sha256 or "", settings=settings)
        for one in files
    ]
    results = examine_all(jobs, lake=lake, place=str(folder.resolve()), workers=workers)
    return {one.source_id: result for one, result in zip(files, results, strict=True)}


def _suspicion(volume: VolumeRecord, findings: Mapping[str, Findings]) -> str:
    """Why identifying text may stand in a volume's picture; empty where nothing says so."""
    if volume.status == NO_VOLUME or volume.is_mask:
        return ""
    if volume.format != DICOM:
        return _of_nifti(volume)
    reasons: dict[str, None] = {}
    for source_id in volume.source_ids:
        for reason in _doubts(findings.get(source_id)):
            reasons[reason] = None
    return "; ".join(reasons)


def _of_nifti(volume: VolumeRecord) -> str:
    """NIfTI has no word for it: colour is how captures and renderings are stored, not how slices are."""
    if volume.intensity == "rgb":
        return "it is a colour picture; captures and renderings carry text"
    if 1 in volume.shape[:3] and volume.modality not in _SLICES:
        return "it is a single picture whose modality is not known or often carries text"
    return ""


def _doubts(findings: Findings | None) -> tuple[str, ...]:
    """A file's doubts about its picture; one that could not be looked into is doubted as a whole."""
    if findings is None:
        return ("one of its files was not looked into",)
    if findings.status == reports.REFUSED:
        return tuple(f"one of its files could not be looked into ({reason})" for reason in findings.reasons)
    return findings.in_pixels


def _is_cleared(
    volume: VolumeRecord, findings: Mapping[str, Findings], clear_list: Mapping[str, Cleared]
) -> bool:
    if volume.sha256 in clear_list:
        return True
    doubted = [findings.get(one) for one in volume.source_ids if _doubts(findings.get(one))]
    return bool(doubted) and all(one is not None and one.pixels_sha256 in clear_list for one in doubted)


# Rows ---------------------------------------------------------------------------------------


def _source(one: Source, known: _Known, settings: DeidentifySettings, key: ProjectKey) -> Source:
    return replace(
        one,
        source_id=key.row(one.source_id),
        path=known.path(one.path),
        reason=_SAME_BYTES if one.status == DUPLICATE else known.clean(one.reason),
        sha256=None,
        title=sanitise_text(one.title, settings=settings) or None if one.title else one.title,
        group_id=key.group(one.group_id) if one.group_id else one.group_id,
        licence_evidence=_evidence(one, known),
        notes=tuple(known.clean(note) for note in one.notes),
    )


def _evidence(one: Source, known: _Known) -> str:
    """What stands in ``sources.yaml`` was written to be published; a note, and its path, were not."""
    beside = one.licence_origin in (NOTE, FILE)
    return known.clean(one.licence_evidence) if beside else one.licence_evidence


def _row(
    one: Source, new: Source, findings: Findings | None, made: _Made, settings: DeidentifySettings
) -> DeidentifiedRow:
    volumes = made.of_source.get(one.source_id, [])
    counts = findings.counts if findings else {}
    held, face = made.held.get(one.source_id, ""), made.face.get(one.source_id, "")
    reasons = list(findings.reasons) if findings else []
    reasons += list(findings.in_pixels) if findings else []
    if held and held not in reasons:
        reasons.append(held)
    if one.source_id in made.cleared:
        reasons.append("a person has looked at the picture and cleared it")
    if face:
        reasons.append(f"a face can be rebuilt from its volume ({face})")
    of_dicom = one.kind == DICOM and findings is not None
    return DeidentifiedRow(
        source_id=new.source_id,
        path=new.path,
        kind=one.kind,
        status=_status(one, findings, held=bool(held), face=face, cleared=one.source_id in made.cleared),
        reasons=tuple(dict.fromkeys(reasons)),
        volume_ids=tuple(sorted({volume.volume_id for volume in volumes})),
        **{kind: counts.get(kind, 0) for kind in reports.CHANGES},
        pixels_sha256=(findings.pixels_sha256 or None) if findings else None,
        volumes_sha256=tuple(sorted(made.hashes.get(one.source_id, ()))),
        face=face,
        method=_method() if of_dicom else "",
        method_codes=tuple(f"{a} {b}" for a, b in settings.method_codes) if of_dicom else (),
        settings=settings.spelled if one.status == READ else (),
    )


def _status(one: Source, findings: Findings | None, *, held: bool, face: str, cleared: bool) -> str:
    if face == FACE_REFUSED:
        return REFUSED
    if held:
        return QUARANTINED
    if one.status != READ:
        return UNUSED
    if findings is None:
        return OK
    if findings.status == reports.REFUSED:
        return OK if cleared else REFUSED
    # Of the file itself nothing goes on, so what is odd about it as a file only stands in the reasons.
    return OK


def _method() -> str:
    from grandrounds.deidentify.dicom import METHOD

    return METHOD


def _originals(found: VolumeSources, key: ProjectKey) -> Iterable[Original]:
    for source in found.sources:
        new = key.row(source.source_id)
        yield Original(
            kind="path", new=sanitise_path(source.path.split("/"), key=key), original=source.path
        )
        yield Original(kind="source", new=new, original=source.source_id)
        if source.sha256:
            yield Original(kind="sha256", new=new, original=source.sha256)
        if source.group_id:
            yield Original(kind="group", new=key.group(source.group_id), original=source.group_id)
    for volume in found.volumes:
        yield Original(kind="volume", new=key.row(volume.volume_id), original=volume.volume_id)
        yield Original(kind="group", new=key.group(volume.group_id), original=volume.group_id)
        for kind, uid in (("study", volume.study_uid), ("series", volume.series_uid)):
            if uid:
                yield Original(kind=kind, new=key.uid(uid), original=uid)


__all__ = ["DeidentifiedSources", "deidentified"]
