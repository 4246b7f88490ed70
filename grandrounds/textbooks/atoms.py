"""The pictures and drawings of a page that may be a figure or a part of one; decoration is left out.

An atom is an embedded picture (or strips of one), or drawn shapes that hang together. Rules, backgrounds,
frames around text, logos, icons and art that comes again on other pages are none.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from grandrounds.textbooks import boxes
from grandrounds.textbooks.grid import connected
from grandrounds.textbooks.layout import BODY, CAPTION, HEADING, TABLE_CAPTION, Block
from grandrounds.textbooks.pages import Image, Page, Shape
from grandrounds.textbooks.values import Box

_WHITE = 0xFA
_THIN = 4.0
_SMALLEST_SIDE = 20.0
_SMALLEST_SHARE = 0.0035
_WEAK_SHARE = 0.007
_MARGIN = 0.09
_OFTEN = 3
_Place = tuple[int, int, int, int]
"""A box rounded to points."""


@dataclass(slots=True)
class Atom:
    """A picture or drawing. ``ruled``: only rectangles and straight lines, as tables and text boxes are.

    ``texty``: such a one that text fills. ``weak`` atoms are small, or in the margin. What is ruled,
    texty or weak is a figure only where a caption says so. ``shapes`` counts drawn pieces.
    """

    box: Box
    images: list[Image] = field(default_factory=list)
    shapes: int = 0
    curves: int = 0
    ruled: bool = False
    texty: bool = False
    weak: bool = False
    text_share: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeated:
    """What comes again on many pages: digests of pictures, and boxes of shapes rounded to points."""

    digests: frozenset[str] = frozenset()
    places: frozenset[_Place] = frozenset()


def repeated_art(pages: Sequence[Page]) -> Repeated:
    """Pictures that stand on three or more pages, and shapes at one place on three or more pages."""
    on: dict[str, set[int]] = defaultdict(set)
    where: dict[str, Counter[_Place]] = defaultdict(Counter)
    large: dict[str, float] = {}
    inside: list[Any] = []
    edge: list[Any] = []
    for page in pages:
        whole = boxes.area(page.box) or 1.0
        for image in page.images:
            on[image.digest].add(page.number)
            where[image.digest][_place(image.box)] += 1
            large[image.digest] = max(large.get(image.digest, 0.0), boxes.area(image.box) / whole)
        if 0 < len(page.shapes) <= 2000:
            places = np.unique(np.rint(page.shapes.boxes).astype(np.int32), axis=0)
            at_edge = _at_edge(places, page)
            edge.append(places[at_edge])
            inside.append(places[~at_edge])
    digests = set()
    for digest, numbers in on.items():
        same_place = max(where[digest].values())
        often = len(numbers) >= _OFTEN and (large[digest] < 0.06 or same_place >= _OFTEN)
        short = len(numbers) == same_place == 2 and len(pages) <= 4 and large[digest] < 0.03
        if often or short:
            digests.add(digest)
    return Repeated(
        digests=frozenset(digests),
        places=_again(edge, max(_OFTEN, round(0.04 * len(pages))))
        | _again(inside, max(_OFTEN + 1, round(0.4 * len(pages)))),
    )


def _again(places: Sequence[Any], least: int) -> frozenset[_Place]:
    """The places that ``least`` pages or more have."""
    if len(places) < least:
        return frozenset()
    different, counts = np.unique(np.concatenate(places), axis=0, return_counts=True)
    return frozenset(map(tuple, different[counts >= least].tolist()))


def _at_edge(places: Any, page: Page) -> Any:
    """Which shapes stand where running heads and feet, and marks at the side, stand."""
    return (
        (places[:, 3] < 0.11 * page.height)
        | (places[:, 1] > 0.89 * page.height)
        | (places[:, 2] < 0.07 * page.width)
        | (places[:, 0] > 0.93 * page.width)
    )


def atoms_of(page: Page, blocks: Sequence[Block], repeated: Repeated) -> tuple[list[Atom], int]:
    """The atoms of ``page``, and how many pictures and drawings were left out as decoration."""
    pictures, left_out = _pictures(page, blocks, repeated)
    drawings, more = _drawings(page, blocks, repeated, pictures)
    return pictures + drawings, left_out + more


def _pictures(page: Page, blocks: Sequence[Block], repeated: Repeated) -> tuple[list[Atom], int]:
    whole = boxes.area(page.box) or 1.0
    kept: list[Image] = []
    left_out = 0
    for image in page.images:
        if page.scan is not None and boxes.overlap_ratio(image.box, page.scan) > 0.9:
            continue  # the page itself
        if image.digest in repeated.digests or image.width * image.height <= 16:
            left_out += 1
        elif boxes.area(image.box) > 0.85 * whole and _text_over(image.box, blocks) > 0.1:
            left_out += 1  # a background under the text
        else:
            kept.append(image)
    atoms: list[Atom] = []
    for part in connected([image.box for image in kept], distance=1.0):
        members = [kept[one] for one in part]
        box = boxes.clip(boxes.union(image.box for image in members), page.box)
        small = min(boxes.width(box), boxes.height(box)) < _SMALLEST_SIDE
        share = boxes.area(box) / whole
        if small or share < _SMALLEST_SHARE or _in_text(box, blocks):
            left_out += len(members)
            continue
        if len(members) > 1 and not _strips(members):
            atoms += [
                Atom(boxes.clip(one.box, page.box), images=[one], weak=_weak(one.box, page))
                for one in members
            ]
        else:
            atoms.append(Atom(box, images=members, weak=_weak(box, page)))
    return atoms, left_out


def _strips(members: Sequence[Image]) -> bool:
    """Whether pictures that touch are pieces of one: equally wide or tall, or one over another."""
    if (
        len({round(one.box[0]) for one in members}) == 1
        and len({round(one.box[2]) for one in members}) == 1
    ):
        return all(boxes.height(one.box) < 0.4 * boxes.width(one.box) for one in members[:-1])
    if (
        len({round(one.box[1]) for one in members}) == 1
        and len({round(one.box[3]) for one in members}) == 1
    ):
        return all(boxes.width(one.box) < 0.4 * boxes.height(one.box) for one in members[:-1])
    largest = max(members, key=lambda one: boxes.area(one.box))
    inside = [boxes.share_inside(one.box, largest.box) for one in members]
    return min(inside) > 0.8 or len(members) > 12


def _weak(box: Box, page: Page) -> bool:
    share = boxes.area(box) / (boxes.area(page.box) or 1.0)
    at_edge = box[3] < _MARGIN * page.height or box[1] > (1 - _MARGIN) * page.height
    return share < _WEAK_SHARE or at_edge


def _in_text(box: Box, blocks: Iterable[Block]) -> bool:
    """Whether a small picture stands within a line of text."""
    for block in blocks:
        if boxes.gap(block.box, box) > 6:
            continue
        for line in block.lines:
            if (
                boxes.height(box) < 2.0 * max(line.size, 6)
                and boxes.overlap_y(line.box, box) > 0.5
                and boxes.gap_x(line.box, box) < 6
                and len(line.text) > 12
            ):
                return True
    return False


def _drawings(
    page: Page, blocks: Sequence[Block], repeated: Repeated, pictures: Sequence[Atom]
) -> tuple[list[Atom], int]:
    captions = [block.box for block in blocks if block.kind in (CAPTION, TABLE_CAPTION)]
    texts = _long_lines(blocks)
    shapes = _counting(page, captions, texts, repeated)
    if not shapes:
        return [], 0
    large = 0.02 * page.width * page.height
    hollow = [shape.rectangle and (not shape.filled or boxes.area(shape.box) > large) for shape in shapes]
    atoms: list[Atom] = []
    left_out = 0
    for part in connected([shape.box for shape in shapes], distance=5.0, hollow=hollow):
        members = [shapes[one] for one in part]
        atom = _drawing(members, page, blocks)
        if atom is None:
            left_out += _is_picture(members)
        elif not _frames_picture(atom, members, pictures):
            atoms.append(atom)
    return atoms, left_out


def _counting(page: Page, captions: Sequence[Box], texts: Sequence[Box], repeated: Repeated) -> list[Shape]:
    """The shapes that may be of a drawing: not white, no ground of the page, no frame, no repeated art."""
    shapes = page.shapes
    if not len(shapes):
        return []
    red, green, blue = shapes.color >> 16, (shapes.color >> 8) & 255, shapes.color & 255
    white = np.minimum(np.minimum(red, green), blue) >= _WHITE
    counting = ~(shapes.filled & white)
    x0, y0, x1, y1 = shapes.boxes.astype(np.float64).T
    size = np.maximum(x1 - x0, 0) * np.maximum(y1 - y0, 0)
    whole = page.width * page.height
    counting &= size <= 0.7 * whole
    for one in np.flatnonzero(counting & (size >= 0.01 * whole)):
        counting[one] = not _holds(tuple(shapes.boxes[one].tolist()), captions, texts, page)
    kept = shapes.where(counting)
    if repeated.places:
        kept = [shape for shape in kept if _place(shape.box) not in repeated.places]
    return kept


def _holds(box: Box, captions: Sequence[Box], texts: Sequence[Box], page: Page) -> bool:
    """Whether a shape is a frame or a ground around running text, a figure with its caption, or a table."""
    if any(boxes.share_inside(caption, box) > 0.9 for caption in captions):
        return True
    return boxes.width(box) > 0.36 * page.width and any(
        boxes.share_inside(text, box) > 0.9 and boxes.width(text) > 0.35 * boxes.width(box)
        for text in texts
    )


def _long_lines(blocks: Iterable[Block]) -> list[Box]:
    """Lines of running text: what fills a box with words, not a drawing's labels."""
    return [
        line.box
        for block in blocks
        if block.kind in (BODY, HEADING)
        for line in block.lines
        if len(line.text) > 40
    ]


def _is_picture(members: Sequence[Shape]) -> bool:
    """Whether what was left out is more than a rule or a box: an icon, an ornament."""
    box = boxes.union(shape.box for shape in members)
    return min(boxes.width(box), boxes.height(box)) >= _THIN and not all(
        shape.rectangle for shape in members
    )


def _drawing(members: Sequence[Shape], page: Page, blocks: Sequence[Block]) -> Atom | None:
    box = boxes.clip(boxes.union(shape.box for shape in members), page.box)
    if min(boxes.width(box), boxes.height(box)) < _THIN:
        return None
    share = boxes.area(box) / (boxes.area(page.box) or 1.0)
    curves = sum(not shape.rectangle for shape in members)
    written = _long_text_over(box, blocks)
    if min(boxes.width(box), boxes.height(box)) < 0.6 * _SMALLEST_SIDE or share < _SMALLEST_SHARE / 2:
        return None
    ruled = curves == 0 or (curves <= 2 and len(members) <= 4) or (written > 0.25 and curves < 20)
    text = _text_over(box, blocks)
    holds_caption = any(
        block.kind in (CAPTION, TABLE_CAPTION) and boxes.share_inside(block.box, box) > 0.7
        for block in blocks
    )
    if holds_caption and (ruled or curves < 20):
        return None  # a frame around a figure and its caption, or around a table
    if curves == 0 and len(members) <= 2 and text < 0.05:
        return None  # a rule, an empty frame
    if len(members) <= 3 and boxes.width(box) > 6 * boxes.height(box):
        return None  # a piece of a frame with round corners, cut by the end of a page
    return Atom(
        box,
        shapes=len(members),
        curves=curves,
        ruled=ruled,
        texty=ruled and (len(members) <= 2 or max(text, written) > 0.25),
        weak=_weak(box, page),
        text_share=text,
    )


def _frames_picture(atom: Atom, members: Sequence[Shape], pictures: Sequence[Atom]) -> bool:
    """Whether the drawing is only a frame around a picture that is an atom itself."""
    return len(members) <= 4 and any(
        boxes.share_inside(picture.box, boxes.grown(atom.box, 3)) > 0.95
        and boxes.area(atom.box) < 1.5 * boxes.area(picture.box)
        for picture in pictures
    )


def _text_over(box: Box, blocks: Iterable[Block]) -> float:
    """Which share of ``box`` running text covers."""
    covered = sum(
        boxes.shared(line.box, box)
        for block in blocks
        if block.kind in (BODY, HEADING, CAPTION, TABLE_CAPTION) and boxes.gap(block.box, box) <= 0
        for line in block.lines
    )
    return covered / (boxes.area(box) or 1.0)


def _long_text_over(box: Box, blocks: Iterable[Block]) -> float:
    """Which share of ``box`` lines of text cover that are longer than labels are."""
    covered = sum(
        boxes.shared(line.box, box)
        for block in blocks
        if boxes.gap(block.box, box) <= 0
        for line in block.lines
        if len(line.text) > 25
    )
    return covered / (boxes.area(box) or 1.0)


def _place(box: Box) -> _Place:
    return (round(box[0]), round(box[1]), round(box[2]), round(box[3]))
