"""Cutting pictures out of PDF pages. This module and its neighbours ``textbook*.py`` alone know PyMuPDF.

One embedded picture that fills the box, with nothing over it, gives its own pixels: the stored bytes where
a viewer can show them. Anything else is drawn as a reader sees it.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pymupdf as _pymupdf
from PIL import Image as Pillow
from PIL import UnidentifiedImageError
from pymupdf import mupdf

from grandrounds.records.figure import MIXED, RASTER, VECTOR
from grandrounds.sources.textbook_page import Interpreted, raw_bytes
from grandrounds.textbooks import boxes, png
from grandrounds.textbooks.values import Box

pymupdf: Any = _pymupdf  # its types are there only in part

DRAWN_DPI = 200.0
"""Resolution of drawings: enough for print."""
FINEST_DPI, COARSEST_DPI = 300.0, 72.0
"""Pictures that stand together, or under words, are drawn as fine as the finest of them, within these."""
_MOSTLY = 0.6
"""A figure is one of pictures where they cover so much of it."""
_LINE_PIXELS = 18.0
"""A line of words is drawn at least so tall: letters in 18 pixels, capitals 12 of them."""
_SQUARE = 1.06
"""Pixels that are no longer than this times their width are square, but for rounding of their place."""
_FITTED = 0.97
"""MuPDF widens pictures to whole pixels. One that is drawn less than a pixel smaller than it is stored is
drawn pixel by pixel, unchanged, and fast; any other is interpolated."""
_NEAR = 1.0
_ORIENTATION = 0x0112


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A picture as cut: encoded bytes, pixels, resolution on the page, and what it was (``origin``).

    ``decoded`` are the pixels where they were at hand, so that nobody has to decode them again.
    """

    picture: bytes
    mime: str
    width: int
    height: int
    dpi: float
    origin: str
    decoded: Any = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class _Placed:
    """An embedded picture on the page: its place in the order of painting, its box, its matrix."""

    order: int
    box: Box
    block: Any
    image: Any


def cut_picture(page: Interpreted, box: Box, *, most_pixels: int) -> Cut | str:
    """The picture at ``box``, or why there is none (too many pixels)."""
    placed = [
        _Placed(order, _box_of(block), block, image)
        for order, block, image in page.images()
        if boxes.shared(_box_of(block), box) > 0.02 * boxes.area(box)
    ]
    for one in placed:
        if one.image.w() * one.image.h() > most_pixels:
            return (
                f"The embedded picture has {one.image.w()} x {one.image.h()} pixels, "
                f"more than {most_pixels:,}; it was not decoded."
            )
    if len(placed) == 1 and _fills(placed[0], box) and not _written_over(page, placed[0]):
        own = _own_pixels(placed[0], box)
        if own is not None:
            return own
    return _drawn(page, box, placed, most_pixels)


def _box_of(block: Any) -> Box:
    inner = block.m_internal.bbox
    return (float(inner.x0), float(inner.y0), float(inner.x1), float(inner.y1))


def _fills(one: _Placed, box: Box) -> bool:
    """Whether the picture, uncut, is just the box."""
    full = mupdf.fz_transform_rect(mupdf.FzRect(0, 0, 1, 1), one.block.i_transform())
    whole = (float(full.x0), float(full.y0), float(full.x1), float(full.y1))
    return all(abs(a - b) <= _NEAR for a, b in zip(one.box, box, strict=True)) and all(
        abs(a - b) <= _NEAR for a, b in zip(one.box, whole, strict=True)
    )


def _written_over(page: Interpreted, one: _Placed) -> bool:
    """Whether anything painted after the picture lies on it; a frame at its edge does not count."""
    inner = boxes.grown(one.box, -1.5)
    for x0, y0, x1, y1, words, order, kind in page.blocks():
        if order <= one.order:
            continue
        over = (x0, y0, x1, y1)
        if kind == mupdf.FZ_STEXT_BLOCK_TEXT:
            if words.strip() and boxes.shared(over, inner) > 0:
                return True
        elif kind == mupdf.FZ_STEXT_BLOCK_VECTOR:
            if "alpha: 0," in words or not _meets(over, inner):
                continue
            frame = "stroked" in words and boxes.overlap_ratio(over, one.box) > 0.9
            if not frame:
                return True
    return False


def _meets(first: Box, second: Box) -> bool:
    both = boxes.common(first, second)
    return both[0] <= both[2] and both[1] <= both[3]


def _own_pixels(one: _Placed, box: Box) -> Cut | None:
    """The picture's own bytes or pixels; ``None`` where it is only a stencil, or set askew."""
    image, matrix = one.image, one.block.i_transform()
    turn = _turn(matrix)
    if turn is None or image.imagemask():
        return None
    width, height = image.w(), image.h()
    masked = bool(image.mask().m_internal)
    plain = (
        turn == () and not masked and not image.m_internal.use_decode and not image.m_internal.use_colorkey
    )
    if plain:
        data, kind = raw_bytes(image)
        mime = _showable(data, kind, width, height)
        if mime:
            return _cut(data, mime, (width, height), box, RASTER)
    try:
        pixels = _pixels(image)
    except Exception:  # noqa: BLE001  (MuPDF's own exceptions share no base)
        return None
    for step in turn:
        pixels = step(pixels)
    return _encoded(pixels, box, RASTER)


def _showable(data: bytes, kind: int, width: int, height: int) -> str:
    """The media type of stored bytes that any viewer shows as the page does; empty where it would not."""
    if kind != mupdf.FZ_IMAGE_JPEG or not data.startswith(b"\xff\xd8"):
        return ""
    try:
        with Pillow.open(io.BytesIO(data)) as picture:
            if (
                picture.format != "JPEG"
                or picture.mode not in ("L", "RGB")
                or picture.size != (width, height)
            ):
                return ""
            if picture.getexif().get(_ORIENTATION, 1) != 1:
                return ""  # a viewer would turn it, a page does not
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
        return ""
    return "image/jpeg"


def _turn(matrix: Any) -> tuple[Callable[[Any], Any], ...] | None:
    """What to do to the pixels so that they stand as on the page; ``None`` where no such turn does it.

    The matrix maps the unit square, whose top left is the picture's first pixel, onto the page.
    """
    a, b, c, d = matrix.a, matrix.b, matrix.c, matrix.d
    large = max(abs(a), abs(b), abs(c), abs(d))
    if large <= 0:
        return None
    small = 0.004 * large
    if abs(b) <= small and abs(c) <= small:
        return (*((np.fliplr,) if a < 0 else ()), *((np.flipud,) if d < 0 else ()))
    if abs(a) <= small and abs(d) <= small:
        return (_across, *((np.fliplr,) if c < 0 else ()), *((np.flipud,) if b < 0 else ()))
    return None


def _across(pixels: Any) -> Any:
    """Rows made columns."""
    return np.swapaxes(pixels, 0, 1)


def _pixels(image: Any) -> Any:
    """Decoded pixels in sRGB or grey; a soft mask laid over white, as paper is."""
    decoded = mupdf.fz_get_unscaled_pixmap_from_image(image)
    space = decoded.colorspace()
    grey = space.m_internal and mupdf.fz_colorspace_n(space) == 1
    target = mupdf.FzColorspace(mupdf.FzColorspace.Fixed_GRAY if grey else mupdf.FzColorspace.Fixed_RGB)
    converted = mupdf.fz_convert_pixmap(
        decoded, target, mupdf.FzColorspace(), mupdf.FzDefaultColorspaces(), mupdf.FzColorParams(), 0
    )
    pixels = _array(converted)[..., : 1 if grey else 3]
    mask = image.mask()
    if mask.m_internal:
        alpha = _array(mupdf.fz_get_unscaled_pixmap_from_image(mask))[..., 0]
        if alpha.shape != pixels.shape[:2]:
            size = (pixels.shape[1], pixels.shape[0])
            alpha = np.asarray(Pillow.fromarray(alpha).resize(size, Pillow.Resampling.BILINEAR))
        share = alpha.astype(np.uint16)[..., None]
        pixels = ((pixels * share + 255 * (255 - share) + 127) // 255).astype(np.uint8)
    return png.without_colour(pixels[..., 0] if grey else pixels)


def _array(pixmap: Any) -> Any:
    """The samples of a pixmap: rows by columns by channels."""
    shown = pymupdf.Pixmap("raw", pixmap)
    rows = np.frombuffer(shown.samples, np.uint8).reshape(shown.height, shown.stride)
    return rows[:, : shown.width * shown.n].reshape(shown.height, shown.width, shown.n)


def _drawn(page: Interpreted, box: Box, placed: Sequence[_Placed], most_pixels: int) -> Cut | str:
    """The box as a reader sees it."""
    dpi = _resolution(page, box, placed)
    box = boxes.clip(box, page.box)
    size = boxes.area(box)
    if boxes.width(box) < 1 or boxes.height(box) < 1:
        return "The box of the picture has no area."
    dpi = min(dpi, 72 * (most_pixels / size) ** 0.5)
    scale = dpi / 72
    matrix = mupdf.FzMatrix(scale, 0, 0, scale, 0, 0)
    area = mupdf.fz_round_rect(mupdf.fz_transform_rect(mupdf.FzRect(*box), matrix))
    pixmap = mupdf.fz_new_pixmap_with_bbox(
        mupdf.FzColorspace(mupdf.FzColorspace.Fixed_RGB), area, mupdf.FzSeparations(), 0
    )
    mupdf.fz_clear_pixmap_with_value(pixmap, 255)
    device = mupdf.fz_new_draw_device(matrix, pixmap)
    mupdf.fz_run_display_list(
        page.drawn.this, device, mupdf.FzMatrix(), mupdf.FzRect(*box), mupdf.FzCookie()
    )
    mupdf.fz_close_device(device)
    pixels = png.without_colour(_array(pixmap))
    return _encoded(pixels, box, MIXED if placed else VECTOR)


def _resolution(page: Interpreted, box: Box, placed: Sequence[_Placed]) -> float:
    """Dots an inch for drawing a box: 200 for a drawing, what its pictures have for pictures.

    More would only make pixels up. Words and lines over pictures are drawn large enough to be read.
    """
    whole = boxes.area(box)
    large = [one for one in placed if boxes.area(one.box) > 0.1 * whole]
    finest = max([_stored_dpi(one) for one in large], default=0.0)
    covered = sum(boxes.shared(one.box, box) for one in large)
    least = _least_dpi(page, box) if covered > _MOSTLY * whole else DRAWN_DPI
    return min(FINEST_DPI, max(finest, least))


def _stored_dpi(one: _Placed) -> float:
    """The pixels of an embedded picture for an inch of the page, whichever way it is turned."""
    if not mupdf.fz_compressed_image_buffer(one.image).m_internal:
        return DRAWN_DPI  # a shade of colours, which is drawn
    matrix = one.block.i_transform()
    across = 72 * (one.image.w() - _FITTED) / max(math.hypot(matrix.a, matrix.b), 0.01)
    down = 72 * (one.image.h() - _FITTED) / max(math.hypot(matrix.c, matrix.d), 0.01)
    low, high = min(across, down), max(across, down)
    return float(low if high < _SQUARE * low else high)


def _least_dpi(page: Interpreted, box: Box) -> float:
    """What is painted over pictures needs: 200 for curves and slanted lines, less for words in large type,
    nothing for rectangles, which are sharp in any resolution."""
    least = COARSEST_DPI
    for x0, y0, x1, y1, words, _, kind in page.blocks():
        if kind == mupdf.FZ_STEXT_BLOCK_IMAGE or not _meets((x0, y0, x1, y1), box):
            continue
        if kind == mupdf.FZ_STEXT_BLOCK_VECTOR:
            if "is-rect: true" not in words and "alpha: 0," not in words:
                return DRAWN_DPI
        elif written := words.strip():
            tall = min(y1 - y0, x1 - x0) if len(written) > 2 else y1 - y0
            least = max(least, 72 * _LINE_PIXELS * (written.count("\n") + 1) / max(tall, 1.0))
    return min(least, DRAWN_DPI)


def _encoded(pixels: Any, box: Box, origin: str) -> Cut:
    cut = _cut(png.encode(pixels), "image/png", pixels.shape[1::-1], box, origin)
    return replace(cut, decoded=pixels)


def _cut(data: bytes, mime: str, size: tuple[int, int], box: Box, origin: str) -> Cut:
    width, height = size
    wide, tall = max(boxes.width(box), 0.01), max(boxes.height(box), 0.01)
    dpi = 72 * min(width / wide, height / tall)
    return Cut(picture=data, mime=mime, width=width, height=height, dpi=round(dpi, 1), origin=origin)
