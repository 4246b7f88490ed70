"""One NIfTI file read: its record, and its canonical volume in the lake."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from grandrounds.fingerprint import content_id, sha256_file
from grandrounds.lake import Lake
from grandrounds.records.volume import FLAGGED, OK, REFUSED, VolumeRecord
from grandrounds.volumes import canonical, label_values, names
from grandrounds.volumes.canonical import Canonical
from grandrounds.volumes.geometry import check_affine
from grandrounds.volumes.jobs import FAILED, READ, FileOutcome, Job, JobResult, source_id
from grandrounds.volumes.limits import Limits, VolumeError
from grandrounds.volumes.nifti import NiftiFile, read_nifti
from grandrounds.volumes.nifti_file import RGB, RGBA

_LABEL_INTENT = 1002
_MOST_GUESSED = 128
_MODALITY_WORDS = dict.fromkeys(("mr", "mri", "t1", "t1w", "t2", "t2w", "flair", "dwi", "dmri"), "MR")
_MODALITY_WORDS |= {"ct": "CT", "cta": "CT", "pet": "PT"}


def read_nifti_job(job: Job) -> JobResult:
    """Read the one file of ``job``. A file that can't be read gives a failed outcome and a refused row."""
    file = job.files[0]
    try:
        found = read_nifti(file.where(), job.limits)
        record = _record(file.name, found, Lake(job.lake), job.limits)
    except VolumeError as exc:
        return _refused(job, str(exc))
    return JobResult(
        records=(record,),
        outcomes=(FileOutcome(name=file.name, status=READ, sha256=found.sha256),),
    )


def _refused(job: Job, reason: str) -> JobResult:
    file = job.files[0]
    try:
        sha256 = sha256_file(file.where())
    except OSError:
        return JobResult(
            outcomes=(FileOutcome(name=file.name, status=FAILED, reason=reason),), lasting=False
        )
    record = VolumeRecord(
        volume_id=content_id("volume", ["nifti", sha256]),
        source_ids=(source_id(sha256),),
        format="nifti",
        status=REFUSED,
        reason=reason,
        name=file.name,
        group_id=names.group(file.name),
    )
    return JobResult(
        records=(record,),
        outcomes=(FileOutcome(name=file.name, status=FAILED, reason=reason, sha256=sha256),),
    )


def _record(name: str, found: NiftiFile, lake: Lake, limits: Limits) -> VolumeRecord:
    header = found.header
    flags: list[str] = []
    notes = list(header.notes)
    space = "image" if header.origin == "none" else "patient"
    if space == "image":
        flags.append(
            "Neither sform nor qform says how the volume lies in the patient: its sides are unknown."
        )
    check_affine(header.affine)
    made = _canonical(found, space, limits)
    named = names.says_mask(name) or header.intent == _LABEL_INTENT
    made, counts, is_mask = _as_mask(made, named=named, notes=notes)
    drawn = names.drawn_by(name)
    values = label_values.labels(counts, header.label_names, "header", drawn=drawn) if is_mask else ()
    if is_mask and not values:
        flags.append("The mask is empty.")
    if not is_mask and not made.planes.dtype.names and not _finite(made):
        flags.append("Some voxels are not finite (NaN or infinity); measures must leave them out.")
    if header.slope == 0:
        raise VolumeError("The slope is 0.", remedy="Write the file again.")
    modality = next((_MODALITY_WORDS[word] for word in names.words(name) if word in _MODALITY_WORDS), None)
    sha256 = lake.put_media(made.finish(is_mask=is_mask and named, time_step=header.time_step))
    record = VolumeRecord(
        volume_id=content_id("volume", ["nifti", found.sha256]),
        source_ids=(source_id(found.sha256),),
        format="nifti",
        status=FLAGGED if flags else OK,
        reason=" ".join(flags),
        sha256=sha256,
        modality=None if is_mask else modality,
        intensity="label" if is_mask else "rgb" if made.planes.dtype.names else _intensity(modality, made),
        is_mask=is_mask,
        labels=values,
        label_origin="header" if is_mask and header.label_names else "",
        name=name,
        group_id=names.group(name),
        notes=tuple(notes),
        **made.facts(),
    )
    return _with_time(record, header.time_step, header.time_unit)


def _with_time(record: VolumeRecord, step: float, unit: str) -> VolumeRecord:
    if len(record.shape) < 4:
        return record
    times = tuple(round(step * n, 9) if step else float(n) for n in range(record.shape[3]))
    return replace(record, time_unit=unit if step and unit else "order", time_values=times)


def _canonical(found: NiftiFile, space: str, limits: Limits) -> Canonical:
    header = found.header
    stored = found.stored.reshape(header.shape[::-1])
    old: Any = stored.T
    turn = canonical.turn_for(header.affine, space)
    moved = turn.apply(old).T
    kind: np.dtype[Any] = header.dtype if header.dtype.names else header.dtype.newbyteorder("=")
    limits.check_shape(moved.shape, itemsize=kind.itemsize, what="The volume")
    if any(side > 32767 for side in header.shape):
        raise VolumeError("A side has more than 32,767 voxels.", remedy="Cut it.")
    if kind == RGBA:
        kind = RGB  # transparency is no measurement
    file, planes = canonical.blank(moved.shape, kind)
    if kind.names:
        for colour in kind.names:
            planes[colour] = moved[colour]
    else:
        planes[...] = moved
    return Canonical(
        file=file,
        planes=planes,
        affine=canonical.turned(header.affine, turn, header.shape),
        codes=canonical.codes_of(header.affine, space),
        original_shape=header.shape,
        space=space,
        turn=turn,
        slope=header.slope,
        intercept=header.intercept,
    )


def _as_mask(made: Canonical, *, named: bool, notes: list[str]) -> tuple[Canonical, dict[int, int], bool]:
    """Whether the volume is a mask by its name and values, its values counted, and its voxels as integers.

    Without a word in its name only a file whose values are few, whole and mostly 0 is a candidate; it
    counts as a mask once an image with its grid is found beside it (``masks``).
    """
    if made.planes.dtype.names or (made.slope, made.intercept) != (1.0, 0.0):
        return made, {}, False
    kind = label_values.whole_values(made.planes)
    if kind is None:
        if named:
            notes.append("Named like a mask, but its values are not whole numbers: taken for an image.")
        return made, {}, False
    counts = label_values.counted(made.planes)
    few = 0 < len(counts) <= (label_values.MOST_LABELS if named else _MOST_GUESSED)
    total = sum(counts.values())
    sparse = counts.get(0, 0) * 2 >= total and min(counts, default=0) >= 0
    if not few or not (named or sparse):
        return made, {}, False
    if made.planes.dtype.kind == "f":
        file, planes = canonical.blank(made.planes.shape, kind)
        planes[...] = made.planes
        notes.append(f"Stored as {made.planes.dtype.name} holding whole numbers; kept as {kind.name}.")
        made = replace(made, file=file, planes=planes)
    if not named:
        notes.append("Taken for a mask by its values.")
    return made, counts, True


def _finite(made: Canonical) -> bool:
    return made.planes.dtype.kind != "f" or bool(np.isfinite(made.planes).all())


def _intensity(modality: str | None, made: Canonical) -> str:
    """HU where the name says CT and the values go below what tissue has; else arbitrary."""
    if modality != "CT" or made.space != "patient":
        return "arbitrary"
    lowest = float(made.planes.min()) * made.slope + made.intercept
    return "hu" if lowest <= -200 else "arbitrary"
