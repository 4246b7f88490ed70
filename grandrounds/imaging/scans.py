"""Tables to scans: an image with its masks, structures and measurements; and what is in none, and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from grandrounds.imaging.found import preferred
from grandrounds.imaging.measuring import is_image, masks_by_image
from grandrounds.recipe import Recipe
from grandrounds.records.measured import MeasuredRow
from grandrounds.records.scan import Scan
from grandrounds.records.structure import StructureRow
from grandrounds.records.volume import USABLE, VolumeRecord

FACE_WORDS = "a face can be rebuilt"
_TOLERANCE = 1 + 1e-6
_Row = TypeVar("_Row", StructureRow, MeasuredRow)


def scans(
    volumes: Sequence[VolumeRecord],
    structures: Iterable[StructureRow],
    measurements: Iterable[MeasuredRow],
) -> Iterator[Scan]:
    """One scan an image that has a mask with structures, by volume id.

    Within a scan names are unique: where masks name the same structure, the one drawn by hand stands for
    it, then a predicted one; the mask with more labels; the smaller id. The others are left out with
    what was measured on them.
    """
    masks = masks_by_image(volumes)
    rows = _grouped(structures)
    values = _grouped(measurements)
    for image in sorted(volumes, key=lambda one: one.volume_id):
        own = rows.get(image.volume_id)
        if own and is_image(image):
            scan = _scan(image, masks.get(image.volume_id, []), own, values.get(image.volume_id, []))
            if scan.structures:
                yield scan


def left_out(
    volumes: Sequence[VolumeRecord], made: Iterable[Scan]
) -> tuple[tuple[VolumeRecord, str, str], ...]:
    """Every volume that is in no scan, with a gate's name and the reason; by volume id."""
    inside = {one.volume_id for scan in made for one in (scan.volume, *scan.masks)}
    by_id = {one.volume_id: one for one in volumes}
    masked = {one.mask_of for one in volumes if one.is_mask and one.mask_of}
    return tuple(
        (one, *_why(one, by_id, masked, inside))
        for one in sorted(volumes, key=lambda one: one.volume_id)
        if one.volume_id not in inside
    )


def admit(made: Iterable[Scan], recipe: Recipe) -> tuple[list[Scan], list[tuple[Scan, str, str]]]:
    """The scans that the recipe takes, and those that it does not, with a gate's name and the reason.

    Structures of masks that the recipe does not take are dropped first, with what was measured on them.
    """
    need = recipe.volumes
    taken: list[Scan] = []
    refused: list[tuple[Scan, str, str]] = []
    for scan in made:
        kept = _of_origins(scan, frozenset(need.box_origins))
        trouble = _trouble(scan, kept, recipe)
        if trouble:
            refused.append((scan, *trouble))
        else:
            taken.append(kept)
    return taken, refused


def _scan(
    image: VolumeRecord,
    masks: Sequence[VolumeRecord],
    rows: Sequence[StructureRow],
    values: Sequence[MeasuredRow],
) -> Scan:
    by_id = {mask.volume_id: mask for mask in masks}
    chosen: dict[str, StructureRow] = {}
    for row in preferred([row for row in rows if row.mask_id in by_id], by_id):
        # Labels without a name can't be taken for one another.
        chosen.setdefault(row.name or row.structure_id, row)
    return _made(image, masks, chosen.values(), values)


def _made(
    image: VolumeRecord,
    masks: Iterable[VolumeRecord],
    rows: Iterable[StructureRow],
    values: Iterable[MeasuredRow],
) -> Scan:
    """The scan of these structures: masks without one go, and measurements that need another one."""
    kept = {row.structure_id: row for row in rows}
    used = {row.mask_id for row in kept.values()}
    return Scan(
        volume=image,
        masks=tuple(sorted((one for one in masks if one.volume_id in used), key=lambda one: one.volume_id)),
        structures=tuple(kept[key] for key in sorted(kept)),
        measurements=tuple(
            sorted(
                (value for value in values if kept.keys() >= set(value.structures)),
                key=lambda value: value.measurement_id,
            )
        ),
    )


def _of_origins(scan: Scan, origins: frozenset[str]) -> Scan:
    rows = [row for row in scan.structures if row.origin in origins]
    if len(rows) == len(scan.structures):
        return scan
    return _made(scan.volume, scan.masks, rows, scan.measurements)


def _trouble(scan: Scan, kept: Scan, recipe: Recipe) -> tuple[str, str] | None:
    """The gate that refuses a scan, and why."""
    need, volume = recipe.volumes, scan.volume
    if need.modalities and volume.modality not in need.modalities:
        wanted = ", ".join(need.modalities)
        return "modality", f"The modality is {volume.modality or 'unknown'}; the recipe takes {wanted}."
    sides = zip(volume.spacing[:3], volume.shape[:3], strict=False)
    widest = max((space for space, side in sides if side > 1), default=0.0)
    if widest > need.largest_spacing * _TOLERANCE:
        return "spacing", f"Voxels lie {widest:.4g} mm apart; the recipe takes {need.largest_spacing:g}."
    if need.deidentify.faces == "refuse" and _shows_face(volume):
        return "faces", "A face can be rebuilt from the volume, and the recipe refuses faces."
    if not kept.structures:
        wanted = ", ".join(need.box_origins)
        return "box_origin", f"No mask is of an origin that the recipe takes ({wanted})."
    named = len({row.name for row in kept.structures if row.name})
    if named < need.minimum_structures:
        return "structures", f"{named} structures have names; the recipe needs {need.minimum_structures}."
    return None


def _shows_face(volume: VolumeRecord) -> bool:
    """Whether de-identification said that a face can be rebuilt."""
    return FACE_WORDS in volume.reason.lower()


def _why(
    one: VolumeRecord, by_id: dict[str, VolumeRecord], masked: set[str], inside: set[str]
) -> tuple[str, str]:
    """The gate at which a volume stopped, and why."""
    if one.status not in USABLE:
        return one.status, one.reason or f"The volume is {one.status}."
    if one.sha256 is None:
        return "refused", one.reason or "There is no volume in the lake."
    if not one.is_mask:
        if one.volume_id not in masked:
            return "no_mask", "No mask lies on its grid: nothing on it can be asked without guessing."
        return "no_structures", "Its masks hold nothing that could be measured."
    image = by_id.get(one.mask_of or "")
    if image is None or not is_image(image):
        return "mask_without_image", one.reason or "The image that the mask was made for is missing."
    if image.volume_id in inside:
        return (
            "mask_not_needed",
            "It is empty, can't be measured, or another mask names the same structures.",
        )
    return "mask_without_structures", "It is empty or can't be measured."


def _grouped(rows: Iterable[_Row]) -> dict[str, list[_Row]]:
    made: defaultdict[str, list[_Row]] = defaultdict(list)
    for row in rows:
        made[row.volume_id].append(row)
    return dict(made)


__all__ = ["admit", "left_out", "scans"]
