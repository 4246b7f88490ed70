"""Marking: is an answer right? By the letter for multiple choice, by a rule for open questions.

The rule knows names: the answer's own, its aliases, and what the terminology calls it. It is strict, so
it rather marks a right answer wrong than a wrong one right: an open item looks harder than it is. It
marks an answer right when it

- is one of the names, spelling and case aside, or
- holds one of them as a whole phrase, names no other diagnosis, and doesn't hedge ("or", "versus", "not").
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from grandrounds.clinical.terminology import Terminology
from grandrounds.text import contains_phrase, normalise, words

_HEDGES = frozenset(
    words(
        "or versus vs not no without exclude excluded excluding unlikely except rather mimicking mimicked "
        "neither either"
    )
)
# A short name ("PE") inside a longer answer may be anything.
_SHORTEST_INSIDE = 5
_LONGEST_WORDS = 15  # a diagnosis is a phrase; whatever is longer lists or explains


def is_right(given: str, *, answer: str, aliases: Sequence[str] = ()) -> bool:
    """Whether the free answer ``given`` names the diagnosis ``answer``, by the rule of this module."""
    names = _names(answer, tuple(aliases))
    said = normalise(given)
    if not said:
        return False
    if said in {normalise(name) for name in names}:
        return True
    told = words(given)
    if len(told) > _LONGEST_WORDS or not _HEDGES.isdisjoint(told) or ";" in given or "/" in given:
        return False
    inside = [name for name in names if len(normalise(name)) >= _SHORTEST_INSIDE]
    return any(contains_phrase(given, name) for name in inside) and not _others(given, names)


def _others(given: str, names: tuple[str, ...]) -> set[str]:
    """Diagnoses that ``given`` names and that none of ``names`` names."""
    terminology = Terminology.load()
    own = {mention.concept.name for name in names for mention in terminology.mentions(name)}
    return {mention.concept.name for mention in terminology.mentions(given)} - own


@lru_cache(maxsize=4096)
def _names(answer: str, aliases: tuple[str, ...]) -> tuple[str, ...]:
    terminology = Terminology.load()
    found = [name for each in (answer, *aliases) for name in terminology.names_of(each)]
    return tuple({normalise(name): name for name in found if normalise(name)}.values())
