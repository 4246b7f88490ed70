"""Every name of the right answer that the project knows: what no gate may see in the wrong place."""

from __future__ import annotations

from functools import lru_cache

from grandrounds.gates.gate import Looked
from grandrounds.text import normalise


def answer_names(at: Looked) -> tuple[str, ...]:
    """The answer, the row's aliases, what the article abbreviates so, and the terminology's names."""
    names = [at.revision.answer, *at.revision.answer_aliases]
    known = {normalise(name) for name in names}
    for short, long in _abbreviations(at.case.abbreviations if at.case else ()):
        if normalise(long) in known:
            names.append(short)
        elif normalise(short) in known:
            names.append(long)
    names += _terminology_names(at.revision.answer)
    return tuple({normalise(name): name for name in reversed(names) if normalise(name)}.values())[::-1]


def related(one: str, other: str) -> bool:
    """Whether two diagnoses are the same, synonyms, or parent and child."""
    from grandrounds.clinical.terminology import Terminology

    return Terminology.load().related(one, other)


@lru_cache(maxsize=4096)
def _terminology_names(answer: str) -> tuple[str, ...]:
    from grandrounds.clinical.terminology import Terminology

    return tuple(Terminology.load().names_of(answer))


def _abbreviations(entries: tuple[str, ...]) -> list[tuple[str, str]]:
    pairs = (entry.partition("=") for entry in entries)
    return [(short.strip(), long.strip()) for short, sign, long in pairs if sign]
