"""The funnel of a build: what each arrow took in, let through and refused, counted from the tables.

Each number is counted in another table than the one it must match, so a row that gets lost
anywhere between two tables is noticed. (A file that never became a row of ``sources`` is not: the
first table is where counting starts.)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from grandrounds.recipe import Recipe
from grandrounds.records.case import Case
from grandrounds.records.envelope import OK, Candidate, Draft, Item, Revision
from grandrounds.records.funnel import FunnelStep, ReasonCount
from grandrounds.records.rejection import Rejection
from grandrounds.records.source import PASSED_BY, READ, Source

WAITING = "waiting"


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
    cases: Sequence[Case],
    drafts: Sequence[Draft],
    revisions: Sequence[Revision],
    candidates: Sequence[Candidate],
    rejections: Sequence[Rejection],
    admitted: Sequence[Case] | None = None,
    accepted: Sequence[Candidate] | None = None,
    review_rejections: Sequence[Rejection] | None = None,
    items: Sequence[Item] | None = None,
) -> list[FunnelStep]:
    """The steps of a build, in order.

    ``rejections`` are those of every stage. Without ``admitted``, the admitted cases are those that
    have a draft. ``accepted`` (candidates that may be published) adds the step ``review``, where
    candidates that nobody decided yet are refused as ``waiting``; ``review_rejections`` are taken
    from ``rejections`` when not given. ``items`` adds the step ``release``.
    """
    refused = _by_stage([*rejections, *(review_rejections or ())])
    admitted_ids = (
        {case.evidence_id for case in admitted} if admitted is not None else {d.evidence_id for d in drafts}
    )
    steps = _Steps(recipe.name)
    steps.add("found", "file", len(sources), sum(s.status == READ for s in sources), _passed_over(sources))
    steps.add("cases", "case", _told_by(sources, cases), len(cases), Counter())
    steps.add("admitted", "case", len(cases), len(admitted_ids), refused["cases"], follows=True)
    drafted = len(admitted_ids) * len(recipe.tasks)
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
        name: Counter() for name in ("cases", "draft", "revise", "gates", "review")
    }
    for row in rejections:
        stages.setdefault(row.stage, Counter())[row.gate] += 1
    return stages


def _ok(rows: Iterable[Draft | Revision]) -> int:
    return sum(row.status == OK for row in rows)
