"""Gate ``options``: each option is a different diagnosis, and only one of them is right."""

from __future__ import annotations

from itertools import combinations

from grandrounds.gates.choices import longest, stands_for_several
from grandrounds.gates.gate import Findings, Gate, Looked, found
from grandrounds.gates.names import answer_names, related
from grandrounds.text import contains_phrase, normalise

_COLLECTIVE_WHOLE = frozenset(
    {"all", "none", "other", "others", "unknown", "other diagnosis", "no diagnosis"}
)


def look(at: Looked) -> Findings:
    """Refuse options that are equal, contain one another, are collective, or are the answer by
    another name, a synonym, a parent or a child. Flags an answer that alone is the longest."""
    revision = at.revision
    if not revision.options:
        return found()
    return found(
        *_overlaps(revision.options),
        *(
            f"{option!r} is no diagnosis of its own."
            for option in revision.options
            if _is_collective(option)
        ),
        *_also_right(at),
        flags=longest(revision),
    )


def _overlaps(options: tuple[str, ...]) -> list[str]:
    problems = []
    for one, other in combinations(options, 2):
        if normalise(one) == normalise(other):
            problems.append(f"{one!r} and {other!r} are the same option.")
        elif contains_phrase(one, other) or contains_phrase(other, one):
            longer, shorter = sorted((one, other), key=len, reverse=True)
            problems.append(f"{longer!r} contains {shorter!r}.")
    return problems


def _is_collective(option: str) -> bool:
    return normalise(option) in _COLLECTIVE_WHOLE or stands_for_several(option)


def _also_right(at: Looked) -> list[str]:
    answer = at.revision.answer
    names = {normalise(name) for name in answer_names(at)} - {normalise(answer)}
    problems = []
    for option in at.revision.options:
        if option == answer:
            continue
        if normalise(option) in names:
            problems.append(f"{option!r} is another name of the answer {answer!r}.")
        elif related(answer, option):
            problems.append(f"{option!r} is a synonym, a parent or a child of the answer {answer!r}.")
    return problems


GATE = Gate(name="options", look=look)
