"""Chapters that were written elsewhere, made to show what a layout is about: pairs, panels, drawings."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
from PIL import Image

from benchmarks.printed import drawings, fiction, pictures
from benchmarks.printed.chapters import Chapter, Figure, Panel, Part
from benchmarks.printed.layouts import Layout

_SIDE = (420, 420)


def chapters(given: tuple[Chapter, ...], layout: Layout) -> tuple[Chapter, ...]:
    """The chapters with their figures changed to suit the layout; figures joined stand where the last
    of them stood."""
    languages = layout.wanted.languages
    if languages != ("en",):
        said = fiction.Said()
        return tuple(
            fiction.in_language(one, languages[number % len(languages)], said)
            for number, one in enumerate(given)
        )
    join = {"pair": (2,), "panels": (4, 3, 2), "sheet": (4, 3, 2)}.get(layout.wanted.kind)
    if join:
        return _joined(given, join, sheet=layout.wanted.kind == "sheet", pair=layout.wanted.kind == "pair")
    return tuple(_each(one, layout) for one in given)


def _each(chapter: Chapter, layout: Layout) -> Chapter:
    def changed(part: Part) -> Part:
        if not isinstance(part, Figure):
            return part
        if layout.traced:
            words = tuple(one.strip("(),.") for one in part.caption.split()[:3])
            return replace(part, pictures=(drawings.traced(part.pictures[0], words),))
        if layout.wanted.kind == "strips":
            return replace(part, pictures=pictures.strips(part.pictures[0], 4))
        return part

    sections = tuple(
        replace(one, parts=tuple(changed(part) for part in one.parts)) for one in chapter.sections
    )
    return replace(chapter, sections=sections)


def _joined(
    given: tuple[Chapter, ...], sizes: tuple[int, ...], *, sheet: bool, pair: bool
) -> tuple[Chapter, ...]:
    """Figures put together across chapters, in order; what is left over at the end stays out."""
    every = [figure for chapter in given for figure in chapter.figures]
    made: dict[str, Figure] = {}
    taken = 0
    while True:
        size = sizes[len(made) % len(sizes)]
        group = every[taken : taken + size]
        if len(group) < size:
            break
        made[group[-1].id] = _pair(group) if pair else _panels(group, sheet=sheet)
        taken += size
    ids = {figure.id for figure in every}

    def kept(parts: tuple[Part, ...]) -> tuple[Part, ...]:
        changed = (made.get(part.id, part) if isinstance(part, Figure) else part for part in parts)
        return tuple(
            part
            for part in changed
            if not isinstance(part, Figure) or part.id not in ids or part.id in made
        )

    return tuple(
        replace(chapter, sections=tuple(replace(one, parts=kept(one.parts)) for one in chapter.sections))
        for chapter in given
    )


def _pair(group: list[Figure]) -> Figure:
    shown = tuple(pictures.encoded(_square(one)) for one in group)
    return replace(group[-1], pictures=shown, columns=len(group))


def _panels(group: list[Figure], *, sheet: bool) -> Figure:
    letters, columns = "ABCD"[: len(group)], 2 if len(group) != 3 else 3
    texts = [one.caption.split(". ")[0].rstrip(".") for one in group]
    raw = [_square(one) for one in group]
    if sheet:
        picture, panels = pictures.in_one(raw, letters, columns=columns)
        shown = (picture,)
    else:
        shown = tuple(pictures.encoded(one) for one in raw)
        panels = [Panel(letter=letter, picture=number) for number, letter in enumerate(letters)]
    panels = [replace(one, caption=text) for one, text in zip(panels, texts, strict=True)]
    caption = fiction.with_parts("Views of the spine and its neighbours.", panels, style=len(group) % 2)
    return replace(
        group[-1], caption=caption, pictures=shown, panels=tuple(panels), columns=1 if sheet else columns
    )


def _square(figure: Figure) -> np.ndarray:
    """The figure's picture, fitted into a square on light grey."""
    image = Image.open(io.BytesIO(figure.pictures[0].data)).convert("RGB")
    image.thumbnail(_SIDE)
    sheet = Image.new("RGB", _SIDE, (236, 236, 230))
    sheet.paste(image, ((_SIDE[0] - image.width) // 2, (_SIDE[1] - image.height) // 2))
    return np.asarray(sheet)
