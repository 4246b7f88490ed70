"""Drawings made by code: charts with axes, schemes with labels, and pictures traced into shapes.

Every drawing touches the edges of its own box, so that the box that is printed is what a reader sees.
"""

from __future__ import annotations

import io
import math

import numpy as np
import pymupdf
from PIL import Image, ImageChops

from benchmarks.printed.chapters import Picture

_COLOURS = ("#2b6ca3", "#c0504d", "#6a994e", "#8064a2", "#d08c28")
_TEXT = 'font-family="Liberation Sans" fill="#222"'


def bars(seed: int) -> Picture:
    """Bars over named groups, with axis, ticks and axis title."""
    random = np.random.default_rng(seed)
    width, height, groups = 320, 210, int(random.integers(4, 7))
    out = [_words(9, 110, "Cases per 1,000", 11, turn=-90), *_axes(width)]
    for number, name in enumerate(f"{10 * k}-{10 * k + 9}" for k in range(2, 2 + groups)):
        tall, wide = float(random.uniform(30, 150)), (width - 60) / groups
        left = 50 + number * wide
        out.append(_rect(left + wide * 0.15, 180 - tall, wide * 0.7, tall, _COLOURS[seed % 5]))
        out.append(_words(left + wide / 2, 194, name, 9))
    out.append(_words(190, 208, "Age in years", 11))
    return _svg(width, height, out)


def curves(seed: int) -> Picture:
    """Two or three curves over time with a key."""
    random = np.random.default_rng(seed)
    width, height = 330, 200
    out = [_words(9, 105, "Share without relapse", 10, turn=-90), *_axes(width)]
    for number in range(int(random.integers(2, 4))):
        fall, wave = random.uniform(0.004, 0.02), random.uniform(0, 6)
        points = " ".join(
            f"{50 + t:.1f},{180 - 165 * math.exp(-fall * t) + 3 * math.sin(t / 9 + wave):.1f}"
            for t in range(0, width - 55, 5)
        )
        out.append(
            f'<polyline points="{points}" fill="none" stroke="{_COLOURS[number]}" stroke-width="2"/>'
        )
        out.append(_rect(230, 12 + 16 * number, 14, 8, _COLOURS[number]))
        out.append(_words(250, 20 + 16 * number, f"Group {number + 1}", 10, anchor="start"))
    out.append(_words(190, 197, "Months after treatment", 11))
    return _svg(width, height, out)


def scheme(seed: int) -> Picture:
    """An organ of ellipses with leader lines and labels on both sides."""
    random = np.random.default_rng(seed)
    names = ["outer coat", "inner coat", "marrow", "vein", "artery", "nerve", "valve", "crypt", "canal"]
    chosen = [names[k] for k in random.permutation(len(names))[:6]]
    # The ellipse begins where the longest label and its line end.
    left = max(_wide(name, 11) for name in chosen[::2]) + 34
    right = max(_wide(name, 11) for name in chosen[1::2]) + 34
    width, height, middle = left + 140 + right, 230, left + 70
    out = [f'<ellipse cx="{middle}" cy="115" rx="95" ry="114" fill="{_COLOURS[seed % 5]}" opacity="0.35"/>']
    for k in range(5):
        cx, cy = middle + float(random.uniform(-55, 55)), 115 + float(random.uniform(-75, 75))
        rx, ry = random.uniform(10, 30), random.uniform(10, 30)
        fill = _COLOURS[(seed + k) % 5]
        out.append(f'<ellipse cx="{cx:.1f}" cy="{cy:.1f}" rx="{rx:.1f}" ry="{ry:.1f}" fill="{fill}"/>')
    for k, name in enumerate(chosen):
        side, y = (-1 if k % 2 == 0 else 1), 30 + 34 * k
        start, end = middle + side * 101, middle + side * 45
        line = f'x1="{start:.1f}" y1="{y}" x2="{end:.1f}" y2="{y + 12}"'
        out.append(f'<line {line} stroke="#222" stroke-width="0.8"/>')
        out.append(_words(start + side * 3, y + 3, name, 11, anchor="end" if side < 0 else "start"))
    return _svg(width, height, out)


def flow(seed: int) -> Picture:
    """Boxes with words, arrows between them, and one branch."""
    random = np.random.default_rng(seed)
    words = ["Admitted", "Screened", "Excluded", "Scanned", "Read twice", "Operated", "Followed up"]
    chosen = [words[k] for k in random.permutation(len(words))[:4]]
    width, height, out = 300, 240, []
    for k, word in enumerate(chosen):
        top = 1 + 64 * k
        out.append(_rect(1, top, 150, 40, "#eef3f8", edge="#345"))
        out.append(_words(76, top + 18, word, 12))
        out.append(_words(76, top + 33, f"n = {int(random.integers(20, 900))}", 10))
        if k < 3:
            out.append(f'<path d="M76 {top + 40}v18" stroke="#345" fill="none"/>')
            out.append(f'<path d="M71 {top + 56}l5 8 5 -8z" fill="#345"/>')
    out.append('<path d="M151 85h40" stroke="#345" fill="none"/><path d="M189 80l8 5 -8 5z" fill="#345"/>')
    out += [_rect(198, 65, 101, 40, "#fbeeee", edge="#733"), _words(248, 89, "Left the study", 12)]
    return _svg(width, height, out)


DRAWINGS = (bars, scheme, curves, flow)


def traced(picture: Picture, labels: tuple[str, ...], *, across: int = 130) -> Picture:
    """A picture drawn anew in flat shapes (runs of one colour), white left out, with labels beside it."""
    image = Image.open(io.BytesIO(picture.data)).convert("RGB")
    ink = ImageChops.difference(image, Image.new("RGB", image.size, "white")).convert("L")
    image = image.crop(ink.point(lambda value: 255 if value > 40 else 0).getbbox())
    image = image.resize((across, max(1, round(across * image.height / image.width))), Image.Resampling.BOX)
    flat = np.asarray(image.quantize(10, dither=Image.Dither.NONE).convert("RGB"))
    drawn = flat.min(axis=2) < 235
    rows, columns = np.flatnonzero(drawn.any(axis=1)), np.flatnonzero(drawn.any(axis=0))
    flat = flat[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, across = flat.shape[:2]
    runs: dict[tuple[int, ...], list[str]] = {}
    for y, row in enumerate(flat):
        start = 0
        for x in range(1, len(row) + 1):
            if x == len(row) or (row[x] != row[start]).any():
                colour = tuple(int(one) for one in row[start])
                if min(colour) < 235:
                    runs.setdefault(colour, []).append(f"M{start} {y}h{x - start}v1h{start - x}z")
                start = x
    out = [f'<path d="{"".join(d)}" fill="rgb{colour}"/>' for colour, d in sorted(runs.items())]
    for k, label in enumerate(labels):
        y = height * (k + 1) / (len(labels) + 1)
        line = f'x1="{across * 0.8}" y1="{y}" x2="{across + 6}" y2="{y}"'
        out.append(f'<line {line} stroke="#222" stroke-width="0.4"/>')
        out.append(_words(across + 7, y + 1.5, label, 5, anchor="start"))
    return _svg(across + 7 + max((_wide(label, 5) for label in labels), default=0), height, out)


def logo(seed: int) -> str:
    """A little mark of a press."""
    fill = _COLOURS[seed % 5]
    return _svg(
        40,
        20,
        [
            _rect(0, 0, 40, 20, fill),
            f'<circle cx="10" cy="10" r="7" fill="white"/>{_words(27, 14, "P", 11)}',
        ],
    ).svg


def _axes(width: int) -> list[str]:
    out = [f'<path d="M45 5V180H{width}" stroke="#222" fill="none"/>']
    for k in range(5):
        out.append(f'<path d="M41 {20 + 40 * k}h4" stroke="#222"/>')
        out.append(_words(38, 23 + 40 * k, str(80 - 20 * k), 9, anchor="end"))
    return out


def _rect(x: float, y: float, width: float, height: float, fill: str, *, edge: str = "none") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
    return f'<rect {place} fill="{fill}" stroke="{edge}"/>'


def _words(x: float, y: float, words: str, size: float, *, anchor: str = "middle", turn: int = 0) -> str:
    turned = f' transform="rotate({turn} {x:.1f} {y:.1f})"' if turn else ""
    place = f'x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}"'
    return f"<text {place} {_TEXT}{turned}>{words}</text>"


def _wide(words: str, size: float) -> float:
    """How wide words are set: Helvetica's measures, which Liberation Sans shares."""
    return float(pymupdf.get_text_length(words, "helv", size))


def _svg(width: float, height: float, inside: list[str]) -> Picture:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">'
    return Picture(aspect=width / height, svg=head + "".join(inside) + "</svg>")
