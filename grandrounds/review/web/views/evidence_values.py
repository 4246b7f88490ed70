"""The evidence of a candidate, as its rows in the lake say it, and which media belong to it."""

from __future__ import annotations

from dataclasses import dataclass

from grandrounds.lake_rows import LakeRows
from grandrounds.records.case import Case
from grandrounds.records.clip import ClipRow
from grandrounds.records.envelope import Candidate
from grandrounds.records.figure import FigureRow
from grandrounds.records.source import READ, Source
from grandrounds.records.volume import USABLE, VolumeRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Rests:
    """What a candidate rests on. At most one of ``case``, ``figure``, ``clip`` and ``volume`` is set; none
    where the lake doesn't hold the row any more. ``masks`` are those of the volume. ``source`` is the file
    that the evidence was read from, where the lake knows it."""

    candidate: Candidate
    case: Case | None = None
    figure: FigureRow | None = None
    clip: ClipRow | None = None
    volume: VolumeRecord | None = None
    masks: tuple[VolumeRecord, ...] = ()
    source: Source | None = None

    @property
    def kind(self) -> str:
        """``case``, ``figure``, ``clip``, ``volume`` or ``none``."""
        for name in ("case", "figure", "clip", "volume"):
            if getattr(self, name) is not None:
                return name
        return "none"

    def media(self, *, hidden: bool) -> frozenset[str]:
        """The media that belong to it, all named by fields that hold media and nothing else. ``hidden``:
        only those that the solver sees."""
        named = {media.sha256 for media in self.candidate.media}
        if hidden:
            return frozenset(named - {""})
        named |= {box.mask_sha256 for box in self.candidate.boxes}
        if self.figure is not None:
            named.add(self.figure.sha256)
        if self.clip is not None:
            named |= {frame.sha256 for frame in self.clip.frames} | {self.clip.clip_sha256}
        if self.volume is not None:
            named |= {volume.sha256 or "" for volume in (self.volume, *self.masks)}
        return frozenset(named - {""})


def rests(rows: LakeRows, candidate: Candidate) -> Rests:
    """What ``candidate`` rests on. Raises ``LakeError`` for a damaged table."""
    recipe, evidence_id = candidate.recipe, candidate.evidence_id

    # Ids of the four kinds differ, so the others are not looked for once it is found.
    figure = clip = volume = None
    case = rows.one(recipe, "cases", Case, column="evidence_id", value=evidence_id)
    if case is None:
        figure = rows.one(recipe, "figures", FigureRow, column="evidence_id", value=evidence_id)
    if case is None and figure is None:
        clip = rows.one(recipe, "clips", ClipRow, column="evidence_id", value=evidence_id)
    if case is None and figure is None and clip is None:
        volume = rows.one(recipe, "volumes", VolumeRecord, column="volume_id", value=evidence_id)
    if volume is not None and (volume.status not in USABLE or volume.sha256 is None):
        volume = None
    masks: tuple[VolumeRecord, ...] = ()
    if volume is not None:
        found = rows.all(recipe, "volumes", VolumeRecord, column="mask_of", value=volume.volume_id)
        masks = tuple(mask for mask in found if mask.status in USABLE and mask.sha256)
    sources = rows.all(recipe, "sources", Source, column="source_id", value=candidate.source_id)
    source = next((row for row in sources if row.status == READ), None)
    return Rests(
        candidate=candidate, case=case, figure=figure, clip=clip, volume=volume, masks=masks, source=source
    )
