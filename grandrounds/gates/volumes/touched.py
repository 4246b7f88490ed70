"""What of a scan a row rests on: the structures it boxes, measures or names, and their masks."""

from __future__ import annotations

from grandrounds.gates.gate import Looked
from grandrounds.records.scan import Scan
from grandrounds.records.structure import StructureRow
from grandrounds.records.volume import VolumeRecord

PATIENT = "patient"


def named_ids(at: Looked) -> set[str]:
    """The ids of all structures that the row refers to, known or not."""
    revision = at.revision
    return {box.structure_id for box in revision.boxes} | {
        one for value in revision.measurements for one in value.structures
    }


def structures(at: Looked) -> tuple[StructureRow, ...]:
    """The structures of the row's scan that it rests on, or takes a wrong option from; by id."""
    if at.scan is None:
        return ()
    named = named_ids(at) | {origin.reference for origin in at.revision.option_origins}
    return tuple(row for row in at.scan.structures if row.structure_id in named)


def masks(at: Looked) -> tuple[VolumeRecord, ...]:
    """The masks of these structures, by id."""
    if at.scan is None:
        return ()
    used = {row.mask_id for row in structures(at)}
    return tuple(mask for mask in at.scan.masks if mask.volume_id in used)


def called(row: StructureRow) -> str:
    """What a sentence calls a structure."""
    return row.name or f"label {row.label}"


def in_patient_space(scan: Scan) -> bool:
    """Whether the scan's world coordinates are the patient's."""
    return scan.volume.space == PATIENT
