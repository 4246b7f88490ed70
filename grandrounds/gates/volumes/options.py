"""Gate ``options``: each option says another thing, and only one of them is right.

Numbers are compared as numbers: ``12 mm`` and ``12.0 mm`` are one option. Where options are names, none may
contain another (``kidney`` beside ``left kidney``): both could be right. Findings of a criterion may
(``scoliosis`` and ``no scoliosis``): the rule keeps them apart.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import combinations

from grandrounds.gates.choices import longest
from grandrounds.gates.gate import Findings, Gate, Looked, found
from grandrounds.records.envelope import Revision
from grandrounds.text import contains_phrase, normalise

CRITERION = "criterion"
NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?")
_COLLECTIVE = (
    "all of the above",
    "all of these",
    "none of the above",
    "none of these",
    "both of the above",
)


def look(at: Looked) -> Findings:
    """Refuse options that are equal, contain one another or stand for several; flag an answer that alone
    is the longest."""
    revision = at.revision
    return found(
        *overlaps(revision.options, names=_are_names(revision)),
        *(
            problem.replace("option", f"option of the stage {turn.stage!r}", 1)
            for turn in revision.turns
            for problem in overlaps(turn.options, names=False)
        ),
        *(
            f"{option!r} is no answer of its own."
            for option in revision.options
            if any(contains_phrase(option, what) for what in _COLLECTIVE)
        ),
        flags=longest(revision),
    )


def overlaps(options: Sequence[str], *, names: bool) -> list[str]:
    """Which options are the same, or (where they are ``names``) contain one another, as sentences."""
    problems = []
    for one, other in combinations(options, 2):
        if _same(one, other):
            problems.append(f"{one!r} and {other!r} are the same option.")
        elif names and (contains_phrase(one, other) or contains_phrase(other, one)):
            longer, shorter = sorted((one, other), key=len, reverse=True)
            problems.append(f"{longer!r} contains {shorter!r}.")
    return problems


def numbers(text: str) -> tuple[float, ...]:
    """The numbers in a text, in order."""
    return tuple(float(number) for number in NUMBER.findall(text))


def _same(one: str, other: str) -> bool:
    return numbers(one) == numbers(other) and normalise(NUMBER.sub("#", one)) == normalise(
        NUMBER.sub("#", other)
    )


def _are_names(revision: Revision) -> bool:
    """Whether options are structures' names: neither numbers nor findings of a criterion."""
    by_rule = any(origin.origin == CRITERION for origin in revision.option_origins)
    return not by_rule and not any(numbers(option) for option in revision.options)


GATE = Gate(name="options", look=look)
