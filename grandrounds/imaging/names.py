"""Names of structures as label tables, segments and contours spell them, brought to one spelling.

``kidney_left``, ``Kidney_L`` and ``Lt Kidney`` are the ``left kidney``; ``vertebrae_L3`` and ``L3`` are
``L3``. Sides and levels are read from the name alone, never from where a structure lies: that is what a
check against its place is for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

LEFT, RIGHT = "left", "right"
BODY = "body"
SACRUM = "S"
VERTEBRAL_BODIES = "vertebral bodies"

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_SPLIT = re.compile(r"[^a-z0-9]+")
_LEVEL = re.compile(r"(c|th|t|l|s)(\d{1,2})")
_NO_NAME = re.compile(
    r"(?:(?:label|segment|roi|region|structure|mask|object|class) ?)?\d*|unnamed|unknown|none"
)
_COUNTS = {"C": 7, "T": 13, "L": 6}
_REGIONS = {"cervical": "C", "thoracic": "T", "lumbar": "L"}
_SIDES = {"left": LEFT, "lt": LEFT, "l": LEFT, "right": RIGHT, "rt": RIGHT, "r": RIGHT}
_LETTERS = ("l", "r")
_VERTEBRA = frozenset({"vertebra", "vertebrae", "vertebral", "vert"})
_BODY = frozenset({"body", "bodies", "corpus", "corpora", "vb"})
_AROUND_LEVELS = _VERTEBRA | _BODY | frozenset({"level", "spine", *_REGIONS})
_CHAMBERS = frozenset({"atrium", "atrial", "ventricle", "appendage", "heart", "ventricular"})
_ALIASES = {
    "spinalcanal": "spinal canal",
    "vertebral canal": "spinal canal",
    "spinalcord": "spinal cord",
    "aorta abdominal": "abdominal aorta",
    "aorta abdominalis": "abdominal aorta",
    "aorta infrarenal": "infrarenal aorta",
    "os sacrum": "sacrum",
    "s": "sacrum",
    "co": "coccyx",
    "cocc": "coccyx",
}
_SINGULAR_ENDS = ("us", "is", "ss", "as", "os")


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a label's name says.

    ``name`` is the canonical spelling, empty where the label's name names nothing (``label 3``).
    ``level`` is ``C1`` to ``L6`` or ``S`` (the sacrum, or S1 alone), ``side`` of the patient ``left`` or
    ``right``, ``part`` is ``body`` where only the vertebral body is meant; each is empty otherwise.
    """

    name: str = ""
    level: str = ""
    side: str = ""
    part: str = ""


@lru_cache(maxsize=4096)
def known(name: str) -> Known:
    """What ``name`` says. Words that are not known stay as they are, in lower case."""
    tokens = tuple(token for token in _SPLIT.split(_CAMEL.sub(" ", name).lower()) if token)
    plain = " ".join(tokens)
    if _NO_NAME.fullmatch(plain):
        return Known()
    vertebral = _vertebral(tokens)
    if vertebral is not None:
        return vertebral
    side, rest = _side(tokens)
    bare = _ALIASES.get(" ".join(rest), " ".join(rest))
    if bare == "sacrum" and not side:
        return Known(name=bare, level=SACRUM)
    # A chamber's name says which of two it is, not on which side of the body it lies.
    of_patient = "" if _CHAMBERS.intersection(rest) else side
    return Known(name=f"{side} {bare}".strip(), side=of_patient)


def says_bodies(words: frozenset[str]) -> bool:
    """Whether the words of a mask's file name say that it holds vertebral bodies without their arches."""
    # "whole body" is an examination, and "body" alone stands for it where "wholebody" is one word.
    return bool(words & {BODY, "bodies", "corpus", "corpora", "subreg"}) and "whole" not in words


def words_of(name: str) -> frozenset[str]:
    """The words of a file's name or of a description, lower case."""
    return frozenset(token for token in _SPLIT.split(name.lower()) if token)


def is_many(name: str) -> bool:
    """Whether a name stands for several things, so that its parts need not be connected."""
    last = name.rpartition(" ")[2]
    return last == "vertebrae" or (last.endswith("s") and not last.endswith(_SINGULAR_ENDS))


def _vertebral(tokens: tuple[str, ...]) -> Known | None:
    """A vertebra, its body, or vertebral bodies of no stated level; ``None`` for everything else."""
    part = BODY if _BODY.intersection(tokens) else ""
    levels, rest = _levels(tokens)
    if len(levels) == 1 and _AROUND_LEVELS.issuperset(rest):
        (level,) = levels
        name = f"{level} {part}".strip()
        if level.startswith("S"):
            return Known(name=name, level=SACRUM if level == "S1" else "", part=part)
        return Known(name=name, level=level, part=part)
    if not levels and part and _VERTEBRA.intersection(tokens) and (_VERTEBRA | _BODY).issuperset(tokens):
        return Known(name=VERTEBRAL_BODIES, part=BODY)
    return None


def _levels(tokens: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """The levels among the words, and the other words; ``L 3`` and ``lumbar vertebra 3`` are joined."""
    levels, rest = [], []
    letter = ""
    for token in tokens:
        match = _LEVEL.fullmatch(token)
        level = _level(match[1], match[2]) if match else ""
        if not level and letter and token.isdigit():
            level = _level(letter, token)
        if level:
            levels.append(level)
            letter = ""
            continue
        if token in ("c", "t", "th", "s", "l"):
            letter = token
            rest.append(token)
        elif token in _REGIONS:
            letter = _REGIONS[token].lower()
            rest.append(token)
        else:
            letter = letter if token in _VERTEBRA else ""
            rest.append(token)
    if levels:
        rest = [token for token in rest if token not in ("c", "t", "th", "s", "l")]
    return levels, rest


def _level(letter: str, number: str) -> str:
    region, value = letter[0].upper(), int(number)
    if region == "S":
        return f"S{value}" if 1 <= value <= 5 else ""
    return f"{region}{value}" if 1 <= value <= _COUNTS[region] else ""


def _side(tokens: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """The side that the words name, and the words without it. Both sides, or none: no side."""
    ends = (0, len(tokens) - 1)
    at = [
        n
        for n, token in enumerate(tokens)
        if token in _SIDES and (token not in _LETTERS or (n in ends and len(tokens) > 1))
    ]
    if len(at) != 1 or len(tokens) == 1:
        return "", tokens
    return _SIDES[tokens[at[0]]], tokens[: at[0]] + tokens[at[0] + 1 :]


__all__ = [
    "BODY",
    "LEFT",
    "RIGHT",
    "SACRUM",
    "VERTEBRAL_BODIES",
    "Known",
    "is_many",
    "known",
    "says_bodies",
    "words_of",
]
