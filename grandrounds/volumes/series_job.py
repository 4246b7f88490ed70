"""One DICOM series read: its stacks become records and canonical volumes in the lake.

A file that can't be read is left out with its reason; the rest is stacked again, and refused where a
slice is then missing. A file that repeats another's SOP instance is a duplicate.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from grandrounds.fingerprint import content_id, sha256_file
from grandrounds.lake import Lake
from grandrounds.records.volume import FLAGGED, OK, REFUSED, SliceInstance, VolumeRecord, Window
from grandrounds.volumes.canonical import MediaStore, Outline
from grandrounds.volumes.dicom_frames import Slice, slices_of
from grandrounds.volumes.dicom_object import DicomObject, read_object
from grandrounds.volumes.dicom_pixels import Frames, stored_range
from grandrounds.volumes.dicom_series import Stack, stacks_of
from grandrounds.volumes.dicom_tags import CT_IMAGES, SECONDARY_CAPTURES
from grandrounds.volumes.dicom_volume import UnreadableFileError, store_volume
from grandrounds.volumes.jobs import DUPLICATE, FAILED, READ, FileOutcome, Job, JobResult, source_id
from grandrounds.volumes.limits import Limits, VolumeError

_PET_UNITS = {"BQML": "activity", "GML": "suv"}
_COMPONENTS = {"P": "phase", "PHASE": "phase", "ADC": "adc"}
_MOST_TRIES = 8


@dataclass(slots=True)
class _Series:
    """A series being read."""

    limits: Limits
    lake: MediaStore
    hashes: dict[str, str] = field(default_factory=dict)
    outcomes: dict[str, FileOutcome] = field(default_factory=dict)

    def fail(self, source: DicomObject, reason: str) -> None:
        self.outcomes[source.name] = FileOutcome(
            name=source.name,
            status=FAILED,
            reason=reason,
            sha256=self.sha256(source),
            patient=source.patient,
        )

    def sha256(self, source: DicomObject) -> str:
        if source.name not in self.hashes:
            try:
                self.hashes[source.name] = sha256_file(source.path)
            except OSError:
                return ""
        return self.hashes[source.name]


def read_series(
    job: Job, objects: Sequence[DicomObject] = (), *, lake: MediaStore | None = None
) -> JobResult:
    """Read the series that ``job.files`` make up. ``objects`` are their headers, where already read;
    ``lake`` is where volumes go, the job's lake where none is given."""
    series = _Series(job.limits, lake or Lake(job.lake))
    known = {one.name: one for one in objects}
    sources: list[DicomObject] = []
    for file in job.files:
        try:
            sources.append(known.get(file.name) or read_object(file.name, file.where(), job.limits))
        except VolumeError as exc:
            series.outcomes[file.name] = FileOutcome(name=file.name, status=FAILED, reason=str(exc))
    sources = _without_duplicates(sources, series)
    slices: list[Slice] = []
    for source in sources:
        try:
            slices += slices_of(source, job.limits)
        except VolumeError as exc:
            series.fail(source, str(exc))
    records: list[VolumeRecord] = []
    for stack in stacks_of(slices):
        if stack.first.source.sop_class in SECONDARY_CAPTURES:
            stack.flags.append("A secondary capture: a picture, whose values are no measurement.")
        records += _read_stack(stack, series)
    for source in sources:
        if source.name not in series.outcomes:
            series.outcomes[source.name] = FileOutcome(
                name=source.name, status=READ, sha256=series.sha256(source), patient=source.patient
            )
    return JobResult(records=tuple(records), outcomes=tuple(series.outcomes.values()))


def probe(job: Job) -> JobResult:
    """Decode every frame of one file, and keep nothing. What it raises, the series will tell."""
    file = job.files[0]
    try:
        source = read_object(file.name, file.where(), job.limits)
        frames = Frames(source, job.limits)
        for number in {item.frame for item in slices_of(source, job.limits)}:
            frames[number]
    except VolumeError:
        pass
    return JobResult()


def _without_duplicates(sources: list[DicomObject], series: _Series) -> list[DicomObject]:
    """One object for each SOP instance. Two that differ under one UID are both kept out."""
    by_uid: dict[str, list[DicomObject]] = defaultdict(list)
    for source in sources:
        by_uid[source.sop_instance or f"file:{source.name}"].append(source)
    kept = []
    for uid, same in by_uid.items():
        kept.append(same[0])
        for other in same[1:]:
            if series.sha256(other) == series.sha256(same[0]):
                series.outcomes[other.name] = FileOutcome(
                    name=other.name,
                    status=DUPLICATE,
                    reason=f"The same bytes as {same[0].name}, which is used instead.",
                    sha256=series.sha256(other),
                    patient=other.patient,
                )
            else:
                series.fail(
                    other,
                    f"The file has the SOP instance UID of {same[0].name} but other bytes ({uid[-24:]}). "
                    "Find out which one is right, and take the other out.",
                )
    return kept


def _read_stack(stack: Stack, series: _Series) -> list[VolumeRecord]:
    """The records of a stack: one, or those of what remains when a file of it can't be decoded."""
    left_out: list[str] = []
    stacks = [stack]
    for _ in range(_MOST_TRIES):
        records = []
        try:
            for one in stacks:
                if left_out:
                    one.flags.append(f"Left out, because unreadable: {', '.join(left_out[:5])}.")
                if one.trouble:
                    records.append(_record(one, None, series, reason=one.trouble))
                    continue
                try:
                    made = store_volume(one, series.limits, series.hashes, series.lake)
                    records.append(_record(one, made, series))
                except UnreadableFileError:
                    raise
                except VolumeError as exc:
                    records.append(_record(one, None, series, reason=str(exc)))
            return records
        except UnreadableFileError as exc:
            left_out.append(exc.name)
            everything = [item for one in stacks for row in one.slices for item in row]
            bad = next(item.source for item in everything if item.source.name == exc.name)
            series.fail(bad, str(exc.cause))
            rest = [item for item in everything if item.source is not bad]
            if not rest:
                return []
            stacks = stacks_of(rest)
    trouble = f"More than {_MOST_TRIES} files of the series can't be decoded. Send it again."
    return [_record(one, None, series, reason=trouble) for one in stacks]


def _record(
    stack: Stack, made: tuple[Outline, str] | None, series: _Series, *, reason: str = ""
) -> VolumeRecord:
    first, source = stack.first, stack.first.source
    everything = [item for row in stack.slices for item in row]
    sources = list(dict.fromkeys(item.source.name for item in everything))
    by_name = {item.source.name: item.source for item in everything}
    ids = {name: source_id(series.sha256(by_name[name])) for name in sources}
    facts: dict[str, Any] = {}
    instances: tuple[SliceInstance, ...] = ()
    if made is not None:
        outline, sha256 = made
        facts = outline.facts() | {"sha256": sha256}
        instances = _instances(stack, outline, ids)
    status = REFUSED if made is None else FLAGGED if stack.flags else OK
    inverted = source.photometric == "MONOCHROME1"
    key = [
        "dicom",
        sorted(ids.values()),
        sorted((i.source.sop_instance, i.frame, i.tile) for i in everything),
    ]
    return VolumeRecord(
        volume_id=content_id("volume", key),
        source_ids=tuple(ids.values()),
        format="dicom",
        status=status,
        reason=" ".join([reason, *stack.flags]).strip() if made is None else " ".join(stack.flags),
        instances=instances,
        windows=_windows(stack, inverted=inverted),
        padding=_padding(first, inverted=inverted),
        inverted=inverted,
        intensity=_intensity(stack, source),
        modality=source.modality or None,
        body_part=source.body_part,
        sequence_words=source.sequence_words,
        sop_class_uid=source.sop_class or None,
        burned_in=source.text(0x00280301).upper() or None,
        study_uid=source.study or None,
        series_uid=source.series or None,
        frame_of_reference_uid=source.frame_of_reference or None,
        patient_directions=source.words(0x00200020),
        time_unit=stack.time_unit,
        time_values=stack.time_values,
        name=source.name.rpartition("/")[0] or source.name,
        group_id=group_of(source),
        notes=tuple(stack.notes),
        **facts,
    )


def group_of(source: DicomObject) -> str:
    """The patient as a group: by a hash of the patient's id, else of the study, else of the file."""
    if source.patient:
        return f"patient:{source.patient}"
    other = source.study or source.name
    return f"study:{hashlib.sha256(other.encode()).hexdigest()[:16]}"


def _instances(stack: Stack, made: Outline, ids: dict[str, str]) -> tuple[SliceInstance, ...]:
    axis = made.turn.axes.index(2)
    last = len(stack.slices[0]) - 1
    flipped = made.turn.flips[axis]
    found = [
        SliceInstance(
            axis=axis,
            index=last - place if flipped else place,
            time=time,
            sop_instance_uid=item.source.sop_instance,
            frame=item.frame,
            source_id=ids[item.source.name],
        )
        for time, row in enumerate(stack.slices)
        for place, item in enumerate(row)
    ]
    return tuple(sorted(found, key=lambda one: (one.time, one.index)))


def _windows(stack: Stack, *, inverted: bool) -> tuple[Window, ...]:
    windows = dict.fromkeys(window for item in stack.slices[0] for window in item.windows)
    if not inverted:
        return tuple(windows)[:8]
    low, high = stored_range(stack.first.source)
    slope, intercept = stack.first.slope, stack.first.intercept
    mirror = (low + high) * slope + 2 * intercept
    return tuple(Window(center=mirror - w.center, width=w.width, name=w.name) for w in windows)[:8]


def _padding(item: Slice, *, inverted: bool) -> float | None:
    stored = item.source.padding
    if stored is None:
        return None
    low, high = stored_range(item.source)
    return ((low + high - stored) if inverted else stored) * item.slope + item.intercept


def _intensity(stack: Stack, source: DicomObject) -> str:
    words = source.words(0x00080008)
    if source.samples == 3 or source.photometric == "PALETTE COLOR":
        return "rgb"
    if source.modality == "RTDOSE":
        return "dose_gy" if source.text(0x30040002).upper() == "GY" else "arbitrary"
    if source.modality == "PT":
        return _PET_UNITS.get(source.text(0x00541001).upper(), "arbitrary")
    if source.sop_class in CT_IMAGES and "LOCALIZER" not in words and stack.space == "patient":
        return "hu" if source.text(0x00281054).upper() in ("", "HU") else "arbitrary"
    return next((_COMPONENTS[word] for word in words[2:] if word in _COMPONENTS), "arbitrary")
