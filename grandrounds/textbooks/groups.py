"""Atoms that may be one figure: a tree of groups, nearest first, that no running text parts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from grandrounds.textbooks import boxes
from grandrounds.textbooks.atoms import Atom
from grandrounds.textbooks.layout import BARRIERS, BODY, CAPTION, HEADING, TABLE_CAPTION, Block
from grandrounds.textbooks.values import Box

_FARTHEST = 60.0
_MOST_ATOMS = 40
_PANEL_WORDS = re.compile(r"^\s*[\[(]?[A-Za-z][\])]|^\s*[\[(]?(?:i{1,3}|iv|vi?)[\])]")


@dataclass(frozen=True, slots=True)
class Group:
    """Atoms (by number) taken as one figure, and the box around them. ``apart``: the widest gap joined."""

    members: frozenset[int]
    box: Box
    apart: float = 0.0


def groups_of(atoms: Sequence[Atom], blocks: Sequence[Block]) -> list[Group]:
    """Every atom alone, then every group that joining the nearest two gives; later hold earlier ones."""
    walls = barriers(atoms, blocks)
    active = [Group(frozenset({number}), atom.box) for number, atom in enumerate(atoms)]
    if len(active) > _MOST_ATOMS:
        active = _crowd(active, walls)
    found = list(active)
    distances: dict[tuple[int, int], float] = {}
    names = list(range(len(active)))
    nodes = dict(enumerate(active))
    for first in names:
        for second in names[first + 1 :]:
            distances[(first, second)] = _distance(nodes[first], nodes[second], walls)
    next_name = len(names)
    while distances:
        pair = min(distances, key=lambda key: (distances[key], key))
        if distances[pair] > _FARTHEST:
            break
        one, other = nodes.pop(pair[0]), nodes.pop(pair[1])
        joined = Group(
            one.members | other.members,
            boxes.union((one.box, other.box)),
            max(one.apart, other.apart, distances[pair]),
        )
        found.append(joined)
        distances = {key: value for key, value in distances.items() if not set(key) & set(pair)}
        for name, node in nodes.items():
            distances[(name, next_name)] = _distance(node, joined, walls)
        nodes[next_name] = joined
        next_name += 1
    return found


def column_groups(
    caption: Box, atoms: Sequence[Atom], blocks: Sequence[Block], walls: Sequence[Block], page_width: float
) -> list[Group]:
    """Groups within the caption's own column, growing away from it: above, and below.

    Panels of neighbouring columns may stand nearer one another than panels of one figure do.
    """
    middle = (caption[0] + caption[2]) / 2
    column = [
        block.box
        for block in blocks
        if block.kind in (BODY, CAPTION, TABLE_CAPTION)
        and block.box[0] - 2 <= middle <= block.box[2] + 2
        and boxes.width(block.box) < 0.62 * page_width
    ]
    low, high = (
        min([caption[0], *(box[0] for box in column)]) - 4,
        max([caption[2], *(box[2] for box in column)]) + 4,
    )
    if high - low > 0.7 * page_width:
        return []
    inside = [number for number, atom in enumerate(atoms) if atom.box[0] >= low and atom.box[2] <= high]
    found: list[Group] = []
    for below in (False, True):
        some = [
            one
            for one in inside
            if (atoms[one].box[1] >= caption[3] - 4 if below else atoms[one].box[3] <= caption[1] + 4)
        ]
        some.sort(key=lambda one: atoms[one].box[1] if below else -atoms[one].box[3])
        group: Group | None = None
        for one in some:
            alone = Group(frozenset({one}), atoms[one].box)
            if group is None:
                group = alone
                continue
            apart = _distance(group, alone, walls)
            if apart > _FARTHEST + 20:
                break
            group = Group(
                group.members | {one},
                boxes.union((group.box, alone.box)),
                max(group.apart, min(apart, _FARTHEST)),
            )
            found.append(group)
    return found


def barriers(atoms: Sequence[Atom], blocks: Sequence[Block]) -> list[Block]:
    """Blocks that part figures: running text, headings and captions that don't lie within a drawing."""
    found = []
    for block in blocks:
        if block.kind not in BARRIERS:
            continue
        if block.kind not in (CAPTION, TABLE_CAPTION):
            if any(not atom.texty and boxes.share_inside(block.box, atom.box) > 0.7 for atom in atoms):
                continue
            if _PANEL_WORDS.match(block.lines[0].text) and len(block.lines) <= 3:
                continue
            if block.kind == HEADING and _beside_drawing(block, atoms, blocks):
                continue
        found.append(block)
    return found


def _beside_drawing(block: Block, atoms: Sequence[Atom], blocks: Sequence[Block]) -> bool:
    """A short large or bold line right at a drawing is its title or a label, not a heading of the text."""
    if block.length >= 60:
        return False
    for atom in atoms:
        if atom.images:
            continue
        if boxes.gap(block.box, atom.box) < 6 and boxes.overlap_x(block.box, atom.box) > 0.9:
            return True
        if (
            boxes.gap(block.box, atom.box) < 24
            and boxes.overlap_x(block.box, atom.box) > 0.9
            and any(other.kind == CAPTION and 0 <= other.box[1] - block.box[3] < 20 for other in blocks)
        ):
            return True  # the title of an axis, between a chart and its caption
        if boxes.overlap_y(block.box, atom.box) > 0.9 and boxes.gap_x(block.box, atom.box) < 80:
            # a heading of the next column begins where its text begins
            return not any(
                other.kind == BODY
                and abs(other.box[0] - block.box[0]) < 2
                and boxes.gap_y(other.box, block.box) < 60
                for other in blocks
            )
    return False


def _distance(first: Group, second: Group, walls: Sequence[Block]) -> float:
    apart = boxes.gap(first.box, second.box)
    if apart > _FARTHEST:
        return float("inf")
    around = boxes.union((first.box, second.box))
    for wall in walls:
        between = (
            boxes.shared(wall.box, around)
            - boxes.shared(wall.box, first.box)
            - boxes.shared(wall.box, second.box)
        )
        if between > 0.05 * boxes.area(wall.box):
            return float("inf")
    # what lies neither above nor beside one another is joined last
    skew = (
        20.0
        if boxes.overlap_x(first.box, second.box) < 0.2 and boxes.overlap_y(first.box, second.box) < 0.2
        else 0.0
    )
    return apart + skew


def _crowd(active: Sequence[Group], walls: Sequence[Block]) -> list[Group]:
    """A first joining of a great many atoms, so that the tree stays small."""
    nodes = sorted(active, key=lambda group: (group.box[1], group.box[0]))
    reach = 4.0
    while len(nodes) > _MOST_ATOMS and reach < 400:
        joined: list[Group] = []
        for node in nodes:
            for number, other in enumerate(joined):
                if (
                    boxes.gap(node.box, other.box) <= reach
                    and _distance(other, node, walls) < _FARTHEST + reach
                ):
                    joined[number] = Group(
                        other.members | node.members,
                        boxes.union((other.box, node.box)),
                        max(other.apart, reach),
                    )
                    break
            else:
                joined.append(node)
        nodes = joined
        reach *= 1.7
    return nodes[: 3 * _MOST_ATOMS]
