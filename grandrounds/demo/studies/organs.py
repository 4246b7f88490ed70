"""CTs and one MR of chest and abdomen, with masks as several programs write them."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from grandrounds.demo.studies import write
from grandrounds.demo.studies.phantom import Phantom, oblique, straight
from grandrounds.demo.studies.shapes import Reals, Vector
from grandrounds.demo.studies.torso import NUMBERS, Body, Tissues, Torso, paint

NATIVE = Tissues(liver=30, spleen=50, kidney=35, blood=40, soft=40, thrombus=40)
"""Without contrast medium, and the liver fatty: darker than the spleen."""

WATER_BRIGHT = Tissues(
    air=0, lung=20, fat=620, muscle=180, skin=400, liver=260, spleen=420, kidney=560, blood=40,
    thrombus=120, soft=300, fluid=960, bone=30, marrow=380, disc=240,
)  # fmt: skip
"""Grey values like those of a T2-weighted MR: in no unit."""

ABDOMEN = ("spleen", "kidney_right", "kidney_left", "gallbladder", "liver", "stomach", "pancreas",
           "urinary_bladder", "abdominal_aorta", "inferior_vena_cava", "vertebrae_L1", "vertebrae_L2",
           "vertebrae_L3", "vertebrae_L4", "vertebrae_L5")  # fmt: skip
CHEST = ("lung_right", "lung_left", "heart", "aorta", "liver", "spleen")


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganPlan:
    """A study: its field of view, the torso in it, and how its masks are written.

    ``masks``: ``header`` (names in the NIfTI header's extension), ``dseg`` (BIDS table), ``csv``,
    ``files`` (a file an organ), ``snap`` (ITK-SNAP's label file). ``kind`` ends the image's name.
    """

    subject: str
    shape: tuple[int, int, int]
    spacing: Vector
    centre: Vector
    codes: str
    masks: str
    kind: str = "ct"
    torso: Torso = field(default_factory=Torso)
    tissues: Tissues = field(default_factory=Tissues)
    labels: tuple[str, ...] = ABDOMEN
    tilt: Vector = (0.0, 0.0, 0.0)


PLANS: tuple[OrganPlan, ...] = (
    OrganPlan(
        subject="sub-demo101",
        shape=(96, 70, 76),
        spacing=(3.75, 3.75, 5.0),
        centre=(0.0, -3.0, -25.0),
        codes="LPS",
        masks="header",
        torso=Torso(aorta=21, bulge=42, lesion=26, node=22),
        labels=tuple("aorta" if one == "abdominal_aorta" else one for one in ABDOMEN),
    ),
    OrganPlan(
        subject="sub-demo102",
        shape=(96, 70, 76),
        spacing=(3.75, 3.75, 5.0),
        centre=(0.0, -3.0, -25.0),
        codes="LAS",
        masks="dseg",
        torso=Torso(aorta=19, liver=1.03, spleen=1.25),
        tissues=NATIVE,
    ),
    OrganPlan(
        subject="sub-demo103",
        shape=(64, 64, 32),
        spacing=(3.0, 3.0, 4.0),
        centre=(-30.0, -10.0, 25.0),
        codes="RAS",
        masks="csv",
        torso=Torso(aorta=19, node=8),
        labels=("spleen", "kidney_right", "kidney_left", "liver", "stomach", "pancreas", "aorta"),
    ),
    OrganPlan(
        subject="sub-demo104",
        shape=(88, 62, 48),
        spacing=(4.0, 4.0, 5.0),
        centre=(0.0, -3.0, 30.0),
        codes="PSL",
        masks="files",
        kind="T2w",
        torso=Torso(lesion=34),
        tissues=WATER_BRIGHT,
        labels=("spleen", "kidney_right", "kidney_left", "liver", "gallbladder"),
        tilt=(6.0, 0.0, 3.0),
    ),
    OrganPlan(
        subject="sub-demo105",
        shape=(92, 64, 68),
        spacing=(3.9, 3.9, 5.0),
        centre=(0.0, -3.0, 225.0),
        codes="PIL",
        masks="snap",
        torso=Torso(heart=1.12),
        labels=CHEST,
    ),
)


def files(plan: OrganPlan) -> dict[str, bytes]:
    """The files of a study by name; those ending in ``.gz`` still unpacked."""
    phantom, drawn = draw(plan)
    grid, codes, name = phantom.affine, plan.codes, plan.subject
    made = {f"{name}_{plan.kind}.nii.gz": write.nifti(phantom.stored(), grid, codes=codes)}
    labels = {NUMBERS.get(organ, 100 + n): organ for n, organ in enumerate(plan.labels)}
    if plan.masks == "files":
        for organ in plan.labels:
            mask = drawn[organ].astype(np.uint8)
            made[f"segmentations/{organ}.nii.gz"] = write.nifti(mask, grid, codes=codes, is_mask=True)
            made[f"segmentations/{organ}.json"] = write.as_json({"1": organ})
    else:
        made |= _map_files(plan, _together(phantom, drawn, labels), grid, labels)
    found = [organ for organ in ("liver_lesion", "lymph_node") if organ in drawn]
    if found:
        lumps = _together(phantom, drawn, dict(enumerate(found, start=1)))
        made[f"{name}_lesions_msk.nii.gz"] = write.nifti(lumps, grid, codes=codes)
        made[f"{name}_lesions_msk.json"] = write.as_json({str(n): o for n, o in enumerate(found, start=1)})
    return made


def draw(plan: OrganPlan) -> tuple[Phantom, Mapping[str, NDArray[np.bool_]]]:
    """The image, and the voxels of all organs by name."""
    grid = oblique(straight(plan.spacing, plan.shape, plan.centre), plan.shape, plan.tilt)
    phantom = Phantom(shape=plan.shape, affine=grid)
    return phantom, paint(phantom, Body(plan.torso), plan.tissues)


def _together(
    phantom: Phantom, drawn: Mapping[str, NDArray[np.bool_]], labels: Mapping[int, str]
) -> NDArray[np.uint8]:
    mask = phantom.mask()
    for value, organ in labels.items():
        mask[drawn[organ]] = value
    return mask


def _map_files(
    plan: OrganPlan, mask: NDArray[np.uint8], grid: Reals, labels: Mapping[int, str]
) -> dict[str, bytes]:
    """A label map and what names its labels."""
    name, data = plan.subject, write.nifti(mask, grid, codes=plan.codes)
    rows = sorted(labels.items())
    if plan.masks == "header":
        return {f"{name}_totalseg.nii.gz": with_names(data, labels)}
    if plan.masks == "dseg":
        table = "index\tname\n" + "".join(f"{value}\t{organ}\n" for value, organ in rows)
        return {f"{name}_dseg.nii.gz": data, f"{name}_dseg.tsv": table.encode()}
    if plan.masks == "csv":
        table = "label,name\n" + "".join(f"{value},{organ}\n" for value, organ in rows)
        return {f"{name}_seg.nii.gz": data, f"{name}_seg.csv": table.encode()}
    table = "".join(
        f"{value:5d} {37 * value % 256:5d} {91 * value % 256:5d} {151 * value % 256:5d}"
        f'        1  1  1    "{organ}"\n'
        for value, organ in rows
    )
    return {f"{name}_label.nii.gz": data, f"{name}_label.txt": f"# ITK-SNAP labels\n{table}".encode()}


def with_names(data: bytes, labels: Mapping[int, str]) -> bytes:
    """A NIfTI file with a label table in its header's extension, as the TotalSegmentator writes it."""
    entries = "".join(
        f'<Label Key="{value}" Red="1" Green="0" Blue="0" Alpha="1"><![CDATA[{name}]]></Label>'
        for value, name in sorted(labels.items())
    )
    text = (
        '<?xml version="1.0" encoding="UTF-8"?><CaretExtension><VolumeInformation Index="0">'
        f"<LabelTable>{entries}</LabelTable><VolumeType><![CDATA[Label]]></VolumeType>"
        "</VolumeInformation></CaretExtension>"
    ).encode()
    size = (len(text) + 8 + 15) // 16 * 16
    block = struct.pack("<2i", size, 30) + text.ljust(size - 8, b"\0")
    head = bytearray(data[:352])
    struct.pack_into("<f", head, 108, 352 + size)
    head[348:352] = b"\1\0\0\0"
    return bytes(head) + block + data[352:]


def flipped(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The mask mirrored from left to right, on the same grid."""
    return np.ascontiguousarray(mask[::-1])


def subset(labels: Sequence[str]) -> dict[int, str]:
    """Label numbers and names of some organs."""
    return {NUMBERS.get(organ, 100 + n): organ for n, organ in enumerate(labels)}
