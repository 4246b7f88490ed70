"""What the items of a release rest on, by kind: its tables, which of its rows are published, its media.

A further kind needs a class here, a line in ``TABLES``, and its own checks beside ``itemcheck``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, ClassVar

from grandrounds.records.alignment_score import AlignmentScore
from grandrounds.records.case import Case
from grandrounds.records.clip import ClipRow
from grandrounds.records.envelope import Item
from grandrounds.records.figure import FigureRow
from grandrounds.records.measured import MeasuredRow
from grandrounds.records.structure import StructureRow
from grandrounds.records.video import VideoRow
from grandrounds.records.volume import VolumeRecord
from grandrounds.release.withheld import shown_clip, shown_video

CASES, VOLUMES, FIGURES, CLIPS = "cases", "volumes", "figures", "clips"


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceTable:
    """A table of evidence in a release: the ``kind`` of its file in the manifest, where it lies, the
    contract and record of its rows, and the column that names a row."""

    kind: str
    path: str
    contract: str
    record: type[Any]
    key: str


TABLES: Mapping[str, tuple[EvidenceTable, ...]] = {
    CASES: (
        EvidenceTable(
            kind="evidence",
            path="evidence/cases.parquet",
            contract="cases",
            record=Case,
            key="evidence_id",
        ),
    ),
    VOLUMES: (
        EvidenceTable(
            kind="volumes",
            path="evidence/volumes.parquet",
            contract="volumes",
            record=VolumeRecord,
            key="volume_id",
        ),
        EvidenceTable(
            kind="structures",
            path="evidence/structures.parquet",
            contract="structures",
            record=StructureRow,
            key="structure_id",
        ),
        EvidenceTable(
            kind="measurements",
            path="evidence/measurements.parquet",
            contract="measurements",
            record=MeasuredRow,
            key="measurement_id",
        ),
    ),
    FIGURES: (
        EvidenceTable(
            kind="figures",
            path="evidence/figures.parquet",
            contract="figures",
            record=FigureRow,
            key="evidence_id",
        ),
        EvidenceTable(
            kind="alignment_scores",
            path="evidence/alignment_scores.parquet",
            contract="alignment_scores",
            record=AlignmentScore,
            key="score_id",
        ),
    ),
    CLIPS: (
        EvidenceTable(
            kind="videos",
            path="evidence/videos.parquet",
            contract="videos",
            record=VideoRow,
            key="video_id",
        ),
        EvidenceTable(
            kind="clips",
            path="evidence/clips.parquet",
            contract="clips",
            record=ClipRow,
            key="evidence_id",
        ),
    ),
}
"""The tables of each kind of evidence, as a recipe names it."""


class AnyEvidence(ABC):
    """What a release asks of evidence of any kind; ``kind`` is as a recipe names it."""

    __slots__ = ()
    kind: ClassVar[str]

    @property
    @abstractmethod
    def groups(self) -> Mapping[str, str]:
        """The group of each row that an item may rest on, by the row's id."""

    @property
    @abstractmethod
    def source_ids(self) -> frozenset[str]:
        """The sources that a release names for its evidence."""

    @property
    def ids(self) -> frozenset[str]:
        """What an item's ``evidence_id`` may be."""
        return frozenset(self.groups)

    @property
    def packed(self) -> tuple[VolumeRecord, ...]:
        """Volumes that lie packed beside the tables: none, unless a kind has some."""
        return ()

    @property
    def films(self) -> tuple[str, ...]:
        """Films that lie beside the tables, by hash: none, unless a kind has some."""
        return ()

    @property
    def index_only(self) -> frozenset[str]:
        """What is named and never shown: nothing, unless a kind has such rows."""
        return frozenset()


class _RowEvidence(AnyEvidence):
    """Evidence whose rows name their group and their one source themselves."""

    __slots__ = ()

    @property
    @abstractmethod
    def asked_about(self) -> Sequence[Case | FigureRow | ClipRow]:
        """The rows that an item may rest on."""

    @property
    def groups(self) -> Mapping[str, str]:
        """The group of each row that an item may rest on, by the row's id."""
        return {row.evidence_id: row.group_id for row in self.asked_about}

    @property
    def source_ids(self) -> frozenset[str]:
        """The sources that a release names for its evidence."""
        return frozenset(row.source_id for row in self.asked_about)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseEvidence(_RowEvidence):
    """Case reports."""

    kind: ClassVar[str] = CASES
    cases: Sequence[Case] = ()

    @property
    def asked_about(self) -> Sequence[Case]:
        """The rows that an item may rest on."""
        return self.cases

    def cited(self, items: Iterable[Item]) -> CaseEvidence:
        """What ``items`` rest on, by id."""
        wanted = cited_ids(items)
        return CaseEvidence(cases=_sorted(self.cases, "evidence_id", wanted))

    def rows(self) -> tuple[tuple[EvidenceTable, Sequence[Any]], ...]:
        """The tables with their rows."""
        return ((TABLES[CASES][0], self.cases),)


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeEvidence(AnyEvidence):
    """Imaging volumes with their masks, structures and measurements."""

    kind: ClassVar[str] = VOLUMES
    volumes: Sequence[VolumeRecord] = ()
    structures: Sequence[StructureRow] = ()
    measurements: Sequence[MeasuredRow] = ()

    @property
    def groups(self) -> Mapping[str, str]:
        """The group of each image: masks are not asked about."""
        return {row.volume_id: row.group_id for row in self.volumes if not row.is_mask}

    @property
    def source_ids(self) -> frozenset[str]:
        """The sources that a release names for its evidence: the first of each volume.

        A series has a source a slice; those all stand in the table of volumes.
        """
        return frozenset(row.source_ids[0] for row in self.volumes if row.source_ids)

    @property
    def packed(self) -> tuple[VolumeRecord, ...]:
        """One row for each file of voxels, by hash; two volumes may have the same."""
        by_hash = {row.sha256: row for row in reversed(self.volumes) if row.sha256}
        return tuple(by_hash[digest] for digest in sorted(by_hash))

    def cited(self, items: Iterable[Item]) -> VolumeEvidence:
        """The images that ``items`` rest on, with every structure and measurement of theirs and the masks
        that those were measured on, by id: so that all can be measured again."""
        images = cited_ids(items)
        structures = _sorted(
            (row for row in self.structures if row.volume_id in images), "structure_id", None
        )
        masks = {row.mask_id for row in structures}
        return VolumeEvidence(
            volumes=_sorted(self.volumes, "volume_id", images | masks),
            structures=structures,
            measurements=_sorted(
                (row for row in self.measurements if row.volume_id in images), "measurement_id", None
            ),
        )

    def rows(self) -> tuple[tuple[EvidenceTable, Sequence[Any]], ...]:
        """The tables with their rows."""
        return tuple(zip(TABLES[VOLUMES], (self.volumes, self.structures, self.measurements), strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureEvidence(_RowEvidence):
    """Figures of books and articles, and what people said of a sample of them."""

    kind: ClassVar[str] = FIGURES
    figures: Sequence[FigureRow] = ()
    scores: Sequence[AlignmentScore] = ()

    @property
    def asked_about(self) -> Sequence[FigureRow]:
        """The rows that an item may rest on."""
        return self.figures

    def cited(self, items: Iterable[Item]) -> FigureEvidence:
        """The figures that ``items`` rest on, by id, and every score of a pair that is still read the same:
        a sample that was drawn from all of them measures the error of all."""
        from grandrounds.figures.scores import standing

        return FigureEvidence(
            figures=_sorted(self.figures, "evidence_id", cited_ids(items)),
            scores=standing(self.scores, self.figures),
        )

    def rows(self) -> tuple[tuple[EvidenceTable, Sequence[Any]], ...]:
        """The tables with their rows."""
        return tuple(zip(TABLES[FIGURES], (self.figures, self.scores), strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipEvidence(_RowEvidence):
    """Clips, and the videos that they are from."""

    kind: ClassVar[str] = CLIPS
    videos: Sequence[VideoRow] = ()
    clips: Sequence[ClipRow] = ()

    @property
    def asked_about(self) -> Sequence[ClipRow]:
        """The rows that an item may rest on."""
        return self.clips

    @property
    def films(self) -> tuple[str, ...]:
        """Films that lie beside the tables, by hash; several clips may be of the same stretch."""
        return tuple(sorted({row.clip_sha256 for row in self.clips if row.clip_sha256}))

    @property
    def index_only(self) -> frozenset[str]:
        """The clips whose licence does not allow to show them: they are named by time and hash."""
        return frozenset(row.evidence_id for row in self.clips if row.index_only)

    def cited(self, items: Iterable[Item]) -> ClipEvidence:
        """The clips that ``items`` rest on, by id, with their videos, as far as a release tells of them."""
        wanted = cited_ids(items)
        clips = [row for row in self.clips if row.evidence_id in wanted]
        named = {row.video_id for row in clips}
        videos = {row.video_id: row for row in self.videos if row.video_id in named}
        return ClipEvidence(
            videos=_sorted((shown_video(row) for row in videos.values()), "video_id", None),
            clips=_sorted(
                (shown_clip(row, videos.get(row.video_id)) for row in clips), "evidence_id", None
            ),
        )

    def rows(self) -> tuple[tuple[EvidenceTable, Sequence[Any]], ...]:
        """The tables with their rows."""
        return tuple(zip(TABLES[CLIPS], (self.videos, self.clips), strict=True))


Evidence = CaseEvidence | VolumeEvidence | FigureEvidence | ClipEvidence


def cited_ids(items: Iterable[Item]) -> set[str]:
    """The ids of the evidence that ``items`` rest on."""
    wanted: set[str] = set()
    for item in items:
        wanted.add(item.evidence_id)
        wanted.update(part.evidence_id for part in item.evidence)
    return wanted


def made_of(kind: str, rows: Mapping[str, Sequence[Any]]) -> Evidence:
    """The evidence of ``kind`` from its rows by the kind of their file. Rows that lack are none."""
    if kind == VOLUMES:
        return VolumeEvidence(
            volumes=rows.get("volumes", ()),
            structures=rows.get("structures", ()),
            measurements=rows.get("measurements", ()),
        )
    if kind == FIGURES:
        return FigureEvidence(figures=rows.get("figures", ()), scores=rows.get("alignment_scores", ()))
    if kind == CLIPS:
        return ClipEvidence(videos=rows.get("videos", ()), clips=rows.get("clips", ()))
    return CaseEvidence(cases=rows.get("evidence", ()))


def _sorted(rows: Iterable[Any], key: str, wanted: set[str] | None) -> tuple[Any, ...]:
    chosen = rows if wanted is None else (row for row in rows if getattr(row, key) in wanted)
    return tuple(sorted(chosen, key=attrgetter(key)))
