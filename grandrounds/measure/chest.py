"""Frontal chest radiographs: ratios and widths from 2D masks and landmarks.

Masks are boolean, [row, column]; rows run downwards, columns across the patient. Which column side is the
patient's right doesn't matter for widths; ``deviation`` gives a sign by columns. ``spacing`` is (row,
column) in mm. On a radiograph millimetres hold at the detector unless the file says that they are
calibrated to the patient: widths in mm are doubted then, ratios are not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from grandrounds.measure import citations
from grandrounds.measure.measurement import (
    CUT,
    EMPTY,
    PROJECTION,
    SHAPE,
    UNKNOWN_SCALE,
    Doubt,
    MeasureError,
    Measurement,
    Quantity,
    measured,
    not_measurable,
)

Mask2D = npt.NDArray[np.bool_]

CARDIOTHORACIC_RANGE = (0.2, 0.9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """What is known of the radiograph: mm per (row, column), projection, and whether mm are the patient's.

    ``projection`` is ``PA``, ``AP`` or empty where unknown. ``spacing`` is ``None`` where there is none.
    """

    spacing: tuple[float, float] | None = None
    projection: str = ""
    calibrated: bool = False

    def __post_init__(self) -> None:
        if self.spacing and not all(np.isfinite(side) and side > 0 for side in self.spacing):
            raise MeasureError(f"The pixel spacing {self.spacing} is no size.", remedy="Check the header.")

    @property
    def column_mm(self) -> float | None:
        """mm from a column to the next one."""
        return self.spacing[1] if self.spacing else None


def cardiothoracic_ratio(heart: Mask2D, lungs: Mask2D, film: Film) -> Measurement:
    """Widest heart over widest thorax, both across the film.

    The heart's width runs from its leftmost to its rightmost column (the sum of the two largest distances
    from any midline); the thorax is the widest row between the outer borders of the lungs. The ratio needs
    no scale. Unreliable on AP films, which enlarge the heart, when a mask meets the film's edge, and when
    the lungs lie on one side of the heart only.
    """
    name, method = "cardiothoracic_ratio", "heart's columns over the widest row between outer lung borders"
    _same(heart, lungs)
    missing = [_empty(what) for what, mask in (("heart", heart), ("lungs", lungs)) if not mask.any()]
    if missing:
        return not_measurable(name, "1", *missing, method=method, source=citations.DANZER)
    left, right = _columns(heart)
    row, first, last = _widest_row(lungs)
    doubts = [*_edge("heart", heart, sides_only=True), *_edge("lungs", lungs, sides_only=True)]
    if film.projection.upper() != "PA":
        words = (
            "the film is AP: the heart is enlarged" if film.projection else "the projection is not known"
        )
        doubts.append(Doubt(PROJECTION, words))
    if left < first or right > last:
        doubts.append(
            Doubt(SHAPE, "the heart reaches beyond the lungs: a lung is missing or the masks swap")
        )
    return measured(
        name,
        (right - left) / (last - first),
        "1",
        doubts=doubts,
        uncertainty=2.0 / (last - first),
        valid_range=CARDIOTHORACIC_RANGE,
        method=method,
        source=citations.DANZER,
        inputs=(
            *_length("heart_width", right - left, film),
            *_length("thoracic_width", last - first, film),
            Quantity("thoracic_row", row, "pixel"),
            Quantity("heart_columns", (float(left), float(right)), "pixel"),
            Quantity("thoracic_columns", (float(first), float(last)), "pixel"),
        ),
    )


def width(name: str, mask: Mask2D, film: Film, *, source: str = citations.DEFINITION) -> Measurement:
    """The widest row of a mask in mm, such as that of the mediastinum, aortic knob or trachea.

    Not measurable without a pixel spacing; unreliable when that is not calibrated to the patient.
    """
    method = "widest row, outer border to outer border"
    label = f"{name}_width"
    if not mask.any():
        return not_measurable(label, "mm", _empty(name), method=method, source=source)
    scale = film.column_mm
    if scale is None:
        doubt = Doubt(UNKNOWN_SCALE, "the film has no pixel spacing")
        return not_measurable(label, "mm", doubt, method=method, source=source)
    row, first, last = _widest_row(mask)
    doubts = list(_edge(name, mask, sides_only=True))
    if not film.calibrated:
        doubts.append(Doubt(UNKNOWN_SCALE, "millimetres are those of the detector, not of the patient"))
    return measured(
        label,
        (last - first) * scale,
        "mm",
        doubts=doubts,
        uncertainty=scale,
        valid_range=(0.0, 600.0),
        method=method,
        source=source,
        inputs=(Quantity("row", row, "pixel"), Quantity("columns", (float(first), float(last)), "pixel")),
    )


def width_ratio(name: str, mask: Mask2D, lungs: Mask2D) -> Measurement:
    """The widest row of a mask over the widest row between the outer lung borders; needs no scale."""
    label, method = f"{name}_to_thorax_ratio", "widest row over the widest row between outer lung borders"
    _same(mask, lungs)
    missing = [_empty(what) for what, one in ((name, mask), ("lungs", lungs)) if not one.any()]
    if missing:
        return not_measurable(label, "1", *missing, method=method, source=citations.DEFINITION)
    (_, left, right), (_, first, last) = _widest_row(mask), _widest_row(lungs)
    return measured(
        label,
        (right - left) / (last - first),
        "1",
        doubts=(*_edge(name, mask, sides_only=True), *_edge("lungs", lungs, sides_only=True)),
        uncertainty=2.0 / (last - first),
        valid_range=(0.0, 1.0),
        method=method,
        source=citations.DEFINITION,
    )


def deviation(name: str, mask: Mask2D, lungs: Mask2D) -> Measurement:
    """How far the middle of a mask (the trachea's) lies off the thorax's middle, in percent of its width.

    Row by row: mean column of the mask against the middle between the outer lung borders, over the rows
    that both have; the mean of these. Positive towards higher columns. A rotated patient shifts it, too.
    """
    label, method = f"{name}_deviation", "mean offset from the middle between outer lung borders, by rows"
    _same(mask, lungs)
    rows = np.flatnonzero(mask.any(axis=1) & lungs.any(axis=1))
    if not len(rows):
        doubt = Doubt(EMPTY, f"{name} and lungs share no row")
        return not_measurable(label, "%", doubt, method=method, source=citations.DEFINITION)
    _, first, last = _widest_row(lungs)
    columns = np.arange(mask.shape[1]) + 0.5
    middle = mask[rows] @ columns / mask[rows].sum(axis=1)
    edges = np.array([_span(lungs[row, :]) for row in rows])
    offset = float((middle - edges.mean(axis=1)).mean())
    return measured(
        label,
        100 * offset / (last - first),
        "%",
        doubts=(*_edge("lungs", lungs, sides_only=True),),
        uncertainty=100 / (last - first),
        valid_range=(-50.0, 50.0),
        method=method,
        source=citations.DEFINITION,
        inputs=(Quantity("rows", len(rows)), Quantity("offset", offset, "pixel")),
    )


def carina_angle(
    carina: tuple[float, float],
    right_bronchus: tuple[float, float],
    left_bronchus: tuple[float, float],
    film: Film,
) -> Measurement:
    """The angle in degrees at the carina between a point on each main bronchus; points are (row, column).

    Without a spacing pixels are taken as square.
    """
    rows, columns = film.spacing or (1.0, 1.0)
    arms = [
        np.array([(point[0] - carina[0]) * rows, (point[1] - carina[1]) * columns])
        for point in (right_bronchus, left_bronchus)
    ]
    lengths = [float(np.linalg.norm(arm)) for arm in arms]
    if min(lengths) == 0:
        raise MeasureError("A bronchus point lies on the carina.", remedy="Check the landmarks.")
    cosine = float(arms[0] @ arms[1]) / (lengths[0] * lengths[1])
    return measured(
        "carina_angle",
        float(np.degrees(np.arccos(np.clip(cosine, -1, 1)))),
        "deg",
        uncertainty=float(np.degrees(sum(max(rows, columns) / length for length in lengths))),
        valid_range=(20.0, 150.0),
        method="angle at the carina between the two main bronchi",
        source=citations.DEFINITION,
        inputs=(Quantity("carina", carina, "pixel"),),
    )


def inside_film(name: str, mask: Mask2D) -> Measurement:
    """``whole`` when the mask keeps off every edge of the film, ``cut`` otherwise (with the sides)."""
    method = "the mask touches no edge of the film"
    if not mask.any():
        return not_measurable("inclusion", "word", _empty(name), method=method, source=citations.DEFINITION)
    sides = _sides(mask)
    return measured(
        "inclusion",
        "cut" if sides else "whole",
        "word",
        method=method,
        source=citations.DEFINITION,
        inputs=(Quantity("sides", " ".join(sides)),),
    )


def _same(first: Mask2D, second: Mask2D) -> None:
    if first.ndim != 2 or first.shape != second.shape:
        raise MeasureError(
            f"The masks have the shapes {first.shape} and {second.shape}.",
            remedy="Use 2D masks of one film.",
        )


def _empty(name: str) -> Doubt:
    return Doubt(EMPTY, f"the mask of the {name} has no pixel")


def _span(row: Mask2D) -> tuple[int, int]:
    where = np.flatnonzero(row)
    return int(where[0]), int(where[-1]) + 1


def _columns(mask: Mask2D) -> tuple[int, int]:
    return _span(np.asarray(mask.any(axis=0)))


def _widest_row(mask: Mask2D) -> tuple[int, int, int]:
    """Row, first column and the column after the last one, where the mask spans most (the topmost)."""
    some = mask.any(axis=1)
    first = np.argmax(mask, axis=1)
    last = mask.shape[1] - np.argmax(mask[:, ::-1], axis=1)
    row = int(np.argmax(np.where(some, last - first, 0)))
    return row, int(first[row]), int(last[row])


def _sides(mask: Mask2D) -> list[str]:
    ends: dict[str, Mask2D] = {
        "top": mask[0, :],
        "bottom": mask[-1, :],
        "first column": mask[:, 0],
        "last column": mask[:, -1],
    }
    return [side for side, line in ends.items() if line.any()]


def _edge(name: str, mask: Mask2D, *, sides_only: bool) -> tuple[Doubt, ...]:
    met = [side for side in _sides(mask) if not sides_only or "column" in side]
    if not met:
        return ()
    return (Doubt(CUT, f"the mask of the {name} meets the film's edge ({', '.join(met)})"),)


def _length(name: str, pixels: int, film: Film) -> tuple[Quantity, ...]:
    scale = film.column_mm
    if scale is None:
        return (Quantity(name, pixels, "pixel"),)
    return (Quantity(name, pixels, "pixel"), Quantity(f"{name}_mm", pixels * scale, "mm"))
