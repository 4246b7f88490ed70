"""Frontal chest radiographs: the torso seen through from front to back, with masks of heart and lungs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from grandrounds.demo.studies import write
from grandrounds.demo.studies.phantom import Phantom, straight
from grandrounds.demo.studies.shapes import Reals
from grandrounds.demo.studies.torso import Body, Tissues, Torso, paint_chest

SHAPE = (164, 20, 142)
SPACING = (2.2, 12.0, 2.2)
_CENTRE = (0.0, -4.0, 232.0)
LABELS = {1: "heart", 2: "lung_right", 3: "lung_left"}
_GREY_STEP = 16
_NATIVE = Tissues(liver=50, blood=45, soft=40, bone=900, marrow=420)


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmPlan:
    """A film: how large the heart is, and the words of its series (which tell the projection)."""

    subject: str
    heart: float
    words: str


PLANS: tuple[FilmPlan, ...] = (
    FilmPlan(subject="sub-demo201", heart=0.82, words="Chest PA"),
    FilmPlan(subject="sub-demo202", heart=1.04, words="Chest PA"),
    FilmPlan(subject="sub-demo203", heart=1.27, words="Chest PA"),
    FilmPlan(subject="sub-demo204", heart=1.12, words="Chest AP supine"),
)


def files(plan: FilmPlan) -> dict[str, bytes]:
    """The files of a film by name; those ending in ``.gz`` still unpacked."""
    grey, mask = draw(plan.heart)
    grid = straight(SPACING, SHAPE, _CENTRE)
    name = plan.subject
    told = {"Modality": "DX", "BodyPartExamined": "CHEST", "SeriesDescription": plan.words}
    return {
        f"{name}_dx.nii.gz": write.nifti(grey[:, None, :], grid, codes="LIP"),
        f"{name}_dx.json": write.as_json(told),
        f"{name}_heart-lungs_mask.nii.gz": write.nifti(mask[:, None, :], grid, codes="LIP"),
        f"{name}_heart-lungs_mask.json": write.as_json({str(n): one for n, one in LABELS.items()}),
    }


def draw(heart: float) -> tuple[NDArray[np.int16], NDArray[np.uint8]]:
    """Grey values (bone bright) and mask of a film, from right to left and from below upwards."""
    phantom = Phantom(shape=SHAPE, affine=straight(SPACING, SHAPE, _CENTRE))
    drawn = paint_chest(phantom, Body(Torso(heart=heart)), _NATIVE)
    way = np.clip(phantom.image / 1000.0 + 1.0, 0.0, None).sum(axis=1) * SPACING[1]
    grey = np.rint(_film(way) * 4000 / _GREY_STEP) * _GREY_STEP
    mask = np.zeros((SHAPE[0], SHAPE[2]), np.uint8)
    for label, name in LABELS.items():
        # Lung that is thin from front to back lies hidden behind the dome: no reader would outline it.
        seen = drawn[name].sum(axis=1) >= (1 if name == "heart" else 4)
        mask[seen & (mask == 0)] = label
    return grey.astype(np.int16), mask


def _film(way: Reals) -> Reals:
    """Brightness from 0 to 1 by millimetres of water on the way: rises steeply first, then flattens."""
    over = np.clip(way - 30.0, 0.0, None)
    made: Reals = over / (over + 160.0)
    return made
