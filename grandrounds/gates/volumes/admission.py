"""Admission: which scans a recipe asks about, and for every other volume why it doesn't.

The unit of a refusal is a row of ``volumes``, image or mask: each stands in an admitted scan or in one
rejection of stage ``evidence``, whatever the rules in ``imaging.scans`` say of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from grandrounds.gates.status import reject_volume
from grandrounds.recipe import Recipe
from grandrounds.records.measured import MeasuredRow
from grandrounds.records.rejection import Rejection
from grandrounds.records.scan import Scan
from grandrounds.records.structure import StructureRow
from grandrounds.records.volume import VolumeRecord

LEFT_OUT = "left_out"
"""The gate of a volume that no rule names: nothing of it is used by the scan that it could belong to."""


def admit(
    volumes: Sequence[VolumeRecord],
    *,
    structures: Iterable[StructureRow],
    measurements: Iterable[MeasuredRow],
    recipe: Recipe,
) -> tuple[list[Scan], list[Rejection]]:
    """The scans that the recipe can ask about, in the order of their ids, and what becomes of the rest.

    Each row of ``volumes`` that stands in no admitted scan, as image or mask, is one rejection.
    """
    from grandrounds.imaging import scans as rules

    made = list(rules.scans(volumes, structures, measurements))
    taken, turned_down = rules.admit(made, recipe)
    why: dict[str, tuple[str, str]] = {}
    for scan, gate, reason in turned_down:
        for volume in (scan.volume, *scan.masks):
            why.setdefault(volume.volume_id, (gate, reason))
    for volume, gate, reason in rules.left_out(volumes, made):
        why.setdefault(volume.volume_id, (gate, reason))
    standing = {volume.volume_id for scan in taken for volume in (scan.volume, *scan.masks)}
    rejections = []
    for volume in volumes:
        if volume.volume_id not in standing:
            gate, reason = why.get(volume.volume_id, (LEFT_OUT, "No question rests on it."))
            rejections.append(reject_volume(volume, recipe=recipe.name, gate=gate, reasons=[reason]))
    return taken, rejections
