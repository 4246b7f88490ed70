"""Panels of figures in markup: the caption tells of them, the pixels of the picture where they stand.

The picture is cut where empty bands cross it (``textbooks.gutters``); that is done once for each number of
panels a caption may tell of, where the picture is looked at, so that captions need not be known there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING

from grandrounds.sources.books_reading import Cells, SeenPicture
from grandrounds.textbooks.panels import panels_of
from grandrounds.textbooks.values import Box, ReadFigure, ReadPanel

if TYPE_CHECKING:
    from PIL.Image import Image

_COUNTS = range(2, 9)
_THUMB = 700


def cells_of(data: bytes) -> tuple[Cells, ...]:
    """The panels of a sound picture in pixels, for each number of panels that it can be cut into."""
    import numpy as np
    from PIL import Image

    from grandrounds.textbooks.gutters import panels_in

    with Image.open(BytesIO(data)) as opened:
        width, height = opened.size
        grey = _grey(opened)
    grey.thumbnail((_THUMB, _THUMB), Image.Resampling.BOX)
    values = np.asarray(grey)
    x, y = width / values.shape[1], height / values.shape[0]
    found = []
    for count in _COUNTS:
        cells = panels_in(values, count)
        if len(cells) == count:
            boxes = tuple(
                (int(x0 * x), int(y0 * y), min(width, round(x1 * x)), min(height, round(y1 * y)))
                for x0, y0, x1, y1 in cells
            )
            found.append(Cells(count=count, boxes=boxes))
    return tuple(found)


def _grey(image: Image) -> Image:
    """A picture on white paper, without colour."""
    from PIL import Image as Pillow

    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        coloured = image.convert("RGBA")
        paper = Pillow.new("RGBA", coloured.size, "white")
        return Pillow.alpha_composite(paper, coloured).convert("L")
    return image.convert("L")


def with_panels(figure: ReadFigure, picture: SeenPicture) -> ReadFigure:
    """A figure of markup with the panels that its caption tells of. One that is itself a part of a figure
    has none: its picture is one panel."""
    if figure.panels or figure.part_of or not figure.caption:
        return figure
    whole: Box = (0.0, 0.0, float(picture.width or 0), float(picture.height or 0))
    cut = {cells.count: cells.boxes for cells in picture.cells}

    def split(count: int) -> Sequence[Box]:
        return [(float(a), float(b), float(c), float(d)) for a, b, c, d in cut.get(count, ())]

    return replace(figure, panels=tuple(map(_in_pixels, panels_of(figure.caption, whole, [], [], split))))


def _in_pixels(panel: ReadPanel) -> ReadPanel:
    """Markup has no points: the box is that of the picture's pixels."""
    return replace(panel, pixels=tuple(round(side) for side in panel.box), box=())
