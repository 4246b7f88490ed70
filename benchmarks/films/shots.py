"""Shots of films: what is in front of the camera, and how it and the camera move.

A shot gives any frame of its own by number, always the same one, so that two of them can be mixed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import cv2
import numpy as np

from benchmarks.films.canvas import Grain, Picture, Size, cloud, leaves, view


class Shot(Protocol):
    """A shot: ``frame`` may be any number from 0."""

    def __call__(self, frame: int) -> Picture: ...


class Camera:
    """Held by hand before a room in which people walk; ``speed`` and ``growth`` are its pan and zoom."""

    def __init__(
        self,
        size: Size,
        rng: np.random.Generator,
        *,
        speed: float = 0.0,
        growth: float = 0.0,
        shake: float = 1.0,
        grain: float = 2.5,
        canvas: Picture | None = None,
        people: int = 1,
        light: float = 1.0,
    ) -> None:
        self._size = size
        self._scale = size.width / 640
        large = Size(width=int(size.width * 1.7), height=int(size.height * 1.7))
        self._canvas = leaves(large, rng) if canvas is None else canvas
        self._grain = Grain(size, rng, grain)
        self._start = rng.uniform(0.35, 0.65, 2) * (self._canvas.shape[1], self._canvas.shape[0])
        way = rng.uniform(0, 2 * np.pi)
        self._way = np.array([np.cos(way), 0.4 * np.sin(way)]) * speed * self._scale
        self._growth, self._shake, self._light = growth, shake * self._scale, light
        self._phases = rng.uniform(0, 2 * np.pi, 8)
        self._people = [_Walker(size, rng) for _ in range(people)]

    def __call__(self, frame: int) -> Picture:
        p, t = self._phases, frame
        sway = np.array(
            [
                np.sin(t / 17 + p[0]) + np.sin(t / 5.3 + p[1]) / 2,
                np.sin(t / 13 + p[2]) + np.sin(t / 4.1 + p[3]) / 2,
            ]
        )
        reach = np.array([self._canvas.shape[1], self._canvas.shape[0]]) * 0.25
        place = self._start + _bounce(self._way * t, reach) + sway * self._shake
        zoom = 1.0 + 0.45 * float(_bounce(np.array([self._growth * t]), np.array([1.0]))[0]) + 0.15
        seen = view(
            self._canvas,
            self._size,
            x=place[0],
            y=place[1],
            zoom=zoom,
            angle=0.3 * self._shake * np.sin(t / 23 + p[4]),
        )
        for person in self._people:
            person.draw(seen, t)
        if self._light != 1.0:
            seen = cv2.convertScaleAbs(seen, alpha=self._light)
        return self._grain.on(seen, t)


class _Walker:
    """A figure that walks through the picture, with legs and arms that swing."""

    def __init__(self, size: Size, rng: np.random.Generator) -> None:
        self._size = size
        self._tall = size.height * rng.uniform(0.35, 0.6)
        self._ground = size.height * rng.uniform(0.75, 0.95)
        self._start, self._step = rng.uniform(0, size.width), rng.uniform(-2.5, 2.5) * size.width / 640
        self._coat = tuple(int(one) for one in rng.integers(20, 230, 3))
        self._skin = tuple(int(one) for one in rng.integers(90, 220, 3))
        self._pace = rng.uniform(0.12, 0.3)

    def draw(self, picture: Picture, frame: int) -> None:
        tall, ground = self._tall, self._ground
        x = (self._start + self._step * frame) % (self._size.width + tall) - tall / 2
        thick = max(int(tall / 9), 2)
        hip, neck = (int(x), int(ground - tall * 0.48)), (int(x), int(ground - tall * 0.82))
        swing = np.sin(frame * self._pace)
        for side in (-1, 1):
            foot = (int(x + side * swing * tall * 0.22), int(ground - abs(swing) * 3))
            hand = (int(x - side * swing * tall * 0.2), int(ground - tall * 0.45))
            cv2.line(picture, hip, foot, self._coat[::-1], thick, cv2.LINE_AA)
            cv2.line(picture, neck, hand, self._skin, thick // 2 + 1, cv2.LINE_AA)
        cv2.line(picture, neck, hip, self._coat, thick * 2, cv2.LINE_AA)
        cv2.circle(picture, (int(x), int(ground - tall * 0.91)), thick, self._skin, -1, cv2.LINE_AA)


class Slide:
    """A page of words beside a small picture of the one who talks (``talker``, the same on all slides).
    ``bullets``: its lines come one after the other."""

    def __init__(
        self, size: Size, rng: np.random.Generator, *, talker: Shot | None = None, bullets: bool = False
    ) -> None:
        self._size, self._talker = size, talker
        paper = np.full((size.height, size.width, 3), (250, 250, 247), np.uint8)
        ink, unit = (40, 40, 60), size.height / 18
        cv2.rectangle(paper, (0, 0), (size.width, int(unit * 2.4)), (30, 60, 110), -1)
        _write(paper, _words(rng, 4), (unit, unit * 1.7), unit / 20, (255, 255, 255))
        self._pages = [paper.copy()]
        for line in range(int(rng.integers(4, 9))):
            _write(
                paper,
                "- " + _words(rng, int(rng.integers(3, 7))),
                (unit, unit * (4 + 1.6 * line)),
                unit / 28,
                ink,
            )
            self._pages.append(paper.copy())
        self._every = int(rng.integers(30, 50)) if bullets else 0

    def __call__(self, frame: int) -> Picture:
        page = min(frame // self._every, len(self._pages) - 1) if self._every else -1
        seen = self._pages[page].copy()
        if self._talker is not None:
            height, width = self._size.height // 3, self._size.width // 4
            seen[-height:, -width:] = cv2.resize(
                self._talker(frame), (width, height), interpolation=cv2.INTER_AREA
            )
        return seen


class Ultrasound:
    """Speckle within a fan on black: tissue that moves to and fro, and grain that boils."""

    def __init__(self, size: Size, rng: np.random.Generator) -> None:
        self._size, self._rng = size, rng
        y, x = np.mgrid[0 : size.height, 0 : size.width].astype(np.float32)
        top = size.height * 0.05
        away = np.hypot(x - size.width / 2, y + top)
        angle = np.arctan2(x - size.width / 2, y + top)
        self._fan = ((away < size.height * 1.0) & (away > size.height * 0.12) & (abs(angle) < 0.62)).astype(
            np.float32
        )
        self._x, self._y = x, y
        deep = 1.0 - 0.6 * away / size.height
        tissue = cloud(size, rng, 6) * 0.5 + cloud(size, rng, 22) * 0.5
        bright = np.exp(tissue * 0.8) * deep
        for _ in range(3):
            bright += (
                2.5
                * np.exp(-(((away - rng.uniform(0.2, 0.9) * size.height) / 3.0) ** 2))
                * (cloud(size, rng, 4) > 0)
            )
        self._tissue = np.asarray(bright, np.float32)
        self._speckle = rng.rayleigh(0.8, (8, size.height, size.width)).astype(np.float32)
        self._steady = cv2.GaussianBlur(
            rng.rayleigh(0.8, (size.height, size.width)).astype(np.float32), (0, 0), 1.0
        )
        self._pace, self._reach = rng.uniform(0.05, 0.15), rng.uniform(2, 7) * size.height / 360

    def __call__(self, frame: int) -> Picture:
        move = float(self._reach * np.sin(frame * self._pace))
        still = cv2.remap(
            self._tissue * self._steady,
            self._x + move * 0.3,
            self._y + move,
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REFLECT,
        )
        speckle = cv2.GaussianBlur(np.roll(self._speckle[frame % 8], frame * 7, 1), (0, 0), 0.9)
        grey = np.clip(self._fan * 55 * still * (0.4 + 0.6 * speckle), 0, 255).astype(np.uint8)
        return np.repeat(grey[..., None], 3, 2)


class Scope:
    """A view through an endoscope: wet and red, within a disc, going forward with jerks."""

    def __init__(self, size: Size, rng: np.random.Generator) -> None:
        self._size = size
        large = Size(width=int(size.width * 1.7), height=int(size.height * 1.7))
        wall = leaves(large, rng, hue=float(rng.uniform(-4, 10)) % 180, spread=5).astype(np.float32)
        self._canvas = np.clip(
            cv2.GaussianBlur(wall, (0, 0), 2.5) * (0.9, 0.5, 0.45) + (40, 5, 5), 0, 255
        ).astype(np.uint8)
        y, x = np.mgrid[0 : size.height, 0 : size.width].astype(np.float32)
        away = np.hypot(x - size.width / 2, y - size.height / 2) / (size.height / 2)
        self._lens = (np.clip(1.15 - away * 0.75, 0, 1) * (away < 0.98))[..., None].astype(np.float32)
        self._grain = Grain(size, rng, 2.0)
        self._shift, self._spots = rng.uniform(-0.1, 0.1, 2), rng.uniform(0.25, 0.75, (9, 2))
        self._phase = rng.uniform(0, 6)

    def __call__(self, frame: int) -> Picture:
        size, t = self._size, frame
        jerk = 5 * np.sin(t / 9 + self._phase) + 9 * np.tanh(3 * np.sin(t / 31 + self._phase))
        x = size.width * (0.85 + self._shift[0]) + jerk * size.width / 640
        y = size.height * (0.85 + self._shift[1]) + 6 * np.sin(t / 14) * size.width / 640
        seen = view(self._canvas, size, x=x, y=y, zoom=1.2 + 0.35 * np.sin(t / 40 + self._phase))
        for number, spot in enumerate(self._spots):
            centre = (
                int(spot[0] * size.width + 3 * np.sin(t / 4 + number)),
                int(spot[1] * size.height + 2 * np.cos(t / 3 + number)),
            )
            cv2.circle(
                seen, centre, max(int(2 + 2 * np.sin(t / 2 + number)), 1), (255, 250, 245), -1, cv2.LINE_AA
            )
        return self._grain.on(np.clip(seen * self._lens, 0, 255).astype(np.uint8), t)


def flashed(shot: Shot, frames: tuple[int, ...], *, strength: float = 2.6) -> Shot:
    """A photographer's flash lights these frames of the shot."""

    def lit(frame: int) -> Picture:
        seen = shot(frame)
        return np.asarray(cv2.convertScaleAbs(seen, alpha=strength, beta=45)) if frame in frames else seen

    return lit


def exposed(shot: Shot, frames: tuple[int, ...], *, gain: float = 0.55) -> Shot:
    """The camera sets its exposure anew at each of these frames, to and fro."""

    def lit(frame: int) -> Picture:
        turns = sum(frame >= one for one in frames)
        return np.asarray(cv2.convertScaleAbs(shot(frame), alpha=gain)) if turns % 2 else shot(frame)

    return lit


def timed(shot: Shot, *, rate: int) -> Shot:
    """A clock is burned into the picture."""

    def stamped(frame: int) -> Picture:
        seen = shot(frame).copy()
        high, wide = seen.shape[0] // 8, seen.shape[1] // 4
        seen[:high, :wide] = 0
        shown = f"{frame // rate // 60:02d}:{frame // rate % 60:02d}.{frame % rate * 10 // rate}"
        _write(seen, shown, (high * 0.15, high * 0.75), high / 40, (255, 255, 80))
        return seen

    return stamped


def whip(shot: Callable[[float], Picture], start: int, stop: int, *, times: int = 40) -> Shot:
    """The camera is torn to another side between two frames: ``times`` its usual way, within one shot."""

    def torn(frame: int) -> Picture:
        extra = min(max(frame - start, 0), stop - start) * times
        return shot(frame + extra)

    return torn


def _bounce(way: np.ndarray, reach: np.ndarray) -> np.ndarray:
    """The way, turned back at the ends of the reach."""
    return reach - abs((way + reach) % (4 * reach) - 2 * reach)


def _write(
    picture: Picture, text: str, place: tuple[float, float], scale: float, colour: tuple[int, int, int]
) -> None:
    at = (int(place[0]), int(place[1]))
    cv2.putText(
        picture, text, at, cv2.FONT_HERSHEY_SIMPLEX, scale, colour, max(int(scale * 2), 1), cv2.LINE_AA
    )


def _words(rng: np.random.Generator, count: int) -> str:
    letters = "aeiounrstlmd"
    return " ".join(
        "".join(letters[one] for one in rng.integers(0, 12, int(rng.integers(3, 9)))) for _ in range(count)
    ).title()


KINDS: Mapping[str, Callable[[Size, np.random.Generator], Shot]] = {
    "room": Camera,
    "still": lambda size, rng: Camera(size, rng, shake=0.0, people=2),
    "pan": lambda size, rng: Camera(size, rng, speed=float(rng.uniform(2, 7))),
    "zoom": lambda size, rng: Camera(size, rng, growth=float(rng.uniform(0.008, 0.02)), people=0),
    "dark": lambda size, rng: Camera(size, rng, light=0.18, grain=3.0),
    "noisy": lambda size, rng: Camera(size, rng, grain=9.0),
    "slide": Slide,
    "ultrasound": Ultrasound,
    "scope": Scope,
}
