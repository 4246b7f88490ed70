"""Drawing for the contact sheet: text, boxes, hatched areas, pictures on a white page."""

from __future__ import annotations

import io
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]

WIDTH, MARGIN, CELL = 1480, 24, 180
WHITE: Colour = (255, 255, 255)
DARK: Colour = (33, 37, 41)
GREY: Colour = (108, 117, 125)
LINE: Colour = (206, 212, 218)
PALE: Colour = (241, 243, 245)
CUE: Colour = (77, 171, 247)
SHADES: tuple[Colour, Colour] = ((208, 235, 255), (229, 219, 255))
_KEPT: Colour = (43, 138, 62)
_QUALITY: Colour = (194, 84, 10)
_AGAIN: Colour = (134, 142, 150)
_PEOPLE: Colour = (201, 42, 42)
DROPPED: dict[str, Colour] = {
    "kept": _KEPT,
    "face": _PEOPLE,
    "name": _PEOPLE,
    "duplicate": _AGAIN,
    "frozen": _AGAIN,
    "crowded": _AGAIN,
    **dict.fromkeys(
        ("black", "blank", "blurred", "overexposed", "underexposed", "slide", "small_area", "near_cut"),
        _QUALITY,
    ),
}
"""The colour of each verdict."""

LEGEND = (("kept", _KEPT), ("not good enough", _QUALITY), ("seen already", _AGAIN), ("people", _PEOPLE))

_CLIPS: tuple[Colour, ...] = (
    (25, 113, 194), (232, 89, 12), (12, 133, 153), (174, 62, 201), (102, 128, 11), (201, 42, 106),
)  # fmt: skip


def clip_colour(number: int) -> Colour:
    """The colour of a clip, by its place."""
    return _CLIPS[number % len(_CLIPS)]


def colour_of(verdict: str) -> Colour:
    """The colour of what became of a frame."""
    return DROPPED.get(verdict, GREY)


def clock(seconds: float) -> str:
    """Minutes and seconds, with hundredths: 1:02.34."""
    minutes, rest = divmod(round(abs(seconds), 2), 60)
    hours, minutes = divmod(int(minutes), 60)
    sign = "-" if seconds < 0 else ""
    return f"{sign}{hours}:{minutes:02d}:{rest:05.2f}" if hours else f"{sign}{minutes}:{rest:05.2f}"


def fitted(data: bytes, wide: int, tall: int) -> Image.Image | None:
    """An encoded picture, made to fit; ``None`` for what is none."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            picture = image.convert("RGB")
    except (OSError, ValueError):
        return None
    picture.thumbnail((wide, tall), Image.Resampling.LANCZOS)
    return picture


class Canvas:
    """A white page, ``WIDTH`` wide."""

    def __init__(self, height: int) -> None:
        self._image = Image.new("RGB", (WIDTH, height), WHITE)
        self._draw = ImageDraw.Draw(self._image)

    def text(
        self,
        x: int,
        y: int,
        words: str,
        colour: Colour,
        *,
        size: int = 15,
        bold: bool = False,
        middle: bool = False,
        right: bool = False,
        most: int = 0,
    ) -> None:
        """Words whose top left (or top middle, top right) is at ``x``, ``y``; cut to ``most`` pixels."""
        font = _font(size, bold=bold)
        limit = most or WIDTH - MARGIN - x
        if not (middle or right) and self._draw.textlength(words, font=font) > limit:
            while words and self._draw.textlength(words + "\u2026", font=font) > limit:
                words = words[:-1]
            words = words.rstrip(" ,;:") + "\u2026"
        anchor = "ma" if middle else "ra" if right else "la"
        self._draw.text((x, y), words, fill=colour, font=font, anchor=anchor)

    def width_of(self, words: str, *, size: int) -> int:
        """How many pixels words take."""
        return round(self._draw.textlength(words, font=_font(size, bold=False)))

    def paragraph(self, x: int, y: int, words: str, colour: Colour, *, wide: int, lines: int) -> None:
        """Small words in at most so many ``lines``, each ``wide`` at most."""
        font = _font(12, bold=False)
        left = words.split(" ")
        for number in range(lines):
            if not left:
                return
            line = left.pop(0)
            while left and self._draw.textlength(f"{line} {left[0]}", font=font) <= wide:
                line = f"{line} {left.pop(0)}"
            if number == lines - 1 and left:
                line = " ".join([line, *left])
            self.text(x, y + 15 * number, line, colour, size=12, most=wide)

    def line(self, x0: int, y0: int, x1: int, y1: int, colour: Colour) -> None:
        """A thin line."""
        self._draw.line((x0, y0, x1, y1), fill=colour)

    def box(self, x0: int, y0: int, x1: int, y1: int, colour: Colour) -> None:
        """A filled box."""
        self._draw.rectangle((x0, y0, max(x0, x1 - 1), max(y0, y1 - 1)), fill=colour)

    def frame(self, x0: int, y0: int, x1: int, y1: int, colour: Colour, *, thick: int) -> None:
        """The outline of a box."""
        self._draw.rectangle((x0, y0, x1 - 1, y1 - 1), outline=colour, width=thick)

    def hatched(self, x0: int, y0: int, x1: int, y1: int) -> None:
        """A box filled with slanting lines."""
        if x1 <= x0 or y1 <= y0:
            return
        tile = Image.new("RGB", (x1 - x0, y1 - y0), PALE)
        pen = ImageDraw.Draw(tile)
        for start in range(-(y1 - y0), x1 - x0, 7):
            pen.line((start, y1 - y0, start + (y1 - y0), 0), fill=LINE, width=2)
        self._image.paste(tile, (x0, y0))

    def badge(self, x: int, y: int, words: str, colour: Colour) -> None:
        """A few letters in a coloured box."""
        self.box(x, y, x + 26, y + 20, colour)
        self.text(x + 13, y + 2, words, WHITE, size=14, bold=True, middle=True)

    def paste(self, picture: Image.Image, x: int, y: int) -> None:
        """A picture with its top left at ``x``, ``y``."""
        self._image.paste(picture, (x, y))

    def png(self, height: int) -> bytes:
        """The page as PNG, cut to ``height``."""
        made = io.BytesIO()
        self._image.crop((0, 0, WIDTH, min(height, self._image.height))).save(made, format="PNG")
        return made.getvalue()


@cache
def _font(size: int, *, bold: bool) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """DejaVu Sans, which has letters of many languages and comes with matplotlib; else Pillow's own."""
    found = find_spec("matplotlib")
    for place in (found.submodule_search_locations or []) if found else []:
        path = Path(place) / "mpl-data/fonts/ttf" / ("DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf")
        if path.is_file():
            return ImageFont.truetype(str(path), size)
    return ImageFont.load_default(size)
