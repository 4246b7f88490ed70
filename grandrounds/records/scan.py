"""A scan: an image with its masks, structures and measurements. What questions on volumes are made from.

It is put together from the tables ``volumes``, ``structures`` and ``measurements`` and has none of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from grandrounds.records.measured import MeasuredRow
from grandrounds.records.structure import StructureRow
from grandrounds.records.volume import VolumeRecord

LANGUAGE = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """An image with all that was found in it.

    ``masks`` share the image's grid, by ``volume_id``. ``structures`` and ``measurements`` are sorted by
    id. The properties are what an item takes over from its evidence, under the names that cases have.
    """

    volume: VolumeRecord
    masks: tuple[VolumeRecord, ...]
    structures: tuple[StructureRow, ...]
    measurements: tuple[MeasuredRow, ...]

    @property
    def evidence_id(self) -> str:
        """The image's id."""
        return self.volume.volume_id

    @property
    def source_id(self) -> str:
        """The first of the image's sources."""
        return self.volume.source_ids[0]

    @property
    def group_id(self) -> str:
        """The patient's group."""
        return self.volume.group_id

    @property
    def licence(self) -> str:
        """The licence of image and masks; ``unknown`` where they differ."""
        found = {self.volume.licence, *(mask.licence for mask in self.masks)}
        return found.pop() if len(found) == 1 else "unknown"

    @property
    def citation(self) -> str:
        """How to cite the image."""
        return self.volume.citation

    @property
    def language(self) -> str:
        """The language of what is asked about it."""
        return LANGUAGE

    @property
    def protected(self) -> bool:
        """Whether image or any mask is protected."""
        return self.volume.protected or any(mask.protected for mask in self.masks)

    @property
    def published(self) -> date | None:
        """When the image was published."""
        return self.volume.published

    def structure(self, structure_id: str) -> StructureRow | None:
        """The structure of that id."""
        return next((row for row in self.structures if row.structure_id == structure_id), None)

    def mask(self, mask_id: str) -> VolumeRecord | None:
        """The mask of that id."""
        return next((row for row in self.masks if row.volume_id == mask_id), None)
