"""What gates find in the picture of a figure: plain values, so that no gate decodes it again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from grandrounds.errors import GrandRoundsError
from grandrounds.fingerprint import sha256_bytes
from grandrounds.records.figure import FigureRow

if TYPE_CHECKING:
    from PIL.Image import Image

    from grandrounds.figures.statistics import PictureStatistics
    from grandrounds.figures.swaps import Swap

GetPicture = Callable[[str], bytes]
"""Gives the bytes of a picture by its hash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictured:
    """The picture of a figure: what was measured of the ``whole`` and, by label, of its ``panels``; or, as
    a sentence, the ``problem`` why not. ``swap`` tells that it fits another figure's caption."""

    whole: PictureStatistics | None = None
    panels: Mapping[str, PictureStatistics] = field(default_factory=dict)
    problem: str = ""
    swap: Swap | None = None

    def of(self, subject: str) -> PictureStatistics | None:
        """What was measured of a panel; of the whole without a ``subject``."""
        return self.panels.get(subject) if subject else self.whole


def look_at(row: FigureRow, get_picture: GetPicture, *, swap: Swap | None = None) -> Pictured:
    """Fetch, check and measure the picture of ``row``. Never raises for what the bytes hold."""
    from grandrounds.figures.pixels import decoded
    from grandrounds.figures.statistics import measured

    if not row.sha256:
        return Pictured(problem="It has no picture.", swap=swap)
    try:
        data = get_picture(row.sha256)
    except (GrandRoundsError, OSError, KeyError) as exc:
        return Pictured(problem=f"Its picture can't be had: {exc}.", swap=swap)
    if sha256_bytes(data) != row.sha256:
        return Pictured(problem="The bytes of its picture are not those that its hash names.", swap=swap)
    image = decoded(data)
    if image is None:
        return Pictured(problem="Its picture can't be decoded.", swap=swap)
    return Pictured(whole=measured(image), panels=_panels(row, image), swap=swap)


def _panels(row: FigureRow, image: Image) -> dict[str, PictureStatistics]:
    from grandrounds.figures.statistics import measured

    found = {}
    for panel in row.panels:
        box = panel.pixels
        inside = (
            len(box) == 4 and 0 <= box[0] < box[2] <= image.width and 0 <= box[1] < box[3] <= image.height
        )
        if inside and panel.label:
            found[panel.label] = measured(image.crop((box[0], box[1], box[2], box[3])))
    return found
