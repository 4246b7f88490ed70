"""DICOM segmentations and structure sets made into label maps on the grid of their image.

Every frame of a segmentation is put where its own position says; it must fall on the image's voxels
(within a hundredth of a voxel), or the segmentation is refused: nothing is resampled. Contours of a
structure set are filled by the even-odd rule, a voxel belonging to a structure when its centre does.
Segments that overlap can't share a label map: then each becomes a mask of its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from grandrounds.fingerprint import content_id, sha256_file
from grandrounds.lake import Lake
from grandrounds.records.volume import FLAGGED, OK, REFUSED, VolumeLabel, VolumeRecord
from grandrounds.volumes import canonical
from grandrounds.volumes.canonical import Canonical, affine_of
from grandrounds.volumes.dicom_frames import Slice, dataset, multi_frame
from grandrounds.volumes.dicom_object import DicomObject, read_object
from grandrounds.volumes.dicom_pixels import Frames
from grandrounds.volumes.geometry import Affine, Array, lps_to_ras, to_voxel
from grandrounds.volumes.jobs import FAILED, READ, SEGMENTATION, FileOutcome, Job, JobResult, source_id
from grandrounds.volumes.limits import Limits, VolumeError
from grandrounds.volumes.nifti import clean_name

_ON_GRID = 0.01  # voxels
_ON_SLICE = 0.1  # voxels: contours are written with fewer digits
_MOST_POINTS = 20_000_000
_FRACTION = 0.5
_DRAWN = {"MANUAL": "manual", "AUTOMATIC": "predicted"}


@dataclass(slots=True)
class _Segment:
    """One structure: its label value, its name, its voxels on the canonical grid (i, j, k), who drew it."""

    value: int
    name: str
    voxels: Array
    drawn: str = ""
    notes: list[str] = field(default_factory=list)


def read_labels(job: Job) -> JobResult:
    """Read a segmentation or a structure set. A file that can't be read gives a refused row."""
    file = job.files[0]
    try:
        sha256 = sha256_file(file.where())
    except OSError as exc:
        reason = f"The file can't be read: {exc.strerror or exc}. Check its rights."
        return JobResult(
            outcomes=(FileOutcome(name=file.name, status=FAILED, reason=reason),), lasting=False
        )
    source: DicomObject | None = None
    try:
        source = read_object(file.name, file.where(), job.limits)
        header = dataset(source, job.limits)
        image = _image_of(header, source, job.images)
        read = _segmentation if job.kind == SEGMENTATION else _structures
        segments, flags = read(source, header, image, job.limits)
        if not {one.sop_instance_uid for one in image.instances} & set(_referenced(header)):
            flags.append("The images that it names were not found; it was placed by its coordinates.")
        records = _records(
            source, sha256=sha256, image=image, segments=segments, flags=flags, lake=Lake(job.lake)
        )
    except MemoryError:
        raise
    except Exception as exc:  # noqa: BLE001 - what stands in sequences can be damaged in any way
        reason = (
            str(exc)
            if isinstance(exc, VolumeError)
            else f"The object can't be parsed ({type(exc).__name__}: {str(exc)[:120]}). Send it again."
        )
        refused = _refused(source, file.name, sha256, reason)
        return JobResult(
            records=(refused,),
            outcomes=(FileOutcome(name=file.name, status=FAILED, reason=reason, sha256=sha256),),
        )
    return JobResult(
        records=tuple(records),
        outcomes=(FileOutcome(name=file.name, status=READ, sha256=sha256, patient=source.patient),),
    )


def _refused(source: DicomObject | None, name: str, sha256: str, reason: str) -> VolumeRecord:
    from grandrounds.volumes.series_job import group_of

    return VolumeRecord(
        volume_id=content_id("volume", ["labels", sha256]),
        source_ids=(source_id(sha256),),
        format="dicom",
        status=REFUSED,
        reason=reason,
        modality=(source.modality or None) if source else None,
        sop_class_uid=(source.sop_class or None) if source else None,
        study_uid=(source.study or None) if source else None,
        series_uid=(source.series or None) if source else None,
        is_mask=True,
        intensity="label",
        name=name,
        group_id=group_of(source) if source else "",
    )


def _image_of(header: Any, source: DicomObject, images: Sequence[VolumeRecord]) -> VolumeRecord:
    """The image volume that the object refers to: by its instances, then its series, then its frame of
    reference. Raises ``VolumeError`` when it is not among ``images``."""
    wanted = set(_referenced(header))
    for choose in (
        lambda image: bool(wanted & {one.sop_instance_uid for one in image.instances}),
        lambda image: image.series_uid in wanted,
        lambda image: (
            bool(source.frame_of_reference) and image.frame_of_reference_uid == source.frame_of_reference
        ),
    ):
        found = [image for image in images if choose(image)]
        if found:
            # The same series may have been read from several folders: the nearest is meant.
            here = source.name.rpartition("/")[0]
            return max(found, key=lambda i: (i.name == here, len(i.instances), i.volume_id))
    raise VolumeError(
        "The image that it segments was not found among the volumes that were read.",
        remedy="Add the image's series, and read both in one run.",
    )


def _referenced(header: Any, depth: int = 0) -> Iterator[str]:
    """The UIDs of instances and series that an object refers to."""
    if depth > 8:
        return
    for element in header:
        if element.keyword in ("ReferencedSOPInstanceUID", "SeriesInstanceUID") and depth:
            yield str(element.value)
        elif element.keyword == "ROIContourSequence":
            # Not walked element by element: contours hold millions of numbers.
            for structure in element.value:
                for contour in structure.get("ContourSequence") or []:
                    for image in contour.get("ContourImageSequence") or []:
                        yield str(image.get("ReferencedSOPInstanceUID"))
        elif element.VR == "SQ":
            for item in element.value:
                yield from _referenced(item, depth + 1)


# Segmentations ------------------------------------------------------------------------------------


def _segmentation(
    source: DicomObject, header: Any, image: VolumeRecord, limits: Limits
) -> tuple[list[_Segment], list[str]]:
    described = {int(item.SegmentNumber): item for item in header.get("SegmentSequence") or []}
    names = {number: _told(item, "SegmentLabel") for number, item in described.items()}
    if not names:
        raise VolumeError("The segmentation describes no segment.", remedy="Export it again.")
    fractional = str(header.get("SegmentationType") or "BINARY").upper() == "FRACTIONAL"
    if str(header.get("SegmentationType") or "").upper() == "LABELMAP":
        raise VolumeError("Label-map segmentations are not read yet.", remedy="Export it as BINARY.")
    full = float(header.get("MaximumFractionalValue") or 255) if fractional else 1.0
    slices = multi_frame(source, limits)
    numbers = _segment_numbers(header, len(slices))
    affine, shape = affine_of(image), image.shape[:3]
    limits.check_shape((*shape, len(names)), itemsize=1, what="The segmentation")
    segments = {
        n: _Segment(n, name, np.zeros(shape, bool), _drawn(described[n], "SegmentAlgorithmType"))
        for n, name in sorted(names.items())
    }
    frames = Frames(source, limits)
    cut = False
    for place, number in zip(slices, numbers, strict=True):
        if number not in segments:
            raise VolumeError(
                f"A frame belongs to segment {number}, which is not described.", remedy="Export it again."
            )
        cut |= _put(segments[number].voxels, frames[place.frame] >= _FRACTION * full, place, affine)
    flags = []
    if fractional:
        flags.append("The segmentation holds fractions; voxels of at least a half were taken.")
    if cut:
        flags.append("Parts of the segmentation lie outside its image and were cut off.")
    return list(segments.values()), flags


def _told(item: Any, attribute: str) -> str:
    return clean_name(str(item.get(attribute) or ""))


def _drawn(item: Any, attribute: str) -> str:
    """Who drew a structure; a program that a person led (SEMIAUTOMATIC) is neither."""
    return _DRAWN.get(str(item.get(attribute) or "").strip().upper(), "")


def _segment_numbers(header: Any, count: int) -> list[int]:
    shared = header.get("SharedFunctionalGroupsSequence")
    own = header.get("PerFrameFunctionalGroupsSequence") or []
    made = []
    for number in range(count):
        item = own[number].get("SegmentIdentificationSequence") if number < len(own) else None
        item = item or (shared[0].get("SegmentIdentificationSequence") if shared else None)
        if not item:
            raise VolumeError("A frame names no segment.", remedy="Export it again.")
        made.append(int(item[0].ReferencedSegmentNumber))
    return made


def _put(target: Array, frame: Array, place: Slice, affine: Affine) -> bool:
    """Add a frame to the voxels that its position names; whether a part lay outside."""
    if not (place.position and place.orientation and place.spacing):
        raise VolumeError("A frame of the segmentation has no position.", remedy="Export it again.")
    plane = np.eye(4)
    plane[:3, 0] = np.asarray(place.orientation[:3]) * place.spacing[1]
    plane[:3, 1] = np.asarray(place.orientation[3:]) * place.spacing[0]
    plane[:3, 3] = place.position
    to_grid = np.linalg.inv(affine) @ lps_to_ras(plane)
    steps = np.rint(to_grid[:3, :2])
    origin = np.rint(to_grid[:3, 3])
    # An error of a step grows over the whole side.
    reach = max(frame.shape)
    if (
        np.abs(to_grid[:3, :2] - steps).max() * reach > 0.1
        or np.abs(to_grid[:3, 3] - origin).max() > _ON_GRID * 5
        or (np.abs(steps).sum(axis=0) != 1).any()
        or np.abs(steps).sum(axis=1).max() > 1
    ):
        raise VolumeError(
            "The segmentation does not lie on the voxels of its image.",
            remedy="Export it on the image's grid; nothing is resampled.",
        )
    rows, columns = np.nonzero(frame)
    at = (origin[:, None] + steps[:, :1] * columns[None, :] + steps[:, 1:2] * rows[None, :]).astype(
        np.int64
    )
    inside = ((at >= 0) & (at < np.asarray(target.shape)[:, None])).all(axis=0)
    target[tuple(at[:, inside])] = True
    return not bool(inside.all())


# Structure sets -----------------------------------------------------------------------------------


def _structures(
    _: DicomObject, header: Any, image: VolumeRecord, limits: Limits
) -> tuple[list[_Segment], list[str]]:
    described = {int(item.ROINumber): item for item in header.get("StructureSetROISequence") or []}
    affine, shape = affine_of(image), image.shape[:3]
    drawn = [item for item in header.get("ROIContourSequence") or [] if item.get("ContourSequence")]
    if not drawn:
        raise VolumeError("The structure set holds no contours.", remedy="Export it again.")
    limits.check_shape((*shape, len(drawn)), itemsize=1, what="The structure set")
    axis = image.instances[0].axis if image.instances else 2
    segments, left_out, points = [], 0, 0
    for item in drawn:
        number = int(item.ReferencedROINumber)
        told = described.get(number, {})
        segment = _Segment(
            number, _told(told, "ROIName"), np.zeros(shape, bool), _drawn(told, "ROIGenerationAlgorithm")
        )
        for contour in item.ContourSequence:
            if str(contour.get("ContourGeometricType") or "") not in ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR"):
                left_out += 1
                continue
            world = np.asarray(contour.ContourData, dtype=np.float64).reshape(-1, 3)
            points += len(world)
            if points > _MOST_POINTS:
                raise VolumeError(
                    f"The contours have more than {_MOST_POINTS:,} points.", remedy="Look at it."
                )
            if not np.isfinite(world).all():
                raise VolumeError("A contour holds NaN or infinity.", remedy="Export it again.")
            world[:, :2] *= -1
            left_out += not _draw(segment.voxels, to_voxel(affine, world), axis)
        segments.append(segment)
    flags = []
    if left_out:
        flags.append(f"{left_out} contours were left out: not closed, or not on a slice of the image.")
    if not any(segment.voxels.any() for segment in segments):
        raise VolumeError(
            "No contour lies on a slice of the image.", remedy="Put the image that was drawn on beside it."
        )
    return segments, flags


def _draw(target: Array, points: Affine, axis: int) -> bool:
    """Fill a contour into its slice, by the even-odd rule over all contours; False when it is on none."""
    at = float(points[:, axis].mean())
    place = round(at)
    if (
        len(points) < 3
        or np.abs(points[:, axis] - place).max() > _ON_SLICE
        or not 0 <= place < target.shape[axis]
    ):
        return False
    plane = np.moveaxis(target, axis, 0)[place]
    others = [one for one in range(3) if one != axis]
    plane ^= polygon(points[:, others], (plane.shape[0], plane.shape[1]))
    return True


def polygon(points: Affine, shape: tuple[int, int]) -> Array:
    """The cells of a grid of ``shape`` whose centres (whole indices) lie inside a closed polygon.

    Even-odd rule; an edge belongs to the cells on its lower side, so that polygons that share an edge
    never both take or both leave a cell.
    """
    height, width = shape
    crossings = np.zeros((height, width + 1), np.uint8)
    first, second = points, np.roll(points, -1, axis=0)
    for (y0, x0), (y1, x1) in zip(first, second, strict=True):
        if y0 == y1:
            continue
        (ya, xa), (yb, xb) = ((y0, x0), (y1, x1)) if y0 < y1 else ((y1, x1), (y0, x0))
        low, high = max(math.ceil(ya), 0), min(math.ceil(yb), height)
        if low >= high:
            continue
        rows = np.arange(low, high)
        columns = np.ceil(xa + (rows - ya) * (xb - xa) / (yb - ya))
        crossings[rows, np.clip(columns, 0, width).astype(np.int64)] ^= 1
    return np.asarray(np.bitwise_xor.accumulate(crossings, axis=1)[:, :width].astype(bool))


# Records ------------------------------------------------------------------------------------------


def _records(
    source: DicomObject,
    *,
    sha256: str,
    image: VolumeRecord,
    segments: list[_Segment],
    flags: list[str],
    lake: Lake,
) -> list[VolumeRecord]:
    """One label map; or one mask a segment where segments overlap or their numbers are unusable."""
    depth = np.zeros(image.shape[:3], np.uint8)
    for segment in segments:
        depth += segment.voxels
    numbers = [segment.value for segment in segments]
    if int(depth.max(initial=0)) <= 1 and len(set(numbers)) == len(numbers) and max(numbers) < 65536:
        parts = [segments]
    else:
        parts = [[replace(segment)] for segment in segments]
        flags = [*flags, "Segments overlap: each is a mask of its own."]
    return [
        _one(source, sha256=sha256, image=image, segments=part, flags=flags, lake=lake) for part in parts
    ]


def _one(
    source: DicomObject,
    *,
    sha256: str,
    image: VolumeRecord,
    segments: list[_Segment],
    flags: list[str],
    lake: Lake,
) -> VolumeRecord:
    kind = np.dtype("u1" if max(segment.value for segment in segments) < 256 else "u2")
    file, planes = canonical.blank(tuple(image.shape[:3])[::-1], kind)
    planes[...] = 0
    for segment in segments:
        planes.T[segment.voxels] = segment.value
    made = Canonical(
        file=file,
        planes=planes,
        affine=affine_of(image),
        codes=canonical.CANONICAL,
        original_shape=(source.columns, source.rows, source.frames) if source.rows else (),
    )
    stored = lake.put_media(made.finish(is_mask=True))
    empty = [segment.name or str(segment.value) for segment in segments if not segment.voxels.any()]
    told = flags + ([f"Empty: {', '.join(empty[:8])}."] if empty else [])
    return VolumeRecord(
        volume_id=content_id("volume", ["labels", sha256, [segment.value for segment in segments]]),
        source_ids=(source_id(sha256),),
        format="dicom",
        status=FLAGGED if told else OK,
        reason=" ".join(told),
        sha256=stored,
        modality=source.modality or None,
        sop_class_uid=source.sop_class or None,
        study_uid=source.study or None,
        series_uid=source.series or None,
        frame_of_reference_uid=source.frame_of_reference or None,
        intensity="label",
        is_mask=True,
        mask_of=image.volume_id,
        labels=tuple(
            VolumeLabel(
                value=s.value, name=s.name, voxels=int(s.voxels.sum()), origin="header", drawn=s.drawn
            )
            for s in segments
        ),
        label_origin="header",
        name=source.name,
        group_id=image.group_id,
        **made.facts(),
    )
