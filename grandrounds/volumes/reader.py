"""Reading imaging studies: a folder (or files) of DICOM and NIfTI in, canonical volumes in the lake out.

    inventory = read_volumes(Path("studies"), lake=lake)
    inventory.volumes       one ``VolumeRecord`` a volume, mask or refused series
    inventory.files         one ``FileRow`` for each DICOM, NIfTI and sidecar file: what became of it
    volume = open_volume(lake, inventory.volumes[0])     or the sha256 of its file alone
    volume.data[i, j, k]    in canonical RAS+ order, real units (HU stay HU), read when first asked for
    volume.affine, volume.spacing, volume.axis_codes, volume.labels

Axis order and coordinates are those of ``geometry``; the instance map is looked up by ``instances``.
Every DICOM and NIfTI file ends in exactly one row. Nothing a file holds ends the run: decoders of
compressed pixels run in processes that are killed when they overrun their time or memory (``limits``).
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from grandrounds.fingerprint import sha256_file
from grandrounds.lake import Lake
from grandrounds.records.volume import REFUSED, VolumeRecord
from grandrounds.sources import kinds
from grandrounds.sources.folder import FoundFile, walk
from grandrounds.volumes import masks, names, sidecars
from grandrounds.volumes.dicom_object import DicomObject
from grandrounds.volumes.dicom_tags import SEGMENTATION, STRUCTURE_SET, WHOLE_SLIDE
from grandrounds.volumes.jobs import (
    DUPLICATE,
    FAILED,
    NIFTI,
    PASSED_BY,
    READ,
    SERIES,
    SORT,
    STRUCTURES,
    FileOutcome,
    Job,
    JobFile,
    JobResult,
    Sorted,
    complete,
    source_id,
)
from grandrounds.volumes.jobs import SEGMENTATION as SEGMENTATION_JOB
from grandrounds.volumes.limits import DEFAULT, Limits, VolumeError
from grandrounds.volumes.memory import Memory
from grandrounds.volumes.nifti import claimed_bytes
from grandrounds.volumes.pool import Pool
from grandrounds.volumes.sorting import parted, sort_job
from grandrounds.volumes.volume import Volume, open_volume
from grandrounds.volumes.worker import run_job
from grandrounds.workers.processors import processors

Progress = Callable[[int, int, str], None]
"""Called with how many jobs are done, how many there are, and the name of the last one's first file."""

VOLUME_KINDS = frozenset({kinds.DICOM, kinds.NIFTI})
SIDECAR = "sidecar"
_SMALL = 48 << 20
"""Uncompressed work below this many bytes is done here: a process takes longer to start."""
_LARGE_CLAIM = 512 << 20
_WORTH_STARTING = 400
"""Files from which on processes are started before it is known whether there is work for them."""
_SORTED_AT_ONCE = 64
"""Files that are looked at in one job: few enough that all processes end together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRow:
    """What became of one file: a status of ``records.source``, and why where it was not read."""

    file: FoundFile
    kind: str
    status: str
    reason: str = ""
    sha256: str = ""
    group_id: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeInventory:
    """What was read: volumes by name, files by path. ``read_now`` and ``reused`` count jobs (a series, a
    NIfTI file, a segmentation) that were read in this run and that were known from before."""

    volumes: tuple[VolumeRecord, ...]
    files: tuple[FileRow, ...]
    read_now: int
    reused: int


def read_volumes(
    source: Path | Sequence[Path],
    *,
    lake: Lake,
    limits: Limits = DEFAULT,
    progress: Progress | None = None,
    workers: int | None = None,
) -> VolumeInventory:
    """Read all DICOM and NIfTI files in a folder (or the files given) with the sidecars beside them.

    ``workers`` processes read at once (``None``: one a processor). Files of other kinds are left alone
    and get no row. Raises ``SourceError`` when the folder can't be opened, ``LakeError`` when the lake
    can't be written.
    """
    root = source if isinstance(source, Path) else Path(os.path.commonpath([p.absolute() for p in source]))
    with Pool(workers or processors()) as pool:
        if _is_much(_below(source) if isinstance(source, Path) else source):
            pool.start()
        files = walk(source).files if isinstance(source, Path) else _given(source, root)
        if len(files) >= _WORTH_STARTING and sum(file.size for file in files) > _SMALL:
            pool.start()
        reading = _Reading(
            lake=lake, limits=limits, memory=Memory(lake, root, limits), workers=pool.workers
        )
        reading.sort_files(files, pool)
        reading.run(reading.first_jobs(), pool, progress)
        reading.run(reading.label_jobs(), pool, progress)
    inventory = reading.inventory()
    reading.memory.save({file.name for file in files})
    return inventory


def _is_much(paths: Iterable[str | Path]) -> bool:
    """Whether there is enough to read for processes to be started; few of ``paths`` are looked at."""
    count = size = 0
    for path in islice(paths, 4 * _WORTH_STARTING):
        with suppress(OSError):
            size += os.stat(path).st_size
            count += 1
        if count >= _WORTH_STARTING and size > _SMALL:
            return True
    return False


def _below(folder: Path) -> Iterator[str]:
    """The files below ``folder``, unsorted and as they come."""
    return (os.path.join(place, name) for place, _, names in os.walk(folder) for name in names)


def _given(paths: Sequence[Path], root: Path) -> tuple[FoundFile, ...]:
    found = []
    for path in sorted({path.absolute() for path in paths}):
        base = root if root.is_dir() else root.parent
        (one,) = walk(path).files
        found.append(replace(one, name=path.relative_to(base).as_posix()))
    return tuple(found)


@dataclass(slots=True, kw_only=True)
class _Reading:
    """One reading of a folder."""

    lake: Lake
    limits: Limits
    memory: Memory
    workers: int
    found: dict[str, FoundFile] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    rows: dict[str, FileRow] = field(default_factory=dict)
    objects: dict[str, DicomObject] = field(default_factory=dict)
    series: dict[str, list[Sorted]] = field(default_factory=lambda: defaultdict(list))
    labelled: list[Sorted] = field(default_factory=list)
    plain: set[str] = field(default_factory=set)
    niftis: list[FoundFile] = field(default_factory=list)
    others: list[FoundFile] = field(default_factory=list)
    records: list[VolumeRecord] = field(default_factory=list)
    read_now: int = 0
    reused: int = 0

    def sort_files(self, files: Sequence[FoundFile], pool: Pool) -> None:
        """Tell series, segmentations, NIfTI files and possible sidecars apart."""
        self.found = {file.name: file for file in files}
        known = {file.name: kinds.UNREADABLE if file.trouble else self.memory.kind(file) for file in files}
        wanted = [file for file in files if known[file.name] in ("", kinds.DICOM)]
        sorted_now = {
            one.name: one
            for result in self._sorted([_file(file, known[file.name]) for file in wanted], pool)
            for one in result.sorted
        }
        for file in files:
            one = sorted_now.get(file.name) or Sorted(name=file.name, kind=known[file.name])
            self.kinds[file.name] = one.kind
            if not file.trouble:
                self.memory.note_kind(file, one)
            if one.kind == kinds.NIFTI:
                self.niftis.append(file)
            elif one.kind == kinds.DICOM:
                self._sort_object(one)
            elif not file.trouble and file.name.casefold().endswith(sidecars.TABLE_ENDINGS):
                self.others.append(file)
        self._tell_pairs()

    def _tell_pairs(self) -> None:
        """The second files of NIfTI pairs, which hold nothing but voxels."""
        heads = {file.name[:-4]: file.name for file in self.niftis if file.name.casefold().endswith(".hdr")}
        for name, kind in self.kinds.items():
            head = heads.get(name[:-4]) if name.casefold().endswith(".img") else None
            if head and kind not in VOLUME_KINDS:
                self.kinds[name] = kinds.NIFTI
                self._row(name, PASSED_BY, f"The voxels of {head}, whose row says what to do.")

    def _sorted(self, files: Sequence[JobFile], pool: Pool) -> Iterable[JobResult]:
        jobs = [
            Job(kind=SORT, files=tuple(part), lake="", limits=self.limits)
            for part in parted(files, count=_SORTED_AT_ONCE)
        ]
        if not pool.started:
            return [self._sort_here(job) for job in jobs]
        return [result for _, result in pool.run(jobs, here=self._sort_here, harmless=lambda _: True)]

    def _sort_here(self, job: Job) -> JobResult:
        return sort_job(job, self.objects)

    def _sort_object(self, one: Sorted) -> None:
        if one.trouble:
            self._row(one.name, FAILED, one.trouble)
        elif one.sop_class in SEGMENTATION or one.sop_class == STRUCTURE_SET:
            self.labelled.append(one)
        elif one.has_pixels and one.sop_class != WHOLE_SLIDE:
            self.series[one.series or f"file:{one.name}"].append(one)
        elif one.has_sides and one.sop_class != WHOLE_SLIDE:
            self._row(
                one.name, FAILED, "The object describes an image but holds no pixels. Send it again.", one
            )
        else:
            self._row(one.name, PASSED_BY, f"{_class_name(one)}: no image of a volume; listed.", one)

    def first_jobs(self) -> list[Job]:
        """One job a series and one a NIfTI file."""
        jobs = [
            self._job(SERIES, [self.found[one.name] for one in part])
            for _, objects in sorted(self.series.items())
            for part in _copies(objects)
            if self._few_enough(part)
        ]
        self.plain = {one.name for objects in self.series.values() for one in objects if one.plain}
        return jobs + [self._job(NIFTI, [file]) for file in self.niftis]

    def label_jobs(self) -> list[Job]:
        """One job a segmentation or structure set, with the images of its patient's studies."""
        images = [
            replace(record, windows=(), notes=())
            for record in self.records
            if record.format == "dicom" and record.sha256 and record.space == "patient"
        ]
        jobs = []
        for source in self.labelled:
            kind = STRUCTURES if source.sop_class == STRUCTURE_SET else SEGMENTATION_JOB
            near = [
                image
                for image in images
                if image.study_uid == source.study
                or image.frame_of_reference_uid == (source.frame_of_reference or "-")
            ]
            jobs.append(replace(self._job(kind, [self.found[source.name]]), images=tuple(near or images)))
        return jobs

    def _job(self, kind: str, files: Sequence[FoundFile]) -> Job:
        return Job(
            kind=kind,
            files=tuple(_file(file) for file in files),
            lake=self.lake.url,
            limits=self.limits,
        )

    def _few_enough(self, objects: Sequence[Sorted]) -> bool:
        if len(objects) <= self.limits.files:
            return True
        reason = (
            f"The series has {len(objects):,} files, more than the {self.limits.files:,} that are read."
        )
        for one in objects:
            self._row(one.name, FAILED, f"{reason} Raise the limit.", one)
        return False

    def run(self, jobs: Sequence[Job], pool: Pool, progress: Progress | None) -> None:
        """Do the jobs that are not known from before."""
        done = 0
        todo: list[Job] = []

        def finished(job: Job, result: JobResult) -> None:
            nonlocal done
            done += 1
            self._take(job, result)
            if progress:
                progress(done, len(jobs), job.files[0].name)

        for job in jobs:
            known = self.memory.recall(job, self.found)
            if known is None:
                todo.append(job)
            else:
                self.reused += 1
                finished(job, known)
        here, elsewhere = self._divide(todo)
        for job in here:
            result = self._in_this_process(job)
            self.memory.keep(job, result, self.found)
            finished(job, result)
        shared = pool.run(
            elsewhere,
            here=self._in_this_process,
            harmless=self._harmless,
            known=lambda job: job.files[0].name in self.objects,
        )
        for place, result in shared:
            self.memory.keep(elsewhere[place], result, self.found)
            finished(elsewhere[place], result)
        self.read_now += len(todo)

    def _divide(self, jobs: Sequence[Job]) -> tuple[list[Job], list[Job]]:
        """Which jobs are done here, and which in processes that may die."""
        safe = [job for job in jobs if self._harmless(job)]
        small = self.workers == 1 or len(safe) == 1 or sum(job.size for job in safe) <= _SMALL
        here = safe if small else []
        chosen = {id(job) for job in here}
        return here, [job for job in jobs if id(job) not in chosen]

    def _harmless(self, job: Job) -> bool:
        """Whether no decoder in C and no large claim is involved."""
        if job.kind == SERIES:
            return all(file.name in self.plain for file in job.files)
        return job.kind == NIFTI and claimed_bytes(job.files[0].where()) <= _LARGE_CLAIM

    def _in_this_process(self, job: Job) -> JobResult:
        if job.kind != SERIES:
            return run_job(job)
        from grandrounds.volumes.series_job import read_series

        objects = [self.objects[file.name] for file in job.files if file.name in self.objects]
        return complete(job, read_series(job, objects))

    def _take(self, job: Job, result: JobResult) -> None:
        self.records += result.records
        for outcome in result.outcomes:
            self._outcome(outcome)
        for file in job.files:
            self.objects.pop(file.name, None)

    def _outcome(self, outcome: FileOutcome) -> None:
        self.rows[outcome.name] = FileRow(
            file=self.found[outcome.name],
            kind=self.kinds[outcome.name],
            status=outcome.status,
            reason=outcome.reason,
            sha256=outcome.sha256,
            group_id=f"patient:{outcome.patient}" if outcome.patient else "",
            notes=outcome.notes,
        )

    def _row(self, name: str, status: str, reason: str, source: Sorted | None = None) -> None:
        patient = source.patient if source is not None else ""
        try:
            sha256 = sha256_file(self.found[name].path) if status == FAILED else ""
        except OSError:
            sha256 = ""
        self._outcome(FileOutcome(name=name, status=status, reason=reason, sha256=sha256, patient=patient))

    def inventory(self) -> VolumeInventory:
        """Volumes with their names, partners and landmarks; and all rows."""
        records = self._distinct()
        tables, points, facts = self._sidecars(records)
        records = [masks.name_labels(record, tables) for record in records]
        records = [_described(record, facts) for record in records]
        records = masks.with_landmarks(masks.pair(records), points)
        records.sort(key=lambda record: (record.name, record.volume_id))
        return VolumeInventory(
            volumes=tuple(records),
            files=tuple(self.rows[name] for name in sorted(self.rows)),
            read_now=self.read_now,
            reused=self.reused,
        )

    def _distinct(self) -> list[VolumeRecord]:
        """One record an id, one read row for the same bytes: the others are duplicates."""
        kept: dict[str, VolumeRecord] = {}
        for record in sorted(self.records, key=lambda one: (one.name, one.volume_id)):
            kept.setdefault(record.volume_id, record)
        firsts: dict[str, str] = {}
        for name in sorted(self.rows):
            row = self.rows[name]
            first = firsts.setdefault(row.sha256, name) if row.status == READ and row.sha256 else name
            if first != name:
                reason = f"The same bytes as {first}, which is used instead."
                self.rows[name] = replace(row, status=DUPLICATE, reason=reason)
        return list(kept.values())

    def _sidecars(
        self, records: Sequence[VolumeRecord]
    ) -> tuple[list[masks.LabelTable], list[masks.CentroidFile], dict[str, dict[str, str]]]:
        """Label tables, centroid files and scanner's facts among the files beside NIfTI volumes."""
        places = {names.folder(record.name) for record in records if record.format == "nifti"}
        places |= {names.folder(place) for place in places}
        tables: list[masks.LabelTable] = []
        points: list[masks.CentroidFile] = []
        facts: dict[str, dict[str, str]] = {}
        for file in self.others:
            if names.folder(file.name) not in places:
                continue
            ending = "." + file.name.casefold().rpartition(".")[2]
            try:
                text = sidecars.read_text(file.path, self.limits)
                sha256 = sha256_file(file.path)
            except (VolumeError, OSError):
                continue
            used = True
            if ending == ".json" and sidecars.is_centroids(text):
                points.append(_points(file.name, sha256, text))
            elif found := sidecars.label_names(text, ending):
                tables.append(masks.LabelTable(name=file.name, names=found))
            elif ending == ".json" and (told := sidecars.scanner_facts(text)):
                facts[file.name] = told
            else:
                used = False
            if used:
                self.kinds[file.name] = SIDECAR
                self._outcome(FileOutcome(name=file.name, status=READ, sha256=sha256))
        return tables, points, facts


def _file(file: FoundFile, kind: str = "") -> JobFile:
    return JobFile(name=file.name, path=str(file.path), size=file.size, kind=kind)


def _copies(objects: Sequence[Sorted]) -> list[Sequence[Sorted]]:
    """A series whose instances occur in several folders is there more than once: each folder apart."""
    places: dict[str, set[str]] = defaultdict(set)
    for one in objects:
        places[one.sop_instance].add(names.folder(one.name))
    if all(len(folders) == 1 for folders in places.values()):
        return [objects]
    parts: dict[str, list[Sorted]] = defaultdict(list)
    for one in objects:
        parts[names.folder(one.name)].append(one)
    return [parts[place] for place in sorted(parts)]


def _points(name: str, sha256: str, text: str) -> masks.CentroidFile:
    try:
        return masks.CentroidFile(name=name, source_id=source_id(sha256), found=sidecars.centroids(text))
    except VolumeError as exc:
        return masks.CentroidFile(name=name, source_id=source_id(sha256), found=None, trouble=exc.what)


def _described(record: VolumeRecord, facts: dict[str, dict[str, str]]) -> VolumeRecord:
    """A NIfTI volume with what its converter's JSON says: modality, body part, sequence words."""
    if record.format != "nifti" or record.status == REFUSED:
        return record
    told = facts.get(f"{names.folder(record.name)}/{names.stem(record.name)}.json".lstrip("/"))
    if told is None:
        return record
    said = f"{told.get('SeriesDescription', '')} {told.get('ProtocolName', '')}".casefold()
    plain = "".join(char if char.isalnum() else " " for char in said)
    from grandrounds.volumes.dicom_tags import SEQUENCE_WORDS

    modality = told.get("Modality", "").upper()[:8]
    part = told.get("BodyPartExamined", "").upper()[:32]
    return replace(
        record,
        modality=modality if modality.isalpha() else record.modality,
        body_part=part if part.isalnum() else record.body_part,
        sequence_words=tuple(w for w in dict.fromkeys(plain.split()) if w in SEQUENCE_WORDS),
    )


def _class_name(source: Sorted) -> str:
    """The name of an object's class by the standard's own dictionary."""
    if source.directory or not source.sop_class:
        return "DICOM directory" if source.directory else "An object that names no class"
    from pydicom.uid import UID

    try:
        return UID(source.sop_class).name
    except ValueError:
        return "An object of an unknown class"


__all__ = [
    "FileRow",
    "Progress",
    "Volume",
    "VolumeInventory",
    "open_volume",
    "read_volumes",
]
