"""Gate ``tolerance``: numbers are those measured, within a share of their size, and options lie apart.

A tolerance is taken of the absolute value: one of ``x`` itself would let nothing negative pass, and one
that is absolute would let small values change by half. Options of a measurement must lie further apart
than its uncertainty; nobody could choose between them otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from grandrounds.gates.gate import Findings, Gate, Looked, found
from grandrounds.gates.volumes.options import NUMBER, numbers
from grandrounds.records.parts import MeasuredValue

MEASUREMENT = "measurement_mcq"
SHARE, LEAST = 1e-6, 1e-9


def look(at: Looked) -> Findings:
    """Refuse numbers that measuring again does not give, and options that can't be told apart."""
    return found(*_measured(at), *(_choices(at) if at.revision.task == MEASUREMENT else ()))


def within(one: float, other: float) -> bool:
    """Whether two numbers are the same for our purposes."""
    return abs(one - other) <= max(LEAST, SHARE * max(abs(one), abs(other)))


def _measured(at: Looked) -> Iterator[str]:
    scan = at.again or at.scan
    if scan is None:
        return
    known = {row.measurement_id: row for row in scan.measurements}
    for value in at.revision.measurements:
        row = known.get(value.measurement_id)
        name = value.name.replace("_", " ")
        if row is None:
            yield f"The scan has no measurement {value.measurement_id} ({name})."
        elif (value.number is None) != (row.number is None):
            yield f"{name}: the item has {value.number}, measuring again gives {row.number}."
        elif value.number is not None and row.number is not None and not within(value.number, row.number):
            yield f"{name}: the item has {value.number:g}, measuring again gives {row.number:g}."
        elif value.unit != row.unit:
            yield f"{name}: the item has it in {value.unit!r}, it is measured in {row.unit!r}."


def _choices(at: Looked) -> Iterator[str]:
    asked = _asked(at)
    values = {option: numbers(option)[0] for option in at.revision.options if numbers(option)}
    if asked is None or asked.number is None or at.revision.answer not in values:
        return
    spread, unit = asked.uncertainty or 0.0, _rounded_to(tuple(values))
    if abs(values[at.revision.answer] - asked.number) > max(spread, 0.5 * unit) * (1 + SHARE):
        yield f"The answer {at.revision.answer!r} is not the value measured, {asked.number:g}."
    for one, other in combinations(values, 2):
        if abs(values[one] - values[other]) + unit <= spread:  # each was rounded by up to half a unit
            yield f"{one!r} and {other!r} lie no further apart than the uncertainty, {spread:g}."


def _asked(at: Looked) -> MeasuredValue | None:
    """The measurement that is asked for: the one that the subject names, or the only one there is."""
    values = at.revision.measurements
    named = [value for value in values if value.measurement_id in at.revision.subject.split("+")]
    return named[0] if named else values[0] if len(values) == 1 else None


def _rounded_to(options: tuple[str, ...]) -> float:
    """The power of ten that the options' first numbers are rounded to: 0.1 for ``21.3 mm``, 10 for tens."""
    first = [found[0] for option in options if (found := NUMBER.findall(option))]
    decimals = max((len(number.partition(".")[2]) for number in first), default=0)
    if decimals:
        return 10.0**-decimals
    zeros = min(
        (len(number) - len(number.rstrip("0")) for number in first if number.strip("-0")), default=0
    )
    return 10.0**zeros


GATE = Gate(name="tolerance", look=look)
