"""Head volumes in which a face can be rebuilt: told by a stated rule, and defaced when asked.

Arrays are canonical (RAS+: i right, j anterior, k superior); all lengths are millimetres. The rule asks
what a renderer needs: voxels fine enough, skin of a head in front, air before it, and room for a face.
It is wide on purpose: a knee of unknown body part may be flagged; a head should not be missed.

Defacing cuts with a plane that leans back from the brow: fixed, conservative figures of adult anatomy,
no registration. It takes nose, eyes' fronts, mouth and chin; forehead, ears and the brain stay. It is
no proof against recognition; look at the result (``Defaced.removed`` tells what went).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from grandrounds.errors import GrandRoundsError

Array = npt.NDArray[Any]
Mask = npt.NDArray[np.bool_]


def _words(*lines: str) -> frozenset[str]:
    return frozenset(word for line in lines for word in line.split())


HEAD_PARTS = _words(
    "HEAD BRAIN SKULL FACE HEADNECK ORBIT ORBITS SINUS SINUSES EAR IAC TEMPORAL JAW",
    "MANDIBLE MAXILLA ZYGOMA TMJ CSPINE_HEAD WHOLEBODY PITUITARY INTRACRANIAL EYE NOSE",
)
OTHER_PARTS = _words(
    "CHEST ABDOMEN PELVIS KNEE HIP SHOULDER WRIST ANKLE FOOT HAND ELBOW LIVER KIDNEY",
    "PROSTATE BREAST HEART LSPINE TSPINE LUMBARSPINE THORACICSPINE EXTREMITY LEG ARM",
    "TSPINE_LSPINE UTERUS",
)
HEAD_WORDS = _words(
    "head brain skull face orbit orbits sinus cerebral mprage flair temporal",
)
MODALITIES = frozenset({"CT", "MR", "PT"})

COARSEST_MM = 6.5  # above it, no renderer makes a face of the slices; published attacks stop at about 5
_SMALLEST_FACE_MM = (90.0, 100.0, 70.0)  # right-left, front-back, up-down that the skin must span
_HEAD_WIDTH_MM = (100.0, 240.0)  # of an unknown body part: a child's head to one with ears and cushion
_HEAD_LENGTH_MM = (110.0, 280.0)
_MIDDLE_MM = 30.0  # half the width of the band in which a profile is looked for
_LEAST_AIR_MM = 3.0
_LEAST_PROFILE = 0.3  # of the band's lines must run from air into skin
_CT_SKIN_HU = -300.0
_BROW_PART = 0.47  # vertex to brow, as part of the head's length front to back
_BROW_DEPTH_MM = 8.0
_LEAN = 0.75  # mm that the plane goes back for each mm down: the skull base slopes less steeply
_DEEPEST_MM = 85.0  # the plane ends before the spinal canal, which lies about 100 behind the brow
_OPEN_TOP_CM2 = 20.0
_LARGEST_SAMPLE = 2_000_000


class FaceError(GrandRoundsError):
    """A volume can't be judged or defaced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceFlag:
    """Whether a face can be rebuilt, and the rule's reason in words."""

    flagged: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaced:
    """A volume without its face: ``removed`` marks the voxels that were set to ``fill``."""

    array: Array = field(repr=False)
    removed: Mask = field(repr=False)
    fill: float
    voxels: int


def face_flag(
    array: Array,
    affine: Array,
    *,
    modality: str,
    body_part: str | None = None,
    words: tuple[str, ...] = (),
    is_mask: bool = False,
) -> FaceFlag:
    """Whether a face could be rebuilt from a canonical volume (only the first volume of 4D is looked at).

    Raises ``FaceError`` for an array or affine that can't be a volume.
    """
    if is_mask:
        return FaceFlag(flagged=False, reason="a mask shows no skin")
    if modality.upper() not in MODALITIES and modality:
        return FaceFlag(flagged=False, reason=f"modality {modality} is not rendered to a face")
    volume, steps = _checked(array, affine)
    part = (body_part or "").upper().replace(" ", "")
    says_head = part in HEAD_PARTS or any(word in HEAD_WORDS for word in words)
    if not says_head and part in OTHER_PARTS:
        return FaceFlag(flagged=False, reason=f"the body part is {part}")
    if max(steps) > COARSEST_MM:
        return FaceFlag(flagged=False, reason=f"voxels of {max(steps):.1f} mm are too coarse")
    skin = skin_mask(volume, modality=modality)
    spans = _spans(skin, steps)
    if any(span < least for span, least in zip(spans, _SMALLEST_FACE_MM, strict=True)):
        return FaceFlag(flagged=False, reason="the field of view is too small for a face")
    if not says_head and not _head_sized(skin, steps):
        return FaceFlag(flagged=False, reason="what is shown does not have a head's size")
    share = _profile_share(skin, steps)
    if share < _LEAST_PROFILE:
        return FaceFlag(flagged=False, reason="no skin with air in front of it is in the field of view")
    known = "a head" if says_head else "of a head's size, body part unknown"
    return FaceFlag(
        flagged=True, reason=f"{known}, with skin in front ({share:.0%} of the profile's lines)"
    )


def deface(array: Array, affine: Array, *, modality: str) -> Defaced:
    """A copy without the face. Integer types stay; every volume of a 4D array is treated alike.

    Where the field of view cuts the top of the head off, the plane starts at the top slice: more is
    removed rather than less. Raises ``FaceError`` where nothing like a head is found.
    """
    volume, steps = _checked(array, affine)
    skin = skin_mask(volume, modality=modality)
    heights = np.flatnonzero(skin.any(axis=(0, 1)))
    if not len(heights):
        raise FaceError("No tissue is found in the volume.", remedy="Look at it; it may be empty.")
    world_y, world_z = _world(affine, 1, volume.shape), _world(affine, 2, volume.shape)
    top, brow, front = _landmarks(skin, world_y, world_z, steps)
    depth = np.minimum(_BROW_DEPTH_MM + _LEAN * np.clip(brow - world_z, 0.0, None), _DEEPEST_MM)
    removed = (world_z <= brow) & (world_y > front - depth)
    if top == brow:
        removed |= (world_z >= brow) & (world_y > front - _BROW_DEPTH_MM)
    fill = _background(array, modality)
    made = array.copy()
    made[removed] = fill
    return Defaced(array=made, removed=np.asarray(removed), fill=float(fill), voxels=int(removed.sum()))


def skin_mask(volume: Array, *, modality: str) -> Mask:
    """Voxels of tissue: CT above -300 HU, else above a share of the bright end; no specks."""
    values = np.nan_to_num(np.asarray(volume, dtype=np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    if modality.upper() == "CT":
        floor = float(values.min())
        # A CT that lost its rescale starts at 0: then air is 0 and water about 1024.
        mask = values > (_CT_SKIN_HU if floor < -100 else _CT_SKIN_HU + 1024.0)
    else:
        step = max(1, values.size // _LARGEST_SAMPLE)
        sample = values.ravel()[::step]
        low, high = np.percentile(sample, [2.0, 99.0])
        mask = values > low + 0.12 * (high - low)
    return _without_specks(np.asarray(mask))


def _without_specks(mask: Mask) -> Mask:
    """Only voxels whose neighbours along each axis are mostly tissue too."""
    counts = np.zeros(mask.shape, dtype=np.uint8)
    for axis in range(3):
        for shift in (1, -1):
            moved = np.roll(mask, shift, axis=axis)
            edge: list[Any] = [slice(None)] * 3
            edge[axis] = 0 if shift == 1 else -1
            moved[tuple(edge)] = mask[tuple(edge)]
            counts += moved
    return np.asarray(mask & (counts >= 4))


def _checked(array: Array, affine: Array) -> tuple[Array, tuple[float, float, float]]:
    matrix = np.asarray(affine, dtype=np.float64)
    if array.ndim < 3 or array.dtype.names or min(array.shape[:3]) < 1 or array.dtype.kind not in "iufb":
        raise FaceError(
            f"An array of shape {array.shape} and type {array.dtype} is no volume.",
            remedy="Give grey values.",
        )
    if matrix.shape != (4, 4) or not np.isfinite(matrix).all():
        raise FaceError("The affine holds values that are no numbers.", remedy="Correct it.")
    lengths = np.sqrt((matrix[:3, :3] ** 2).sum(axis=0))
    if (lengths <= 0).any() or abs(np.linalg.det(matrix[:3, :3] / lengths)) < 1e-3:
        raise FaceError("The affine can't be inverted.", remedy="Correct it.")
    volume = array if array.ndim == 3 else array[(slice(None),) * 3 + (0,) * (array.ndim - 3)]
    return volume, (float(lengths[0]), float(lengths[1]), float(lengths[2]))


def _spans(skin: Mask, steps: tuple[float, float, float]) -> tuple[float, ...]:
    spans = []
    for axis, step in enumerate(steps):
        others = tuple(other for other in range(3) if other != axis)
        # A line's share, not a voxel, so that a cushion or cable does not make a head larger.
        hit = np.flatnonzero(skin.any(axis=others))
        spans.append((hit[-1] - hit[0] + 1) * step if len(hit) else 0.0)
    return tuple(spans)


def _head_sized(skin: Mask, steps: tuple[float, float, float]) -> bool:
    """Whether the upper 120 mm of what is shown have a head's width and length (medians over slices)."""
    heights = np.flatnonzero(skin.any(axis=(0, 1)))
    if not len(heights):
        return False
    upper = skin[:, :, max(heights[0], heights[-1] - int(120 / steps[2])) : heights[-1] + 1]
    widths, lengths = [], []
    for k in range(upper.shape[2]):
        across, along = (
            np.flatnonzero(upper[:, :, k].any(axis=1)),
            np.flatnonzero(upper[:, :, k].any(axis=0)),
        )
        if len(across):
            widths.append((across[-1] - across[0] + 1) * steps[0])
            lengths.append((along[-1] - along[0] + 1) * steps[1])
    width, length = float(np.median(widths)), float(np.median(lengths))
    return (
        _HEAD_WIDTH_MM[0] <= width <= _HEAD_WIDTH_MM[1]
        and _HEAD_LENGTH_MM[0] <= length <= _HEAD_LENGTH_MM[1]
    )


def _profile_share(skin: Mask, steps: tuple[float, float, float]) -> float:
    """Of the lines front to back near the middle that meet tissue, the share that has air in front."""
    across = np.flatnonzero(skin.any(axis=(1, 2)))
    middle = (across[0] + across[-1]) // 2
    half = max(1, int(_MIDDLE_MM / steps[0]))
    band = skin[max(0, middle - half) : middle + half + 1]
    met = band.any(axis=1)
    air = np.argmax(band[:, ::-1, :], axis=1) * steps[1]
    return float((met & (air >= min(_LEAST_AIR_MM, 3 * steps[1]))).sum() / max(1, met.sum()))


def _landmarks(
    skin: Mask, world_y: Array, world_z: Array, steps: tuple[float, float, float]
) -> tuple[float, float, float]:
    """World z of the top, world z of the brow, world y of the skin there."""
    z_of, y_of = np.broadcast_to(world_z, skin.shape)[skin], np.broadcast_to(world_y, skin.shape)[skin]
    # Percentiles, because a coil's or cushion's edge may stand above or before the head.
    top = float(np.percentile(z_of, 99.9))
    upper = z_of > top - 130.0
    back, nose = np.percentile(y_of[upper], [1.0, 99.5])
    area = skin[:, :, -1].sum() * steps[0] * steps[1] / 100.0
    brow = top if area > _OPEN_TOP_CM2 else top - _BROW_PART * min(float(nose - back), 210.0)
    near = np.abs(z_of - brow) <= max(10.0, 1.5 * max(steps))
    front = float(np.percentile(y_of[near], 99.0)) if near.any() else float(nose)
    return top, brow, front


def _world(affine: Array, row: int, shape: tuple[int, ...]) -> Array:
    """One world coordinate of every voxel (float32), built by broadcasting."""
    matrix = np.asarray(affine, dtype=np.float64)
    made = np.full((1, 1, 1), matrix[row, 3], dtype=np.float32)
    for axis in range(3):
        side: list[Any] = [None] * 3
        side[axis] = slice(None)
        made = (
            made + (np.arange(shape[axis], dtype=np.float32) * np.float32(matrix[row, axis]))[tuple(side)]
        )
    return made


def _background(array: Array, modality: str) -> Any:
    """What air is in this volume: CT's minimum, not below -1024; else the lowest value."""
    finite = array[np.isfinite(array)] if array.dtype.kind == "f" else array
    low = finite.min() if finite.size else 0
    if modality.upper() == "CT" and low < -1024:
        low = -1024
    return array.dtype.type(low)
