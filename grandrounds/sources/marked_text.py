"""A text under construction, with marks that keep their place while the text is tidied."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Place:
    """A mark while its text is made: ``[start, end)`` in the text as it is now."""

    kind: str
    start: int
    end: int
    target: str = ""


@dataclass(slots=True)
class MarkedText:
    """A text made piece by piece, the places marked in it, and how many works it ``cited``."""

    places: list[Place] = field(default_factory=list)
    cited: int = 0
    _parts: list[str] = field(default_factory=list)
    _length: int = 0

    @classmethod
    def of(cls, text: str) -> MarkedText:
        """A marked text that holds ``text`` and no marks."""
        made = cls()
        made.add(text)
        return made

    @property
    def text(self) -> str:
        """The text so far."""
        if len(self._parts) > 1:
            self._parts = ["".join(self._parts)]
        return self._parts[0] if self._parts else ""

    def __len__(self) -> int:
        return self._length

    def ending(self) -> str:
        """The last piece that was added; enough to see what stands before the next."""
        return self._parts[-1] if self._parts else ""

    def add(self, text: str) -> None:
        """Append ``text``."""
        if text:
            self._parts.append(text)
            self._length += len(text)

    def mark(self, kind: str, start: int, *, target: str = "") -> None:
        """Mark what was added since the text had the length ``start``."""
        self.places.append(Place(kind, start, self._length, target))

    def extend(self, other: MarkedText) -> None:
        """Append another marked text with its marks."""
        offset = self._length
        self.cited += other.cited
        self.add(other.text)
        self.places += [
            Place(place.kind, place.start + offset, place.end + offset, place.target)
            for place in other.places
        ]

    def sub(self, pattern: re.Pattern[str], replacement: str | Callable[[re.Match[str]], str]) -> int:
        """Replace each match of ``pattern``; marks move along. The answer is how many there were.

        A mark that loses all its text is dropped.
        """
        old = self.text
        pieces: list[str] = []
        ends: list[int] = []
        starts: list[int] = []
        shifts: list[int] = []
        position = shift = 0
        for match in pattern.finditer(old):
            new = replacement if isinstance(replacement, str) else replacement(match)
            pieces += [old[position : match.start()], new]
            position = match.end()
            shift += len(new) - (match.end() - match.start())
            starts.append(match.start())
            ends.append(match.end())
            shifts.append(shift)
        if not ends:
            return 0
        pieces.append(old[position:])
        self._parts = ["".join(pieces)]
        self._length = len(self._parts[0])

        def moved(place: int, *, is_end: bool) -> int:
            index = bisect_right(ends, place)
            before = shifts[index - 1] if index else 0
            if index < len(starts) and starts[index] < place:
                # Inside a replaced stretch: an end goes to its new end, a start to its start.
                return ends[index] + shifts[index] if is_end else starts[index] + before
            return place + before

        kept = []
        for place in self.places:
            start, end = moved(place.start, is_end=False), moved(place.end, is_end=True)
            if start < end:
                kept.append(Place(place.kind, start, end, place.target))
        self.places = kept
        return len(ends)

    def stripped(self) -> MarkedText:
        """This text without outer white space."""
        text = self.text
        lead = len(text) - len(text.lstrip())
        made = MarkedText.of(text.strip())
        made.cited = self.cited
        for place in self.places:
            start = min(max(place.start - lead, 0), len(made))
            end = min(max(place.end - lead, 0), len(made))
            if start < end:
                made.places.append(Place(place.kind, start, end, place.target))
        return made

    def split(self, position: int) -> tuple[MarkedText, MarkedText]:
        """The text before ``position`` and the text from it on, each with its marks."""
        first, second = MarkedText.of(self.text[:position]), MarkedText.of(self.text[position:])
        first.cited = self.cited
        for place in self.places:
            if place.start < position:
                first.places.append(Place(place.kind, place.start, min(place.end, position), place.target))
            else:
                second.places.append(
                    Place(place.kind, place.start - position, place.end - position, place.target)
                )
        return first, second
