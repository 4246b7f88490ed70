"""Figures of a whole document: what each page gives, then what one page can't tell alone.

Captions whose picture stands on the page before or after, pictures that only bear a label while their
caption stands elsewhere, captions that are no captions after all.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from grandrounds.textbooks import boxes
from grandrounds.textbooks.atoms import Atom, Repeated, atoms_of
from grandrounds.textbooks.finds import Found, worth_telling
from grandrounds.textbooks.groups import Group, barriers, column_groups, groups_of
from grandrounds.textbooks.labels import TABLE, Head
from grandrounds.textbooks.layout import BODY, CAPTION, SMALL, TABLE_CAPTION, Block
from grandrounds.textbooks.matching import ABOVE, BELOW, Fit, Pair, Sides, fit_of, pairs_of
from grandrounds.textbooks.pages import Page
from grandrounds.textbooks.spreads import across_pages
from grandrounds.textbooks.typography import Look
from grandrounds.textbooks.values import Box

_WORDS = re.compile(r"[^\W\d_]{3,}|[\u3040-\u9fff]{2}")
_FEWEST_WORDS = 3
_LEADER = re.compile(r"(?:\.\s?){4,}\s*\d{1,4}\s*$|…{2,}\s*\d{1,4}\s*$")
_SURE_FIT = 0.8
_MOST_IN_COLUMNS = 40
_LEADER_REACH = 72.0


@dataclass(slots=True, kw_only=True)
class Document:
    """What was found in all pages; ``tables`` and ``decoration`` count what was told apart and left out."""

    figures: list[Found]
    tables: int
    decoration: int
    table_boxes: Mapping[int, list[Box]]


@dataclass(slots=True)
class _Sheet:
    """One page at work."""

    page: Page
    blocks: list[Block]
    atoms: list[Atom]
    groups: list[Group]
    walls: list[Block]
    captions: list[Block]
    pairs: list[Pair] = field(default_factory=list)


def find_figures(
    pages: Sequence[Page],
    *,
    blocks_on: Callable[[int], list[Block]],
    repeated: Repeated,
    wanted: Sequence[int],
    look: Look,
) -> Document:
    """All figures of a document. ``wanted``: the pages with a picture, a drawing or a label."""
    by_number = {page.number: page for page in pages}
    sheets: list[_Sheet] = []
    decoration = 0
    for number in wanted:
        page = by_number[number]
        blocks = blocks_on(number)
        atoms, left_out = atoms_of(page, blocks, repeated)
        decoration += left_out
        captions = [
            block for block in blocks if block.kind in (CAPTION, TABLE_CAPTION) and not _listed(block)
        ]
        walls = barriers(atoms, blocks)
        groups = groups_of(atoms, blocks)
        if 2 < len(atoms) <= _MOST_IN_COLUMNS:
            known = {group.members for group in groups}
            for block in captions:
                for group in column_groups(block.box, atoms, blocks, walls, page.width):
                    if group.members not in known:
                        known.add(group.members)
                        groups.append(group)
        sheets.append(_Sheet(page, blocks, atoms, groups, walls, captions))
    _demote_repeats(sheets)
    sides = Sides()
    for last in (False, True):  # once to learn on which side captions stand here, once to use it
        counted: Counter[str] = Counter()
        for sheet in sheets:
            sheet.pairs = pairs_of(sheet.captions, sheet.groups, sheet.atoms, sheet.walls, sides=sides)
            if not last:
                counted.update(
                    pair.fit.side
                    for pair in sheet.pairs
                    if sheet.captions[pair.caption].kind == CAPTION and pair.fit.parts["distance"] > 0.5
                )
        if not last:
            sides = Sides(counted)
    figures: list[Found] = []
    tables = 0
    table_boxes: dict[int, list[Box]] = defaultdict(list)
    for sheet in sheets:
        made, more_tables, more_decoration = _on_page(sheet, sides, table_boxes, look)
        figures += made
        tables += more_tables
        decoration += more_decoration
    figures = across_pages(figures, by_number, blocks_on)
    figures = _labels_elsewhere(figures)
    kept = [one for one in figures if one.caption is not None or worth_telling(one, by_number)]
    decoration += len(figures) - len(kept)
    kept.sort(key=lambda one: one.order)
    return Document(figures=kept, tables=tables, decoration=decoration, table_boxes=table_boxes)


def _listed(block: Block) -> bool:
    """A line of a list of figures: dots lead to a page number."""
    return any(_LEADER.search(line.text) for line in block.lines)


def _demote_repeats(sheets: Sequence[_Sheet]) -> None:
    """Of two captions with one label, the one that looks less like a caption is running text."""
    best: dict[str, float] = {}
    for sheet in sheets:
        for block in sheet.captions:
            if block.head is not None:
                best[block.head.key] = max(best.get(block.head.key, 0.0), block.score)
    for sheet in sheets:
        for block in list(sheet.captions):
            assert block.head is not None
            if block.score + 1.9 < best[block.head.key] and not block.head.continued and block.head.words:
                block.kind, block.head = BODY, None
                sheet.captions.remove(block)
                sheet.walls = barriers(sheet.atoms, sheet.blocks)


def _on_page(
    sheet: _Sheet, sides: Sides, table_boxes: dict[int, list[Box]], look: Look
) -> tuple[list[Found], int, int]:
    """The figures of one page; how many tables; how many drawings were neither."""
    made: list[Found] = []
    claimed: set[int] = set()
    chosen = {pair.caption: pair for pair in sheet.pairs}
    tables = sum(
        block.kind == TABLE_CAPTION and not (block.head and block.head.continued)
        for block in sheet.captions
    )
    for number, block in enumerate(sheet.captions):
        pair = chosen.get(number)
        if pair is not None:
            claimed |= pair.group.members
        if block.kind == TABLE_CAPTION:
            if pair is not None:
                table_boxes[sheet.page.number].append(pair.group.box)
            continue
        found = Found(caption=block, words=block, order=(sheet.page.number, float(block.order)))
        if pair is not None:
            found.atoms = [sheet.atoms[one] for one in sorted(pair.group.members)]
            found.page, found.fit = sheet.page.number, pair.fit
            found.box = _with_labels(pair.group.box, found.atoms, sheet)
            found.rival = _rival(number, pair, sheet, sides)
        made.append(found)
    decoration = 0
    left = [number for number in range(len(sheet.atoms)) if number not in claimed]
    for group in _leftover(sheet.groups, frozenset(left)):
        atoms = [sheet.atoms[one] for one in sorted(group.members)]
        if all(atom.ruled for atom in atoms):
            if _like_table(atoms):
                tables += 1
                table_boxes[sheet.page.number].append(group.box)
            else:
                decoration += 1
            continue
        order = (sheet.page.number, _place_of(group.box, sheet.blocks))
        one = Found(
            page=sheet.page.number, atoms=atoms, box=_with_labels(group.box, atoms, sheet), order=order
        )
        _caption_without_label(one, sheet, look, sides, [sheet.captions[number] for number in chosen])
        made.append(one)
    return made, tables, decoration


def _caption_without_label(
    one: Found, sheet: _Sheet, look: Look, sides: Sides, taken: Sequence[Block]
) -> None:
    """Take the block right below or above a picture for its caption where its type is not the body's."""
    if all(atom.weak for atom in one.atoms) or sheet.page.by_ocr:
        return
    if any(block.kind == CAPTION for block in sheet.captions if block not in taken):
        return  # a caption with a label may be this picture's, if farther away
    best: tuple[float, Block, str, float] | None = None
    for block in sheet.blocks:
        first = block.lines[0]
        if block.kind not in (BODY, SMALL) or block.head is not None or look.is_body(first):
            continue
        odd = first.size < look.size - 0.35 or (first.italic and first.size <= look.size + 0.3)
        if not odd or block.length < 15 or len(block.lines) > 10 or first.sideways:
            continue
        down = boxes.gap_y(block.box, one.box)
        if len(_WORDS.findall(" ".join(line.text for line in block.lines))) < _FEWEST_WORDS:
            continue
        if not -2 <= down <= 16 or boxes.overlap_x(block.box, one.box) < 0.2:
            continue
        side = BELOW if block.box[1] > one.box[1] else ABOVE
        whole = sides.share(side) - down / 40
        if best is None or whole > best[0]:
            best = (whole, block, side, down)
    if best is None:
        return
    _, block, side, down = best
    text = " ".join(line.text for line in block.lines)
    block.kind, block.score = CAPTION, 2.5
    block.head = Head(
        kind="figure",
        label="",
        key="",
        word="",
        words=text,
        offset=0,
        separated=False,
        sentence=False,
        plural=False,
    )
    one.caption = one.words = block
    one.order = (sheet.page.number, float(block.order))
    parts = {
        "distance": 1 / (1 + (max(0.0, down - 6) / 45) ** 2),
        "overlap": boxes.overlap_x(block.box, one.box),
        "side": sides.share(side),
    }
    one.fit = Fit(side, parts, 0.7)
    one.notes.append("The caption bears no label; it was told by its type and place.")


def _like_table(atoms: Sequence[Atom]) -> bool:
    return any(
        (atom.shapes >= 4 and atom.text_share > 0.05) or (atom.texty and atom.shapes >= 6) for atom in atoms
    )


def _leftover(groups: Sequence[Group], free: frozenset[int]) -> list[Group]:
    """The largest groups that only hold what no caption took, and are no farther apart than panels are."""
    found: list[Group] = []
    taken: set[int] = set()
    for group in reversed(groups):
        if group.members <= free and not group.members & taken and group.apart <= 24:
            found.append(group)
            taken |= group.members
    return sorted(found, key=lambda group: (group.box[1], group.box[0]))


def _place_of(box: Box, blocks: Sequence[Block]) -> float:
    """Where a picture stands in the reading order: after the last block above it in its column."""
    above = [
        block.order
        for block in blocks
        if block.box[3] <= box[1] + 4 and boxes.overlap_x(block.box, box) > 0.2
    ]
    if above:
        return max(above) + 0.5
    below = [
        block.order
        for block in blocks
        if block.box[1] >= box[3] - 4 and boxes.overlap_x(block.box, box) > 0.2
    ]
    return min(below, default=0) - 0.5


def _rival(number: int, pair: Pair, sheet: _Sheet, sides: Sides) -> float:
    """How well the picture would go with another caption, or the caption with another picture."""
    best = 0.0
    for other, block in enumerate(sheet.captions):
        if other == number or block.kind != CAPTION:
            continue
        fit = fit_of(block, pair.group, sheet.atoms, sheet.walls, sides=sides)
        best = max(best, fit.whole if fit else 0.0)
    for one in sheet.pairs:
        if one.caption != number:
            fit = fit_of(sheet.captions[number], one.group, sheet.atoms, sheet.walls, sides=sides)
            best = max(best, fit.whole if fit else 0.0)
    return best


def _with_labels(box: Box, atoms: Sequence[Atom], sheet: _Sheet) -> Box:
    """The box with the words that belong to a drawing: axis titles, ticks, labels right beside it."""
    if all(atom.images for atom in atoms):
        return box
    walls = {id(wall) for wall in sheet.walls}
    drawn = [atom.box for atom in atoms if not atom.images]
    first, reach = boxes.union(drawn), 11.0
    for _ in range(3):
        before = box
        for block in sheet.blocks:
            if id(block) in walls or block.head is not None:
                continue
            for line in block.lines:
                near = any(boxes.gap(line.box, one) <= reach for one in (*drawn, box))
                if (near and len(line.text) < 60 and _beside(line.box, box)) or _led_to(
                    line.box, line.text, first, sheet
                ):
                    box = boxes.union((box, line.box))
        if box == before:
            break
        reach = 7.0
    for wall in sheet.walls:  # labels never reach into the caption or the text
        if boxes.shared(wall.box, box) > 0 and boxes.share_inside(wall.box, box) < 0.7:
            box = _cut_back(box, wall.box, boxes.union(atom.box for atom in atoms))
    return boxes.clip(box, sheet.page.box)


def _led_to(line: Box, text: str, drawn: Box, sheet: _Sheet) -> bool:
    """Whether a short line stands a little to the left or right of a drawing, as labels with leaders do."""
    if len(text) > 40 or not drawn[1] - 2 <= (line[1] + line[3]) / 2 <= drawn[3] + 2:
        return False
    apart = boxes.gap_x(line, drawn)
    if not 0 < apart <= _LEADER_REACH:
        return False
    for wall in sheet.walls:  # what stands in the next column is none of this drawing's
        if boxes.overlap_x(wall.box, line) > 0.5 and boxes.gap_x(wall.box, drawn) > 0:
            return False
    gap = boxes.between(line, drawn)
    return not any(boxes.shared(wall.box, boxes.grown(gap, 0.5)) > 4 for wall in sheet.walls)


def _beside(line: Box, box: Box) -> bool:
    return boxes.overlap_x(line, box) > 0.3 or boxes.overlap_y(line, box) > 0.3


def _cut_back(box: Box, wall: Box, least: Box) -> Box:
    """``box`` without the part that ``wall`` covers, never less than ``least``."""
    x0, y0, x1, y1 = box
    if wall[1] >= least[3] - 2:
        y1 = max(least[3], min(y1, wall[1]))
    elif wall[3] <= least[1] + 2:
        y0 = min(least[1], max(y0, wall[3]))
    elif wall[0] >= least[2] - 2:
        x1 = max(least[2], min(x1, wall[0]))
    elif wall[2] <= least[0] + 2:
        x0 = min(least[0], max(x0, wall[2]))
    return (x0, y0, x1, y1)


def _labels_elsewhere(figures: list[Found]) -> list[Found]:
    """A picture that bears only its label, and the words that stand elsewhere under the same label."""
    bare = {
        one.head.key: one
        for one in reversed(figures)
        if one.head is not None and one.head.key and one.page is not None and not one.has_words
    }
    gone: set[int] = set()
    for one in figures:
        if one.head is None or one.page is not None or not one.has_words or one.head.kind == TABLE:
            continue
        other = bare.pop(one.head.key, None)
        if other is None:
            continue
        one.page, one.box, one.atoms = other.page, other.box, other.atoms
        one.across = "label"
        whole = 0.86 if other.fit is None else min(0.9, 0.4 + 0.5 * other.fit.whole)
        one.fit = Fit("label", {"same_label": whole}, whole)
        one.notes.append(f"The picture bears the label alone; its caption stands on page {one.order[0]}.")
        gone.add(id(other))
    return [one for one in figures if id(one) not in gone]
