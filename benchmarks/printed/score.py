"""Compares what a reader found in a printed document with what is true of it.

A found figure belongs to the true figure of its page that it overlaps most (IoU of at least 0.1, or
nine tenths of it lying within); of several the one with the greatest IoU counts, the others are extra, as
is a found figure that belongs to none. A box is right at an IoU of 0.8. A caption is right when its number
is the label's (where one is printed), its words are 0.9 alike (edit distance over the longer length, of
letters and digits alone, case folded, compatibility forms made plain) and no other caption of the document
is more like it. A panel is right when one of the same letter has a box with an IoU of 0.7 and its part of
the caption is 0.9 alike.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.printed.chapters import Box
from benchmarks.printed.typeset import TrueDocument, TrueFigure

BOX_AT, CAPTION_AT, PANEL_AT = 0.8, 0.9, 0.7
_BELONGS_AT, _WITHIN_AT = 0.1, 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPanel:
    label: str
    box: Box | None
    caption: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFigure:
    """A picture with its caption, as a reader gives them; ``box`` in points of the page as seen."""

    page: int
    box: Box
    caption: str
    label: str = ""
    panels: tuple[FoundPanel, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Miss:
    """What went wrong with one figure (``id`` is empty for an extra box)."""

    pdf: str
    id: str
    page: int
    what: str
    said: str


@dataclass(slots=True, kw_only=True)
class Score:
    """Counts of one layout; they add up over documents."""

    figures: int = 0
    boxes: int = 0
    captions: int = 0
    panels: int = 0
    panels_right: int = 0
    extra: int = 0
    misses: list[Miss] = field(default_factory=list)

    def add(self, other: Score) -> None:
        """Count another document's too."""
        for name in ("figures", "boxes", "captions", "panels", "panels_right", "extra"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.misses += other.misses

    def shares(self) -> dict[str, float | int | None]:
        """The figures of a table's row; a share of nothing is ``None``."""
        return {
            "figures": self.figures,
            "box": _share(self.boxes, self.figures),
            "caption": _share(self.captions, self.figures),
            "panels": self.panels,
            "panels_matched": _share(self.panels_right, self.panels),
            "extra": self.extra,
        }


def score(truth: TrueDocument, found: Sequence[FoundFigure]) -> Score:
    """One document's counts, with a line for each miss."""
    made = Score(figures=len(truth.figures))
    owners = [_owner(one, truth.figures) for one in found]
    for number, figure in enumerate(truth.figures):
        mine = [one for one, owner in zip(found, owners, strict=True) if owner == number]
        best = max(mine, key=lambda one: iou(one.box, figure.box), default=None)
        made.add(_one(truth, figure, best))
        made.add(_extra(truth, [one for one in mine if one is not best], f"another box on {figure.id}"))
    nobodys = [one for one, owner in zip(found, owners, strict=True) if owner is None]
    made.add(_extra(truth, nobodys, "no figure there"))
    return made


def iou(one: Box, other: Box) -> float:
    """Area of the intersection by area of the union."""
    both = _area(_meet(one, other))
    return both / (_area(one) + _area(other) - both) if both else 0.0


def alike(one: str, other: str) -> float:
    """1 less the edit distance by the longer length, of both texts made plain; 1 for two empty ones."""
    one, other = plain(one), plain(other)
    longer = max(len(one), len(other))
    return 1 - distance(one, other) / longer if longer else 1.0


def at_best(one: str, other: str) -> float:
    """A bound that ``alike`` never passes, cheaply: by the letters that one has and the other lacks."""
    one, other = plain(one), plain(other)
    longer = max(len(one), len(other))
    shared = sum((Counter(one) & Counter(other)).values())
    return shared / longer if longer else 1.0


def plain(text: str) -> str:
    """Letters and digits alone, compatibility forms (ligatures, shaped letters) undone, case folded."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(letter for letter in folded if letter.isalnum())


def distance(one: str, other: str) -> int:
    """The least number of letters put in, taken out or changed (Levenshtein)."""
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    one, other = one[start:], other[start:]
    while one and other and one[-1] == other[-1]:
        one, other = one[:-1], other[:-1]
    row = list(range(len(other) + 1))
    for number, letter in enumerate(one, start=1):
        last, row[0] = row[0], number
        for place, against in enumerate(other, start=1):
            last, row[place] = (
                row[place],
                min(row[place] + 1, row[place - 1] + 1, last + (letter != against)),
            )
    return row[-1]


def _one(truth: TrueDocument, figure: TrueFigure, found: FoundFigure | None) -> Score:
    made = Score(panels=len(figure.panels))

    def missed(what: str, said: str) -> None:
        made.misses.append(Miss(pdf=truth.pdf, id=figure.id, page=figure.page, what=what, said=said))

    if found is None:
        missed("box", "no box belongs to it")
        missed("caption", "no box belongs to it")
        if figure.panels:
            missed("panels", f"none of {len(figure.panels)}: no box belongs to it")
        return made
    overlap = iou(found.box, figure.box)
    if overlap >= BOX_AT:
        made.boxes = 1
    else:
        missed("box", f"IoU {overlap:.2f}: {_shown(found.box)} for {_shown(figure.box)}{_noted(found)}")
    wrong = _wrong_caption(truth, figure, found)
    if wrong:
        missed("caption", wrong + _noted(found))
    else:
        made.captions = 1
    bad = [said for panel in figure.panels if (said := _wrong_panel(panel.label, panel, found))]
    made.panels_right = len(figure.panels) - len(bad)
    if bad:
        missed("panels", "; ".join(bad))
    return made


def _wrong_caption(truth: TrueDocument, figure: TrueFigure, found: FoundFigure) -> str:
    """Why the caption is not the right one; empty where it is."""
    words = f"{found.label!r} {found.caption[:90]!r}"
    if figure.label and _numbers(found.label) != _numbers(figure.label):
        return f"labelled {words} for {figure.label!r}"
    near = alike(found.caption, figure.caption)
    if near < CAPTION_AT:
        return f"alike {near:.2f}: {words} for {figure.caption[:60]!r}"
    for other in truth.figures if near < 1 else ():
        if at_best(found.caption, other.caption) > near and alike(found.caption, other.caption) > near:
            return f"the caption of {other.id}: {words}"
    return ""


def _wrong_panel(letter: str, panel: object, found: FoundFigure) -> str:
    same = [one for one in found.panels if plain(one.label) == plain(letter)]
    if not same:
        return f"{letter}: not found"
    one = same[0]
    overlap = iou(one.box, panel.box) if one.box else 0.0  # type: ignore[attr-defined]
    if overlap < PANEL_AT:
        return f"{letter}: IoU {overlap:.2f}" if one.box else f"{letter}: no box"
    near = alike(one.caption, panel.caption)  # type: ignore[attr-defined]
    return f"{letter}: caption {near:.2f} alike: {one.caption[:50]!r}" if near < CAPTION_AT else ""


def _extra(truth: TrueDocument, found: Sequence[FoundFigure], what: str) -> Score:
    misses = [
        Miss(
            pdf=truth.pdf,
            id="",
            page=one.page,
            what="extra",
            said=f"{what}: {_shown(one.box)}{_noted(one)}",
        )
        for one in found
    ]
    return Score(extra=len(misses), misses=misses)


def _owner(found: FoundFigure, figures: Sequence[TrueFigure]) -> int | None:
    """The true figure that a found one belongs to."""
    best: tuple[float, int] | None = None
    for number, figure in enumerate(figures):
        if figure.page != found.page:
            continue
        overlap = iou(found.box, figure.box)
        within = _area(_meet(found.box, figure.box)) >= _WITHIN_AT * max(_area(found.box), 1e-6)
        if overlap >= _BELONGS_AT or (within and overlap > 0):
            best = max(best or (overlap, number), (overlap, number))
    return best[1] if best else None


def _meet(one: Box, other: Box) -> Box:
    return (max(one[0], other[0]), max(one[1], other[1]), min(one[2], other[2]), min(one[3], other[3]))


def _area(box: Box) -> float:
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def _numbers(label: str) -> list[str]:
    return re.findall(r"\d+|(?<=\d)[A-Za-z]\b", unicodedata.normalize("NFKC", label))


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 3) if whole else None


def _shown(box: Box) -> str:
    return "[" + " ".join(f"{side:.0f}" for side in box) + "]"


def _noted(found: FoundFigure) -> str:
    return f" ({found.note})" if found.note else ""
