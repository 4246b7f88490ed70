"""What a measure hands back: a value with its unit, or the reason why there is none or not a sure one."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from grandrounds.errors import GrandRoundsError

OK, UNRELIABLE, NOT_MEASURABLE = "ok", "unreliable", "not_measurable"
STATUSES = (OK, UNRELIABLE, NOT_MEASURABLE)

EMPTY = "empty"
CUT = "cut_by_field_of_view"
FEW_SLICES = "too_few_slices"
FEW_VOXELS = "too_few_voxels"
TOUCHING = "touching_labels"
COARSE = "spacing_too_coarse"
COMPONENTS = "several_components"
TILTED = "tilted_slices"
IMPLAUSIBLE = "outside_valid_range"
WITHIN_MARGIN = "within_margin"
NOT_FINITE = "values_not_finite"
SHAPE = "unexpected_shape"
UNKNOWN_SCALE = "scale_not_calibrated"
PROJECTION = "projection_magnifies"
MISSING = "missing_input"

Scalar = float | int | str
Value = Scalar | tuple[float, ...] | None


class MeasureError(GrandRoundsError):
    """An array, affine or landmark given to a measure can't be used at all: a mistake of the caller."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """One reason not to trust a measurement: a code for machines and plain words for people."""

    code: str
    words: str


@dataclass(frozen=True, slots=True)
class Quantity:
    """A named intermediate value that a measurement rests on."""

    name: str
    value: Scalar | tuple[float, ...]
    unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """A measured value.

    ``status``: ``ok``; ``unreliable`` (there is a value, ``doubts`` say why not to build on it);
    ``not_measurable`` (no value; ``doubts`` say why). ``uncertainty`` is the half-width, in ``unit``, of
    the interval that the voxel size alone leaves open; ``None`` where it is not known. ``valid_range`` are
    the smallest and largest plausible values in ``unit``; a value outside is unreliable. ``method`` says
    how it was measured, ``source`` where the formula or definition is from. Units are ``mm``, ``mm2``,
    ``ml``, ``%``, ``deg``, ``HU``, ``voxel``, ``1`` (ratios, grades, counts), ``word``, ``arbitrary``.
    """

    name: str
    value: Value
    unit: str
    status: str = OK
    doubts: tuple[Doubt, ...] = ()
    uncertainty: float | None = None
    valid_range: tuple[float, float] | None = None
    method: str = ""
    source: str = ""
    inputs: tuple[Quantity, ...] = ()

    def __post_init__(self) -> None:
        if self.status not in STATUSES:
            raise MeasureError(f"{self.name}: {self.status!r} is no status of a measurement.")
        if (self.status == OK) == bool(self.doubts):
            raise MeasureError(f"{self.name}: doubts and status {self.status!r} contradict each other.")
        if (self.value is None) != (self.status == NOT_MEASURABLE):
            raise MeasureError(f"{self.name}: value and status {self.status!r} contradict each other.")
        if not all(math.isfinite(number) for number in _numbers(self.value)):
            raise MeasureError(f"{self.name}: the value {self.value!r} is not finite.")

    @property
    def reason(self) -> str:
        """Why the value is unreliable or missing; empty when it is neither."""
        return "; ".join(doubt.words for doubt in self.doubts)

    @property
    def number(self) -> float:
        """The value as a number. Raises ``MeasureError`` where there is none."""
        if isinstance(self.value, int | float):
            return float(self.value)
        raise MeasureError(f"{self.name} has no number: {self.reason or self.value!r}.")

    def input(self, name: str) -> Scalar | tuple[float, ...]:
        """The intermediate value of that name. Raises ``MeasureError`` where there is none."""
        for quantity in self.inputs:
            if quantity.name == name:
                return quantity.value
        raise MeasureError(f"{self.name} rests on no {name!r}.")

    def to_json(self) -> dict[str, Any]:
        """The measurement as JSON values; ``from_json`` reads it back equal."""
        return {
            "name": self.name,
            "value": _plain(self.value),
            "unit": self.unit,
            "status": self.status,
            "doubts": [{"code": doubt.code, "words": doubt.words} for doubt in self.doubts],
            "uncertainty": self.uncertainty,
            "valid_range": _plain(self.valid_range),
            "method": self.method,
            "source": self.source,
            "inputs": [{"name": q.name, "value": _plain(q.value), "unit": q.unit} for q in self.inputs],
        }


def from_json(document: Mapping[str, Any]) -> Measurement:
    """The measurement that ``Measurement.to_json`` wrote. Raises ``MeasureError`` for anything else."""
    try:
        limits = document["valid_range"]
        return Measurement(
            name=str(document["name"]),
            value=_value(document["value"]),
            unit=str(document["unit"]),
            status=str(document["status"]),
            doubts=tuple(Doubt(str(d["code"]), str(d["words"])) for d in document["doubts"]),
            uncertainty=None if document["uncertainty"] is None else float(document["uncertainty"]),
            valid_range=None if limits is None else (float(limits[0]), float(limits[1])),
            method=str(document["method"]),
            source=str(document["source"]),
            inputs=tuple(_quantity(q) for q in document["inputs"]),
        )
    except (KeyError, TypeError, ValueError, IndexError) as exc:
        raise MeasureError("This is no measurement.", remedy="Write it with Measurement.to_json.") from exc


def measured(
    name: str,
    value: Scalar | tuple[float, ...],
    unit: str,
    *,
    doubts: Iterable[Doubt] = (),
    uncertainty: float | None = None,
    valid_range: tuple[float, float] | None = None,
    method: str = "",
    source: str = "",
    inputs: tuple[Quantity, ...] = (),
) -> Measurement:
    """A measurement that has a value: ``ok``, or ``unreliable`` when there are doubts.

    A value outside ``valid_range`` is one more doubt. Raises ``MeasureError`` for values not finite.
    """
    found = list(dict.fromkeys(doubts))
    if valid_range and isinstance(value, int | float) and not valid_range[0] <= value <= valid_range[1]:
        words = (
            f"{value:g} lies outside the plausible range {valid_range[0]:g} to {valid_range[1]:g} {unit}"
        )
        found.append(Doubt(IMPLAUSIBLE, words))
    return Measurement(
        name=name,
        value=value,
        unit=unit,
        status=UNRELIABLE if found else OK,
        doubts=tuple(found),
        uncertainty=uncertainty,
        valid_range=valid_range,
        method=method,
        source=source,
        inputs=inputs,
    )


def not_measurable(
    name: str,
    unit: str,
    *doubts: Doubt,
    method: str = "",
    source: str = "",
    inputs: tuple[Quantity, ...] = (),
) -> Measurement:
    """A measurement that can't be made, because of ``doubts`` (at least one)."""
    return Measurement(
        name=name,
        value=None,
        unit=unit,
        status=NOT_MEASURABLE,
        doubts=tuple(dict.fromkeys(doubts)),
        method=method,
        source=source,
        inputs=inputs,
    )


def _numbers(value: Value) -> tuple[float, ...]:
    if isinstance(value, tuple):
        return value
    return (value,) if isinstance(value, int | float) else ()


def _plain(value: Value) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _value(value: Any) -> Value:
    if isinstance(value, list | tuple):
        return tuple(float(number) for number in value)
    if value is None or (isinstance(value, int | float | str) and not isinstance(value, bool)):
        return value
    raise ValueError(value)


def _quantity(document: Mapping[str, Any]) -> Quantity:
    value = _value(document["value"])
    if value is None:
        raise ValueError(document)
    return Quantity(str(document["name"]), value, str(document["unit"]))
