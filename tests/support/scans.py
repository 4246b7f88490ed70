"""Scans for tests, as measuring real ones gives them: a lumbar spine CT, an abdomen, a radiograph.

Boxes and centres are those of anatomy of about the right size; everything is fictional.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from grandrounds.fingerprint import content_id, sha256_text
from grandrounds.measure.criteria import decide
from grandrounds.measure.measurement import Doubt, Measurement, Quantity, measured, not_measurable
from grandrounds.measure.rules import CRITERIA
from grandrounds.records.measured import MeasuredInput, MeasuredRow
from grandrounds.records.parts import ChainStep
from grandrounds.records.scan import Scan
from grandrounds.records.structure import Remark, StructureRow
from grandrounds.records.volume import VolumeRecord

CUT = Remark(code="cut_by_field_of_view", words="it reaches the edge of the image at k = 0")
LEVELS = ("T10", "T11", "T12", "L1", "L2", "L3", "L4", "L5", "S")


def image(
    name: str,
    *,
    shape: Sequence[int],
    spacing: Sequence[float],
    origin: Sequence[float] = (0.0, 0.0, 0.0),
    **more: Any,
) -> VolumeRecord:
    """An image volume on a straight grid."""
    rows = [[0.0] * 4 for _ in range(4)]
    for axis in range(3):
        rows[axis][axis], rows[axis][3] = spacing[axis], origin[axis]
    rows[3][3] = 1.0
    return VolumeRecord(
        **{
            "volume_id": content_id("volume", name),
            "source_ids": (content_id("source", name),),
            "format": "nifti",
            "status": "ok",
            "sha256": sha256_text(name),
            "dtype": "int16",
            "shape": tuple(shape),
            "affine": tuple(number for row in rows for number in row),
            "spacing": tuple(spacing),
            "intensity": "hu",
            "modality": "CT",
            "licence": "CC-BY-4.0",
            "group_id": content_id("group", name),
            **more,
        }
    )


def mask_for(volume: VolumeRecord, name: str = "mask") -> VolumeRecord:
    """A mask on the volume's grid."""
    return replace(
        volume,
        volume_id=content_id("volume", [volume.volume_id, name]),
        sha256=sha256_text(f"{volume.volume_id} {name}"),
        is_mask=True,
        mask_of=volume.volume_id,
        intensity="label",
    )


def structure(
    volume: VolumeRecord,
    mask: VolumeRecord,
    *,
    label: int,
    name: str,
    box: Sequence[int],
    level: str = "",
    largest: Sequence[int] = (),
    remarks: Sequence[Remark] = (),
    **more: Any,
) -> StructureRow:
    """A structure that fills most of its box; its millimetres follow from the volume's grid."""
    assert mask.sha256
    start, stop = box[:3], box[3:]
    side = next((word for word in ("left", "right") if word in name.split()), "")
    centre = tuple((low + high - 1) / 2 for low, high in zip(start, stop, strict=True))
    origin = tuple(volume.affine[4 * axis + 3] for axis in range(3))
    low_mm = tuple(origin[a] + (start[a] - 0.5) * volume.spacing[a] for a in range(3))
    high_mm = tuple(origin[a] + (stop[a] - 0.5) * volume.spacing[a] for a in range(3))
    voxels = 1
    for low, high in zip(start, stop, strict=True):
        voxels *= high - low
    size = volume.spacing[0] * volume.spacing[1] * volume.spacing[2]
    return StructureRow(
        **{
            "structure_id": content_id("structure", [mask.sha256, label]),
            "volume_id": volume.volume_id,
            "mask_id": mask.volume_id,
            "mask_sha256": mask.sha256,
            "label": label,
            "name": name,
            "level": level,
            "side": side,
            "origin": "manual",
            "voxels": voxels,
            "volume_ml": voxels * size / 1000,
            "box": tuple(box),
            "box_millimetres": low_mm + high_mm,
            "centre": centre,
            "centre_millimetres": tuple(origin[a] + centre[a] * volume.spacing[a] for a in range(3)),
            "largest": tuple(largest) or tuple(int(value) for value in centre),
            "status": "unreliable" if remarks else "ok",
            "remarks": tuple(remarks),
            **more,
        }
    )


def scan_of(
    volume: VolumeRecord,
    masks: Iterable[VolumeRecord],
    structures: Iterable[StructureRow],
    measurements: Iterable[MeasuredRow] = (),
) -> Scan:
    """A scan as ``imaging.scans`` puts it together."""
    return Scan(
        volume=volume,
        masks=tuple(masks),
        structures=tuple(sorted(structures, key=lambda row: row.structure_id)),
        measurements=tuple(sorted(measurements, key=lambda row: row.measurement_id)),
    )


def row_of(
    found: Measurement,
    *,
    volume: VolumeRecord,
    on: Sequence[StructureRow],
    criterion: str = "",
    subject: str = "",
) -> MeasuredRow:
    """A measurement of structures as a row, read by a criterion where one is named."""
    chain = decide(CRITERIA[criterion], found) if criterion else None
    subject = subject or on[0].name
    number = float(found.value) if isinstance(found.value, int | float) else None
    return MeasuredRow(
        measurement_id=content_id("measurement", [volume.volume_id, subject, found.name, criterion]),
        volume_id=volume.volume_id,
        subject=subject,
        structures=tuple(sorted({row.structure_id for row in on})),
        name=found.name,
        number=number,
        word=found.value if isinstance(found.value, str) else "",
        unit=found.unit,
        status=found.status,
        remarks=tuple(Remark(code=doubt.code, words=doubt.words) for doubt in found.doubts),
        uncertainty=found.uncertainty,
        valid_range=found.valid_range or (),
        method=found.method,
        source=found.source,
        inputs=tuple(_input(one) for one in found.inputs),
        criterion=criterion,
        verdict=chain.status if chain else "",
        finding=chain.finding if chain else "",
        verdict_reason=chain.reason if chain else "",
        chain=tuple(
            ChainStep(
                kind=step.kind,
                words=step.words,
                number=float(step.value) if isinstance(step.value, int | float) else None,
                word=step.value if isinstance(step.value, str) else "",
                unit=step.unit,
            )
            for step in (chain.steps if chain else ())
        ),
    )


def lumbar_spine(
    name: str = "spine", *, levels: Sequence[str] = LEVELS, losses: Sequence[float | None] = ()
) -> Scan:
    """A CT of the lower spine, the topmost vertebra cut by the upper edge, the sacrum by the lower one.

    ``losses`` are heights lost in percent per level from the second on; ``None`` can't be measured.
    """
    volume = image(name, shape=(160, 170, 284), spacing=(1.0, 1.0, 1.0), origin=(-80.0, -85.0, -400.0))
    mask = mask_for(volume)
    pitch = 32
    top = pitch * len(levels) - 8
    rows = []
    for number, level in enumerate(levels):
        high = min(284, top + 12 - pitch * number)
        low = max(0, top - 34 - pitch * number)
        forward = round(18 * (1 - abs(number - 5) / 5))  # lordosis: the middle lies further in front
        cut = (CUT,) if high == 284 or low == 0 else ()
        rows.append(
            structure(
                volume,
                mask,
                label=17 + number,
                name="sacrum" if level == "S" else level,
                level=level,
                box=(45, 40 + forward, low, 117, 125 + forward, high),
                largest=(80 + number % 3, 90 + forward, (low + high) // 2),
                remarks=cut,
            )
        )
    bodies = [_body(volume, row) for row in rows if row.level != "S"]
    measurements = []
    for row, loss in zip(bodies[1:], losses or (3.1, 8.0, 31.5, 4.4, 12.0, None, 47.9), strict=False):
        near = [body for body in bodies if abs(body.label - row.label) <= 1]
        measurements += [
            row_of(found, volume=volume, on=near, criterion=rule, subject=row.level)
            for found, rule in _heights(row, loss)
        ]
    return scan_of(volume, [mask, mask_for(volume, "bodies")], [*rows, *bodies], measurements)


def abdomen(name: str = "abdomen", *, mirrored: bool = False) -> Scan:
    """A CT of the abdomen in thick slices; ``mirrored`` calls each left structure right."""
    volume = image(name, shape=(320, 260, 90), spacing=(1.2, 1.2, 3.0), origin=(-192.0, -156.0, -300.0))
    mask = mask_for(volume)
    boxes = {
        "liver": (160, 90, 35, 300, 220, 85),
        "spleen": (30, 60, 50, 80, 130, 80),
        "left kidney": (70, 50, 25, 118, 100, 62),
        "right kidney": (200, 50, 18, 250, 104, 56),
        "left adrenal gland": (110, 90, 58, 128, 110, 66),
        "right adrenal gland": (196, 92, 58, 210, 112, 67),
        "gallbladder": (214, 150, 38, 240, 186, 52),
        "pancreas": (100, 120, 42, 190, 160, 60),
        "aorta": (146, 90, 0, 166, 112, 90),
        "urinary bladder": (130, 120, 0, 190, 180, 14),
    }
    swap = {"left": "right", "right": "left"}
    rows = [
        structure(
            volume,
            mask,
            label=number,
            name=" ".join(swap.get(word, word) if mirrored else word for word in called.split()),
            box=box,
            remarks=(CUT,) if box[2] == 0 or box[5] == volume.shape[2] else (),
            origin="predicted",
        )
        for number, (called, box) in enumerate(boxes.items(), start=1)
    ]
    by_name = {row.name: row for row in rows}
    measurements = [row_of(found, volume=volume, on=[row]) for row in rows for found in _sizes(row)]
    aorta = by_name["aorta"]
    short = measured(
        "short_axis",
        41.6,
        "mm",
        uncertainty=1.2,
        valid_range=(0.0, 2500.0),
        method="longest distance at right angles to the long axis",
        source="SVS guideline 2018",
        inputs=(Quantity("slice_axis", 2), Quantity("slice_index", 40, "voxel")),
    )
    measurements.append(
        row_of(
            short,
            volume=volume,
            on=[aorta],
            criterion="abdominal_aortic_aneurysm",
            subject="abdominal aorta",
        )
    )
    return scan_of(volume, [mask], rows, measurements)


def radiograph(name: str = "film", *, ratio: float = 0.58, projection: str = "PA") -> Scan:
    """A frontal chest film with heart and lungs; on an AP film the ratio can't be trusted."""
    volume = image(
        name,
        shape=(512, 480, 1),
        spacing=(0.8, 0.8, 1.0),
        space="image",
        modality="DX",
        intensity="arbitrary",
        patient_directions=("L", "F"),
        body_part="CHEST",
    )
    mask = mask_for(volume)
    heart = structure(volume, mask, label=1, name="heart", box=(180, 220, 0, 380, 420, 1))
    right = structure(volume, mask, label=2, name="right lung", box=(60, 60, 0, 230, 430, 1))
    left = structure(volume, mask, label=3, name="left lung", box=(290, 60, 0, 450, 430, 1))
    doubts = (
        ()
        if projection == "PA"
        else (Doubt("projection_magnifies", "the film is AP: the heart looks larger"),)
    )
    found = measured(
        "cardiothoracic_ratio",
        ratio,
        "1",
        doubts=doubts,
        uncertainty=0.005,
        valid_range=(0.2, 0.9),
        method="heart's columns over the widest row between outer lung borders",
        source="Danzer 1919",
        inputs=(
            Quantity("heart_width", 390 * ratio, "pixel"),
            Quantity("thoracic_width", 390.0, "pixel"),
            Quantity("thoracic_row", 400, "pixel"),
        ),
    )
    rows = [heart, right, left]
    row = row_of(found, volume=volume, on=rows, criterion="cardiomegaly")
    return scan_of(volume, [mask], rows, [row])


def _body(volume: VolumeRecord, row: StructureRow) -> StructureRow:
    """The body of a vertebra: the front of its box, without processes above and below."""
    i0, j0, k0, i1, j1, k1 = row.box
    top = min(k1, k0 + 40)
    return structure(
        volume,
        mask_for(volume, "bodies"),
        label=row.label,
        name=f"{row.level} body",
        level=row.level,
        box=(i0 + 14, j0 + 48, min(k0 + 8, top - 2), i1 - 14, j1, top),
        remarks=row.remarks,
    )


def _heights(row: StructureRow, loss: float | None) -> list[tuple[Measurement, str]]:
    if loss is None:
        doubt = Doubt("several_components", f"the body of {row.level} has 3 separate parts")
        return [(not_measurable("height_loss", "%", doubt, source="Genant 1993"), "vertebral_height_loss")]
    back = 26.0 + row.label % 5
    front = back * (1 - loss / 100)
    found = measured(
        "height_loss",
        loss,
        "%",
        uncertainty=1.9,
        valid_range=(0.0, 95.0),
        method="largest of wedge, biconcave and crush loss",
        source="Genant 1993",
        inputs=(
            Quantity("kind", "wedge"),
            Quantity("front_height", front, "mm"),
            Quantity("middle_height", (front + back) / 2, "mm"),
            Quantity("back_height", back, "mm"),
        ),
    )
    heights = [
        measured(name, value, "mm", uncertainty=0.5, valid_range=(4.0, 60.0), source="morphometry")
        for name, value in (("front_height", front), ("back_height", back))
    ]
    return [(found, "vertebral_height_loss"), *((one, "") for one in heights)]


def _sizes(row: StructureRow) -> list[Measurement]:
    doubts = tuple(Doubt(remark.code, remark.words) for remark in row.remarks)
    return [
        measured(
            "volume",
            row.volume_ml,
            "ml",
            doubts=doubts,
            uncertainty=0.02 * row.volume_ml,
            valid_range=(0.0, 50_000.0),
            method="number of voxels times voxel volume",
            source="IBSI",
        ),
        measured(
            "long_axis",
            1.2 * max(row.box[3] - row.box[0], row.box[4] - row.box[1]),
            "mm",
            doubts=doubts,
            uncertainty=1.2,
            valid_range=(0.0, 2500.0),
            method="longest distance on the outline in an axial slice",
            source="RECIST 1.1",
            inputs=(Quantity("slice_axis", 2), Quantity("slice_index", row.largest[2], "voxel")),
        ),
    ]


def _input(quantity: Quantity) -> MeasuredInput:
    value = quantity.value
    if isinstance(value, str):
        return MeasuredInput(name=quantity.name, word=value, unit=quantity.unit)
    numbers = tuple(map(float, value)) if isinstance(value, tuple) else (float(value),)
    return MeasuredInput(name=quantity.name, numbers=numbers, unit=quantity.unit)
