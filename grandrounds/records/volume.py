"""One row of the ``volumes`` table: an image or a mask with exact geometry, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

OK, FLAGGED, QUARANTINED, REFUSED = "ok", "flagged", "quarantined", "refused"

VOLUME_STATUSES = (OK, FLAGGED, QUARANTINED, REFUSED)
USABLE = (OK, FLAGGED)
"""Volumes that anything may be made of."""

INTENSITY_KINDS = (
    "hu",
    "suv",
    "activity",
    "dose_gy",
    "adc",
    "phase",
    "label",
    "rgb",
    "arbitrary",
    "vector",
)
SPACES = ("patient", "image")


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceInstance:
    """Which DICOM object a slice came from.

    ``axis`` is the array axis (0 i, 1 j, 2 k) across which the slices lie, ``index`` the slice's index
    along it in the canonical array, ``time`` the index along the fourth axis (0 where there is none).
    ``frame`` is 0-based within a multi-frame object. Looked up both ways by
    ``grandrounds.volumes.instances``.
    """

    axis: int
    index: int
    time: int
    sop_instance_uid: str
    frame: int
    source_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A display window in the volume's own units (HU where those are HU)."""

    center: float
    width: float
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeLabel:
    """A value of a mask: its name (empty where nothing names it), and how many voxels have it.

    ``origin`` says where the name was found, ``drawn`` who drew it where the file tells: ``manual`` or
    ``predicted``.
    """

    value: int
    name: str
    voxels: int
    origin: str = ""
    drawn: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Landmark:
    """A named point: voxel indices i, j, k (real numbers) and world millimetres (RAS)."""

    label: int
    name: str
    voxel: tuple[float, ...]
    world: tuple[float, ...]
    source_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeRecord:
    """A volume as it stands in the lake. Axis order and coordinates: ``grandrounds.volumes.geometry``.

    ``status``: ``ok``; ``flagged`` (the volume is exact, but ``reason`` says what its user must know:
    gantry tilt, one slice only, a mask without its image ...); ``quarantined`` (identifying text may stand
    in the picture: nothing is made of it until a person has cleared it); ``refused`` (no volume).
    ``sha256`` names the canonical RAS+ NIfTI in the lake. ``affine`` is row-major, 16 numbers.
    ``original_codes`` is the orientation code of the array as it was stored, ``original_shape`` its
    shape. ``space`` is ``patient`` where the affine leads to patient coordinates, ``image`` where the
    file has none (radiographs, ultrasound): then i runs along columns, j along rows downwards, nothing
    is flipped, and ``patient_directions`` holds DICOM's letters for rows and columns where given.
    ``slope`` and ``intercept`` turn stored into real values where they are not 1 and 0.
    ``padding`` is the value outside the field of view where the file names one. ``inverted`` tells that
    MONOCHROME1 was turned into MONOCHROME2. ``mask_of`` is the ``volume_id`` of the image whose grid the
    mask shares. ``time_values`` are those of the fourth axis in ``time_unit``. Times and ids are the
    originals: this table is what de-identification starts from, never what is released.
    """

    volume_id: str
    source_ids: tuple[str, ...]
    format: str
    status: str
    reason: str = ""
    sha256: str | None = None
    bytes: int = 0
    dtype: str = ""
    shape: tuple[int, ...] = ()
    affine: tuple[float, ...] = ()
    spacing: tuple[float, ...] = ()
    space: str = "patient"
    original_codes: str = ""
    original_shape: tuple[int, ...] = ()
    obliquity_degrees: float = 0.0
    shear_degrees: float = 0.0
    patient_directions: tuple[str, ...] = ()
    slope: float = 1.0
    intercept: float = 0.0
    padding: float | None = None
    inverted: bool = False
    intensity: str = "arbitrary"
    modality: str | None = None
    body_part: str | None = None
    sequence_words: tuple[str, ...] = ()
    sop_class_uid: str | None = None
    burned_in: str | None = None
    study_uid: str | None = None
    series_uid: str | None = None
    frame_of_reference_uid: str | None = None
    instances: tuple[SliceInstance, ...] = ()
    windows: tuple[Window, ...] = ()
    time_unit: str = ""
    time_values: tuple[float, ...] = ()
    is_mask: bool = False
    mask_of: str | None = None
    labels: tuple[VolumeLabel, ...] = ()
    label_origin: str = ""
    landmarks: tuple[Landmark, ...] = ()
    name: str = ""
    licence: str = "unknown"
    citation: str = ""
    published: date | None = None
    protected: bool = False
    group_id: str = ""
    notes: tuple[str, ...] = ()
