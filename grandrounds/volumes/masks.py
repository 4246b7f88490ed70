"""Which image a mask lies on, what its labels are called, and where its landmarks are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from grandrounds.records.volume import FLAGGED, OK, REFUSED, Landmark, VolumeRecord
from grandrounds.volumes import names
from grandrounds.volumes.canonical import affine_of
from grandrounds.volumes.geometry import codes_reorientation, same_grid, to_world
from grandrounds.volumes.limits import VolumeError
from grandrounds.volumes.nifti import clean_name
from grandrounds.volumes.sidecars import VERSE_LEVELS, Centroids

_FILE_NAME = "file name"
_GUESSED = "Taken for a mask by its values."
_FOLDER_TABLES = ("labels", "label_names", "labelnames", "dataset", "dseg", "lut", "colorlut", "classes")


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelTable:
    """Names of labels that a file beside masks gives."""

    name: str
    names: Mapping[int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CentroidFile:
    """A centroid file: its name, its source, its points; or the ``trouble`` that it has."""

    name: str
    source_id: str
    found: Centroids | None
    trouble: str = ""


def pair(records: Sequence[VolumeRecord]) -> list[VolumeRecord]:
    """The records with ``mask_of`` filled, masks in their image's group, and doubtful masks settled."""
    images = [r for r in records if not r.is_mask and r.sha256]
    made = []
    for record in records:
        if not record.is_mask or record.mask_of or record.status == REFUSED:
            made.append(record)
            continue
        image, several = _image_of(record, images)
        if image is not None:
            made.append(replace(record, mask_of=image.volume_id, group_id=image.group_id))
        elif _GUESSED in record.notes:
            made.append(_as_image(record))
        else:
            why = (
                f"{several} images have this mask's grid, and no name tells which it belongs to."
                if several
                else "No image was found that has this mask's grid."
            )
            made.append(flagged(record, why))
    return made


def flagged(record: VolumeRecord, why: str) -> VolumeRecord:
    """``record`` with one more thing that its user must know."""
    if why in record.reason:
        return record
    return replace(
        record,
        status=FLAGGED if record.status == OK else record.status,
        reason=f"{record.reason} {why}".strip(),
    )


def _as_image(record: VolumeRecord) -> VolumeRecord:
    return replace(
        record,
        is_mask=False,
        labels=(),
        label_origin="",
        intensity="arbitrary",
        notes=tuple(note for note in record.notes if note != _GUESSED),
    )


def _image_of(mask: VolumeRecord, images: Sequence[VolumeRecord]) -> tuple[VolumeRecord | None, int]:
    """The image of a mask among those with its grid; and how many there were when none was chosen.

    Without patient coordinates (a radiograph) many images have one grid: then the names must agree, too.
    The nearest folder wins, then the name that shares most words; what is still undecided stays so.
    """
    grid = affine_of(mask)
    fitting = [
        i
        for i in images
        if i.space == mask.space
        and same_grid(grid, affine_of(i), mask.shape, i.shape)
        and (mask.space == "patient" or _same_subject(mask.name, i.name))
    ]
    if not fitting:
        return None, 0
    ranked = sorted(fitting, key=lambda image: _rank(mask, image), reverse=True)
    best = _rank(mask, ranked[0])
    tied = [image for image in ranked if _rank(mask, image) == best]
    return (tied[0], 0) if len(tied) == 1 else (None, len(tied))


def _rank(mask: VolumeRecord, image: VolumeRecord) -> tuple[int, int, int]:
    ours, theirs = names.folder(mask.name).split("/"), names.folder(image.name).split("/")
    shared = 0
    for one, other in zip(ours, theirs, strict=False):
        if one != other:
            break
        shared += 1
    mine, other_words = set(names.base(mask.name)), set(names.base(image.name))
    return shared - len(theirs) - len(ours), len(mine & other_words), -len(other_words ^ mine)


def name_labels(record: VolumeRecord, tables: Sequence[LabelTable]) -> VolumeRecord:
    """The mask with names from its own table, its header, its folder's table, or its file's name, in this
    order."""
    if not record.is_mask or record.format != "nifti":
        return record
    own = [
        t for t in tables if names.stem(t.name) == names.stem(record.name) and _beside(t.name, record.name)
    ]
    if own:
        return _named(record, own[0])
    if record.label_origin == "header":
        return record
    shared = [t for t in tables if names.stem(t.name).casefold().split("_")[-1] in _FOLDER_TABLES]
    for place in (names.folder(record.name), names.folder(names.folder(record.name))):
        here = [table for table in shared if names.folder(table.name) == place]
        if here:
            return _named(record, here[0])
    return _named_by_file(record)


def _named_by_file(record: VolumeRecord) -> VolumeRecord:
    """The mask of one structure with its file's name, where its folder holds a file a structure."""
    name = names.names_structure(record.name)
    if not name or len(record.labels) != 1:
        return record
    label = replace(record.labels[0], name=clean_name(name), origin=_FILE_NAME)
    return replace(record, labels=(label,), label_origin=_FILE_NAME)


def _beside(one: str, other: str) -> bool:
    return names.folder(one) == names.folder(other)


def _named(record: VolumeRecord, table: LabelTable) -> VolumeRecord:
    labels = tuple(
        replace(label, name=table.names[label.value], origin=table.name)
        if label.value in table.names
        else label
        for label in record.labels
    )
    return replace(record, labels=labels, label_origin=table.name)


def with_landmarks(records: Sequence[VolumeRecord], files: Sequence[CentroidFile]) -> list[VolumeRecord]:
    """The records with the centroids of the files beside them, and vertebral levels named."""
    made = list(records)
    for file in files:
        fitting = [
            n
            for n, record in enumerate(made)
            if record.sha256
            and record.format == "nifti"
            and _beside(file.name, record.name)
            and _same_subject(file.name, record.name)
        ]
        masks = [n for n in fitting if made[n].is_mask]
        for n in masks or fitting[:1]:
            made[n] = _with_points(made[n], file)
    return made


def _same_subject(one: str, other: str) -> bool:
    first, second = names.base(one), names.base(other)
    shorter = min(len(first), len(second))
    return shorter > 0 and first[:shorter] == second[:shorter]


def _with_points(record: VolumeRecord, file: CentroidFile) -> VolumeRecord:
    if file.found is None:
        return flagged(record, f"Its centroid file {file.name} can't be read: {file.trouble}")
    try:
        turn = codes_reorientation(file.found.codes)
    except VolumeError as exc:
        return flagged(record, f"Its centroid file {file.name} can't be read: {exc.what}")
    # The file's grid is the canonical one with its axes in the file's order.
    shape = [0, 0, 0]
    for new, old in enumerate(turn.axes):
        shape[old] = record.shape[new]
    affine = affine_of(record)
    marks = []
    for point in file.found.points:
        voxel = turn.index(point.voxel, shape)
        if not all(-0.5 <= at <= side - 0.5 for at, side in zip(voxel, record.shape, strict=False)):
            return flagged(record, f"A centroid of {file.name} lies outside the volume; none was used.")
        world = tuple(round(float(value), 6) for value in to_world(affine, voxel))
        marks.append(
            Landmark(
                label=point.label,
                name=VERSE_LEVELS.get(point.label, ""),
                voxel=tuple(round(value, 6) for value in voxel),
                world=world,
                source_id=file.source_id,
            )
        )
    labels = tuple(
        label
        if label.name
        else replace(label, name=VERSE_LEVELS.get(label.value, ""), origin="VerSe levels")
        for label in record.labels
    )
    origin = record.label_origin or ("VerSe levels" if record.is_mask else "")
    return replace(record, landmarks=tuple(marks), labels=labels, label_origin=origin)
