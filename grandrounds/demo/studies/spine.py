"""Spine CTs as VerSe hands them over: image, mask of vertebrae, centroids; with bodies and canal beside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from grandrounds.demo.studies import shapes, write
from grandrounds.demo.studies.phantom import (
    AIR,
    FAT,
    LUNG,
    MUSCLE,
    Depth,
    Phantom,
    Value,
    oblique,
    straight,
)
from grandrounds.demo.studies.shapes import Reals, Vector
from grandrounds.demo.studies.vertebrae import LEVELS, Build, Vertebra, canal, column, spine

CORTEX, ARCH, DISC = 480.0, 330.0, 85.0
_LIGAMENT, _SAC, _CORD = 65.0, 15.0, 38.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SpinePlan:
    """A spine study: its levels, grid, bone density (HU of the spongy bone), build, and axis order.

    ``canal_narrow`` gives the canal's depth in mm at levels where it is narrowed; ``shift`` moves the
    spine in the field. ``files`` are those made besides image, mask and centroids: ``body``, ``canal``.
    """

    subject: str
    top: str
    bottom: str
    shape: tuple[int, int, int]
    spacing: Vector
    codes: str
    bone: float
    build: Build = field(default_factory=Build)
    tilt: Vector = (0.0, 0.0, 0.0)
    shift: Vector = (0.0, 0.0, 0.0)
    files: tuple[str, ...] = ("body",)


PLANS: tuple[SpinePlan, ...] = (
    SpinePlan(
        subject="sub-demo001",
        top="T10",
        bottom="L5",
        shape=(72, 84, 188),
        spacing=(1.5, 1.5, 1.5),
        codes="SLA",
        bone=190.0,
        build=Build(canal={"L4": 9.0, "L3": 11.7}),
        shift=(0, 14, 0),
        files=("body", "canal"),
    ),
    SpinePlan(
        subject="sub-demo002",
        top="T11",
        bottom="L3",
        shape=(76, 88, 152),
        spacing=(1.25, 1.25, 1.25),
        codes="LPS",
        bone=80.0,
        build=Build(front={"L1": 0.67}, scale=0.94),
        shift=(0, 14, 0.8),
    ),
    SpinePlan(
        subject="sub-demo003",
        top="T5",
        bottom="T11",
        shape=(72, 104, 160),
        spacing=(1.25, 1.25, 1.25),
        codes="SPR",
        bone=120.0,
        build=Build(front={"T8": 0.50}, scale=1.05),
        tilt=(4.0, -3.0, 5.0),
        shift=(0, 23, 0),
    ),
    SpinePlan(
        subject="sub-demo004",
        top="L1",
        bottom="L5",
        shape=(84, 100, 150),
        spacing=(1.2, 1.2, 1.25),
        codes="ILP",
        bone=150.0,
        build=Build(slip={"L4": 0.35}, canal={"L2": 11.0}),
        shift=(0, 12, 0),
        files=("body", "canal"),
    ),
    SpinePlan(
        subject="sub-demo005",
        top="T9",
        bottom="L4",
        shape=(76, 86, 182),
        spacing=(1.5, 1.5, 1.5),
        codes="SRA",
        bone=205.0,
        build=Build(
            aside={
                "T8": -8, "T9": -11, "T10": -14, "T11": -12, "T12": -6, "L1": 2, "L2": 10, "L3": 15,
                "L4": 13, "L5": 6,
            },
            turned={"T10": 3, "T11": 6, "T12": 9, "L1": 10, "L2": 8, "L3": 4},
        ),
        shift=(0, 12, 0),
    ),
    SpinePlan(
        subject="sub-demo006",
        top="C3",
        bottom="T2",
        shape=(80, 112, 150),
        spacing=(1.0, 1.0, 1.2),
        codes="PIR",
        bone=260.0,
        build=Build(scale=1.05),
        shift=(0, 27, 0),
    ),
)  # fmt: skip


def files(plan: SpinePlan) -> dict[str, bytes]:
    """The files of a study by name; those ending in ``.gz`` still unpacked."""
    study = draw(plan)
    name = plan.subject
    grid = study.phantom.affine
    made = {
        f"{name}_ct.nii.gz": write.nifti(study.phantom.stored(), grid, codes=plan.codes),
        f"{name}_seg-vert_msk.nii.gz": write.nifti(study.bones, grid, codes=plan.codes),
        f"{name}_seg-subreg_ctd.json": write.centroids(
            study.centres, study.phantom.shape, codes=plan.codes
        ),
    }
    if "body" in plan.files:
        made[f"{name}_seg-vert-body_msk.nii.gz"] = write.nifti(study.bodies, grid, codes=plan.codes)
    if "canal" in plan.files:
        made[f"{name}_seg-canal_msk.nii.gz"] = write.nifti(study.canal, grid, codes=plan.codes)
        made[f"{name}_seg-canal_msk.json"] = write.as_json({"1": "spinal_canal"})
    return made


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Study:
    """A drawn study: image, masks in RAS order, and body centres in voxels by label."""

    phantom: Phantom
    bones: NDArray[np.uint8]
    bodies: NDArray[np.uint8]
    canal: NDArray[np.uint8]
    centres: Mapping[int, Vector]
    vertebrae: tuple[Vertebra, ...]


def draw(plan: SpinePlan) -> Study:
    """The study as voxels."""
    grid = straight(plan.spacing, plan.shape, (0.0, 0.0, 0.0))
    grid = oblique(grid, plan.shape, plan.tilt)
    phantom = Phantom(shape=plan.shape, affine=grid)
    first, last = LEVELS.index(plan.top), LEVELS.index(plan.bottom)
    # One more at either end, most of it outside: spines don't end in fat.
    levels = LEVELS[max(first - 1, 0) : min(last + 2, len(LEVELS))]
    bones = spine(levels, plan.build, centre=plan.shift)
    _surroundings(phantom, bones)
    arches, bodies, tube = phantom.mask(), phantom.mask(), phantom.mask()
    phantom.paint(column(bones, share=0.97), DISC)
    phantom.paint(column(bones, share=0.6), DISC + 20)
    for one in bones:
        arch = phantom.depth(one.arch())
        phantom.paint(arch, _hollow(ARCH, 160.0))
        phantom.draw(arches, arch, one.label)
    for one in bones:
        pedicles, body = phantom.depth(one.pedicles()), phantom.depth(one.body())
        phantom.paint(pedicles, _hollow(ARCH, 180.0))
        phantom.paint(body, _body(one, plan.bone))
        phantom.draw(arches, pedicles, one.label)
        phantom.draw(bodies, body, one.label)
    _paint_canal(phantom, bones)
    phantom.draw(tube, canal(bones), 1)
    tube[bodies > 0] = 0
    arches[tube > 0] = 0
    whole = np.where(bodies > 0, bodies, arches)
    # The first two have another build than what is drawn here.
    seen = [one for one in bones if one.level not in ("C1", "C2")]
    shown = {one.label for one in seen if _inside(one.frame.centre, phantom, margin=3.0)}
    for mask in (whole, bodies):
        mask[~np.isin(mask, sorted(shown))] = 0
    centres = {one.label: _centre(bodies, one.label) for one in bones if one.label in shown}
    return Study(
        phantom=phantom,
        bones=whole,
        bodies=bodies,
        canal=tube,
        centres=centres,
        vertebrae=bones,
    )


def _body(one: Vertebra, bone: float) -> Value:
    """Cortex outside, spongy bone inside, denser below the endplates, a vein at the back."""

    def value(at: Depth) -> Reals:
        x, y, z = one.frame.local(at.points)
        tall = np.clip(z / (one.height / 2), -1.0, 1.0)
        inner = bone * (0.92 + 0.24 * tall * tall)
        vein = 1.0 - np.sqrt(
            (x / 4.0) ** 2 + ((y + one.depth / 2) / (0.5 * one.depth)) ** 2 + (z / 2.5) ** 2
        )
        inner = inner - 0.45 * bone * np.clip(vein * 2, 0.0, 1.0)
        shell = np.clip(1.9 - at.values, 0.0, 1.0)
        made: Reals = inner + shell * (CORTEX - inner)
        return made

    return value


def _hollow(outer: float, inner: float) -> Value:
    def value(at: Depth) -> Reals:
        share = np.clip((at.values - 1.2) / 1.5, 0.0, 1.0)
        made: Reals = outer + share * (inner - outer)
        return made

    return value


def _paint_canal(phantom: Phantom, bones: tuple[Vertebra, ...]) -> None:
    phantom.paint(canal(bones), _LIGAMENT)
    phantom.paint(canal(bones, share=0.93), FAT + 30)
    phantom.paint(canal(bones, share=0.80), _SAC)
    cord = [one for one in bones if LEVELS.index(one.level) <= LEVELS.index("L1")]
    if len(cord) > 1:
        phantom.paint(shapes.within(canal(bones, share=0.48), _above(cord[-1])), _CORD)


def _above(one: Vertebra) -> shapes.Shape:
    return lambda points: points[2] - one.frame.centre[2]


def _surroundings(phantom: Phantom, bones: tuple[Vertebra, ...]) -> None:
    """Trunk or neck around the spine: skin, fat, muscles, and what lies in front."""
    middle = bones[len(bones) // 2]
    neck = middle.level.startswith("C")
    chest = middle.level.startswith("T") and LEVELS.index(middle.level) <= LEVELS.index("T10")
    stations = [(one.frame.centre[2], one.frame.centre[0], one.frame.centre[1]) for one in bones]
    wide, deep, ahead = (62.0, 62.0, 2.0) if neck else (165.0, 106.0, 42.0)
    trunk = shapes.tube([(z, 0.0, y + ahead, wide, deep) for z, _, y in stations], ends=shapes.FAR)
    phantom.paint(trunk, lambda at: np.where(at.values < 2.0, 20.0, FAT))
    if neck:
        muscle = shapes.tube([(z, x, y - 4, 46, 42) for z, x, y in stations], ends=shapes.FAR)
        phantom.paint(muscle, MUSCLE - 5)
        for side in (-1, 1):
            vessel = [(z, x + side * 27, y + 12, 4.0, 4.0) for z, x, y in stations]
            phantom.paint(shapes.tube(vessel, ends=shapes.FAR), 160.0)
        airway = [(z, x, y + 27, 8.0, 7.0) for z, x, y in stations]
        phantom.paint(shapes.tube([(z, x, y, 11, 10) for z, x, y, _, _ in airway], ends=shapes.FAR), 80.0)
        phantom.paint(shapes.tube(airway, ends=shapes.FAR), AIR)
        return
    for side in (-1, 1):
        back = [(z, x + side * 27, y - 44, 27, 20) for z, x, y in stations]
        phantom.paint(shapes.tube(back, ends=shapes.FAR, square=0.4), MUSCLE)
        if chest:
            lung = [(z, side * 72.0, y + 28, 54, 62) for z, _, y in stations]
            phantom.paint(shapes.tube(lung, ends=shapes.FAR, square=0.3), LUNG)
        else:
            top = next((one for one in bones if one.level == "L1"), bones[0])
            psoas = [
                (
                    z,
                    x + side * (30 + 0.04 * (top.frame.centre[2] - z)),
                    y - 4,
                    max(6.0, min(20.0, 8 + 0.14 * (top.frame.centre[2] - z))),
                    20,
                )
                for z, x, y in stations
            ]
            phantom.paint(shapes.tube(psoas, ends=shapes.FAR), MUSCLE)
    aorta = [(z, x - 12, y + 32, 10.5, 10.5) for z, x, y in stations]
    phantom.paint(shapes.tube(aorta, ends=shapes.FAR), 45.0)
    if not chest:
        cava = [(z, x + 14, y + 31, 11.5, 9.0) for z, x, y in stations]
        phantom.paint(shapes.tube(cava, ends=shapes.FAR), 40.0)


def _inside(place: Vector, phantom: Phantom, *, margin: float) -> bool:
    """Whether a point lies in the image, ``margin`` mm off its edge."""
    rooms = [margin / one for one in phantom.spacing]
    places = zip(phantom.voxel(place), phantom.shape, rooms, strict=True)
    return all(room <= at <= side - 1 - room for at, side, room in places)


def _centre(mask: NDArray[np.uint8], label: int) -> Vector:
    places = np.argwhere(mask == label)
    made = places.sum(axis=0) / len(places)
    return float(made[0]), float(made[1]), float(made[2])
