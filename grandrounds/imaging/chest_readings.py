"""Frontal chest radiographs: cardiothoracic ratio and the mediastinum's width from 2D masks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from grandrounds.imaging.found import Found, Picture, Reading
from grandrounds.imaging.names import Known
from grandrounds.measure import chest, citations
from grandrounds.measure.chest import Film, Mask2D
from grandrounds.measure.rules import CARDIOMEGALY, MEDIASTINAL_WIDENING

HEART, MEDIASTINUM = "heart", "mediastinum"
_RADIOGRAPHS = frozenset({"CR", "DX", "RG", "XR"})
_LUNG = frozenset({"lung", "lungs"})
_NOT_THE_LUNG = frozenset({"vessel", "vessels", "nodule", "lesion", "tumor", "tumour", "mass", "opacity"})
_LATERAL = frozenset({"lateral", "lat"})


def on_film(known: Known) -> bool:
    """Whether a structure of this name is measured on a radiograph."""
    return known.name in (HEART, MEDIASTINUM) or _is_lung(known)


def of_film(chosen: Mapping[str, Found], picture: Picture) -> Iterator[Reading]:
    """The ratios and widths of a frontal film; nothing for slices of other kinds."""
    axes = _frontal(picture)
    if axes is None:
        return
    film = _film(picture, axes)
    heart = [chosen[HEART]] if HEART in chosen else []
    lungs = [one for one in chosen.values() if _is_lung(one.known)]
    if heart or lungs:
        ratio = chest.cardiothoracic_ratio(_mask(heart, picture, axes), _mask(lungs, picture, axes), film)
        yield Reading(
            measurement=ratio, subject=HEART, structures=_ids(heart + lungs), criterion=CARDIOMEGALY
        )
    if MEDIASTINUM in chosen:
        one = [chosen[MEDIASTINUM]]
        width = chest.width(MEDIASTINUM, _mask(one, picture, axes), film, source=citations.MEDIASTINUM)
        yield Reading(
            measurement=width, subject=MEDIASTINUM, structures=_ids(one), criterion=MEDIASTINAL_WIDENING
        )


def _is_lung(known: Known) -> bool:
    words = set(known.name.split())
    return bool(words & _LUNG) and not words & _NOT_THE_LUNG


def _frontal(picture: Picture) -> tuple[int, int] | None:
    """The array axes of rows and columns of a frontal film; ``None`` for anything else.

    In image space i runs along columns and j along rows downwards. A single slice with patient
    coordinates is a film only where its modality says so, and frontal unless it lies sagittally.
    """
    record, shape = picture.record, picture.data.shape
    if _LATERAL & set(record.sequence_words):
        return None
    if record.space == "image":
        fits = record.modality is None or record.modality in _RADIOGRAPHS
        return (1, 0) if fits and shape[2] == 1 else None
    if record.modality not in _RADIOGRAPHS or shape[0] == 1:
        return None
    return (1, 0) if shape[2] == 1 else (2, 0)


def _film(picture: Picture, axes: tuple[int, int]) -> Film:
    """What the row knows of the film. Where its words name both projections or none, it is unknown."""
    record = picture.record
    named = {"PA", "AP"} & {word.upper() for word in record.sequence_words}
    spacing = (record.spacing[axes[0]], record.spacing[axes[1]]) if len(record.spacing) > 2 else None
    return Film(spacing=spacing, projection=named.pop() if len(named) == 1 else "")


def _mask(founds: Sequence[Found], picture: Picture, axes: tuple[int, int]) -> Mask2D:
    """The union of structures as [row, column]."""
    made = np.zeros(picture.data.shape, dtype=bool)
    for one in founds:
        made[one.structure.require_box().slices] |= one.structure.mask
    flat = next(axis for axis in range(3) if axis not in axes)
    plane = np.moveaxis(made, (*axes, flat), (0, 1, 2))[:, :, 0]
    return np.ascontiguousarray(plane)


def _ids(founds: Sequence[Found]) -> tuple[str, ...]:
    return tuple(one.row.structure_id for one in founds)
