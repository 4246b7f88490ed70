"""A picture of a scan for a person's glance: mid-slices with boxes and labels, then a tile a structure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from grandrounds.lake import Lake
from grandrounds.records.structure import StructureRow
from grandrounds.records.volume import VolumeRecord
from grandrounds.volumes.geometry import Array
from grandrounds.volumes.pictures import BoxMark, mid_slices
from grandrounds.volumes.pictures_draw import colour_of
from grandrounds.volumes.pictures_montage import label_picture, montage
from grandrounds.volumes.volume import open_volume

_TILES = 24
_TILE = 160


def glance(
    image: VolumeRecord, structures: Sequence[StructureRow], *, volumes: Sequence[VolumeRecord], lake: Lake
) -> bytes:
    """A PNG of an image with what its masks hold; the masks are among ``volumes``.

    At most 24 tiles, the largest structures first. Raises ``LakeError`` when a volume is not in the lake.
    """
    shown = sorted(structures, key=lambda row: (-row.voxels, row.structure_id))
    masks = {record.volume_id: record for record in volumes}
    volume = open_volume(lake, image)
    opened: dict[str, Array] = {}
    whole = np.zeros(volume.data.shape[:3], dtype=np.uint16)
    marks = []
    for number, row in enumerate(shown, start=1):
        if row.mask_id not in opened:
            opened[row.mask_id] = open_volume(lake, masks[row.mask_id]).data
        marks.append(_mark(row, colour_of(number - 1), number))
        if number < np.iinfo(whole.dtype).max:
            whole[opened[row.mask_id] == row.label] = number
    pictures = list(mid_slices(volume, mask=whole, boxes=marks[:_TILES]))
    captions = ["axial", "coronal", "sagittal"][: len(pictures)] if len(pictures) > 1 else ["the image"]
    for row, mark in zip(shown[: _TILES - len(pictures)], marks, strict=False):
        tile = BoxMark(name=row.name, box=mark.box, colour=mark.colour, label=row.label)
        pictures.append(label_picture(volume, opened[row.mask_id], tile, smallest=_TILE))
        captions.append(f"{row.name or 'label'} ({row.label})\n{row.volume_ml:.1f} ml")
    return montage(pictures, captions, tile=_TILE).png


def _mark(row: StructureRow, colour: tuple[int, int, int], value: int) -> BoxMark:
    box = row.box
    return BoxMark(
        name=row.name, box=(box[0], box[1], box[2], box[3], box[4], box[5]), colour=colour, label=value
    )
