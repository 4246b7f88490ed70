"""Pixels by code: PNG bytes, outlines, small text, colours that differ. Same pixels, same bytes."""

from __future__ import annotations

import colorsys
import struct
import zlib
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from grandrounds.volumes.pictures_plane import Rectangle

Pixels = npt.NDArray[np.uint8]
"""Rows x columns (grey) or rows x columns x 3 (colour)."""
Colour = tuple[int, int, int]

WHITE: Colour = (255, 255, 255)
TEXT_HEIGHT = 11
_LETTER_WIDTH = 6
_GOLDEN = 0.61803398875
_UP = 2  # PNG's filter that stores a row's difference to the one above: repeated rows cost nothing


def png(pixels: Pixels) -> bytes:
    """The PNG file of grey or RGB pixels, without a time or a program's name in it."""
    height, width = pixels.shape[:2]
    rows = np.ascontiguousarray(pixels).reshape(height, -1)
    filtered = np.empty((height, rows.shape[1] + 1), np.uint8)
    filtered[:, 0] = _UP
    filtered[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=filtered[1:, 1:])
    head = struct.pack(">2I5B", width, height, 8, 2 if pixels.ndim == 3 else 0, 0, 0, 0)
    parts = (b"IHDR", head), (b"IDAT", zlib.compress(filtered.tobytes(), 6)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, body) for kind, body in parts)


def in_colour(pixels: Pixels) -> Pixels:
    """A copy with three colours."""
    return np.array(pixels if pixels.ndim == 3 else np.repeat(pixels[:, :, None], 3, axis=2))


def colour_of(number: int) -> Colour:
    """The colour of the n-th thing: neighbours differ much in hue, none is grey or dark."""
    hue = (number * _GOLDEN + 0.12) % 1.0
    red, green, blue = colorsys.hsv_to_rgb(hue, (0.85, 0.6)[number % 2], 1.0)
    return round(red * 255), round(green * 255), round(blue * 255)


def outline(pixels: Pixels, place: Rectangle, colour: Colour, *, thickness: int = 1) -> None:
    """Draw the rectangle's border, inside it, into colour ``pixels``."""
    x0, y0, x1, y1 = place.x0, place.y0, place.x1, place.y1
    wide, high = min(thickness, x1 - x0), min(thickness, y1 - y0)
    pixels[y0 : y0 + high, x0:x1] = pixels[y1 - high : y1, x0:x1] = colour
    pixels[y0:y1, x0 : x0 + wide] = pixels[y0:y1, x1 - wide : x1] = colour


def text(pixels: Pixels, words: str, *, x: int, y: int, colour: Colour = WHITE, plate: bool = True) -> None:
    """Write a line at the top left corner (x, y), moved and cut so that it stays in the picture.

    ``plate`` darkens what is behind it. Letters that the small font does not have become ``?``.
    """
    height, width = pixels.shape[:2]
    words = words[: max(0, width // _LETTER_WIDTH)]
    if not words or height < TEXT_HEIGHT:
        return
    letters = _line(words)
    high, wide = letters.shape
    x, y = max(0, min(x, width - wide)), max(0, min(y, height - high))
    part = pixels[y : y + high, x : x + wide]
    if plate:
        part //= 4
    part[letters] = colour


def text_width(words: str) -> int:
    """Pixels that a line takes."""
    return len(words) * _LETTER_WIDTH


def fitted(pixels: Pixels, side: int) -> Pixels:
    """The picture reduced (nearest) so that its longer side is at most ``side``; never enlarged."""
    height, width = pixels.shape[:2]
    longest = max(height, width)
    if longest <= side:
        return pixels
    rows = np.arange(max(1, height * side // longest)) * longest // side
    columns = np.arange(max(1, width * side // longest)) * longest // side
    return np.asarray(pixels[np.ix_(np.minimum(rows, height - 1), np.minimum(columns, width - 1))])


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


@cache
def _font() -> Any:
    from PIL import ImageFont

    # The bitmap one: outlines of the other default are drawn differently by each version of FreeType.
    return ImageFont.load_default_imagefont()


def _line(words: str) -> npt.NDArray[np.bool_]:
    plain = "".join(one if one.isprintable() and ord(one) < 256 else "?" for one in words)
    mask = _font().getmask(plain)
    width, height = mask.size
    return np.asarray(mask, dtype=np.uint8).reshape(height, width) > 0
