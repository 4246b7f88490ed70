"""Vertebrae and their bodies among what was found: masks of bodies, or bodies crossed with levels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from grandrounds.imaging.found import Found
from grandrounds.imaging.names import BODY, VERTEBRAL_BODIES
from grandrounds.measure import levels
from grandrounds.measure.measurement import Doubt
from grandrounds.measure.structure import LabelMap, Structure
from grandrounds.measure.vertebra import BodyLandmarks, body_landmarks
from grandrounds.records.structure import StructureRow

_WITHOUT_BODY = frozenset({"C1", "C2", "S", "Co"})
_LEAST_LEVER_MM = 3.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Body:
    """A vertebral body: its voxels, the ids of the structures it comes from, and its landmarks (or why it
    has none). ``crossed`` tells that two masks make it together, so that it is no structure of its own."""

    level: str
    crossed: bool
    structure: Structure
    ids: tuple[str, ...]
    landmarks: BodyLandmarks | Doubt

    @property
    def marked(self) -> BodyLandmarks | None:
        """The landmarks, where there are any."""
        return self.landmarks if isinstance(self.landmarks, BodyLandmarks) else None


def whole_vertebrae(chosen: Mapping[str, Found]) -> dict[str, Found]:
    """Vertebrae with body and arch by level, head first. The sacrum is none."""
    made = {
        one.known.level: one
        for one in chosen.values()
        if one.known.level in levels.ORDER and one.known.level not in ("S", "Co") and not one.known.part
    }
    return {level: made[level] for level in sorted(made, key=levels.rank)}


def bodies(chosen: Mapping[str, Found], wholes: Mapping[str, Found]) -> dict[str, Body]:
    """Vertebral bodies by level, head first: from masks that name body and level, else from a mask of
    bodies crossed with the vertebrae's."""
    made: dict[str, tuple[Structure, tuple[str, ...]]] = {
        one.known.level: (one.structure, (one.row.structure_id,))
        for one in chosen.values()
        if one.known.part == BODY and one.known.level
    }
    crossed = not made and VERTEBRAL_BODIES in chosen
    if crossed:
        made = _crossed(chosen[VERTEBRAL_BODIES], wholes)
    made = {level: pair for level, pair in made.items() if level not in _WITHOUT_BODY}
    return {
        level: _body(level, *made[level], whole=wholes.get(level), crossed=crossed)
        for level in sorted(made, key=levels.rank)
    }


def longest_run(present: Iterable[str]) -> tuple[str, ...]:
    """The longest run of levels that leaves none out; the one nearest to the head where two are equal."""
    ordered = sorted(set(present), key=levels.rank)
    runs: list[list[str]] = [[level] for level in ordered[:1]]
    for upper, lower in pairwise(ordered):
        if levels.consecutive((upper, lower)):
            runs[-1].append(lower)
        else:
            runs.append([lower])
    lengths = [len(run) for run in runs]
    return tuple(runs[lengths.index(max(lengths))]) if runs else ()


def reaches_edge(row: StructureRow, structure: Structure) -> bool:
    """Whether the structure meets the image's edge, so that its centre may not be the true one."""
    return any(
        row.box[axis] == 0 or row.box[axis + 3] == side for axis, side in enumerate(structure.grid.shape)
    )


def _crossed(found: Found, wholes: Mapping[str, Found]) -> dict[str, tuple[Structure, tuple[str, ...]]]:
    """The voxels of each vertebra that the mask of bodies holds, too."""
    made = np.zeros(found.structure.grid.shape, dtype=np.uint8)
    numbers = {level: number for number, level in enumerate(wholes, 1)}
    for level, whole in wholes.items():
        box = whole.structure.require_box().slices
        both = whole.structure.mask & (found.structure.labels[box] == found.structure.label)
        made[box][both] = numbers[level]
    cut = LabelMap(made, found.structure.grid.affine, {n: f"{level} body" for level, n in numbers.items()})
    ids = {level: (whole.row.structure_id, found.row.structure_id) for level, whole in wholes.items()}
    return {level: (cut[n], ids[level]) for level, n in numbers.items() if n in cut.labels}


def _body(
    level: str, structure: Structure, ids: tuple[str, ...], *, whole: Found | None, crossed: bool
) -> Body:
    """The body with its landmarks. The whole vertebra tells where its front is, and is named then."""
    front = _front(structure, whole)
    if whole is not None and front is not None:
        ids = tuple(dict.fromkeys((*ids, whole.row.structure_id)))
    marks = body_landmarks(structure) if front is None else body_landmarks(structure, front=front)
    return Body(level=level, crossed=crossed, structure=structure, ids=ids, landmarks=marks)


def _front(body: Structure, whole: Found | None) -> Sequence[float] | None:
    """Towards the front: from the centre of the whole vertebra to that of its body; ``None`` where the
    vertebra is in doubt, or holds no arch that would tell."""
    if whole is None or whole.row.remarks:
        return None
    away = np.subtract(body.centre, whole.structure.centre)
    away[2] = 0.0
    length = float(np.linalg.norm(away))
    return tuple(away) if length >= _LEAST_LEVER_MM and away[1] > length / 2 else None
