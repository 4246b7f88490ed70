"""What ``measure`` finds, as rows: structures, measurements, and the chains of their criteria."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from grandrounds.fingerprint import content_id
from grandrounds.imaging import names
from grandrounds.measure import quality
from grandrounds.measure.criteria import Chain, Criterion, Step, decide
from grandrounds.measure.measurement import CUT, Doubt, Measurement, Quantity
from grandrounds.measure.structure import Structure
from grandrounds.records.measured import MeasuredInput, MeasuredRow
from grandrounds.records.parts import ChainStep
from grandrounds.records.structure import ORIGINS, UNKNOWN, Remark, StructureRow
from grandrounds.records.volume import VolumeLabel, VolumeRecord


def structure_row(
    found: Structure,
    *,
    mask: VolumeRecord,
    label: VolumeLabel | None,
    known: names.Known,
    image: VolumeRecord,
) -> StructureRow:
    """The row of a label that has voxels."""
    box = found.require_box()
    low, high = box.bounds(found.grid)
    remarks = tuple(_remark(doubt) for doubt in _doubts(found, known))
    landmark = next((one.voxel for one in mask.landmarks if one.label == found.label), ())
    return StructureRow(
        structure_id=structure_id(mask, found.label),
        volume_id=image.volume_id,
        mask_id=mask.volume_id,
        mask_sha256=mask.sha256 or "",
        label=found.label,
        name=known.name,
        level=known.level,
        side=known.side,
        origin=label.drawn if label is not None and label.drawn in ORIGINS else UNKNOWN,
        voxels=found.voxels,
        volume_ml=found.voxels * found.grid.voxel_ml,
        box=(*box.start, *box.stop),
        box_millimetres=(*low, *high),
        centre=found.centre_voxel,
        centre_millimetres=found.centre,
        largest=tuple(int(np.argmax(count)) for count in found.counts),
        landmark=landmark,
        status="unreliable" if remarks else "ok",
        remarks=remarks,
    )


def structure_id(mask: VolumeRecord, label: int) -> str:
    """The id of a label of a mask: it depends on the mask's voxels and on nothing else."""
    return content_id("structure", [mask.sha256 or "", label])


def measured_row(
    measurement: Measurement,
    *,
    image: VolumeRecord,
    subject: str,
    structures: Sequence[str],
    criterion: Criterion | None = None,
) -> MeasuredRow:
    """The row of a measurement, with the chain of ``criterion`` where one reads it."""
    chain = decide(criterion, measurement) if criterion else None
    ids = tuple(sorted(set(structures)))
    rule = criterion.name if criterion else ""
    value = measurement.value
    return MeasuredRow(
        measurement_id=content_id(
            "measurement", [image.volume_id, subject, measurement.name, rule, list(ids)]
        ),
        volume_id=image.volume_id,
        subject=subject,
        structures=ids,
        name=measurement.name,
        number=float(value) if isinstance(value, int | float) else None,
        word=value if isinstance(value, str) else "",
        unit=measurement.unit,
        status=measurement.status,
        remarks=tuple(_remark(doubt) for doubt in measurement.doubts),
        uncertainty=measurement.uncertainty,
        valid_range=measurement.valid_range or (),
        method=measurement.method,
        source=measurement.source,
        inputs=tuple(_input(quantity) for quantity in measurement.inputs),
        criterion=rule,
        verdict=chain.status if chain else "",
        finding=chain.finding if chain else "",
        verdict_reason=chain.reason if chain else "",
        chain=_steps(chain),
    )


def _doubts(found: Structure, known: names.Known) -> tuple[Doubt, ...]:
    pieces = () if names.is_many(known.name) else quality.in_pieces(found)
    return (*_cut(found), *quality.few_voxels(found), *pieces)


def _cut(found: Structure) -> tuple[Doubt, ...]:
    """As ``quality.cut``; an axis of one slice alone has no edge at which a structure goes on unseen."""
    sides = found.grid.shape
    if min(sides) > 1:
        return quality.cut(found)
    box = found.require_box()
    met = [
        f"{'ijk'[axis]} = {edge}"
        for axis, side in enumerate(sides)
        for edge, reached in ((0, box.start[axis] == 0), (side - 1, box.stop[axis] == side))
        if side > 1 and reached
    ]
    words = f"{found.name} reaches the edge of the image at {', '.join(met)}"
    return (Doubt(CUT, words),) if met else ()


def _remark(doubt: Doubt) -> Remark:
    return Remark(code=doubt.code, words=doubt.words)


def _input(quantity: Quantity) -> MeasuredInput:
    value = quantity.value
    if isinstance(value, str):
        return MeasuredInput(name=quantity.name, word=value, unit=quantity.unit)
    numbers = value if isinstance(value, tuple) else (value,)
    return MeasuredInput(
        name=quantity.name, numbers=tuple(float(number) for number in numbers), unit=quantity.unit
    )


def _steps(chain: Chain | None) -> tuple[ChainStep, ...]:
    return tuple(_step(step) for step in chain.steps) if chain else ()


def _step(step: Step) -> ChainStep:
    if isinstance(step.value, str):
        return ChainStep(kind=step.kind, words=step.words, word=step.value, unit=step.unit)
    number = None if step.value is None else float(step.value)
    return ChainStep(kind=step.kind, words=step.words, number=number, unit=step.unit)
