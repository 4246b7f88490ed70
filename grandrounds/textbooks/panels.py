"""Panels of a figure: where each stands, and which part of the caption speaks of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from grandrounds.textbooks import boxes
from grandrounds.textbooks.assignment import assign
from grandrounds.textbooks.atoms import Atom
from grandrounds.textbooks.layout import Block
from grandrounds.textbooks.parts import Part, parts_of
from grandrounds.textbooks.values import Box, ReadPanel

_LETTER = re.compile(
    r"^\W{0,2}(?:fig(?:ure)?\.?\s?\d*\s?)?(?P<label>[A-Za-z]|i{1,3}|iv|vi{0,3}|\d)\W{0,2}$", re.IGNORECASE
)
_LETTER_AHEAD = re.compile(r"^[(\[](?P<label>[A-Za-z]|i{1,3}|iv|vi{0,3})[)\]]")
_PLACES = {"left": 0, "right": -1, "top": 0, "upper": 0, "bottom": -1, "lower": -1}
_SMALLEST_SHARE = 0.04


@dataclass(frozen=True, slots=True)
class Letter:
    """A panel's letter printed on the page, in or right beside the figure."""

    label: str
    box: Box


def letters_near(box: Box, blocks: Sequence[Block]) -> list[Letter]:
    """Single letters printed in ``box`` or within a line's height of it."""
    found = []
    around = boxes.grown(box, 20)
    for block in blocks:
        if block.head is not None or boxes.gap(block.box, around) > 0:
            continue
        for line in block.lines:
            if not boxes.center_inside(line.box, around):
                continue
            match = _LETTER.match(line.text) or _LETTER_AHEAD.match(line.text)
            if match:
                found.append(Letter(match.group("label"), line.box))
    return found


def panels_of(
    caption: str,
    box: Box,
    atoms: Sequence[Atom],
    letters: Sequence[Letter],
    split: Callable[[int], Sequence[Box]],
) -> tuple[ReadPanel, ...]:
    """The panels that the caption or printed letters tell of; ``pixels`` are left to who cuts the picture.

    ``split`` looks for so many panels in the pixels; it is asked where pictures and letters don't tell.
    """
    parts = parts_of(caption)
    labels = [part.label for part in parts]
    if len(labels) < 2:
        labels = _from_letters(letters)
        if len(labels) < 2:
            return ()
    places, how = _places(box, atoms, letters, labels, split)
    matched, sure = _matched(places, letters, labels)
    spans = {part.label: part for part in parts}
    made = []
    for label in labels:
        part: Part | None = spans.get(label)
        place = matched.get(label)
        confidence = how * (sure.get(label, 0.8)) if place is not None else 0.0
        made.append(
            ReadPanel(
                label=label,
                box=boxes.rounded(place) if place is not None else (),
                caption_start=part.start if part else None,
                caption_end=part.end if part else None,
                confidence=round(confidence if part else confidence * 0.8, 3),
            )
        )
    return tuple(made)


def _from_letters(letters: Sequence[Letter]) -> list[str]:
    """Labels that printed letters make up by themselves: A, B, C without a gap."""
    seen = {letter.label for letter in letters if letter.label.isalpha() and len(letter.label) == 1}
    for first in ("A", "a"):
        labels = []
        for number in range(26):
            name = chr(ord(first) + number)
            if name not in seen:
                break
            labels.append(name)
        if len(labels) >= 2:
            return labels
    return []


def _places(
    box: Box,
    atoms: Sequence[Atom],
    letters: Sequence[Letter],
    labels: Sequence[str],
    split: Callable[[int], Sequence[Box]],
) -> tuple[list[Box], float]:
    """Boxes of the panels, row by row, and how far the way they were found is to be trusted."""
    large = [atom.box for atom in atoms if boxes.area(atom.box) > _SMALLEST_SHARE * boxes.area(box)]
    large = [
        one
        for one in large
        if not any(other != one and boxes.share_inside(one, other) > 0.8 for other in large)
    ]
    if len(large) == len(labels):
        return rows(large), 1.0
    if len(large) > len(labels):
        joined = _by_letters(large, letters, labels)
        if joined:
            return joined, 0.85
    found = list(split(len(labels)))
    if len(found) == len(labels):
        return rows(found), 0.85
    return ([box] if len(labels) == 1 else []), 0.0


def _by_letters(found: Sequence[Box], letters: Sequence[Letter], labels: Sequence[str]) -> list[Box]:
    """More pictures than panels: each picture goes to its nearest printed letter."""
    wanted = {letter.label: letter.box for letter in letters if letter.label in labels}
    if len(wanted) != len(labels):
        return []
    homes: dict[str, list[Box]] = {}
    for one in found:
        nearest = min(wanted, key=lambda label: (_cost(one, wanted[label]), label))
        homes.setdefault(nearest, []).append(one)
    return [boxes.union(some) for some in homes.values()] if len(homes) == len(labels) else []


def rows(found: Sequence[Box]) -> list[Box]:
    """Boxes row by row, from left to right, as panels are lettered."""
    rest = sorted(found, key=lambda box: (box[1], box[0]))
    ordered: list[Box] = []
    while rest:
        middle = (rest[0][1] + rest[0][3]) / 2
        row = [box for box in rest if box[1] < middle < box[3] and boxes.overlap_y(box, rest[0]) > 0.4] or [
            rest[0]
        ]
        ordered += sorted(row, key=lambda box: box[0])
        rest = [box for box in rest if box not in row]
    return ordered


def _matched(
    places: Sequence[Box], letters: Sequence[Letter], labels: Sequence[str]
) -> tuple[dict[str, Box], dict[str, float]]:
    """Each label's place: by the letters printed near, else in the order of reading."""
    if len(places) != len(labels):
        return {}, {}
    printed: dict[str, list[Box]] = {}
    for letter in letters:
        for label in labels:
            if letter.label == label or letter.label.casefold() == label.casefold():
                printed.setdefault(label, []).append(letter.box)
                break
    if len(printed) >= 2 and len(printed) >= 0.7 * len(labels):
        costs = [
            [
                min((_cost(place, box) for box in printed[label]), default=60.0)
                if label in printed
                else 60.0 + 3 * abs(row - column)
                for column, place in enumerate(places)
            ]
            for row, label in enumerate(labels)
        ]
        answer = assign(costs, leave_out=1e6)
        agreed = {
            labels[row]: 0.98 if labels[row] in printed and costs[row][column] < 30 else 0.7
            for row, column in answer.items()
        }
        return {labels[row]: places[column] for row, column in answer.items()}, agreed
    if any(label.casefold().split()[-1] in _PLACES for label in labels):
        return _by_words(places, labels)
    return dict(zip(labels, places, strict=True)), dict.fromkeys(labels, 0.85)


def _cost(place: Box, letter: Box) -> float:
    """How far a letter is from the panel it may name: inside its upper left corner costs least."""
    corner = abs(letter[0] - place[0]) + abs(letter[1] - place[1])
    across = abs((letter[0] + letter[2]) - (place[0] + place[2])) / 2
    outside = boxes.gap(letter, place)
    return outside + 0.05 * min(corner, across + max(0.0, letter[1] - place[3]))


def _by_words(places: Sequence[Box], labels: Sequence[str]) -> tuple[dict[str, Box], dict[str, float]]:
    """Panels named by where they stand: left, right, top, bottom."""
    found: dict[str, Box] = {}
    for label in labels:
        words = label.casefold().replace("-", " ").split()
        rank = list(places)
        for word in words:
            if word in ("left", "right"):
                rank.sort(key=lambda box: box[0], reverse=word == "right")
            elif word in ("top", "upper", "bottom", "lower"):
                rank.sort(key=lambda box: box[1], reverse=word in ("bottom", "lower"))
        free = [box for box in rank if box not in found.values()]
        if free:
            found[label] = free[0]
    return found, dict.fromkeys(found, 0.8)
