"""From an image and its masks to structures and measurements. Nothing is guessed.

One image and its masks are in memory at a time; each file is opened once. A mask that can't be measured
gives a problem in words, and the run goes on.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from grandrounds.errors import GrandRoundsError
from grandrounds.imaging import names
from grandrounds.imaging.found import HU, Found, Picture, Reading
from grandrounds.imaging.measurements import needed_later, of_scan, of_structure
from grandrounds.imaging.names import Known
from grandrounds.imaging.rows import measured_row, structure_row
from grandrounds.measure.axes import Array
from grandrounds.measure.measurement import MeasureError
from grandrounds.measure.structure import LabelMap
from grandrounds.records.measured import MeasuredRow
from grandrounds.records.structure import StructureRow
from grandrounds.records.volume import USABLE, VolumeRecord

GRID_TOLERANCE = 1e-3
"""Most that the affines of image and mask may differ in any number."""

_TROUBLE = (GrandRoundsError, ValueError, ArithmeticError, LookupError)

Progress = Callable[[int, int], None]
"""Called with how many images are done, and how many there are."""


class Voxels(Protocol):
    """An opened volume: voxels in real units, from voxel indices to world mm, and its shape."""

    @property
    def data(self) -> Array:
        """The voxels, [i, j, k]."""

    @property
    def affine(self) -> Any:
        """4x4, voxel centres to world mm (RAS)."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Voxels along the axes."""


Open = Callable[[VolumeRecord], Voxels]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What was found in one image. ``problem`` says, a sentence a mask, what could not be measured."""

    volume: VolumeRecord
    structures: tuple[StructureRow, ...] = ()
    measurements: tuple[MeasuredRow, ...] = ()
    problem: str = ""


def measure_masks(
    volumes: Sequence[VolumeRecord], *, open_volume: Open, on_progress: Progress | None = None
) -> Iterator[Measured]:
    """Measure every image that has a mask, by volume id.

    Images and masks that were refused are passed over. Errors of the lake (a file is gone) end in the
    problem of that image, too.
    """
    masks = masks_by_image(volumes)
    images = sorted(
        (one for one in volumes if one.volume_id in masks and is_image(one)), key=lambda one: one.volume_id
    )
    for done, image in enumerate(images, 1):
        yield measure_image(image, masks[image.volume_id], open_volume=open_volume)
        if on_progress:
            on_progress(done, len(images))


def is_image(volume: VolumeRecord) -> bool:
    """Whether a volume is an image whose masks can be measured."""
    return not volume.is_mask and volume.status in USABLE and volume.sha256 is not None


def masks_by_image(volumes: Iterable[VolumeRecord]) -> dict[str, list[VolumeRecord]]:
    """The usable masks of each image, by the image's id; sorted by their own ids."""
    found: defaultdict[str, list[VolumeRecord]] = defaultdict(list)
    for volume in sorted(volumes, key=lambda one: one.volume_id):
        if volume.is_mask and volume.mask_of and volume.status in USABLE and volume.sha256:
            found[volume.mask_of].append(volume)
    return dict(found)


def measure_image(image: VolumeRecord, masks: Sequence[VolumeRecord], *, open_volume: Open) -> Measured:
    """Measure one image with its masks."""
    reading = _Reading(image, masks)
    try:
        reading.open(open_volume)
        for mask in masks:
            reading.take(mask, open_volume)
        reading.join()
    except _TROUBLE as exc:
        reading.problems.append(f"{image.volume_id} can't be measured: {exc}")
    return reading.result()


class _Reading:
    """One image being measured."""

    def __init__(self, image: VolumeRecord, masks: Sequence[VolumeRecord]) -> None:
        self.image = image
        self.masks = {mask.volume_id: mask for mask in masks}
        self.problems: list[str] = []
        self.rows: list[StructureRow] = []
        self.readings: list[Reading] = []
        self.kept: list[Found] = []

    def open(self, open_volume: Open) -> None:
        """Read the image. Raises ``MeasureError`` where it has time or colour axes."""
        volume = open_volume(self.image)
        data = volume.data
        if data.ndim != 3:
            raise MeasureError(
                f"it has {data.ndim} axes, and a mask does not say of which time point it is.",
                remedy="Split the file.",
            )
        self.affine = volume.affine
        plain = data.dtype.names is None and data.dtype.kind in "biuf"
        hounsfield = plain and self.image.intensity == HU
        self.picture = Picture(record=self.image, data=data, hounsfield=hounsfield)

    def take(self, mask: VolumeRecord, open_volume: Open) -> None:
        """Measure the labels of one mask, each for itself; keep those that are measured together."""
        try:
            found = list(self._labels(mask, open_volume))
        except _TROUBLE as exc:
            self.problems.append(f"The mask {mask.volume_id} can't be measured: {exc}")
            return
        for one in found:
            self.rows.append(one.row)
            self._add(one.known.name, of_structure(one, self.picture))
        self.kept += [one for one in found if needed_later(one.known, self.picture)]

    def join(self) -> None:
        """Measure what several structures make together."""
        for what, readings in of_scan(self.kept, self.picture, self.masks).items():
            self._add(what, readings)

    def result(self) -> Measured:
        """The rows, sorted by id."""
        made = {
            row.measurement_id: row
            for row in (
                measured_row(
                    one.measurement,
                    image=self.image,
                    subject=one.subject,
                    structures=one.structures,
                    criterion=one.criterion,
                )
                for one in self.readings
            )
        }
        return Measured(
            volume=self.image,
            structures=tuple(sorted(self.rows, key=lambda row: row.structure_id)),
            measurements=tuple(made[key] for key in sorted(made)),
            problem=" ".join(self.problems),
        )

    def _labels(self, mask: VolumeRecord, open_volume: Open) -> Iterator[Found]:
        volume = open_volume(mask)
        _check_grid(volume, self.picture, self.affine)
        known = _known(mask)
        told = {label.value: label for label in mask.labels}
        words = {value: one.name or f"label {value}" for value, one in known.items()}
        for structure in LabelMap(volume.data, self.affine, words):
            own = known.get(structure.label, Known())
            row = structure_row(
                structure, mask=mask, label=told.get(structure.label), known=own, image=self.image
            )
            yield Found(row=row, known=own, structure=structure)

    def _add(self, what: str, readings: Iterable[Reading]) -> None:
        """Take what is measured of ``what``; a mistake in one measure must not cost the others."""
        try:
            for one in readings:
                self.readings.append(one)
        except _TROUBLE as exc:
            self.problems.append(f"Of {what}, not all could be measured: {exc}")


def _known(mask: VolumeRecord) -> dict[int, Known]:
    """What the labels' names say; the same name given twice in one mask is numbered, unless a level."""
    bodies = names.says_bodies(names.words_of(mask.name))
    made = {label.value: _of_bodies(names.known(label.name), bodies) for label in mask.labels}
    many = Counter(one.name for one in made.values() if one.name and not one.level)
    seen: Counter[str] = Counter()
    for value in sorted(made):
        one = made[value]
        if many[one.name] > 1:
            seen[one.name] += 1
            made[value] = replace(one, name=f"{one.name} {seen[one.name]}")
    return made


def _of_bodies(one: Known, bodies: bool) -> Known:
    if not (bodies and one.level and not one.part) or one.level == names.SACRUM:
        return one
    return replace(one, name=f"{one.name} {names.BODY}", part=names.BODY)


def _check_grid(mask: Voxels, picture: Picture, affine: Any) -> None:
    if tuple(mask.shape) != picture.data.shape:
        raise MeasureError(f"it has {tuple(mask.shape)} voxels, its image {picture.data.shape}.")
    away = float(np.abs(np.asarray(mask.affine) - np.asarray(affine)).max())
    if not away <= GRID_TOLERANCE:
        raise MeasureError(f"it lies on another grid than its image (affines differ by {away:.3g}).")


__all__ = [
    "GRID_TOLERANCE",
    "Measured",
    "Open",
    "Voxels",
    "is_image",
    "masks_by_image",
    "measure_image",
    "measure_masks",
]
