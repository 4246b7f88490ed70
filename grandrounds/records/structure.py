"""One row of the ``structures`` table: a label of a mask on its image's grid, its place and size."""

from __future__ import annotations

from dataclasses import dataclass

MANUAL, PREDICTED, UNKNOWN = "manual", "predicted", "unknown"
ORIGINS = (MANUAL, PREDICTED, UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One reason for doubt: a code for machines and plain words for people."""

    code: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StructureRow:
    """A structure. Axis order and coordinates: ``grandrounds.volumes.geometry``.

    ``volume_id`` is the image's, ``mask_id`` the mask's; ``mask_sha256`` names the mask's file in the lake.
    ``name`` is the structure's own (``L3``, ``left kidney``), empty where nothing names the label.
    ``level`` is set for vertebrae (``C1`` to ``S``), ``side`` (``left``, ``right``) where the name tells
    one: both are of the patient. ``box`` is half-open (start i, j, k, stop i, j, k), ``box_millimetres``
    the same in world coordinates (smallest and largest x, y, z). ``centre`` is the centroid in voxels,
    ``centre_millimetres`` in world coordinates. ``largest`` are the indices along i, j and k of the
    slices in which it has most voxels. ``landmark`` is the point that a centroid file gives for the
    label, in voxels. ``status`` is ``ok`` or ``unreliable`` (it is cut by the field of view, in pieces, a
    few voxels only): ``remarks`` say why.
    """

    structure_id: str
    volume_id: str
    mask_id: str
    mask_sha256: str
    label: int
    name: str = ""
    level: str = ""
    side: str = ""
    origin: str = UNKNOWN
    voxels: int
    volume_ml: float
    box: tuple[int, ...]
    box_millimetres: tuple[float, ...]
    centre: tuple[float, ...]
    centre_millimetres: tuple[float, ...]
    largest: tuple[int, ...]
    landmark: tuple[float, ...] = ()
    status: str
    remarks: tuple[Remark, ...] = ()
