"""Cutting pictures out of PDF pages. This module and its neighbours ``textbook*.py`` alone know PyMuPDF.

One embedded picture that fills the box, with nothing over it, gives its own pixels: the stored bytes where
a viewer can show them. Anything else is drawn as a reader sees it.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pymupdf
from PIL import Image as Pillow
from PIL import UnidentifiedImageError
from pymupdf import extra, mupdf

from grandrounds.records.figure import MIXED, RASTER, VECTOR
from grandrounds.sources.textbook_page import Interpreted, image_blocks, raw_bytes
from grandrounds.textbooks import boxes
from grandrounds.textbooks.values import Box

DRAWN_DPI = 200.0
"""Resolution of what is drawn: enough for print, where no embedded picture is finer."""
FINEST_DPI = 300.0
_NEAR = 1.0
_ORIENTATION = 0x0112
_PNG_LEVEL = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A picture as cut: encoded bytes, pixels, resolution on the page, and what it was (``origin``)."""

    picture: bytes
    mime: str
    width: int
    height: int
    dpi: float
    origin: str


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
        for order, block, image in image_blocks(page.text)
        if boxes.shared(_box_of(block), box) > 0.02 * boxes.area(box)
    ]
    for one in placed:
        if one.image.w() * one.image.h() > most_pixels:
            return (
                f"The embedded picture has {one.image.w()} x {one.image.h()} pixels, more than {most_pixels:,}; "
                "it was not decoded."
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
    for x0, y0, x1, y1, words, order, kind in extra.extractBLOCKS(page.text):
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
            return _cut(data, mime, width, height, box, RASTER)
    try:
        pixels = _pixels(image)
    except Exception:  # noqa: BLE001  (MuPDF's own exceptions share no base)
        return None
    for step in turn:
        pixels = pixels.transpose(step)
    return _cut(_png(pixels), "image/png", pixels.width, pixels.height, box, RASTER)


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


def _turn(matrix: Any) -> tuple[Pillow.Transpose, ...] | None:
    """What to do to the pixels so that they stand as on the page; ``None`` where no such turn does it.

    The matrix maps the unit square, whose top left is the picture's first pixel, onto the page.
    """
    a, b, c, d = matrix.a, matrix.b, matrix.c, matrix.d
    large = max(abs(a), abs(b), abs(c), abs(d))
    if large <= 0:
        return None
    small = 0.004 * large
    if abs(b) <= small and abs(c) <= small:
        turn: tuple[Pillow.Transpose, ...] = ()
        if a < 0:
            turn += (Pillow.Transpose.FLIP_LEFT_RIGHT,)
        if d < 0:
            turn += (Pillow.Transpose.FLIP_TOP_BOTTOM,)
        return turn
    if abs(a) <= small and abs(d) <= small:
        turn = (Pillow.Transpose.TRANSPOSE,)
        if c < 0:
            turn += (Pillow.Transpose.FLIP_LEFT_RIGHT,)
        if b < 0:
            turn += (Pillow.Transpose.FLIP_TOP_BOTTOM,)
        return turn
    return None


def _pixels(image: Any) -> Pillow.Image:
    """Decoded pixels in sRGB or grey; a soft mask laid over white, as paper is."""
    decoded = mupdf.fz_get_unscaled_pixmap_from_image(image)
    space = decoded.colorspace()
    grey = space.m_internal and mupdf.fz_colorspace_n(space) == 1
    target = mupdf.FzColorspace(mupdf.FzColorspace.Fixed_GRAY if grey else mupdf.FzColorspace.Fixed_RGB)
    converted = mupdf.fz_convert_pixmap(
        decoded, target, mupdf.FzColorspace(), mupdf.FzDefaultColorspaces(), mupdf.FzColorParams(), 1
    )
    pixmap = pymupdf.Pixmap("raw", converted)
    channels = pixmap.n
    mode = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[channels]
    picture = Pillow.frombytes(mode, (pixmap.width, pixmap.height), pixmap.samples)
    mask = image.mask()
    if mask.m_internal:
        soft = mupdf.fz_get_unscaled_pixmap_from_image(mask)
        alpha = pymupdf.Pixmap("raw", soft)
        layer = Pillow.frombytes("L", (alpha.width, alpha.height), bytes(alpha.samples)[:: alpha.n])
        if layer.size != picture.size:
            layer = layer.resize(picture.size, Pillow.Resampling.BILINEAR)
        base = picture.convert("L" if channels <= 2 else "RGB")
        paper = Pillow.new(base.mode, base.size, 255 if base.mode == "L" else (255, 255, 255))
        return Pillow.composite(base, paper, layer)
    return picture if mode in ("L", "RGB") else picture.convert("L" if channels == 2 else "RGB")


def _png(picture: Pillow.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG", compress_level=_PNG_LEVEL)
    return out.getvalue()


def _drawn(page: Interpreted, box: Box, placed: Sequence[_Placed], most_pixels: int) -> Cut | str:
    """The box as a reader sees it, at 200 dpi or the resolution of the finest picture in it."""
    dpi = DRAWN_DPI
    for one in placed:
        wide = boxes.width(one.box)
        if wide > 0 and boxes.area(one.box) > 0.1 * boxes.area(box):
            dpi = max(dpi, min(FINEST_DPI, 72 * one.image.w() / wide))
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
    shown = pymupdf.Pixmap("raw", pixmap)
    picture = Pillow.frombytes("RGB", (shown.width, shown.height), shown.samples)
    if _is_grey(picture):
        picture = picture.convert("L")
    return _cut(_png(picture), "image/png", picture.width, picture.height, box, MIXED if placed else VECTOR)


def _is_grey(picture: Pillow.Image) -> bool:
    """Whether all pixels are grey: one channel then holds the same picture in a third of the bytes."""
    small = picture.resize((min(picture.width, 64), min(picture.height, 64)), Pillow.Resampling.NEAREST)
    if any(high != low for high, low in _spread(small)):
        return False
    return all(high == low for high, low in _spread(picture))


def _spread(picture: Pillow.Image) -> list[tuple[int, int]]:
    """Largest differences between red and green, and red and blue, against none."""
    from PIL import ImageChops

    red, green, blue = picture.split()
    found = []
    for other in (green, blue):
        extremes = ImageChops.difference(red, other).getextrema()
        found.append((int(extremes[1]), 0))  # type: ignore[arg-type]
    return found


def _cut(data: bytes, mime: str, width: int, height: int, box: Box, origin: str) -> Cut:
    wide, tall = max(boxes.width(box), 0.01), max(boxes.height(box), 0.01)
    dpi = 72 * min(width / wide, height / tall)
    return Cut(picture=data, mime=mime, width=width, height=height, dpi=round(dpi, 1), origin=origin)
