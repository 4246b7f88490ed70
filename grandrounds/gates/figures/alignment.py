"""Gate ``alignment``: does the caption belong to this picture, as far as anything tells?

Refused: what the reader itself was too unsure of; a caption whose own modality the picture surely is
not of; two figures of one book whose pictures hold the words of each other's captions and none of their
own (a swap). Flagged: a confidence that is not high, a part of it that is low, one-sided signs of a
swap, and panel letters in the picture that the caption does not speak of. What no sign tells, the
alignment sheet shows to a person."""

from __future__ import annotations

import re
from collections.abc import Iterator

from grandrounds.figures.reading import Told, read_figure
from grandrounds.figures.reading_values import CAPTION
from grandrounds.figures.signs import contradiction
from grandrounds.figures.taxonomy import MODALITY
from grandrounds.gates.figures.saying import missing
from grandrounds.gates.gate import Findings, Gate, Looked, found
from grandrounds.records.figure import PAIRED, FigureRow
from grandrounds.records.parts import Flag

LOW_ALIGNMENT, MAYBE_SWAPPED, PANEL_LETTERS = "low_alignment", "maybe_swapped", "panel_letters"
_HIGH, _LOW_PART = 0.8, 0.25
_LETTER = re.compile(r"^[(\[]?([A-Za-z])[)\].:]?$")
_FEWEST_LETTERS = 2


def look(at: Looked) -> Findings:
    """Refuse a row whose caption is surely not its picture's; flag what is unsure."""
    row = at.figure
    if row is None:
        return found(missing(at.revision.evidence_id))
    least = at.recipe.figures.minimum_alignment
    swap = at.picture.swap if at.picture is not None else None
    return found(
        f"Its figure is {row.status}: {row.reason}" if row.status != PAIRED else None,
        f"Caption and picture belong together with a confidence of {row.alignment:.2f}, below {least:.2f}."
        if row.alignment < least
        else None,
        _other_modality(at, row),
        f"Its picture holds words of {swap.other}'s caption ({', '.join(swap.words[:4])}), none of "
        "its own, and the other way round: the captions were swapped."
        if swap is not None and swap.certain
        else None,
        flags=tuple(_flags(at, row)),
    )


def _other_modality(at: Looked, row: FigureRow) -> str | None:
    """That the caption names a modality which the picture surely is not of."""
    told = read_figure(row).answers[MODALITY]
    if not isinstance(told, Told) or told.source != CAPTION or at.picture is None:
        return None
    seen = at.picture.of(told.subject)
    odd = contradiction(told.path, seen, text=row.caption) if seen is not None else None
    return f"The caption is of another picture: {odd.words}" if odd is not None and odd.certain else None


def _flags(at: Looked, row: FigureRow) -> Iterator[Flag]:
    known = {flag.flag for flag in at.revision.quality_flags}
    weak = [f"{part.name} {part.value:.2f}" for part in row.alignment_parts if part.value < _LOW_PART]
    if (row.alignment < _HIGH or weak) and LOW_ALIGNMENT not in known:
        parts = f"; weak: {', '.join(weak)}" if weak else ""
        yield Flag(flag=LOW_ALIGNMENT, detail=f"Confidence {row.alignment:.2f}{parts}.")
    swap = at.picture.swap if at.picture is not None else None
    if swap is not None and not swap.certain:
        words = ", ".join(swap.words[:4])
        yield Flag(
            flag=MAYBE_SWAPPED,
            detail=f"Words inside the picture ({words}) are those of {swap.other}'s caption.",
        )
    spoken, shown = _caption_letters(row), _picture_letters(row)
    if len(spoken) >= _FEWEST_LETTERS and len(shown) > len(spoken):
        yield Flag(
            flag=PANEL_LETTERS, detail=f"The caption speaks of {spoken}, the picture is lettered {shown}."
        )


def _caption_letters(row: FigureRow) -> str:
    return _run({panel.label.upper() for panel in row.panels if panel.span is not None})


def _picture_letters(row: FigureRow) -> str:
    return _run(
        {match[1].upper() for text in row.words_inside for match in [_LETTER.match(text.strip())] if match}
    )


def _run(letters: set[str]) -> str:
    """The letters from A on without a gap: axes and formulas hold single letters, too."""
    run = ""
    while (following := chr(ord("A") + len(run))) in letters:
        run += following
    return run


GATE = Gate(name="alignment", look=look)
