"""Vertebrae and spines: their sizes by level, how they stack up, and the shapes they are drawn with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from grandrounds.demo.studies import shapes
from grandrounds.demo.studies.shapes import Frame, Part, Points, Reals, Shape, Vector
from grandrounds.volumes.sidecars import VERSE_LEVELS

LEVELS = (*(VERSE_LEVELS[n] for n in range(1, 25)), "S")
LABELS: Mapping[str, int] = {name: n for n, name in VERSE_LEVELS.items()}

# Anchors of level sizes in mm, rounded from common knowledge of adult spines: the rest lie between.
#                       width depth height disc below, canal deep, canal wide, spinous length, slope
_ANCHORS: Mapping[str, tuple[float, ...]] = {
    "C3": (18, 15, 14, 5.0, 15, 22, 20, 20),
    "C7": (24, 17, 15, 5.5, 15, 24, 34, 25),
    "T1": (27, 18, 17, 5.0, 15, 21, 36, 32),
    "T6": (27, 25, 20, 4.5, 16, 17, 34, 55),
    "T10": (31, 28, 22, 5.5, 16, 18, 28, 45),
    "T12": (37, 30, 25, 7.0, 17, 21, 24, 22),
    "L1": (40, 31, 26.5, 8.5, 17, 22, 26, 12),
    "L3": (44, 33, 27.5, 10.5, 16, 23, 28, 8),
    "L5": (48, 34, 27, 11.0, 17, 26, 20, 10),
    "S": (46, 30, 30, 3.0, 15, 28, 12, 20),
}
_LEANS = {
    "S": 32, "L5": 19, "L4": 8, "L3": 0, "L2": -6, "L1": -8, "T12": -8, "T11": -7, "T10": -5, "T9": -3,
    "T8": 0, "T7": 3, "T6": 6, "T5": 9, "T4": 12, "T3": 15, "T2": 17, "T1": 18, "C7": 15, "C6": 9,
    "C5": 4, "C4": 0, "C3": -5, "C2": -8, "C1": -8,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """What is particular about a spine, by level: heights lost, slips, leans aside, canals, bone.

    ``front`` and ``middle`` are the shares of the back height that the front and the middle have;
    ``slip`` is in shares of the endplate below; ``aside`` and ``turned`` are degrees; ``canal`` is the
    canal's depth in mm; ``scale`` enlarges all.
    """

    front: Mapping[str, float] = field(default_factory=dict)
    middle: Mapping[str, float] = field(default_factory=dict)
    slip: Mapping[str, float] = field(default_factory=dict)
    aside: Mapping[str, float] = field(default_factory=dict)
    turned: Mapping[str, float] = field(default_factory=dict)
    canal: Mapping[str, float] = field(default_factory=dict)
    scale: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Vertebra:
    """One vertebra in place; lengths in mm, ``front`` and ``middle`` heights as shares of ``height``."""

    level: str
    frame: Frame
    width: float
    depth: float
    height: float
    canal_deep: float
    canal_wide: float
    spinous: float
    slope: float
    front: float = 1.0
    middle: float = 1.0

    @property
    def label(self) -> int:
        """Its number in VerSe's masks."""
        return LABELS[self.level]

    def body(self) -> tuple[Part, ...]:
        """The vertebral body: waisted, with hollow endplates and a back wall that is slightly hollow."""
        a, b, half = self.width / 2, self.depth / 2, self.height / 2

        def shape(points: Points) -> Reals:
            x, y, z = self.frame.local(points)
            ahead = np.clip((y / b + 1) / 2, 0.0, 1.0)
            # The share of the back height left here: a parabola through back, middle and front.
            bend = 2 * (1 + self.front - 2 * self.middle)
            slant = self.front - 1 - bend
            left = 1 + slant * ahead + bend * ahead * ahead
            aside = x / a
            inner = np.clip(1.0 - aside * aside - (y / b) * (y / b), 0.0, 1.0)
            top = half * left - 0.7 * inner
            tall = np.clip(z / half, -1.0, 1.0)
            waist = 1.0 - 0.06 * (1.0 - tall * tall)
            back = np.where(y < 0, y - 1.2 * np.clip(1 - aside * aside, 0, 1), y)
            rim = (1.0 - shapes.rounded(x / (a * waist), back / (b * waist), 0.55)) * min(a, b)
            made: Reals = np.minimum(rim, np.minimum(top - z, top + z))
            return made

        radius = 0.75 * max(self.width, self.depth, self.height)
        return (Part(shape=shape, centre=self.frame.centre, radius=radius),)

    def pedicles(self) -> tuple[Part, ...]:
        """Both pedicles: from the upper back of the body to the arch."""
        b, deep, wide = self.depth / 2, self.canal_deep, self.canal_wide / 2
        thick = max(self.width * 0.105, 3.2)
        made = []
        for side in (-1.0, 1.0):
            # In the neck the canal is wider than the body: the pedicles run outwards.
            inner = min(wide + thick * 0.5, self.width * 0.42)
            start = self.frame.world((side * inner, -b + 4, self.height * 0.18))
            stop = self.frame.world((side * (wide + thick * 0.8), -b - deep * 0.65, self.height * 0.12))
            made.append(shapes.rod(start, stop, thick, flat=0.85))
        return tuple(made)

    def arch(self) -> tuple[Part, ...]:
        """Laminae, spinous, transverse and articular processes."""
        b, deep, wide, tall = self.depth / 2, self.canal_deep, self.canal_wide / 2, self.height
        thick = max(self.width * 0.105, 3.2)
        base = (0.0, -b - deep - 2.0, -tall * 0.12)
        drop = self.slope / 60.0 * self.spinous
        made = [
            shapes.rod(
                self.frame.world(base),
                self.frame.world((0, base[1] - self.spinous, base[2] - drop)),
                5.0 if tall > 20 else 3.6,
                flat=0.62,
            )
        ]
        across = self.width * (0.80 if tall > 16 else 0.95)
        for side in (-1.0, 1.0):
            root = (side * (wide + thick * 0.6), -b - deep * 0.7, tall * 0.10)
            made.append(shapes.rod(self.frame.world(root), self.frame.world(base), 3.4))
            made.append(
                shapes.rod(
                    self.frame.world((side * (wide + thick * 0.4), -b - deep * 0.85, -tall * 0.15)),
                    self.frame.world((side * 2.0, base[1], base[2] - 3)),
                    3.0,
                )
            )
            made.append(
                shapes.rod(
                    self.frame.world((side * (wide + thick), -b - deep * 0.6, tall * 0.08)),
                    self.frame.world((side * across, -b - deep * 0.75 - 3, tall * 0.10)),
                    3.4 if tall > 20 else 2.8,
                )
            )
            facet = side * (wide + thick * 0.9)
            upper = (facet + side * 1.5, -b - deep * 0.75, tall * 0.55)
            lower = (facet - side * 1.5, -b - deep * 1.0, -tall * 0.55)
            for at in (upper, lower):
                made.append(
                    shapes.rod(self.frame.world((facet, -b - deep * 0.85, 0.0)), self.frame.world(at), 3.6)
                )
        return tuple(made)


def spine(levels: Sequence[str], build: Build, *, centre: Vector) -> tuple[Vertebra, ...]:
    """The vertebrae of ``levels`` (from head to tail), stacked up, their bodies' middle at ``centre``."""
    made: list[Vertebra] = []
    place = (0.0, 0.0, 0.0)
    extra = 0.0
    for level in reversed(levels):
        width, depth, height, disc, deep, wide, spinous, slope = (
            size * (build.scale if n < 7 else 1.0) for n, size in enumerate(_sizes(level))
        )
        front = build.front.get(level, 1.0)
        # A wedged body bends the spine forward: half of its angle counts for itself, half for those above.
        wedge = 57.3 * (1 - front) * height / depth
        lean = _LEANS[level] + extra + wedge * 0.3
        extra += wedge * 0.6
        aim = shapes.leaning(
            (0, 0, 0),
            forward=lean,
            aside=build.aside.get(level, 0.0),
            turned=build.turned.get(level, 0.0),
        )
        if made:
            below = made[-1]
            # Back walls follow one another, whatever the depths.
            slipped = build.slip.get(level, 0.0) * below.depth + (depth - below.depth) / 2
            top = below.frame.world((0, slipped, below.height / 2 * (1 + below.front) / 2))
            halves = [(a + b) / 2 for a, b in zip(below.frame.up, aim.up, strict=True)]
            rise = height / 2 * (1 + front) / 2
            place = tuple(t + disc * h + rise * u for t, h, u in zip(top, halves, aim.up, strict=True))  # type: ignore[assignment]
        made.append(
            Vertebra(
                level=level,
                frame=Frame(centre=place, right=aim.right, front=aim.front, up=aim.up),
                width=width,
                depth=depth,
                height=height,
                canal_deep=build.canal.get(level, deep),
                canal_wide=wide,
                spinous=spinous,
                slope=slope,
                front=front,
                middle=build.middle.get(level, (1 + front) / 2),
            )
        )
    return _moved(tuple(reversed(made)), centre)


def column(bones: Sequence[Vertebra], *, share: float) -> Shape:
    """A tube through all bodies, ``share`` of their width: discs and ligaments lie in it."""
    stations = []
    for one in bones:
        for part in (-0.5, 0.5):
            x, y, z = one.frame.world((0, 0, part * one.height * (1 + one.front) / 2))
            stations.append((z, x, y, one.width / 2 * share, one.depth / 2 * share))
    return shapes.tube(stations, ends=2.0, square=0.5)


def canal(
    bones: Sequence[Vertebra], *, share: float = 1.0, deep: Mapping[str, float] | None = None
) -> Shape:
    """The canal through all arches, ``share`` of its size; ``deep`` replaces depths by level."""
    stations = []
    for one in bones:
        depth = (deep or {}).get(one.level, one.canal_deep)
        x, y, z = one.frame.world((0, -one.depth / 2 - one.canal_deep / 2 + 0.8, 0))
        stations.append((z, x, y, one.canal_wide / 2 * share, depth / 2 * share))
    return shapes.tube(stations, ends=shapes.FAR)


def _sizes(level: str) -> tuple[float, ...]:
    at = LEVELS.index(level)
    places = [LEVELS.index(name) for name in _ANCHORS]
    return tuple(float(np.interp(at, places, [_ANCHORS[name][n] for name in _ANCHORS])) for n in range(8))


def _moved(bones: tuple[Vertebra, ...], centre: Vector) -> tuple[Vertebra, ...]:
    from dataclasses import replace

    middle = [sum(one.frame.centre[n] for one in bones) / len(bones) for n in range(3)]
    return tuple(
        replace(
            one,
            frame=replace(
                one.frame,
                centre=tuple(p - m + c for p, m, c in zip(one.frame.centre, middle, centre, strict=True)),  # type: ignore[arg-type]
            ),
        )
        for one in bones
    )
