"""From a measurement to a finding: criterion, structures, landmarks, measurement, threshold, finding.

A ``Criterion`` is a rule as clinicians state it, with its source. ``decide`` applies it and returns the
whole chain as a value, step by step, so that each step can be asked about and the last one recomputed
from the stored measurement. "Cannot be measured" is a right answer; what lies too near to a
threshold is marked as such.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from grandrounds.measure.measurement import OK, MeasureError, Measurement

CANNOT = "cannot be measured"

DECIDED, BORDERLINE, UNDECIDED = "decided", "borderline", "cannot_be_measured"
STEP_KINDS = ("criterion", "structure", "landmark", "measurement", "index", "threshold", "finding")


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A range of values that means one finding, from the band before it up to ``upto``.

    ``including`` says whether ``upto`` itself still belongs here. ``upto`` is ``None`` for the last band.
    """

    finding: str
    upto: float | None = None
    including: bool = False

    def holds(self, value: float) -> bool:
        """Whether the value lies below this band's upper end."""
        return self.upto is None or value < self.upto or (self.including and value == self.upto)


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """A rule from an index to a finding.

    ``index`` is the name of the measurement it reads, in ``unit``. ``structures`` and ``landmarks`` are
    what a reader must find, ``measurements`` the inputs of the index. ``bands`` run upwards; the last is
    open.
    ``applies`` says for which images and people the rule holds.
    """

    name: str
    question: str
    structures: tuple[str, ...]
    landmarks: tuple[str, ...]
    measurements: tuple[str, ...]
    index: str
    unit: str
    bands: tuple[Band, ...]
    source: str
    applies: str = ""

    def __post_init__(self) -> None:
        ends = [band.upto for band in self.bands]
        limits = [end for end in ends[:-1] if end is not None]
        if (
            not ends
            or ends[-1] is not None
            or len(limits) != len(ends) - 1
            or sorted(set(limits)) != limits
        ):
            raise MeasureError(f"The bands of {self.name} do not run upwards to an open end.")

    @property
    def findings(self) -> tuple[str, ...]:
        """Every finding the rule can give, lowest band first, each once."""
        return tuple(dict.fromkeys(band.finding for band in self.bands))

    @property
    def limits(self) -> tuple[float, ...]:
        """The thresholds between the bands."""
        return tuple(band.upto for band in self.bands if band.upto is not None)

    def finding(self, value: float) -> str:
        """The finding of an index value."""
        return next(band.finding for band in self.bands if band.holds(value))

    def threshold_words(self) -> str:
        """The bands in words, for people: ``normal up to 0.5, enlarged above``."""
        told = [
            f"{band.finding} {'up to' if band.including else 'below'} {band.upto:g}"
            for band in self.bands
            if band.upto is not None
        ]
        unit = "" if self.unit == "1" else f" {self.unit}"
        return f"{', '.join(told)}{unit}, {self.bands[-1].finding} {_beyond(self.bands[-2])}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a chain: its kind, what it says in words, and its value where it has one."""

    kind: str
    words: str
    value: float | str | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """A decided criterion. ``finding`` is one of the criterion's findings, or ``CANNOT``.

    ``status``: ``decided``; ``borderline`` (the finding stands, but a threshold lies within the
    measurement's uncertainty: not a fair question); ``cannot_be_measured`` (``reason`` says why).
    """

    criterion: str
    status: str
    finding: str
    reason: str
    steps: tuple[Step, ...]
    measurement: Measurement

    def step(self, kind: str) -> tuple[Step, ...]:
        """The steps of one kind, in order."""
        return tuple(step for step in self.steps if step.kind == kind)

    def to_json(self) -> dict[str, Any]:
        """The chain as JSON values; the finding recomputes from ``measurement`` by ``decide``."""
        return {
            "criterion": self.criterion,
            "status": self.status,
            "finding": self.finding,
            "reason": self.reason,
            "steps": [
                {"kind": s.kind, "words": s.words, "value": s.value, "unit": s.unit} for s in self.steps
            ],
            "measurement": self.measurement.to_json(),
        }


def decide(criterion: Criterion, measurement: Measurement) -> Chain:
    """Apply a criterion to the measurement of its index.

    A measurement that is missing or unreliable ends in ``CANNOT`` with its reason, whatever its value.
    Raises ``MeasureError`` when the measurement is another one, or in another unit.
    """
    if (measurement.name, measurement.unit) != (criterion.index, criterion.unit):
        raise MeasureError(
            f"{criterion.name} reads {criterion.index} in {criterion.unit}, not {measurement.name} "
            f"in {measurement.unit}.",
            remedy="Give the measurement that the criterion names.",
        )
    steps = [
        Step(kind="criterion", words=criterion.question),
        *(Step(kind="structure", words=name) for name in criterion.structures),
        *(Step(kind="landmark", words=name) for name in criterion.landmarks),
        *_input_steps(criterion, measurement),
    ]
    if measurement.status != OK:
        steps.append(Step(kind="finding", words=CANNOT, value=CANNOT))
        return _chain(
            criterion, measurement, steps=steps, status=UNDECIDED, finding=CANNOT, reason=measurement.reason
        )
    value = measurement.number
    finding = criterion.finding(value)
    steps += [
        Step(kind="index", words=criterion.index, value=value, unit=criterion.unit),
        Step(kind="threshold", words=criterion.threshold_words()),
        Step(kind="finding", words=finding, value=finding),
    ]
    near = _near(criterion, value, measurement.uncertainty or 0.0)
    return _chain(
        criterion,
        measurement,
        steps=steps,
        status=BORDERLINE if near else DECIDED,
        finding=finding,
        reason=near,
    )


def _chain(
    criterion: Criterion,
    measurement: Measurement,
    *,
    steps: list[Step],
    status: str,
    finding: str,
    reason: str,
) -> Chain:
    return Chain(
        criterion=criterion.name,
        status=status,
        finding=finding,
        reason=reason,
        steps=tuple(steps),
        measurement=measurement,
    )


def _input_steps(criterion: Criterion, measurement: Measurement) -> list[Step]:
    known = {quantity.name: quantity for quantity in measurement.inputs}
    made = []
    for name in criterion.measurements:
        found = known.get(name)
        value = found.value if found else None
        plain = value if isinstance(value, str) or value is None else _number(value)
        made.append(Step(kind="measurement", words=name, value=plain, unit=found.unit if found else ""))
    return made


def _number(value: float | tuple[float, ...]) -> float | None:
    return None if isinstance(value, tuple) else float(value)


def _near(criterion: Criterion, value: float, uncertainty: float) -> str:
    """Why the value is too near a threshold; empty when the findings on both sides of it agree."""
    sides = {
        criterion.finding(value - uncertainty),
        criterion.finding(value),
        criterion.finding(value + uncertainty),
    }
    if len(sides) == 1:
        return ""
    limit = min(criterion.limits, key=lambda one: abs(one - value))
    return f"{value:.4g} lies within {uncertainty:.2g} of the threshold {limit:g}"


def _beyond(last: Band) -> str:
    return "above" if last.including else "from there on"
