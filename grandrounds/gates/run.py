"""Runs every gate on every revision: each ends as exactly one candidate or one rejection.

The gates that look at one row come first, in the order below; the first that refuses names the rejection,
but its sentence holds what all of them found. What passed is compared with one another: duplicates go,
groups are merged, and where a recipe asks for it all are held against public benchmarks and other
releases (gate ``contamination``); options are shuffled. Rows made from volumes are computed again from
the voxels: one scan is open at a time, so they should come in the order of the scans. Rows made from
figures are held against their picture, one at a time as well, and then (gate ``text_only``) all of them
against a small model that answers from question and options alone. Rows made from clips are held against
the pictures of their frames, and against what the reader saw in their video. Where a recipe has a panel
of models, it is asked about what passed all that (its answers cost money), and its votes are weighed
last; consultations are weighed the same way by the marks of a model, where a recipe asks for them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from grandrounds.gates import (
    blind,
    clips,
    contamination,
    deidentify,
    difficulty,
    figures,
    grounding,
    groups,
    leakage,
    licence,
    options,
    protected,
    rubrics,
    single_frame,
    types,
    volumes,
)
from grandrounds.gates.batch_bias import shuffle_options
from grandrounds.gates.duplicates import NAME as DUPLICATES
from grandrounds.gates.duplicates import find_duplicates
from grandrounds.gates.figures import text_only
from grandrounds.gates.gate import Evidence, Findings, Gate, Looked
from grandrounds.gates.looking import Looking
from grandrounds.gates.pictures import GetPicture
from grandrounds.gates.rubrics import controls
from grandrounds.gates.status import reject
from grandrounds.gates.voxels import OpenVolume
from grandrounds.needs import ClipNeed, FigureNeed
from grandrounds.recipe import Recipe
from grandrounds.records.clip import ClipRow
from grandrounds.records.control_mark import ControlMark
from grandrounds.records.envelope import OK, Candidate, Envelope, Revision, content_sha256, item_id
from grandrounds.records.figure import FigureRow
from grandrounds.records.parts import Flag
from grandrounds.records.rejection import Rejection
from grandrounds.records.video import VideoRow
from grandrounds.records.vote import PanelVote

if TYPE_CHECKING:
    from grandrounds.contamination.pieces import Released
    from grandrounds.figures.swaps import Swap

Votes = Mapping[str, Sequence[PanelVote]]

GATES: tuple[Gate, ...] = (
    licence.GATE,
    protected.GATE,
    types.GATE,
    options.GATE,
    grounding.GATE,
    leakage.GATE,
    deidentify.GATE,
    groups.GATE,
)
"""The gates that look at one row made from a case, in order; ``volumes.GATES``, ``figures.GATES`` and
``clips.GATES`` are those of the other kinds, ``rubrics.GATES`` those of consultations."""

NAMES: tuple[str, ...] = (
    *dict.fromkeys(
        gate.name for gate in (*GATES, *volumes.GATES, *figures.GATES, *clips.GATES, *rubrics.GATES)
    ),
    DUPLICATES,
    contamination.NAME,
    text_only.NAME,
    blind.NAME,
    single_frame.NAME,
    difficulty.NAME,
)
"""Every gate that can refuse a revision, of any kind of evidence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What became of the revisions, in their order."""

    candidates: list[Candidate]
    rejections: list[Rejection]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Passed:
    revision: Revision
    flags: tuple[Flag, ...]


def gates_of(recipe: Recipe) -> tuple[Gate, ...]:
    """The gates that look at one row of a recipe, by the kind of its evidence, in order."""
    if recipe.consults:
        return rubrics.GATES
    own = {"volumes": volumes.GATES, "figures": figures.GATES, "clips": clips.GATES}
    return own.get(recipe.evidence.kind, GATES)


def judge(
    revisions: Iterable[Revision],
    *,
    evidence: Mapping[str, Evidence],
    recipe: Recipe,
    open_volume: OpenVolume | None = None,
    get_picture: GetPicture | None = None,
    videos: Iterable[VideoRow] = (),
    released: Released | None = None,
) -> Judged:
    """Judge all revisions with status ``ok``; others are left to ``status.reject_revisions``.

    ``evidence`` is by evidence id. ``open_volume`` opens a volume by its row: without it no row made from a
    scan passes. ``get_picture`` gives a picture's bytes by their hash; without it no row made from a figure
    or clip passes. ``videos`` are those that clips are from; no row made from a clip of another passes.
    ``released`` are the releases of other recipes, for recipes that are held against them. A gate that
    raises on a row refuses that row with the error's words; the others are judged all the same.
    """
    gates = gates_of(recipe)
    looking = Looking(open_volume, get_picture=get_picture, swaps=_swaps(evidence))
    by_id = {video.video_id: video for video in videos}
    passed: list[_Passed] = []
    rejections: list[Rejection] = []
    seen: Counter[str] = Counter()
    for revision in revisions:
        if revision.status != OK:
            continue
        again = seen[revision.revision_id]
        seen[revision.revision_id] += 1
        own = evidence.get(revision.evidence_id)
        looked = Looked(
            revision=revision,
            evidence=own,
            recipe=recipe,
            voxels=looking.voxels_of(own),
            picture=looking.picture_of(own),
            framed=looking.framed_of(own),
            video=by_id.get(own.video_id) if isinstance(own, ClipRow) else None,
        )
        seen_by = [(gate.name, _look(gate, looked)) for gate in gates]
        if again:
            seen_by.insert(0, (types.GATE.name, Findings(problems=("Its id occurs twice.",))))
        refused = [(name, problem) for name, findings in seen_by for problem in findings.problems]
        if refused:
            rejections.append(_refusal(revision, refused, again=again))
        else:
            flags = tuple(flag for _, findings in seen_by for flag in findings.flags)
            passed.append(_Passed(revision=revision, flags=flags))
    return _compare(passed, rejections, evidence=evidence, recipe=recipe, released=released)


def weigh(candidates: Iterable[Candidate], *, votes: Votes, recipe: Recipe) -> Judged:
    """Judge what passed all other gates by the votes of the recipe's panel, by item id.

    Each candidate ends as one candidate, with its votes and what they say of it, or as one rejection.
    """
    left: list[Candidate] = []
    rejections: list[Rejection] = []
    for candidate in candidates:
        weighed, refused = _weigh(candidate, votes.get(candidate.item_id, ()), recipe)
        if refused:
            rejections.append(_refusal(candidate, refused))
        else:
            left.append(weighed)
    return Judged(candidates=shuffle_options(left, recipe), rejections=rejections)


def weigh_marks(candidates: Sequence[Candidate], *, marks: Iterable[ControlMark], recipe: Recipe) -> Judged:
    """Judge consultations that passed all other gates by a model's marks of answers of known worth."""
    wrong = controls.weigh(candidates, marks, recipe)
    return Judged(
        candidates=[row for place, row in enumerate(candidates) if place not in wrong],
        rejections=[
            _reject(candidates[place], gate=controls.NAME, reasons=[wrong[place]])
            for place in sorted(wrong)
        ],
    )


def _look(gate: Gate, looked: Looked) -> Findings:
    try:
        return gate.look(looked)
    except Exception as exc:  # noqa: BLE001 - one row must not end the run, whatever is wrong with it
        return Findings(problems=(f"The gate itself failed on this row: {type(exc).__name__}: {exc}.",))


def _compare(
    passed: Sequence[_Passed],
    rejections: list[Rejection],
    *,
    evidence: Mapping[str, Evidence],
    recipe: Recipe,
    released: Released | None,
) -> Judged:
    rows = [entry.revision for entry in passed]
    duplicates = find_duplicates(rows, recipe, evidence)
    alike = [(rows[one].evidence_id, rows[other].evidence_id) for one, other in duplicates.pairs]
    group_of = groups.merged_groups(evidence, alike, near_picture=_near(recipe))
    candidates = []
    for position, entry in enumerate(passed):
        problem = duplicates.problems.get(position)
        if problem is None:
            candidates.append(_candidate(entry, group_of))
        else:
            rejections.append(_reject(entry.revision, gate=DUPLICATES, reasons=[problem]))
    candidates = _without_copies(candidates, rejections, recipe, released)
    if recipe.evidence.kind == "figures":
        candidates = _without_sure(candidates, rejections, recipe)
    if recipe.consults:
        candidates = _with_remarks(candidates, recipe)
    return Judged(candidates=shuffle_options(candidates, recipe), rejections=rejections)


def _without_copies(
    candidates: Sequence[Candidate],
    rejections: list[Rejection],
    recipe: Recipe,
    released: Released | None,
) -> list[Candidate]:
    """The candidates without copies of public benchmarks, which become rejections; others with a remark."""
    found = contamination.find(candidates, recipe, released)
    rejections += [
        _reject(candidates[place], gate=contamination.NAME, reasons=[found.problems[place]])
        for place in sorted(found.problems)
    ]
    return [
        replace(row, quality_flags=(*row.quality_flags, *found.flags[place]))
        if place in found.flags
        else row
        for place, row in enumerate(candidates)
        if place not in found.problems
    ]


def _near(recipe: Recipe) -> int:
    """By how many bits the hashes of pictures that look the same may differ."""
    need = recipe.evidence
    if isinstance(need, FigureNeed):
        return need.near_picture
    return need.near_frame if isinstance(need, ClipNeed) else 0


def _without_sure(
    candidates: Sequence[Candidate], rejections: list[Rejection], recipe: Recipe
) -> list[Candidate]:
    """The candidates without those that can be answered from their words; those become rejections."""
    sure = text_only.find(candidates, recipe)
    rejections += [
        _reject(candidates[place], gate=text_only.NAME, reasons=[sure[place]]) for place in sorted(sure)
    ]
    return [candidate for place, candidate in enumerate(candidates) if place not in sure]


def _with_remarks(candidates: Sequence[Candidate], recipe: Recipe) -> list[Candidate]:
    """The candidates, those with a remark whose rubric pays for another patient's answer."""
    remarks = controls.remarks(candidates, recipe)
    return [
        replace(row, quality_flags=(*row.quality_flags, remarks[place])) if place in remarks else row
        for place, row in enumerate(candidates)
    ]


def _swaps(evidence: Mapping[str, Evidence]) -> dict[str, Swap]:
    """Captions that seem to stand under each other's pictures, where the evidence is figures."""
    rows = [row for row in evidence.values() if isinstance(row, FigureRow)]
    if not rows:
        return {}
    from grandrounds.figures.swaps import find_swaps

    return find_swaps(rows)


def _candidate(entry: _Passed, group_of: Mapping[str, str]) -> Candidate:
    revision = entry.revision
    envelope = {field.name: getattr(revision, field.name) for field in fields(Envelope)}
    envelope["group_id"] = group_of.get(revision.group_id, revision.group_id)
    envelope["quality_flags"] = tuple(dict.fromkeys((*revision.quality_flags, *entry.flags)))
    return Candidate(
        **envelope,
        item_id=item_id(revision),
        revision_id=revision.revision_id,
        draft_id=revision.draft_id,
        content_sha256=content_sha256(revision),
    )


def _weigh(
    candidate: Candidate, votes: Sequence[PanelVote], recipe: Recipe
) -> tuple[Candidate, list[tuple[str, str]]]:
    """The candidate with its votes and what they say of it; and by which gates it is refused, and why."""
    found = {
        blind.NAME: blind.look(candidate, votes, recipe),
        single_frame.NAME: single_frame.look(candidate, votes, recipe),
        difficulty.NAME: difficulty.look(votes, recipe),
    }
    level = difficulty.label(votes, recipe.gates)
    flags = tuple(flag for findings in found.values() for flag in findings.flags)
    weighed = replace(
        candidate,
        votes=tuple(vote.short() for vote in votes if vote.counts),
        labels=(*candidate.labels, *((level,) if level else ())),
        quality_flags=(*candidate.quality_flags, *flags),
    )
    return weighed, [(gate, problem) for gate, findings in found.items() for problem in findings.problems]


def _refusal(row: Revision | Candidate, refused: Sequence[tuple[str, str]], *, again: int = 0) -> Rejection:
    """The rejection of a row by the first of the gates that refused it, with what all of them said."""
    first = refused[0][0]
    reasons = [problem if gate == first else f"[{gate}] {problem}" for gate, problem in refused]
    return _reject(row, gate=first, reasons=reasons, again=again)


def _reject(row: Revision | Candidate, *, gate: str, reasons: Sequence[str], again: int = 0) -> Rejection:
    return reject(row, stage="gates", gate=gate, reasons=reasons, subject_id=row.revision_id, again=again)
