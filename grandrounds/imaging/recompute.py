"""A scan measured again from its voxels, and whether that gives what is stored."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass

from grandrounds.errors import GrandRoundsError
from grandrounds.imaging.measuring import Open, measure_image
from grandrounds.records.measured import MeasuredRow
from grandrounds.records.scan import Scan
from grandrounds.records.structure import StructureRow

RELATIVE, ABSOLUTE = 1e-6, 1e-9
"""How far two stored fractions may lie apart: a share of the larger one's size, and at least this much.
Libraries of linear algebra add up in their own orders; a changed voxel moves a value by far more."""

_SHOWN = 20


class RecomputeError(GrandRoundsError):
    """A scan can't be measured again: its image or a mask is gone or unreadable."""


def recomputed(scan: Scan, *, open_volume: Open) -> Scan:
    """The scan with structures and measurements made anew from the voxels of its image and masks.

    Rows that the stored scan does not have (another mask stood for the same structure, a recipe did not
    take it) are left out here too: an id names what was measured on which voxels.
    Raises ``RecomputeError`` where a file can't be measured.
    """
    again = measure_image(scan.volume, scan.masks, open_volume=open_volume)
    measured = {row.mask_id for row in again.structures}
    if not measured.issuperset(row.mask_id for row in scan.structures):
        raise RecomputeError(
            f"The scan {scan.evidence_id} can't be measured again: {again.problem}",
            remedy="Check that the release or lake is complete, and build again.",
        )
    structures = {row.structure_id for row in scan.structures}
    measurements = {row.measurement_id for row in scan.measurements}
    return Scan(
        volume=scan.volume,
        masks=scan.masks,
        structures=tuple(row for row in again.structures if row.structure_id in structures),
        measurements=tuple(row for row in again.measurements if row.measurement_id in measurements),
    )


def differences(stored: Scan, again: Scan) -> tuple[str, ...]:
    """Where two scans' rows differ, a sentence each; empty when they agree.

    Whole numbers and words must be equal; fractions may differ by ``RELATIVE`` of their size or
    ``ABSOLUTE``, whichever is larger.
    """
    found = [
        *_tables(
            "structure",
            {row.structure_id: row for row in stored.structures},
            {row.structure_id: row for row in again.structures},
        ),
        *_tables(
            "measurement",
            {row.measurement_id: row for row in stored.measurements},
            {row.measurement_id: row for row in again.measurements},
        ),
    ]
    more = len(found) - _SHOWN
    return tuple(found[:_SHOWN]) + ((f"And {more} more.",) if more > 0 else ())


Row = StructureRow | MeasuredRow


def _tables(what: str, stored: Mapping[str, Row], again: Mapping[str, Row]) -> list[str]:
    made = []
    for key in sorted(stored.keys() | again.keys()):
        one, other = stored.get(key), again.get(key)
        if one is None or other is None:
            where = "measured again but not stored" if one is None else "stored but not measured again"
            made.append(f"The {what} {key} ({_words(one or other)}) is {where}.")
            continue
        made += [
            f"The {what} {key} ({_words(one)}): {field.name} is stored as {_short(before)}, measured again "
            f"it is {_short(after)}."
            for field in fields(one)
            if not same(before := getattr(one, field.name), after := getattr(other, field.name))
        ]
    return made


def _words(row: Row | None) -> str:
    if isinstance(row, MeasuredRow):
        return f"{row.name} of {row.subject}"
    return row.name or f"label {row.label}" if row else ""


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 120 else f"{text[:117]}..."


def same(one: object, other: object) -> bool:
    """Whether two values of rows agree: fractions within the tolerance, all else exactly."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
    if isinstance(one, str) or isinstance(other, str):
        return one == other
    if isinstance(one, Sequence) and isinstance(other, Sequence):
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other, strict=True))
    if is_dataclass(one) and type(one) is type(other):
        return all(same(getattr(one, f.name), getattr(other, f.name)) for f in fields(one))
    return one == other
