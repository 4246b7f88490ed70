"""A made-up torso on a small grid, written as NIfTI files in any axis order and read back as rows.

Bodies are blocks of known size, so that heights, slips and diameters are known before they are measured.
L3 is a wedge, L4 stands 6 mm forward of L5, the canal is narrow at L4.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from grandrounds.lake import Lake
from grandrounds.records.volume import VolumeRecord
from grandrounds.volumes.geometry import Reorientation
from grandrounds.volumes.reader import read_volumes
from grandrounds.volumes.volume import Volume, open_volume
from tests.support.volumes import write_nifti

SPACING = 1.5
SHAPE = (48, 52, 112)
LEVELS = ("L5", "L4", "L3", "L2", "L1", "T12")
TABLE = {n + 20: level for n, level in enumerate(reversed(LEVELS))}
BODY_HU, ARCH_HU, SOFT_HU, BLOOD_HU = 140, 320, 50, 150
HEIGHT, DEPTH, WIDTH = 12, 18, 20  # voxels: 18, 27 and 30 mm
ORGANS = {1: "kidney_left", 2: "kidney_right", 3: "aorta", 4: "lymph_node_1", 5: "liver_tumor"}

Turn = tuple[Sequence[int], Sequence[bool]]
PLAIN: Turn = ((0, 1, 2), (False, False, False))


@dataclass(frozen=True, slots=True, kw_only=True)
class Torso:
    """Arrays in RAS order."""

    image: np.ndarray
    whole: np.ndarray
    bodies: np.ndarray
    canal: np.ndarray
    organs: np.ndarray


def torso(levels: Sequence[str] = LEVELS) -> Torso:
    """The torso with these levels, from tail to head."""
    image = np.full(SHAPE, SOFT_HU, np.int16)
    image[:, -2:] = -1000  # air in front: what tells HU in a file without units
    whole, bodies, canal, organs = (np.zeros(SHAPE, np.uint8) for _ in range(4))
    numbers = {level: number for number, level in TABLE.items()}
    for at, level in enumerate(levels):
        low = 6 + 17 * at
        shift = 4 if level == "L4" else 0
        box = np.zeros(SHAPE, bool)
        box[14 : 14 + WIDTH, 18 + shift : 18 + shift + DEPTH, low : low + HEIGHT] = True
        if level == "L3":  # the upper endplate falls towards the front: 18 mm behind, 9 mm in front
            for step in range(DEPTH):
                box[:, 18 + step, low + HEIGHT - round(6 * step / (DEPTH - 1)) : low + HEIGHT] = False
        arch = np.zeros(SHAPE, bool)
        arch[22:26, 3:8, low : low + 6] = True
        arch[16:20, 8 : 18 + shift, low + 4 : low + 8] = True
        arch[28:32, 8 : 18 + shift, low + 4 : low + 8] = True
        arch[16:32, 6:8, low + 4 : low + 8] = True
        whole[box | arch] = numbers[level]
        bodies[box] = 1
        image[arch] = ARCH_HU
        image[box] = BODY_HU
        canal[20:28, 8 : 14 if level == "L4" else 18, low - 2 : low + 15] = 1
    organs[6:12, 24:34, 40:60] = 1
    organs[36:42, 24:34, 44:62] = 2
    i, j = np.ogrid[: SHAPE[0], : SHAPE[1]]
    organs[(i - 27) ** 2 + (j - 44) ** 2 <= 16, 2:110] = 3
    organs[2:8, 14:20, 70:76] = 4
    organs[40:44, 36:42, 80:86] = 5
    image[organs == 3] = BLOOD_HU
    return Torso(image=image, whole=whole, bodies=bodies, canal=canal, organs=organs)


def affine() -> np.ndarray:
    """The torso's grid; every number is exact in 32 bits."""
    made = np.diag([SPACING, SPACING, SPACING, 1.0])
    made[:3, 3] = (-36.0, -39.0, 100.5)
    return made


def write_torso(
    folder: Path, made: Torso, *, turns: Mapping[str, Turn] | None = None, tables: bool = True
) -> None:
    """The torso's files; ``turns`` gives the axis order in which each is stored."""
    parts = {
        "p1_ct": made.image,
        "p1_vertebrae_manual_msk": made.whole,
        "p1_vertebrae_body_manual_msk": made.bodies,
        "p1_canal_msk": made.canal,
        "p1_organs_pred_msk": made.organs,
    }
    for name, array in parts.items():
        store(folder / f"{name}.nii.gz", array, (turns or {}).get(name, PLAIN))
    if tables:
        write_table(
            folder, "p1_vertebrae_manual_msk", {n: f"vertebrae_{level}" for n, level in TABLE.items()}
        )
        write_table(folder, "p1_vertebrae_body_manual_msk", {1: "vertebrae_body"})
        write_table(folder, "p1_canal_msk", {1: "spinal_canal"})
        write_table(folder, "p1_organs_pred_msk", ORGANS)


def write_table(folder: Path, name: str, names: Mapping[int, str]) -> None:
    """A label table beside a mask."""
    (folder / f"{name}.json").write_text(json.dumps({str(n): text for n, text in names.items()}))


def store(path: Path, array: np.ndarray, turn: Turn, grid: np.ndarray | None = None) -> None:
    """Write an array with its axes swapped and flipped; world coordinates stay."""
    axes, flips = turn
    change = Reorientation((axes[0], axes[1], axes[2]), (flips[0], flips[1], flips[2]))
    base = affine() if grid is None else grid
    write_nifti(path, np.ascontiguousarray(change.apply(array)), affine=base @ change.matrix(array.shape))


def read(folder: Path, lake: Lake) -> tuple[tuple[VolumeRecord, ...], Callable[[VolumeRecord], Volume]]:
    """The rows of a folder, and how to open their volumes."""
    return read_volumes(folder, lake=lake, workers=1).volumes, lambda row: open_volume(lake, row)
