"""Pictures and texts made safe and small for the pages on which people look at figures."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence

from grandrounds.figures.pixels import decoded
from grandrounds.records.figure import FigureRow

LOW, HIGH = 0.6, 0.8
"""Confidence below ``LOW`` is shown in red, from ``HIGH`` on in green, between in amber."""

_QUALITY = 72


def escaped(text: str) -> str:
    """``text`` for HTML, also inside quotes; control characters dropped, runs of white space made one."""
    plain = "".join(char if char.isprintable() else " " for char in text)
    return html.escape(" ".join(plain.split()), quote=True)


def data_uri(picture: bytes, *, most: int) -> str:
    """The picture as a JPEG of at most ``most`` pixels a side, inside an address; empty for what can't be
    decoded. Whatever the bytes hold besides pixels does not get into the page."""
    from PIL.Image import Resampling

    image = decoded(picture, about=most)
    if image is None:
        return ""
    if max(image.size) > most:
        image.thumbnail((most, most), Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=_QUALITY, optimize=True)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"


def band(alignment: float) -> str:
    """``low``, ``middle`` or ``high``: how sure a pair is."""
    return "low" if alignment < LOW else ("middle" if alignment < HIGH else "high")


def where(row: FigureRow) -> str:
    """Where a figure stands, in words: page, or the name of the file that the markup names."""
    if row.page is not None:
        return f"page {row.page}"
    if row.caption_page is not None:
        return f"caption on page {row.caption_page}"
    return row.graphic


def centre(box: Sequence[float]) -> tuple[float, float]:
    """The middle of a box."""
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
