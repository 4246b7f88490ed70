"""The abdominal aorta's diameter. Which part of an aorta is abdominal is told by lumbar levels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from grandrounds.imaging.found import Found, Picture, Reading, between, doubted
from grandrounds.measure import size
from grandrounds.measure.axes import UP
from grandrounds.measure.measurement import MISSING, Doubt, Measurement
from grandrounds.measure.rules import AORTIC_ANEURYSM

ABDOMINAL = frozenset({"abdominal aorta", "infrarenal aorta"})
AORTA = ABDOMINAL | {"aorta"}
_INFRARENAL = frozenset({"L2", "L3", "L4"})
_MODALITIES = (None, "CT", "MR")


def of_aorta(chosen: Mapping[str, Found], picture: Picture) -> Iterator[Reading]:
    """The short axis of the abdominal aorta: of the whole of it where its name says so, else of its
    slices at L2 to L4 (below the kidneys' arteries, above the bifurcation). Without such a level the
    diameter of an aorta that may be thoracic is unreliable."""
    if picture.record.modality not in _MODALITIES:
        return
    for name in sorted(ABDOMINAL & set(chosen)):
        one = chosen[name]
        yield _reading(size.short_axis(one.structure), one)
        return
    whole = chosen.get("aorta")
    if whole is None:
        return
    levels = [one for one in chosen.values() if one.known.level in _INFRARENAL and not one.known.part]
    if not levels:
        doubt = Doubt(MISSING, "no lumbar level tells which part of the aorta is the abdominal one")
        yield _reading(doubted(size.short_axis(whole.structure), doubt), whole)
        return
    axis = whole.structure.grid.array_axis(UP)
    start = min(one.row.box[axis] for one in levels)
    stop = max(one.row.box[axis + 3] for one in levels)
    part = between(whole.structure, axis=axis, start=start, stop=stop, name="abdominal aorta")
    if part is not None:
        yield _reading(size.short_axis(part), whole, *levels)


def _reading(measurement: Measurement, *founds: Found) -> Reading:
    return Reading(
        measurement=measurement,
        subject="abdominal aorta",
        structures=tuple(one.row.structure_id for one in founds),
        criterion=AORTIC_ANEURYSM,
    )
