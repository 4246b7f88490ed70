"""What a gate is: it looks at one revision with its case, and says what is wrong in sentences.

Gates never change a row and never raise on bad content: a problem is a sentence, a remark that
does not reject is a flag. Gates that need the whole batch (duplicates, groups, bias) have functions
of their own; ``run.py`` calls them on what passed the others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from grandrounds.recipe import Recipe
from grandrounds.records.case import Case
from grandrounds.records.envelope import Revision
from grandrounds.records.parts import Flag


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What a gate looks at: a revision, its case (``None`` when it is not there), the recipe."""

    revision: Revision
    case: Case | None
    recipe: Recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What a gate saw. A row with any problem is refused; flags go with it into the release."""

    problems: tuple[str, ...] = ()
    flags: tuple[Flag, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """A gate by name. The name stands in rejections, so it is as stable as a column."""

    name: str
    look: Callable[[Looked], Findings]


def found(*problems: str | None, flags: tuple[Flag, ...] = ()) -> Findings:
    """Findings of those ``problems`` that are there."""
    return Findings(problems=tuple(problem for problem in problems if problem), flags=flags)


def shortened(text: str, limit: int = 80) -> str:
    """``text`` for quoting in a sentence: one line, cut in the middle when it is long."""
    line = " ".join(text.split())
    if len(line) <= limit:
        return line
    half = (limit - 5) // 2
    return f"{line[:half]} ... {line[-half:]}"
