"""How structures, boxes, slices and numbers are written, and what reasoning may say before its end."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from grandrounds.measure.axes import FRONT, RIGHT, UP
from grandrounds.records.structure import StructureRow
from grandrounds.records.volume import VolumeRecord

PLANES = {0: "sagittal", 1: "coronal", 2: "axial"}
AXES = ("i", "j", "k")
HALF_OPEN = "first index included, last excluded"
_SACRAL = ("S", "Co")
_SIDES = ("left", "right")
_NUMBERED = re.compile(r"[CTLS]\d{1,2}")
_LESS, _MORE = 0, 1
DIRECTIONS = {RIGHT: ("to the left", "to the right"), FRONT: ("behind", "in front"), UP: ("below", "above")}
"""Per world axis, where something lies whose coordinate is smaller and larger. Left and right are the
patient's."""


def is_vertebra(row: StructureRow) -> bool:
    """Whether it is a vertebra with a number (or its body): not the sacrum, not the coccyx."""
    return bool(row.level) and row.level not in _SACRAL


def in_sentence(row: StructureRow) -> str:
    """What it is called within a sentence: ``vertebra L3``, ``the L3 body``, ``the left kidney``."""
    return f"vertebra {row.name}" if _NUMBERED.fullmatch(row.name) else f"the {row.name}"


def is_sided_pair(first: str, second: str) -> bool:
    """Whether two names are of one structure on the patient's two sides."""
    one, two = first.casefold().split(), second.casefold().split()
    unsided = [[word for word in words if word not in _SIDES] for words in (one, two)]
    return one != two and len(one) == len(two) and unsided[0] == unsided[1] and len(unsided[0]) < len(one)


def box_words(box: Sequence[int]) -> str:
    """A half-open box in voxels: ``i 30-52, j 41-77, k 12-30``."""
    return ", ".join(f"{name} {box[at]}-{box[at + 3]}" for at, name in enumerate(AXES))


def point_words(point: Sequence[float]) -> str:
    """A place in whole voxels: ``i 41, j 59, k 21``."""
    return ", ".join(f"{name} {number:.0f}" for name, number in zip(AXES, point, strict=True))


def size_words(row: StructureRow, volume: VolumeRecord) -> str:
    """How large a structure is from end to end: ``62 x 70 x 41 mm``, on a film ``200 x 180 pixels``.

    A film's millimetres are those of its detector, not of the patient.
    """
    if volume.space != "patient" or 1 in volume.shape[:3]:
        sides = [str(row.box[at + 3] - row.box[at]) for at in range(3) if volume.shape[at] > 1]
        return f"{' x '.join(sides)} pixels"
    bounds = row.box_millimetres
    return " x ".join(f"{bounds[at + 3] - bounds[at]:.0f}" for at in range(3)) + " mm"


def direction(axis: int, distance: float) -> str:
    """Where something lies that is ``distance`` mm further along a world axis."""
    return DIRECTIONS[axis][_MORE if distance > 0 else _LESS]


def listed(words: Sequence[str]) -> str:
    """Words as a list in a sentence: ``a``, ``a and b``, ``a, b and c``."""
    return " and ".join(part for part in (", ".join(words[:-1]), words[-1]) if part) if words else ""


def capital(sentence: str) -> str:
    """The sentence with a capital at its start."""
    return sentence[:1].upper() + sentence[1:]


def says(sentence: str, phrase: str) -> bool:
    """Whether a sentence holds a phrase as whole words, in upper or lower case."""
    return re.search(rf"(?<!\w){re.escape(phrase)}(?!\w)", sentence, re.IGNORECASE) is not None


def reasoning(sentences: Iterable[str], last: str, *, withheld: Iterable[str]) -> tuple[str, ...]:
    """Sentences from what is seen to what follows; ``last`` alone says what is ``withheld``.

    Earlier ones that happen to say it (a slice's number that is a count, too) are left out.
    """
    secrets = tuple(withheld)
    kept = [one for one in sentences if one and not any(says(one, secret) for secret in secrets)]
    return (*kept, last)
