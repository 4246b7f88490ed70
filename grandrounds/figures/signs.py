"""Does a picture look as its modality always does? Conservative: most doubts are only remarks.

The limits come from 99 pictures of case reports, trials, guidelines and an anatomy book, looked at one by
one. They teach that photographed films are tinted (a radiograph with 37% coloured pixels, an MRI on a light
box with 54%), that pale immunostains have hardly a colour, and that ultrasound of a face comes in skin
tones. Only where none of that can explain what is measured, the contradiction is ``certain``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from grandrounds.figures.statistics import PictureStatistics

# Grey by nature. Not among them: ultrasound (Doppler, rendered skin) and angiography (road maps in colour).
_GREY = frozenset({"radiograph", "ct", "mri", "mammography", "fluoroscopy", "cone beam ct"})
_MOSTLY_GREY = frozenset({*_GREY, "ultrasound", "angiography", "electron microscopy", "scintigraphy"})
_STAINED = "light microscopy"
_COLOURFUL = frozenset(
    {"clinical photograph", "gross specimen", "intraoperative photograph", "endoscopy", "fundus photograph"}
)
_EVEN = frozenset({"chart", "flow diagram"})
# Never even areas on white. A small thing photographed on white may be, and so is a bone scan.
_NEVER_DRAWN = frozenset({*_GREY, "ultrasound", "angiography", "endoscopy", "fundus photograph", _STAINED})
_SELDOM_DRAWN = _COLOURFUL - _NEVER_DRAWN
# Words of a caption that explain colours in what is grey by nature.
_EXPLAINS_COLOUR = re.compile(
    r"(?i)\b(?:3-?\s?d|three-dimensional|reconstruct\w*|render\w*|colou?r\w*|fus(?:ed|ion)|overlay|overlaid|super"
    r"impos\w*|pseudo\w*|perfusion|map|mapping|segment\w*|doppler|pet|spect|tractograph\w*|schematic|drawing|"
    r"diagram|illustration|photograph\w*|annotat\w*)\b"
)

_WARM_FROM, _WARM_TO = 270, 60  # degrees: purple over red to brown and yellow: tissue, stains, skin
_ONE_TINT = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradiction:
    """That a picture does not look as it should; ``certain`` where nothing but a mistake explains it."""

    certain: bool
    words: str


def contradiction(
    modality: tuple[str, ...], seen: PictureStatistics, *, text: str = ""
) -> Contradiction | None:
    """Whether a picture with the statistics ``seen`` can be of ``modality`` (a path of that taxonomy).

    ``text`` is its caption: words that explain colours ("fused", "rendered") leave only a remark.
    """
    name = modality[-1] if modality else ""
    if seen.drawn and name in _NEVER_DRAWN | _SELDOM_DRAWN:
        return Contradiction(
            certain=name in _NEVER_DRAWN,
            words=f"It is called {name}, but looks drawn: even areas on white, {seen.tones} tones.",
        )
    if name in _MOSTLY_GREY:
        return _colours(name, seen, explained=bool(_EXPLAINS_COLOUR.search(text)))
    if name == _STAINED:
        return _no_stain(seen)
    if name in _COLOURFUL and seen.chroma < 4:
        return Contradiction(certain=False, words=f"It is called {name}, but has no colours.")
    if name in _EVEN and _painted(seen):
        return Contradiction(
            certain=True,
            words=f"It is called {name}, but looks like a photograph: no even areas, no white.",
        )
    return None


def _colours(name: str, seen: PictureStatistics, *, explained: bool) -> Contradiction | None:
    """Colours in what is grey. A film photographed from a light box is cool (blue, green) or has black
    corners; tissue, stains and skin fill the picture with warm colours."""
    warm = seen.hue >= _WARM_FROM or seen.hue <= _WARM_TO
    filled = seen.coloured >= 0.85 or (seen.coloured >= 0.5 and seen.brightness >= 120)
    if name in _GREY and warm and filled and seen.tint >= _ONE_TINT and seen.black < 0.05 and not explained:
        return Contradiction(
            certain=True,
            words=f"It is called {name}, which is grey, but {seen.coloured:.0%} has colours of tissue.",
        )
    if seen.coloured > 0.15:
        return Contradiction(
            certain=False, words=f"It is called {name}, but {seen.coloured:.0%} is coloured."
        )
    return None


def _no_stain(seen: PictureStatistics) -> Contradiction | None:
    """No colour in what is stained. Printed in black and white it is still bright, not black."""
    if seen.chroma >= 4:
        return None
    if seen.black >= 0.2:
        return Contradiction(
            certain=True,
            words=f"It is called {_STAINED}, but has no colour, and {seen.black:.0%} of it is black.",
        )
    return Contradiction(certain=False, words=f"It is called {_STAINED}, but has no colour.")


def _painted(seen: PictureStatistics) -> bool:
    return seen.flat < 0.35 and seen.white < 0.05 and seen.tones >= 32
