"""Pictures made by code: greys like a radiograph or a slice, colours like a stained section or skin.

They show nobody and nothing real. Every picture is another one: ``seed`` decides all of it.
"""

from __future__ import annotations

import io
import itertools

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from benchmarks.printed.chapters import Panel, Picture

Pixels = np.ndarray


def radiograph(seed: int, size: tuple[int, int]) -> Pixels:
    """Dark ground, a bright body with two dark fields and a column of blocks."""
    random = np.random.default_rng(seed)
    y, x = _grid(size)
    lean = random.uniform(-0.15, 0.15)
    body = np.exp(-(((x - lean * y) / random.uniform(0.6, 0.8)) ** 4) - (y / 0.95) ** 6)
    fields = sum(
        np.exp(-((((x - side * 0.4) / 0.25) ** 2 + ((y + 0.1) / random.uniform(0.4, 0.55)) ** 2) ** 2))
        for side in (-1, 1)
    )
    column = np.exp(-((x / 0.08) ** 2)) * (0.6 + 0.4 * np.sign(np.sin(y * random.uniform(18, 30))))
    ribs = np.exp(-(((y * 9 + 2.2 * np.abs(x) + random.uniform(0, 6)) % 1.6 - 0.4) ** 2) * 9) * fields
    grey = 0.08 + 0.55 * body - 0.4 * fields * body + 0.35 * column * body + 0.16 * ribs
    return _rgb(grey + random.normal(0, 0.02, size[::-1]))


def slice_(seed: int, size: tuple[int, int]) -> Pixels:
    """An oval with folds in it on black, as a slice of a scan."""
    random = np.random.default_rng(seed)
    y, x = _grid(size)
    oval = (x / 0.85) ** 2 + (y / 0.92) ** 2
    folds = np.sin(11 * x + 5 * np.sin(6 * y + random.uniform(0, 6))) * np.cos(9 * y + random.uniform(0, 6))
    grey = np.where(oval < 1, 0.45 + 0.18 * folds, 0.03) + np.where(np.abs(oval - 0.94) < 0.07, 0.4, 0.0)
    for _ in range(3):
        cx, cy, r = random.uniform(-0.5, 0.5), random.uniform(-0.5, 0.5), random.uniform(0.06, 0.2)
        grey += random.choice([-0.3, 0.35]) * (((x - cx) ** 2 + (y - cy) ** 2) < r * r)
    return _rgb(grey + random.normal(0, 0.02, size[::-1]))


def stained(seed: int, size: tuple[int, int]) -> Pixels:
    """Pink ground with dark dots: a stained section."""
    random = np.random.default_rng(seed)
    width, height = size
    ground = random.normal(0, 1, (height // 8 + 1, width // 8 + 1))
    smooth = np.asarray(Image.fromarray(ground.astype(np.float32)).resize(size, Image.Resampling.BICUBIC))
    tint = np.array([(228, 160, 190), (200, 150, 210), (170, 190, 150), (235, 180, 150)][seed % 4])
    made = Image.fromarray(np.clip(tint + smooth[..., None] * (14, 22, 12), 0, 255).astype(np.uint8))
    pen = ImageDraw.Draw(made)
    for _ in range(width * height // 500):
        cx, cy, r = random.uniform(0, width), random.uniform(0, height), random.uniform(2, 6)
        pen.ellipse((cx - r, cy - r, cx + r * 1.3, cy + r), fill=(86, 40, int(random.uniform(90, 150))))
    return np.asarray(made.filter(ImageFilter.GaussianBlur(0.8)))


def photograph(seed: int, size: tuple[int, int]) -> Pixels:
    """Skin-like ground with a few darker marks on a coloured cloth."""
    random = np.random.default_rng(seed)
    y, x = _grid(size)
    skin = np.array([(224, 180, 150), (150, 105, 80), (240, 205, 185)][seed % 3], float)
    cloth = np.array([(60, 110, 140), (70, 130, 90), (110, 110, 120)][seed // 3 % 3], float)
    edge = (y > -0.55 + 0.1 * np.sin(3 * x + random.uniform(0, 6)))[..., None]
    made = np.where(edge, skin + 14 * np.cos(2 * x + y)[..., None], cloth + 10 * np.sin(40 * x)[..., None])
    for _ in range(6):
        cx, cy, r = random.uniform(-0.7, 0.7), random.uniform(-0.3, 0.8), random.uniform(0.04, 0.16)
        made -= np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / r**2)[..., None] * (20, 80, 70)
    return np.clip(made + random.normal(0, 3, made.shape), 0, 255).astype(np.uint8)


KINDS = {"radiograph": radiograph, "slice": slice_, "stained": stained, "photograph": photograph}


def make(kind: str, seed: int, size: tuple[int, int]) -> Picture:
    """A picture of that kind; radiographs and slices are grey PNG now and then, others JPEG."""
    return encoded(KINDS[kind](seed, size), png=kind in ("radiograph", "slice") and seed % 2 == 0)


def encoded(pixels: Pixels, *, png: bool = False) -> Picture:
    """Those pixels as a file."""
    image, out = Image.fromarray(pixels), io.BytesIO()
    if png:
        image.convert("L").save(out, "PNG")
    else:
        image.save(out, "JPEG", quality=88)
    return Picture(
        aspect=image.width / image.height, data=out.getvalue(), mime=f"image/{'png' if png else 'jpeg'}"
    )


def in_one(parts: list[Pixels], letters: str, *, columns: int, gap: int = 8) -> tuple[Picture, list[Panel]]:
    """Panels of one size put into one picture on white, letters burned in, and where they lie."""
    height, width = parts[0].shape[:2]
    rows = -(-len(parts) // columns)
    sheet = Image.new("RGB", (columns * (width + gap) - gap, rows * (height + gap) - gap), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(28)
    panels = []
    for number, (pixels, letter) in enumerate(zip(parts, letters, strict=True)):
        left, top = (number % columns) * (width + gap), (number // columns) * (height + gap)
        sheet.paste(Image.fromarray(pixels), (left, top))
        pen.rectangle((left + 4, top + 4, left + 36, top + 38), fill="black")
        pen.text((left + 20, top + 21), letter, fill="white", font=font, anchor="mm")
        place = (left, top, left + width, top + height)
        fractions = tuple(one / side for one, side in zip(place, sheet.size * 2, strict=True))
        panels.append(Panel(letter=letter, picture=0, place=fractions, drawn=True))  # type: ignore[arg-type]
    return encoded(np.asarray(sheet)), panels


def mark() -> bytes:
    """The mark of a press, as a little PNG."""
    sheet = Image.new("RGB", (72, 32), (43, 108, 163))
    pen = ImageDraw.Draw(sheet)
    pen.ellipse((6, 4, 30, 28), fill="white")
    pen.text((52, 17), "FP", fill="white", font=ImageFont.load_default(22), anchor="mm")
    out = io.BytesIO()
    sheet.save(out, "PNG")
    return out.getvalue()


def strips(picture: Picture, count: int) -> tuple[Picture, ...]:
    """The picture cut into strips that lie one below the other, as some programs write pictures."""
    image = Image.open(io.BytesIO(picture.data)).convert("RGB")
    edges = [round(image.height * k / count) for k in range(count + 1)]
    return tuple(
        encoded(np.asarray(image.crop((0, top, image.width, bottom))))
        for top, bottom in itertools.pairwise(edges)
    )


def _grid(size: tuple[int, int]) -> tuple[Pixels, Pixels]:
    width, height = size
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    return y, x


def _rgb(grey: Pixels) -> Pixels:
    made: Pixels = np.repeat((np.clip(grey, 0, 1) * 255).astype(np.uint8)[..., None], 3, axis=2)
    return made
