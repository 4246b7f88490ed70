"""What a gate is: it looks at one revision with its evidence, and says what is wrong in sentences.

Gates never change a row and never raise on bad content: a problem is a sentence, a remark that
does not reject is a flag. Gates that need the whole batch (duplicates, groups, bias) have functions
of their own; ``run.py`` calls them on what passed the others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from grandrounds.gates.frames import Framed
from grandrounds.gates.pictures import Pictured
from grandrounds.gates.voxels import Voxels
from grandrounds.recipe import Recipe
from grandrounds.records.case import Case
from grandrounds.records.clip import ClipRow
from grandrounds.records.envelope import Revision
from grandrounds.records.figure import FigureRow
from grandrounds.records.parts import Flag
from grandrounds.records.scan import Scan
from grandrounds.records.video import VideoRow

Evidence = Case | Scan | FigureRow | ClipRow
"""What an item can be made from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What a gate looks at: a revision, its evidence (``None`` when it is not there), the recipe.

    ``voxels`` is what was found in the files of the revision's scan: ``None`` for other evidence, and
    where volumes can't be opened. ``picture`` is the same for the picture of a figure, ``framed`` for the
    pictures of a clip; ``video`` is the video that a clip is from.
    """

    revision: Revision
    evidence: Evidence | None
    recipe: Recipe
    voxels: Voxels | None = None
    picture: Pictured | None = None
    framed: Framed | None = None
    video: VideoRow | None = None

    @property
    def case(self) -> Case | None:
        """The evidence, where it is a case."""
        return self.evidence if isinstance(self.evidence, Case) else None

    @property
    def scan(self) -> Scan | None:
        """The evidence, where it is a scan."""
        return self.evidence if isinstance(self.evidence, Scan) else None

    @property
    def figure(self) -> FigureRow | None:
        """The evidence, where it is a figure."""
        return self.evidence if isinstance(self.evidence, FigureRow) else None

    @property
    def clip(self) -> ClipRow | None:
        """The evidence, where it is a clip."""
        return self.evidence if isinstance(self.evidence, ClipRow) else None

    @property
    def again(self) -> Scan | None:
        """The scan measured again from its voxels; ``None`` where that could not be done."""
        return self.voxels.again if self.voxels else None


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
