"""Pictures for tests of figures, drawn by code: each looks, to statistics, like what it is called."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SIZE = (320, 260)


def png(image: Image.Image) -> bytes:
    """The bytes of a PNG."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def ct(seed: int) -> Image.Image:
    """Grey ellipses on black, grainy."""
    rng = np.random.default_rng(seed)
    image = Image.new("L", SIZE, 0)
    draw = ImageDraw.Draw(image)
    draw.ellipse((30, 20, 290, 240), fill=95)
    for _ in range(14):
        x, y = int(rng.integers(50, 230)), int(rng.integers(40, 190))
        wide, high = int(rng.integers(15, 90)), int(rng.integers(15, 70))
        draw.ellipse((x, y, x + wide, y + high), fill=int(rng.integers(30, 250)))
    values = np.asarray(image.filter(ImageFilter.GaussianBlur(2)), dtype=np.int16)
    grain = rng.integers(-9, 10, values.shape)
    body = np.asarray(image) > 0
    return Image.fromarray(np.clip(values + grain * body, 0, 255).astype(np.uint8)).convert("RGB")


def histology(seed: int) -> Image.Image:
    """Pink ground with purple nuclei."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 60, (13, 16))
    ground = np.stack([235 - coarse // 3, 130 + coarse, 190 + coarse // 2], axis=2).astype(np.uint8)
    image = Image.fromarray(ground).resize(SIZE, Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(image)
    for _ in range(150):
        x, y, r = int(rng.integers(0, 320)), int(rng.integers(0, 260)), int(rng.integers(4, 10))
        draw.ellipse((x - r, y - r, x + r, y + r), fill=(120, int(rng.integers(40, 90)), 170))
    return image.filter(ImageFilter.GaussianBlur(1))


def drawing(seed: int) -> Image.Image:
    """Few flat colours on white, with lines."""
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", SIZE, "white")
    draw = ImageDraw.Draw(image)
    for _ in range(5):
        x, y = int(rng.integers(10, 220)), int(rng.integers(10, 180))
        colour = [(236, 200, 160), (180, 60, 60), (120, 150, 200)][int(rng.integers(0, 3))]
        draw.ellipse((x, y, x + int(rng.integers(30, 90)), y + int(rng.integers(30, 70))), fill=colour)
    for _ in range(4):
        draw.line(tuple(int(v) for v in rng.integers(5, 250, 4)), fill="black", width=2)
    return image


def photograph(seed: int) -> Image.Image:
    """Skin: warm shades all over."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(-40, 40, (9, 11))
    shades = np.stack([205 + coarse // 2, 140 + coarse, 115 + coarse], axis=2)
    return Image.fromarray(np.clip(shades, 0, 255).astype(np.uint8)).resize(SIZE, Image.Resampling.BICUBIC)


MAKERS = {"ct": ct, "histology": histology, "drawing": drawing, "photograph": photograph}
