"""What evidence of each kind is to the rest of the flow: its tables, its units, and what is refused.

Everything else in ``assets`` is the same for all kinds. A further kind needs a class here, readers in the
library, and a line in ``KINDS``.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from assets.tables import lake_key
from grandrounds.figures.desk import SCORES, read_scores
from grandrounds.fingerprint import code_fingerprint, folder_fingerprint
from grandrounds.funnel import CaseRows, ClipRows, EvidenceRows, FigureRows, VolumeRows
from grandrounds.gates.clinical import admit as admit_cases
from grandrounds.gates.clinical import admitted
from grandrounds.gates.clips.admission import admit as admit_clips
from grandrounds.gates.figures.admission import admit as admit_figures
from grandrounds.gates.volumes.admission import admit as admit_volumes
from grandrounds.lake import Lake
from grandrounds.paths import bundled
from grandrounds.recipe import Recipe
from grandrounds.records.case import Case
from grandrounds.records.clip import ClipRow
from grandrounds.records.figure import FigureRow
from grandrounds.records.measured import MeasuredRow
from grandrounds.records.rejection import Rejection
from grandrounds.records.scan import Scan
from grandrounds.records.structure import StructureRow
from grandrounds.records.video import VideoRow
from grandrounds.records.volume import VolumeRecord
from grandrounds.release.evidence import (
    CaseEvidence,
    ClipEvidence,
    Evidence,
    FigureEvidence,
    VolumeEvidence,
)

OpenVolume = Callable[[VolumeRecord], Any]


class EvidenceKind(Protocol):
    """One kind of evidence. ``tables`` are those that units are put together from, ``also`` those that are
    only kept beside them; ``code`` names the packages that decide what a unit is, and what is said of it,
    ``data`` the bundled folders that do; ``said`` are tables that people add to between builds and that a
    release tells of."""

    tables: tuple[str, ...]
    also: tuple[str, ...]
    code: tuple[str, ...]
    data: tuple[str, ...]
    said: tuple[str, ...]

    def admitted(self, recipe: Recipe, lake: Lake) -> Iterator[Any]:
        """The units that are asked about, in an order that never changes."""

    def count(self, recipe: Recipe, lake: Lake) -> int:
        """How many units there are at most, for progress."""

    def by_id(self, recipe: Recipe, lake: Lake) -> Mapping[str, Any]:
        """The units by ``evidence_id``."""

    def refused(self, recipe: Recipe, lake: Lake) -> list[Rejection]:
        """What is not asked about, and why."""

    def rows(self, recipe: Recipe, lake: Lake) -> EvidenceRows:
        """What the funnel counts."""

    def released(self, recipe: Recipe, lake: Lake) -> Evidence:
        """What a release may cite."""

    def opener(self, lake: Lake) -> OpenVolume | None:
        """What opens a volume of the lake; ``None`` where the kind has none."""


class Cases:
    """Case reports."""

    tables: tuple[str, ...] = ("cases",)
    also: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    code: tuple[str, ...] = ("grandrounds.gates.clinical", "grandrounds.clinical", "grandrounds.stem")

    def admitted(self, recipe: Recipe, lake: Lake) -> Iterator[Case]:
        """See ``EvidenceKind``."""
        return admitted(lake.iter_records(lake_key(recipe, "cases"), Case), recipe)

    def count(self, recipe: Recipe, lake: Lake) -> int:
        """See ``EvidenceKind``."""
        return int(lake.table_rows(lake_key(recipe, "cases")))

    def by_id(self, recipe: Recipe, lake: Lake) -> dict[str, Case]:
        """See ``EvidenceKind``."""
        return {case.evidence_id: case for case in lake.iter_records(lake_key(recipe, "cases"), Case)}

    def refused(self, recipe: Recipe, lake: Lake) -> list[Rejection]:
        """See ``EvidenceKind``."""
        return admit_cases(_rows(recipe, lake, "cases", Case), recipe)[1]

    def rows(self, recipe: Recipe, lake: Lake) -> CaseRows:
        """See ``EvidenceKind``."""
        return CaseRows(cases=_rows(recipe, lake, "cases", Case))

    def released(self, recipe: Recipe, lake: Lake) -> CaseEvidence:
        """See ``EvidenceKind``."""
        return CaseEvidence(cases=_rows(recipe, lake, "cases", Case))

    def opener(self, lake: Lake) -> None:
        """See ``EvidenceKind``."""


class Volumes:
    """Imaging volumes with masks; the unit is a scan."""

    tables: tuple[str, ...] = ("volumes", "structures", "measurements")
    also: tuple[str, ...] = ("deidentified",)
    data: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    code: tuple[str, ...] = (
        "grandrounds.gates.volumes.admission",
        "grandrounds.imaging",
        "grandrounds.measure",
        "grandrounds.volumes",
    )

    def admitted(self, recipe: Recipe, lake: Lake) -> Iterator[Scan]:
        """See ``EvidenceKind``."""
        yield from self._admit(recipe, lake)[0]

    def count(self, recipe: Recipe, lake: Lake) -> int:
        """See ``EvidenceKind``."""
        return len(self._admit(recipe, lake)[0])

    def by_id(self, recipe: Recipe, lake: Lake) -> dict[str, Scan]:
        """See ``EvidenceKind``."""
        return {scan.evidence_id: scan for scan in self.admitted(recipe, lake)}

    def refused(self, recipe: Recipe, lake: Lake) -> list[Rejection]:
        """See ``EvidenceKind``."""
        return self._admit(recipe, lake)[1]

    def rows(self, recipe: Recipe, lake: Lake) -> VolumeRows:
        """See ``EvidenceKind``."""
        return VolumeRows(
            volumes=_rows(recipe, lake, "volumes", VolumeRecord), scans=tuple(self.admitted(recipe, lake))
        )

    def released(self, recipe: Recipe, lake: Lake) -> VolumeEvidence:
        """See ``EvidenceKind``."""
        return VolumeEvidence(
            volumes=_rows(recipe, lake, "volumes", VolumeRecord),
            structures=_rows(recipe, lake, "structures", StructureRow),
            measurements=_rows(recipe, lake, "measurements", MeasuredRow),
        )

    def opener(self, lake: Lake) -> OpenVolume:
        """See ``EvidenceKind``."""
        from grandrounds.volumes.volume import open_volume

        return lambda record: open_volume(lake, record)

    def _admit(self, recipe: Recipe, lake: Lake) -> tuple[list[Scan], list[Rejection]]:
        return admit_volumes(
            _rows(recipe, lake, "volumes", VolumeRecord),
            structures=_rows(recipe, lake, "structures", StructureRow),
            measurements=_rows(recipe, lake, "measurements", MeasuredRow),
            recipe=recipe,
        )


class Figures:
    """Figures of textbooks and articles."""

    tables: tuple[str, ...] = ("figures",)
    also: tuple[str, ...] = ()
    data: tuple[str, ...] = ("data_contracts/taxonomies",)
    said: tuple[str, ...] = (SCORES,)
    code: tuple[str, ...] = (
        "grandrounds.gates.figures.admission",
        "grandrounds.figures",
        "grandrounds.clinical",
    )

    def admitted(self, recipe: Recipe, lake: Lake) -> Iterator[FigureRow]:
        """See ``EvidenceKind``."""
        yield from self._admit(recipe, lake)[0]

    def count(self, recipe: Recipe, lake: Lake) -> int:
        """See ``EvidenceKind``."""
        return int(lake.table_rows(lake_key(recipe, "figures")))

    def by_id(self, recipe: Recipe, lake: Lake) -> dict[str, FigureRow]:
        """See ``EvidenceKind``."""
        return {row.evidence_id: row for row in _rows(recipe, lake, "figures", FigureRow)}

    def refused(self, recipe: Recipe, lake: Lake) -> list[Rejection]:
        """See ``EvidenceKind``."""
        return self._admit(recipe, lake)[1]

    def rows(self, recipe: Recipe, lake: Lake) -> FigureRows:
        """See ``EvidenceKind``."""
        figures = _rows(recipe, lake, "figures", FigureRow)
        return FigureRows(figures=figures, admitted=self._admit(recipe, lake)[0])

    def released(self, recipe: Recipe, lake: Lake) -> FigureEvidence:
        """See ``EvidenceKind``."""
        return FigureEvidence(
            figures=_rows(recipe, lake, "figures", FigureRow), scores=read_scores(lake, recipe.name)
        )

    def opener(self, lake: Lake) -> None:
        """See ``EvidenceKind``."""

    def _admit(self, recipe: Recipe, lake: Lake) -> tuple[list[FigureRow], list[Rejection]]:
        return admit_figures(_rows(recipe, lake, "figures", FigureRow), recipe)


class Clips:
    """Frames of videos that belong together, with what is said."""

    tables: tuple[str, ...] = ("videos", "clips")
    also: tuple[str, ...] = ()
    data: tuple[str, ...] = ("data_contracts/taxonomies",)
    said: tuple[str, ...] = ()
    code: tuple[str, ...] = (
        "grandrounds.gates.clips.admission",
        "grandrounds.videos",
        "grandrounds.figures",
    )

    def admitted(self, recipe: Recipe, lake: Lake) -> Iterator[ClipRow]:
        """See ``EvidenceKind``."""
        yield from self._admit(recipe, lake)[0]

    def count(self, recipe: Recipe, lake: Lake) -> int:
        """See ``EvidenceKind``."""
        return int(lake.table_rows(lake_key(recipe, "clips")))

    def by_id(self, recipe: Recipe, lake: Lake) -> dict[str, ClipRow]:
        """See ``EvidenceKind``."""
        return {row.evidence_id: row for row in _rows(recipe, lake, "clips", ClipRow)}

    def refused(self, recipe: Recipe, lake: Lake) -> list[Rejection]:
        """See ``EvidenceKind``."""
        return self._admit(recipe, lake)[1]

    def rows(self, recipe: Recipe, lake: Lake) -> ClipRows:
        """See ``EvidenceKind``."""
        return ClipRows(
            videos=_rows(recipe, lake, "videos", VideoRow),
            clips=_rows(recipe, lake, "clips", ClipRow),
            admitted=self._admit(recipe, lake)[0],
        )

    def released(self, recipe: Recipe, lake: Lake) -> ClipEvidence:
        """See ``EvidenceKind``."""
        return ClipEvidence(
            videos=_rows(recipe, lake, "videos", VideoRow), clips=_rows(recipe, lake, "clips", ClipRow)
        )

    def opener(self, lake: Lake) -> None:
        """See ``EvidenceKind``."""

    def _admit(self, recipe: Recipe, lake: Lake) -> tuple[list[ClipRow], list[Rejection]]:
        videos = _rows(recipe, lake, "videos", VideoRow)
        return admit_clips(_rows(recipe, lake, "clips", ClipRow), recipe, videos=videos)


KINDS: dict[str, EvidenceKind] = {
    "cases": Cases(),
    "volumes": Volumes(),
    "figures": Figures(),
    "clips": Clips(),
}


def kind_of(recipe: Recipe) -> EvidenceKind:
    """The kind of evidence that a recipe is made from."""
    return KINDS[recipe.evidence.kind]


def knowledge(recipe: Recipe, *code: str) -> list[str]:
    """A fingerprint of what decides on rows of a recipe: the packages in ``code`` and its kind's own."""
    kind = kind_of(recipe)
    return [
        code_fingerprint(*code, *kind.code),
        *(folder_fingerprint(bundled(folder)) for folder in kind.data),
    ]


def _rows(recipe: Recipe, lake: Lake, table: str, record_type: type[Any]) -> list[Any]:
    return lake.read_records(lake_key(recipe, table), record_type)
