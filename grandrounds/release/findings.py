"""What ``verify`` says: problems, and what was checked."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something wrong: ``where`` is a file, item or other row, ``what`` a sentence."""

    where: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A rule that was checked, and on how many things."""

    what: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyReport:
    """The result of ``verify``: sound when ``problems`` is empty.

    ``remarks`` are worth a look but no fault: rules of thumb that a newer version may see otherwise.
    ``filtered_by`` are the models whose votes decided on items: what they score here is not comparable.
    """

    benchmark: str
    version: str
    preview: bool
    problems: tuple[Problem, ...]
    remarks: tuple[Problem, ...]
    checked: tuple[Checked, ...]
    filtered_by: tuple[str, ...] = ()

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems
