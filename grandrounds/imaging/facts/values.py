"""Numbers as options: rounded to what their uncertainty allows, and far enough from one another.

Wrong values are the same measurement of other structures of the study (a neighbouring level, the other
side). Where there are too few of about the right size, numbers further off than three times the
uncertainty fill up, below or above, so that the place of the right one among them is drawn by hash.
Tolerances are on the absolute value: half a per cent of it at least.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from grandrounds.imaging.facts.inquiry import RELIABLE, Inquiry
from grandrounds.imaging.facts.options import STUDY
from grandrounds.imaging.facts.wording import is_sided_pair
from grandrounds.measure import levels
from grandrounds.records.measured import MeasuredRow
from grandrounds.records.parts import OptionOrigin

_UNITS = {"mm": " mm", "ml": " ml", "%": " %", "deg": " degrees", "HU": " HU", "1": ""}
_LEAST_SHARE = 0.005
_UNKNOWN_SHARE = 0.05
_UNKNOWN_LEAST = {"HU": 5.0, "deg": 2.0}
"""What is taken as open where a measurement doesn't say: a share of the value, and at least so much."""
_SHARPEST_SHARE = 0.25
_FILL_APART, _FILL_SHARE = 3.2, 0.15
_LARGEST_FACTOR = 3.0
_DIGITS = 3
_COARSEST, _FINEST = -2, 3
_LEVEL = re.compile(r"\b(?:[CTL]\d{1,2}|S|Co)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How values are written and when they differ: decimals, unit, half-width of what is left open."""

    decimals: int
    unit: str
    open: float

    def words(self, value: float) -> str:
        """The value with its unit: ``31.5 mm``."""
        rounded = round(value, self.decimals) + 0.0
        return f"{rounded:.{max(self.decimals, 0)}f}{_UNITS[self.unit]}"


def is_sharp(row: MeasuredRow) -> bool:
    """Whether a row has a sure value of which its uncertainty is no more than a quarter."""
    if row.status != RELIABLE or row.number is None or row.unit not in _UNITS:
        return False
    return scale_of(row, row.number).open <= _SHARPEST_SHARE * abs(row.number)


def scale_of(row: MeasuredRow, value: float) -> Scale:
    """The scale of a value of the row's measurement, by its uncertainty; a guess where it has none."""
    size = abs(value)
    known = row.uncertainty if row.uncertainty and row.uncertainty > 0 else None
    guess = max(_UNKNOWN_SHARE * size, _UNKNOWN_LEAST.get(row.unit, 0.0))
    left_open = max(guess if known is None else known, _LEAST_SHARE * size, 1e-6)
    finest = -math.floor(math.log10(left_open))
    return Scale(decimals=max(_COARSEST, min(_FINEST, finest)), unit=row.unit, open=left_open)


def levels_in(subject: str) -> tuple[str, ...]:
    """The vertebral levels that a measurement's subject names."""
    return tuple(level for level in _LEVEL.findall(subject) if level in levels.ORDER)


def wrong_values(asking: Inquiry, row: MeasuredRow, *, count: int) -> tuple[OptionOrigin, ...]:
    """At most ``count`` values that the measurement doesn't have, sorted by size."""
    assert row.number is not None
    scale = scale_of(row, row.number)
    taken = {row.number: ""}
    for other in _others(asking, row):
        assert other.number is not None
        if len(taken) <= count and _differs(other.number, taken, scale):
            taken[other.number] = _reference(other)
    _fill(taken, row, scale, count=count, share=asking.share(row.measurement_id, "values"))
    del taken[row.number]
    return tuple(
        OptionOrigin(option=scale.words(value), origin=STUDY, reference=taken[value])
        for value in sorted(taken)
    )


def _others(asking: Inquiry, row: MeasuredRow) -> list[MeasuredRow]:
    """The same measurement of other subjects, surely another value of about its size, nearest first."""
    assert row.number is not None
    scale = scale_of(row, row.number)
    kind = _kind(row.subject)
    found = []
    for other in asking.measurements:
        if (other.name, other.unit, other.status) != (row.name, row.unit, RELIABLE) or other.number is None:
            continue
        if other.subject == row.subject or _kind(other.subject) != kind:
            continue
        apart = abs(abs(other.number) - abs(row.number))
        if apart > scale.open + scale_of(other, other.number).open and _comparable(
            row.number, other.number
        ):
            found.append(other)
    return sorted(found, key=lambda other: (_nearness(row, other), other.measurement_id))


def _comparable(value: float, other: float) -> bool:
    low, high = sorted((abs(value), abs(other)))
    return value * other >= 0 and high <= _LARGEST_FACTOR * max(low, 1e-9)


def _kind(subject: str) -> str:
    """What a subject is apart from its level: ``L3 core`` and ``L1 core`` are alike, and all organs are."""
    bare = _LEVEL.sub("#", subject)
    return bare if "#" in bare else ""


def _nearness(row: MeasuredRow, other: MeasuredRow) -> float:
    own, its = levels_in(row.subject), levels_in(other.subject)
    if own and its:
        return float(abs(levels.rank(own[0]) - levels.rank(its[0])))
    if is_sided_pair(row.subject, other.subject):
        return 0.0
    assert row.number is not None
    assert other.number is not None
    return 1.0 + abs(math.log(max(abs(other.number), 1e-9) / max(abs(row.number), 1e-9)))


def _fill(taken: dict[float, str], row: MeasuredRow, scale: Scale, *, count: int, share: float) -> None:
    """Add values below and above until there are ``count`` wrong ones; ``share`` draws how many below."""
    assert row.number is not None
    below = int(share * (count + 1))
    step = max(_FILL_APART * scale.open, _FILL_SHARE * abs(row.number))
    steps = range(1, 4 * (count + 1))
    down = [value for n in steps if _possible(value := row.number - n * step, row)]
    up = [value for n in steps if _possible(value := row.number + n * step, row)]
    while len(taken) <= count and (down or up):
        wants_down = sum(value < row.number for value in taken) < below
        value = down.pop(0) if (wants_down and down) or not up else up.pop(0)
        if _differs(value, taken, scale):
            taken[value] = row.measurement_id


def _possible(value: float, row: MeasuredRow) -> bool:
    """Whether the measurement could have this value: within its range, of the same sign."""
    assert row.number is not None
    if row.valid_range and not row.valid_range[0] <= value <= row.valid_range[1]:
        return False
    return value > 0 if row.number >= 0 else value < 0


def _differs(value: float, taken: Iterable[float], scale: Scale) -> bool:
    """Whether a value can't be taken for one of those there are, sign left aside, nor is written alike."""
    return all(
        abs(abs(value) - abs(one)) > scale.open and scale.words(value) != scale.words(one) for one in taken
    )


def _significant(size: float) -> int:
    return _DIGITS - 1 - math.floor(math.log10(size)) if size > 0 else 0


def _reference(row: MeasuredRow) -> str:
    return row.structures[0] if len(row.structures) == 1 else row.measurement_id


def number_words(value: float, *, unit: str = "", digits: int = _DIGITS) -> str:
    """A number of a row in a sentence, to so many digits that count (never fewer than before the point)."""
    decimals = max(0, min(_FINEST, _significant(abs(value)) - _DIGITS + digits))
    return f"{round(value, decimals) + 0.0:.{decimals}f}{_UNITS.get(unit, '')}"


def limits_words(limits: Sequence[float], unit: str) -> str:
    """Limits with their unit: ``20, 25 and 40 %``."""
    told = [f"{limit:g}" for limit in limits]
    joined = " and ".join(part for part in (", ".join(told[:-1]), told[-1]) if part)
    return f"{joined}{_UNITS.get(unit, '')}"
