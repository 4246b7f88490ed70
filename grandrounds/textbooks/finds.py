"""A figure as it is found: caption, picture, or both, and why the two were put together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from grandrounds.textbooks import boxes
from grandrounds.textbooks.atoms import Atom
from grandrounds.textbooks.labels import Head
from grandrounds.textbooks.layout import Block
from grandrounds.textbooks.matching import Fit
from grandrounds.textbooks.pages import Page
from grandrounds.textbooks.values import Box

_SMALLEST_ALONE = 0.02
"""Share of the page that a picture without a caption covers at least, to be told as a figure."""


@dataclass(slots=True, kw_only=True)
class Found:
    """A figure, a caption without one, or a picture without a caption, before its picture is cut.

    ``fit`` is why the two were put together; ``rival`` the best fit of another picture or caption.
    """

    caption: Block | None = None
    words: Block | None = None
    page: int | None = None
    box: Box = boxes.EMPTY
    atoms: list[Atom] = field(default_factory=list)
    fit: Fit | None = None
    rival: float = 0.0
    across: str = ""
    order: tuple[int, float] = (0, 0.0)
    notes: list[str] = field(default_factory=list)

    @property
    def head(self) -> Head | None:
        """The label of the figure, where it has a caption."""
        return self.caption.head if self.caption is not None else None

    @property
    def has_words(self) -> bool:
        """Whether words follow the label."""
        block = self.words or self.caption
        return (
            block is not None
            and block.head is not None
            and (bool(block.head.words) or len(block.lines) > 1)
        )


def worth_telling(one: Found, pages: Mapping[int, Page]) -> bool:
    """Whether a picture without a caption is a figure rather than decoration."""
    assert one.page is not None
    page = pages[one.page]
    share = boxes.area(one.box) / (boxes.area(page.box) or 1.0)
    if all(atom.weak for atom in one.atoms) or share < _SMALLEST_ALONE:
        return False
    if any(atom.images for atom in one.atoms):
        return min(boxes.width(one.box), boxes.height(one.box)) >= 40
    curves = sum(atom.curves for atom in one.atoms)
    return curves >= 3 and min(boxes.width(one.box), boxes.height(one.box)) >= 60
