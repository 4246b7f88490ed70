"""A torso: trunk, bones, organs and vessels between neck and pelvis, painted into a field of view.

World coordinates are RAS mm with the body of L2 at height 0 behind the middle: the patient's right is +x.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from grandrounds.demo.studies import shapes
from grandrounds.demo.studies.phantom import AIR, FAT, LUNG, Depth, Phantom
from grandrounds.demo.studies.shapes import Frame, Part, Points, Reals, Shape, Vector
from grandrounds.demo.studies.vertebrae import LEVELS, Build, Vertebra, canal, column, spine

# Half width and half depth of the trunk by height.
_TRUNK = ((-220, 168, 112), (-140, 172, 114), (-40, 158, 112), (60, 160, 116), (180, 168, 120),
          (290, 166, 116), (350, 130, 100), (400, 70, 78))  # fmt: skip
_CENTRE_Y = -4.0
_SPINE_Y = -46.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tissues:
    """Grey values of organs: HU after contrast medium as they stand here; MR has its own."""

    air: float = AIR
    lung: float = LUNG
    fat: float = FAT
    muscle: float = 60.0
    skin: float = 30.0
    liver: float = 110.0
    spleen: float = 125.0
    kidney: float = 180.0
    blood: float = 165.0
    thrombus: float = 45.0
    soft: float = 70.0
    fluid: float = 8.0
    bone: float = 320.0
    marrow: float = 160.0
    disc: float = 80.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Torso:
    """What is particular about a torso: widths in mm, and what lies where it need not.

    ``aorta`` is the usual diameter of the abdominal aorta, ``bulge`` that of its widest place (0: none).
    ``lesion`` and ``node`` are diameters of a lump in the liver and of a lymph node (0: none). ``heart``
    scales the heart, ``liver`` the liver, ``spleen`` the spleen.
    """

    aorta: float = 20.0
    bulge: float = 0.0
    lesion: float = 0.0
    node: float = 0.0
    heart: float = 1.0
    liver: float = 1.0
    spleen: float = 1.0


#: Numbers and names of labels, as the TotalSegmentator's map has them.
NAMES = {
    1: "spleen", 2: "kidney_right", 3: "kidney_left", 4: "gallbladder", 5: "liver", 6: "stomach",
    7: "pancreas", 21: "urinary_bladder", 27: "vertebrae_L5", 28: "vertebrae_L4", 29: "vertebrae_L3",
    30: "vertebrae_L2", 31: "vertebrae_L1", 32: "vertebrae_T12", 51: "heart", 52: "aorta",
    63: "inferior_vena_cava",
}  # fmt: skip
NUMBERS = {name: value for value, name in NAMES.items()}


class Body:
    """The shapes of a torso. Each is made when asked for."""

    def __init__(self, torso: Torso) -> None:
        self.torso = torso
        self.bones = _bones()
        stations = [(z, 0.0, _CENTRE_Y, a, b) for z, a, b in _TRUNK]
        self._trunk = shapes.remembered(shapes.tube(stations, ends=shapes.FAR, square=0.25))

    def trunk(self, inset: float = 0.0) -> Shape:
        """The trunk, or what lies ``inset`` mm inside its skin."""
        return lambda points: self._trunk(points) - inset

    def liver(self) -> Shape:
        """A large right lobe under the dome, a flat left one."""
        s = self.torso.liver
        whole = shapes.union(
            shapes.ellipsoid(Frame(centre=(72.0, 6.0, 64.0)), (76 * s, 84 * s, 74 * s)),
            shapes.ellipsoid(shapes.leaning((98.0, -4.0, 16.0), aside=8), (34 * s, 60 * s, 66 * s)),
            shapes.ellipsoid(shapes.leaning((8.0, 48.0, 86.0), aside=-70), (26 * s, 40 * s, 62 * s)),
        )
        return shapes.without(
            shapes.within(whole, self.trunk(30.0)),
            shapes.ellipsoid(Frame(centre=(54.0, -54.0, -6.0)), (42, 42, 66)),
            shapes.capsule((18, -18, -200), (18, -16, 200), 15),
            shapes.ellipsoid(Frame(centre=(40.0, 44.0, 4.0)), (19, 22, 34)),
        )

    def spleen(self) -> Shape:
        """Behind on the left."""
        s = self.torso.spleen
        whole = shapes.ellipsoid(
            shapes.leaning((-104.0, -34.0, 74.0), aside=14, forward=-18), (26 * s, 44 * s, 50 * s)
        )
        return shapes.within(whole, self.trunk(29.0))

    def kidney(self, side: float) -> Sequence[Part]:
        """``side`` 1 is the right one, which lies lower."""
        frame = shapes.leaning(
            (side * 60.0, -48.0, -4.0 if side > 0 else 12.0), aside=-side * 12, forward=6
        )
        return (shapes.ball(frame, (27.0, 24.0, 54.0)),)

    def sinus(self, side: float) -> Sequence[Part]:
        """The fat in the middle of a kidney."""
        frame = shapes.leaning((side * 46.0, -42.0, -4.0 if side > 0 else 12.0), aside=-side * 12)
        return (shapes.ball(frame, (17.0, 9.0, 24.0)),)

    def gallbladder(self) -> Sequence[Part]:
        """Under the liver."""
        return (shapes.ball(shapes.leaning((42.0, 46.0, 6.0), forward=20), (14.0, 15.0, 29.0)),)

    def stomach(self) -> Shape:
        """In front on the left, from the dome to the middle."""
        parts = [*self.stomach_parts()]
        return shapes.within(_of(parts), self.trunk(31.0))

    def stomach_parts(self) -> Iterator[Part]:
        """Its upper and lower halves."""
        yield shapes.ball(Frame(centre=(-62.0, 14.0, 96.0)), (38.0, 44.0, 46.0))
        yield shapes.ball(shapes.leaning((-36.0, 44.0, 48.0), aside=35), (28.0, 30.0, 50.0))

    def pancreas(self) -> Sequence[Part]:
        """Across the midline."""
        return (
            shapes.rod((34.0, 4.0, 4.0), (12.0, 10.0, 22.0), 13.0),
            shapes.rod((12.0, 10.0, 22.0), (-40.0, 0.0, 36.0), 10.0),
            shapes.rod((-40.0, 0.0, 36.0), (-78.0, -22.0, 52.0), 9.0),
        )

    def bladder(self) -> Sequence[Part]:
        """Low in front."""
        return (shapes.ball(Frame(centre=(2.0, 26.0, -166.0)), (40.0, 33.0, 27.0)),)

    def heart(self) -> Sequence[Part]:
        """On the dome, its tip to the left."""
        s = self.torso.heart
        return (
            shapes.ball(
                shapes.leaning((-24.0, 34.0, 182.0), aside=-52, forward=20), (40 * s, 44 * s, 62 * s)
            ),
            shapes.ball(Frame(centre=(14.0, 22.0, 200.0)), (34 * s, 36 * s, 44 * s)),
        )

    def aorta(self, share: float = 1.0) -> Shape:
        """From the arch down to where it forks before L4; ``share`` narrows it to what blood runs in."""
        usual, bulge = self.torso.aorta / 2, (self.torso.bulge or self.torso.aorta) / 2
        chest = max(usual, 11.0) + 1.5
        front = -15.0 + bulge - usual
        neck = (front - 15.0) / 2 - 1
        swell = (usual + bulge) / 2 + 2
        stations = [
            (300.0, -24.0, -34.0, chest), (200.0, -24.0, -40.0, chest), (120.0, -16.0, -26.0, usual + 1),
            (40.0, -9.0, -15.0, usual), (-2.0, -9.0, -15.0, usual), (-12.0, -9.0, neck, swell),
            (-22.0, -9.0, front, bulge), (-40.0, -9.0, front, bulge), (-50.0, -9.0, neck, swell),
            (-64.0, -8.0, -17.0, usual),
        ]  # fmt: skip
        down = shapes.tube([(z, x, y, r * share, r * share) for z, x, y, r in stations], ends=6.0)
        arch = [
            shapes.capsule((-24, -36, 300), (-14, -10, 322), chest * share),
            shapes.capsule((-14, -10, 322), (6, 22, 306), chest * share),
            shapes.capsule((6, 22, 306), (8, 26, 226), (chest + 2) * share),
        ]
        return shapes.union(down, *arch)

    def iliac(self) -> Sequence[Part]:
        """The two arteries into which the aorta forks."""
        low = (-8.0, -17.0, -68.0)
        return tuple(shapes.rod(low, (-8.0 + side * 52, -10.0, -150.0), 6.5) for side in (-1, 1))

    def cava(self) -> Shape:
        """Right of the aorta, up into the heart."""
        stations = [(-72.0, 15.0, -20.0, 11, 9), (60.0, 18.0, -18.0, 12, 10), (150.0, 22.0, 2.0, 13, 12)]
        return shapes.tube(stations, ends=4.0)

    def lung(self, side: float) -> Shape:
        """``side`` 1 is the right one. Hollow below over the dome, with room for what is in the middle."""
        dome = (72.0, 6.0, 64.0, 80.0) if side > 0 else (-76.0, 0.0, 62.0, 86.0)
        whole = shapes.ellipsoid(Frame(centre=(side * 76.0, -2.0, 120.0)), (70.0, 92.0, 252.0))
        middle = shapes.tube(
            [(90.0, -4.0, -20.0, 34, 60), (280.0, -2.0, -10.0, 30, 52), (380.0, 0.0, -20.0, 22, 40)],
            ends=shapes.FAR,
        )
        return shapes.without(
            shapes.within(whole, self.trunk(26.0), _over(84.0 if side > 0 else 78.0)),
            shapes.ellipsoid(Frame(centre=(dome[0], dome[1], dome[2])), (86.0, 94.0, dome[3])),
            middle,
            _grown(self.heart(), 3.0),
        )

    def trachea(self) -> Shape:
        """With both main bronchi."""
        return shapes.union(
            shapes.capsule((0, -14, 420), (2, -26, 268), 8.5),
            shapes.capsule((2, -26, 268), (36, -32, 240), 7.0),
            shapes.capsule((2, -26, 268), (-40, -34, 236), 6.5),
        )

    def lesion(self) -> Sequence[Part]:
        """A round lump in the right lobe."""
        r = self.torso.lesion / 2
        return (shapes.ball(Frame(centre=(84.0, 18.0, 70.0)), (r, r * 0.86, r * 0.9)),)

    def node(self) -> Sequence[Part]:
        """A lymph node beside the aorta."""
        r = self.torso.node / 2
        return (shapes.ball(Frame(centre=(-33.0, -14.0, 2.0)), (r, r * 1.1, r * 1.25)),)


class _Drawing:
    """Paints organs one over another and keeps the voxels of each by name."""

    def __init__(self, phantom: Phantom) -> None:
        self.phantom = phantom
        self.drawn: dict[str, NDArray[np.bool_]] = {}

    def organ(self, name: str, what: Shape | Sequence[Part], value: float, *, over: bool = True) -> None:
        """Paint an organ; ``over`` takes its voxels from those that were painted before."""
        depth = self.phantom.depth(what)
        self.phantom.paint(depth, value)
        inside = np.zeros(self.phantom.shape, bool)
        inside[depth.box] = depth.values > 0
        if over:
            for other in self.drawn.values():
                other[inside] = False
        self.drawn[name] = inside


def paint(phantom: Phantom, body: Body, tissues: Tissues) -> dict[str, NDArray[np.bool_]]:
    """Paint the torso; the voxels of each organ and vertebra by name."""
    t, drawing = tissues, _Drawing(phantom)
    phantom.image[:] = t.air
    trunk = phantom.depth(body.trunk())
    phantom.paint(trunk, t.skin)
    for inset, value in ((2.5, t.fat), (17.0, t.muscle), (29.0, t.fat)):
        phantom.paint(Depth(box=trunk.box, points=trunk.points, values=trunk.values - inset), value)
    _frame(phantom, body, t)
    drawing.organ("lung_right", body.lung(1), t.lung)
    drawing.organ("lung_left", body.lung(-1), t.lung)
    _abdomen(drawing, body, t)
    drawing.organ("heart", body.heart(), t.blood - 25)
    phantom.paint(_grown(body.heart(), -9.0), t.blood)
    phantom.paint(body.trachea(), t.air)
    drawing.organ("inferior_vena_cava", body.cava(), t.blood - 20)
    drawing.organ("aorta", body.aorta(), t.thrombus if body.torso.bulge else t.blood)
    if body.torso.bulge:
        phantom.paint(body.aorta(0.72), t.blood)
    phantom.paint(body.iliac(), t.blood)
    drawing.organ("urinary_bladder", body.bladder(), t.soft)
    phantom.paint(_grown(body.bladder(), -3.5), t.fluid)
    if body.torso.lesion:
        drawing.organ("liver_lesion", body.lesion(), t.soft - 15, over=False)
    if body.torso.node:
        drawing.organ("lymph_node", body.node(), t.soft + 25, over=False)
    drawing.drawn["abdominal_aorta"] = _below(phantom, drawing.drawn["aorta"], 100.0)
    return drawing.drawn | _vertebrae(phantom, body.bones, t)


def paint_chest(phantom: Phantom, body: Body, tissues: Tissues) -> dict[str, NDArray[np.bool_]]:
    """Paint what shows on a film of the chest; the voxels of heart and lungs by name."""
    t, drawing = tissues, _Drawing(phantom)
    phantom.image[:] = t.air
    trunk = phantom.depth(body.trunk())
    phantom.paint(trunk, t.fat)
    phantom.paint(Depth(box=trunk.box, points=trunk.points, values=trunk.values - 17.0), t.muscle)
    _frame(phantom, body, t)
    drawing.organ("lung_right", body.lung(1), t.lung)
    drawing.organ("lung_left", body.lung(-1), t.lung)
    phantom.paint(body.liver(), t.liver)
    drawing.organ("heart", body.heart(), t.blood)
    phantom.paint(body.trachea(), t.air)
    phantom.paint(body.aorta(), t.blood)
    _vertebrae(phantom, body.bones, t)
    return drawing.drawn


def _below(phantom: Phantom, mask: NDArray[np.bool_], height: float) -> NDArray[np.bool_]:
    """The voxels of a mask below a height in world mm."""
    up = phantom.depth(lambda points: height - points[2])
    return np.asarray(mask & (np.broadcast_to(up.values, phantom.shape) > 0))


def _abdomen(drawing: _Drawing, body: Body, t: Tissues) -> None:
    phantom = drawing.phantom
    _bowel(phantom, t)
    drawing.organ("stomach", body.stomach(), t.soft)
    inner = shapes.within(_grown(tuple(body.stomach_parts()), -4.0), body.trunk(35.0))
    phantom.paint(inner, t.fluid + 10)
    phantom.paint(shapes.within(inner, _before(34.0)), t.air)
    drawing.organ("liver", body.liver(), t.liver)
    drawing.organ("spleen", body.spleen(), t.spleen)
    drawing.organ("pancreas", body.pancreas(), t.soft + 20)
    for side, name in ((1, "kidney_right"), (-1, "kidney_left")):
        drawing.organ(name, body.kidney(side), t.kidney)
        phantom.paint(body.sinus(side), t.fat + 40)
    drawing.organ("gallbladder", body.gallbladder(), t.fluid)


def _bones() -> tuple[Vertebra, ...]:
    levels = LEVELS[LEVELS.index("C6") :]
    first = spine(levels, Build(), centre=(0, 0, 0))
    off = next(one for one in first if one.level == "L2").frame.centre
    return spine(levels, Build(), centre=(-off[0], _SPINE_Y - off[1], -off[2]))


def _vertebrae(phantom: Phantom, bones: Sequence[Vertebra], t: Tissues) -> dict[str, NDArray[np.bool_]]:
    phantom.paint(column(bones, share=0.96), t.disc)
    drawn = {}
    for one in bones:
        depth = phantom.depth((*one.arch(), *one.pedicles(), *one.body()))
        if not depth.values.size:
            continue
        phantom.paint(depth, lambda at: np.where(at.values > 2.5, t.marrow, t.bone))
        inside = np.zeros(phantom.shape, bool)
        inside[depth.box] = depth.values > 0
        drawn[f"vertebrae_{one.level}"] = inside
    tube = phantom.depth(canal(bones, share=0.9))
    phantom.paint(tube, t.fluid + 15)
    for mask in drawn.values():
        mask[tube.values > 0] = False
    return drawn


def _frame(phantom: Phantom, body: Body, t: Tissues) -> None:
    """Back muscles, ribs, breastbone and the wings of the pelvis."""
    back = [
        shapes.tube(
            [(z, side * 32.0, _SPINE_Y - 30, 28, 22) for z in (-200.0, 300.0)], ends=shapes.FAR, square=0.3
        )
        for side in (-1, 1)
    ]
    phantom.paint(shapes.within(shapes.union(*back), body.trunk(8.0)), t.muscle)
    psoas = [
        shapes.capsule((side * 26.0, -48.0, 40.0), (side * 54.0, -24.0, -170.0), 18.0) for side in (-1, 1)
    ]
    phantom.paint(shapes.union(*psoas), t.muscle)
    phantom.paint(_ribs(body.trunk(21.0)), t.bone - 60)
    phantom.paint((shapes.rod((0, 88, 300), (0, 92, 190), 8.0, flat=1.9),), t.marrow)
    for side in (-1, 1):
        frame = shapes.leaning((side * 100.0, -22.0, -132.0), aside=side * 20, turned=side * 28)
        wing = shapes.ball(frame, (10.0, 58.0, 56.0))
        phantom.paint((wing,), lambda at: np.where(at.values > 2.0, t.marrow, t.bone))
        phantom.paint(shapes.without(wing.shape, _over(-400.0)), t.bone)


def _ribs(wall: Shape) -> Shape:
    """Ten arches in the chest's wall that fall from back to front."""

    def shape(points: Points) -> Reals:
        x, y, z = points
        turn = (z - 0.30 * (_SPINE_Y - y) - 48.0) / 31.0
        number = np.clip(np.rint(turn), 0.0, 9.0)
        flat = 4.8 - np.abs(turn - number) * 31.0
        made: Reals = np.minimum(np.minimum(3.2 - np.abs(wall(points)), flat), 55.0 - y + 0.0 * x)
        return made

    return shape


def _bowel(phantom: Phantom, t: Tissues) -> None:
    """Colon with gas, loops of small bowel."""
    colon = (
        ((100.0, -6.0, -104.0), (104.0, 2.0, -14.0)),
        ((104.0, 2.0, -14.0), (60.0, 66.0, -6.0)),
        ((60.0, 66.0, -6.0), (-70.0, 62.0, 6.0)),
        ((-70.0, 62.0, 6.0), (-114.0, 2.0, 16.0)),
        ((-114.0, 2.0, 16.0), (-108.0, -10.0, -110.0)),
    )
    for start, stop in colon:
        phantom.paint((shapes.rod(start, stop, 19.0),), t.soft - 15)
        phantom.paint((shapes.rod(start, stop, 16.0),), t.soft - 45)
    gas = shapes.union(*(shapes.capsule(start, stop, 13.0) for start, stop in colon[1:4]))
    phantom.paint(shapes.within(gas, _before(58.0)), t.air)
    loops = ((-48, 34, -50), (-10, 50, -40), (36, 40, -56), (58, 20, -90), (-62, 18, -84), (8, 30, -88),
             (-30, 44, -112), (34, 44, -120), (66, 40, -40), (-4, 54, -76))  # fmt: skip
    for number, place in enumerate(loops):
        frame = shapes.leaning(_real(place), aside=40.0 * (number % 3) - 40)
        ring = shapes.ball(frame, (15.0, 14.0, 26.0))
        phantom.paint((ring,), t.soft)
        phantom.paint((shapes.ball(frame, (10.0, 9.0, 20.0)),), t.fluid + 20)


def _real(place: Sequence[float]) -> Vector:
    return float(place[0]), float(place[1]), float(place[2])


def _of(parts: Sequence[Part]) -> Shape:
    return shapes.union(*(part.shape for part in parts))


def _grown(parts: Sequence[Part], by: float) -> Shape:
    whole = _of(parts)
    return lambda points: whole(points) + by


def _over(height: float) -> Shape:
    return lambda points: points[2] - height


def _before(front: float) -> Shape:
    return lambda points: points[1] - front
