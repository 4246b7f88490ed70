"""Version numbers of releases: what a number promises to those who report scores on it.

Previews are ``0.N.0``. Reviewed releases begin at ``1.0.0``; after that

- *major* (2.0.0): an item was removed, changed or moved: scores can't be compared with before;
- *minor* (1.1.0): items were only added: filtered to the old ids, scores can still be compared;
- *patch* (1.0.1): the same items; only what stands around them changed (rejections, evidence, code).

Releases of a live benchmark are numbered by their week: ``2026.47.0`` is that of 2026-W47, and its preview
``0.202647.0``; the last number counts up where a week is released again with other content.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grandrounds.errors import ReleaseError
from grandrounds.release.diff import Difference

if TYPE_CHECKING:
    from grandrounds.weeks import Week

_PATTERN = re.compile(r"(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})")


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """A version ``MAJOR.MINOR.PATCH``, ordered by number."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"

    @property
    def preview(self) -> bool:
        """Whether this is the number of a preview."""
        return self.major == 0

    def after_week(self, week: Week) -> bool:
        """Whether this is the number of a week later than ``week``."""
        return self > week_version(week, (), preview=self.preview, patch=10**9)


def parse_version(text: str) -> Version | None:
    """The version that ``text`` spells, or ``None``. ``1.02.0`` and ``v1.0.0`` are no versions."""
    match = _PATTERN.fullmatch(text)
    return Version(*map(int, match.groups())) if match else None


def next_version(existing: Iterable[Version], *, preview: bool, difference: Difference | None) -> Version:
    """The number after ``existing``.

    ``difference`` is that between the highest reviewed release and what is to be published; it is
    needed only for reviewed releases after the first.
    """
    own = sorted(version for version in existing if version.preview == preview)
    if preview:
        return Version(0, own[-1].minor + 1 if own else 1, 0)
    if not own or difference is None:
        return Version(own[-1].major + 1 if own else 1, 0, 0)
    last = own[-1]
    if difference.removed or difference.changed or difference.moved:
        return Version(last.major + 1, 0, 0)
    if difference.added:
        return Version(last.major, last.minor + 1, 0)
    return Version(last.major, last.minor, last.patch + 1)


def week_version(
    week: Week, existing: Iterable[Version], *, preview: bool, patch: int | None = None
) -> Version:
    """The number of the next release of ``week`` after ``existing``, or with that ``patch``."""
    major, minor = (0, week.year * 100 + week.number) if preview else (week.year, week.number)
    taken = [version.patch for version in existing if (version.major, version.minor) == (major, minor)]
    return Version(major, minor, max(taken, default=-1) + 1 if patch is None else patch)


def explicit_version(text: str, *, preview: bool) -> Version:
    """The version that a person asked for. Raises ``ReleaseError`` when it can't be used."""
    version = parse_version(text)
    if version is None:
        raise ReleaseError(f"{text!r} is not a version.", remedy="Give three numbers, such as 1.2.0.")
    if version.preview and not preview:
        raise ReleaseError(
            f"{text} is the number of a preview, but these items were reviewed.",
            remedy="Reviewed releases begin at 1.0.0.",
        )
    if preview and not version.preview:
        raise ReleaseError(
            f"{text} is the number of a reviewed release, but nobody reviewed these items.",
            remedy="Previews are 0.N.0. To publish 1.0.0, set review.policy to readers.",
        )
    return version
