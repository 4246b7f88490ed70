"""Admission: which figures a recipe asks about, and for every other row why it doesn't.

The gate of a row that is no pair is its status (``no_caption``, ``no_picture``, ``label_only``), so the
funnel tells how many of each a book has. Of pairs: ``language``, ``picture`` (not decoded, of one colour
throughout, or with a side shorter than the recipe's) and ``alignment`` (too unsure that caption and picture
belong together). The first of them names the rejection, its sentence holds what all of them found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from grandrounds.gates.status import reject_figure
from grandrounds.recipe import Recipe
from grandrounds.records.figure import PAIRED, FigureRow
from grandrounds.records.rejection import Rejection

LANGUAGE, PICTURE, ALIGNMENT = "language", "picture", "alignment"
_BLANK = "0" * 16


def admit(figures: Sequence[FigureRow], recipe: Recipe) -> tuple[list[FigureRow], list[Rejection]]:
    """The figures that the recipe can ask about, and a rejection of stage ``evidence`` for each other."""
    taken, refused = [], []
    for figure in figures:
        found = problems(figure, recipe)
        if found:
            reasons = [reason for _, reason in found]
            refused.append(reject_figure(figure, recipe=recipe.name, gate=found[0][0], reasons=reasons))
        else:
            taken.append(figure)
    return taken, refused


def admitted(figures: Iterable[FigureRow], recipe: Recipe) -> Iterator[FigureRow]:
    """The figures of ``admit`` that the recipe can ask about, as a stream."""
    return (figure for figure in figures if not problems(figure, recipe))


def problems(figure: FigureRow, recipe: Recipe) -> list[tuple[str, str]]:
    """Why ``figure`` is not admitted, as gates and sentences; empty when it is."""
    if figure.status != PAIRED:
        return [(figure.status, figure.reason or f"Its status is {figure.status!r}.")]
    return [
        *_language_problems(figure, recipe),
        *_picture_problems(figure, recipe),
        *_alignment_problems(figure, recipe),
    ]


def _language_problems(figure: FigureRow, recipe: Recipe) -> Iterator[tuple[str, str]]:
    tags = recipe.figures.languages
    if _primary(figure.language) not in {_primary(tag) for tag in tags}:
        yield (
            LANGUAGE,
            f"It is in {figure.language or 'an unknown language'}; the recipe takes {', '.join(tags)}.",
        )


def _picture_problems(figure: FigureRow, recipe: Recipe) -> Iterator[tuple[str, str]]:
    if not figure.sha256 or not figure.perceptual_hash:
        yield PICTURE, f"Its picture ({figure.mime or 'of no known type'}) can't be decoded."
        return
    if figure.perceptual_hash == _BLANK:
        yield PICTURE, "Its picture has one colour throughout."
    shortest = min(figure.width or 0, figure.height or 0)
    if shortest < recipe.figures.smallest_side:
        yield (
            PICTURE,
            f"Its picture is {figure.width} x {figure.height} pixels; the recipe asks for "
            f"{recipe.figures.smallest_side} a side.",
        )


def _alignment_problems(figure: FigureRow, recipe: Recipe) -> Iterator[tuple[str, str]]:
    least = recipe.figures.minimum_alignment
    if figure.alignment < least:
        parts = ", ".join(f"{part.name} {part.value:.2f}" for part in figure.alignment_parts)
        yield (
            ALIGNMENT,
            f"That caption and picture belong together is sure by {figure.alignment:.2f}; the recipe asks "
            f"for {least:.2f}{f' ({parts})' if parts else ''}.",
        )


def _primary(tag: str) -> str:
    return tag.lower().partition("-")[0]
