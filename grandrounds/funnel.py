"""The funnel of a build: what each arrow took in, let through and refused, counted from the tables.

Each number is counted in another table than the one it must match, so a row that gets lost
anywhere between two tables is noticed. (A file that never became a row of ``sources`` is not: the
first table is where counting starts.)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from grandrounds.recipe import Recipe
from grandrounds.records.case import Case
from grandrounds.records.clip import ClipRow
from grandrounds.records.envelope import OK, Candidate, Draft, Item, Revision
from grandrounds.records.figure import FigureRow
from grandrounds.records.funnel import FunnelStep, ReasonCount
from grandrounds.records.rejection import Rejection
from grandrounds.records.scan import Scan
from grandrounds.records.source import PASSED_BY, READ, Source
from grandrounds.records.video import VideoRow
from grandrounds.records.volume import VolumeRecord
from grandrounds.sources.kinds import DICOM, NIFTI, VIDEO

WAITING = "waiting"
_IMAGING = frozenset({DICOM, NIFTI})


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRows:
    """The evidence of a recipe on cases. Without ``admitted``, admitted are those that have a draft."""

    cases: Sequence[Case]
    admitted: Sequence[Case] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeRows:
    """The evidence of a recipe on volumes: all rows of ``volumes``, and the scans that were admitted."""

    volumes: Sequence[VolumeRecord]
    scans: Sequence[Scan]


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureRows:
    """The evidence of a recipe on figures: all rows of ``figures``, and those that were admitted."""

    figures: Sequence[FigureRow]
    admitted: Sequence[FigureRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipRows:
    """The evidence of a recipe on videos: all rows of ``videos`` and ``clips``, and the clips that were
    admitted."""

    videos: Sequence[VideoRow]
    clips: Sequence[ClipRow]
    admitted: Sequence[ClipRow]


EvidenceRows = CaseRows | VolumeRows | FigureRows | ClipRows


@dataclass(frozen=True, slots=True, kw_only=True)
class FunnelLine:
    """One step as people read it."""

    step: str
    unit: str
    entered: str
    left: str
    refused: str


def build_funnel(
    recipe: Recipe,
    *,
    sources: Sequence[Source],
    evidence: EvidenceRows,
    drafts: Sequence[Draft],
    revisions: Sequence[Revision],
    candidates: Sequence[Candidate],
    rejections: Sequence[Rejection],
    accepted: Sequence[Candidate] | None = None,
    review_rejections: Sequence[Rejection] | None = None,
    items: Sequence[Item] | None = None,
) -> list[FunnelStep]:
    """The steps of a build, in order.

    ``rejections`` are those of every stage. ``accepted`` (candidates that may be published) adds the step
    ``review``, where candidates that nobody decided yet are refused as ``waiting``; ``review_rejections``
    are taken from ``rejections`` when not given. ``items`` adds the step ``release``.
    """
    refused = _by_stage([*rejections, *(review_rejections or ())])
    steps = _Steps(recipe.name)
    steps.add("found", "file", len(sources), sum(s.status == READ for s in sources), _passed_over(sources))
    if isinstance(evidence, CaseRows):
        _add_cases(steps, evidence, sources, drafts, refused["evidence"])
        drafted = steps.made[-1].left * len(recipe.tasks)
    elif isinstance(evidence, FigureRows):
        _add_figures(steps, evidence, sources, refused["evidence"])
        drafted = steps.made[-1].left * len(recipe.tasks)
    elif isinstance(evidence, ClipRows):
        _add_clips(steps, evidence, sources, refused["evidence"])
        drafted = _drafts_due(recipe, evidence.admitted, drafts)
    else:
        _add_volumes(steps, evidence, sources, refused["evidence"])
        drafted = _drafts_due(recipe, evidence.scans, drafts)
    steps.add("draft", "draft", len(drafts), _ok(drafts), refused["draft"], expected=drafted)
    steps.add("revise", "draft", len(revisions), _ok(revisions), refused["revise"], follows=True)
    steps.add("gates", "revision", _ok(revisions), len(candidates), refused["gates"], follows=True)
    if accepted is not None:
        waiting = _waiting(candidates, accepted, [*rejections, *(review_rejections or ())])
        reasons = refused["review"] + Counter({WAITING: waiting})
        steps.add("review", "candidate", len(candidates), len(accepted), reasons, follows=True)
    if items is not None:
        going = len(candidates) if accepted is None else len(accepted)
        steps.add("release", "item", going, len(items), Counter(), follows=True)
    return steps.made


def funnel_lines(steps: Iterable[FunnelStep]) -> list[FunnelLine]:
    """The steps as texts, for a table in the terminal."""
    return [
        FunnelLine(
            step=step.step,
            unit=step.unit,
            entered=f"{step.entered:,}",
            left=f"{step.left:,}",
            refused=", ".join(f"{part.reason} {part.count:,}" for part in step.refused),
        )
        for step in sorted(steps, key=lambda step: step.position)
    ]


def funnel_markdown(steps: Iterable[FunnelStep]) -> str:
    """The funnel as a Markdown table."""
    lines = ["| step | unit | in | out | refused |", "| --- | --- | ---: | ---: | --- |"]
    for line in funnel_lines(steps):
        cells = (line.step, line.unit, line.entered, line.left, line.refused)
        lines.append(
            "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
        )
    return "\n".join(lines)


class _Steps:
    """Collects steps; ``follows`` expects what the step before let through."""

    def __init__(self, recipe: str) -> None:
        self._recipe = recipe
        self.made: list[FunnelStep] = []

    def add(
        self,
        name: str,
        unit: str,
        entered: int,
        left: int,
        refused: Counter[str],
        *,
        follows: bool = False,
        expected: int | None = None,
    ) -> None:
        self.made.append(
            FunnelStep(
                recipe=self._recipe,
                position=len(self.made),
                step=name,
                unit=unit,
                entered=entered,
                left=left,
                refused=tuple(
                    ReasonCount(reason=reason, count=count)
                    for reason, count in sorted(refused.items(), key=lambda part: (-part[1], part[0]))
                    if count
                ),
                expected=self.made[-1].left if follows else expected,
            )
        )


def _add_cases(
    steps: _Steps,
    rows: CaseRows,
    sources: Sequence[Source],
    drafts: Sequence[Draft],
    refused: Counter[str],
) -> None:
    """The steps from files to admitted cases."""
    chosen: Iterable[Case | Draft] = drafts if rows.admitted is None else rows.admitted
    admitted = {row.evidence_id for row in chosen}
    steps.add("cases", "case", _told_by(sources, rows.cases), len(rows.cases), Counter())
    steps.add("admitted", "case", len(rows.cases), len(admitted), refused, follows=True)


def _add_volumes(steps: _Steps, rows: VolumeRows, sources: Sequence[Source], refused: Counter[str]) -> None:
    """The steps from imaging files to the volumes of admitted scans."""
    files = {source.source_id for source in sources if source.status == READ and source.kind in _IMAGING}
    named = {one for volume in rows.volumes for one in volume.source_ids}
    steps.add("volumes", "file", len(files), len(files & named), Counter())
    steps.add("admitted", "volume", len(rows.volumes), sum(1 for _ in _standing(rows)), refused)


def _add_figures(steps: _Steps, rows: FigureRows, sources: Sequence[Source], refused: Counter[str]) -> None:
    """The steps from books to admitted figures. A book without a figure is none that was lost: every figure
    must come from a book that was read."""
    read = {source.source_id for source in sources if source.status == READ}
    known = sum(row.source_id in read for row in rows.figures)
    steps.add("figures", "figure", known, len(rows.figures), Counter())
    steps.add("admitted", "figure", len(rows.figures), len(rows.admitted), refused, follows=True)


def _add_clips(steps: _Steps, rows: ClipRows, sources: Sequence[Source], refused: Counter[str]) -> None:
    """The steps from video files to admitted clips. A video without a clip is none that was lost: every
    clip must come from a video that is known."""
    read = {source.source_id for source in sources if source.status == READ and source.kind == VIDEO}
    known = {row.video_id for row in rows.videos}
    steps.add("videos", "file", len(read), len(read & {row.source_id for row in rows.videos}), Counter())
    told = sum(row.video_id in known for row in rows.clips)
    steps.add("clips", "clip", told, len(rows.clips), Counter())
    steps.add("admitted", "clip", len(rows.clips), len(rows.admitted), refused, follows=True)


def _standing(rows: VolumeRows) -> Iterator[str]:
    """The ids of the volumes that stand in admitted scans, as image or mask."""
    for scan in rows.scans:
        yield scan.volume.volume_id
        yield from (mask.volume_id for mask in scan.masks)


def _drafts_due(recipe: Recipe, units: Sequence[Scan | ClipRow], drafts: Sequence[Draft]) -> int:
    """How many drafts there must be where a unit may give a task several, but gives each at least one.

    Those of admitted units and tasks of the recipe, and one for every pair of these that has none.
    """
    pairs = {(unit.evidence_id, task.name) for unit in units for task in recipe.tasks}
    drafted = [pair for draft in drafts if (pair := (draft.evidence_id, draft.task)) in pairs]
    return len(drafted) + len(pairs.difference(drafted))


def _passed_over(sources: Iterable[Source]) -> Counter[str]:
    return Counter(
        f"{PASSED_BY}:{source.kind}" if source.status == PASSED_BY else source.status
        for source in sources
        if source.status != READ
    )


def _told_by(sources: Sequence[Source], cases: Sequence[Case]) -> int:
    """How many cases the sources that were read must give: each case says how many its article has."""
    counts = {case.source_id: case.case_count for case in cases}
    return sum(counts.get(source.source_id, 1) for source in sources if source.status == READ)


def _waiting(
    candidates: Sequence[Candidate], accepted: Sequence[Candidate], rejections: Sequence[Rejection]
) -> int:
    """Candidates that are neither accepted nor rejected. An edit may have given an accepted one a
    new item id, so it is known by its revision."""
    taken = {row.revision_id for row in accepted}
    turned_down = {row.subject_id for row in rejections if row.stage == "review"}
    return sum(row.revision_id not in taken and row.item_id not in turned_down for row in candidates)


def _by_stage(rejections: Iterable[Rejection]) -> dict[str, Counter[str]]:
    stages: dict[str, Counter[str]] = {
        name: Counter() for name in ("evidence", "draft", "revise", "gates", "review")
    }
    for row in rejections:
        stages.setdefault(row.stage, Counter())[row.gate] += 1
    return stages


def _ok(rows: Iterable[Draft | Revision]) -> int:
    return sum(row.status == OK for row in rows)
