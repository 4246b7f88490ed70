"""Counts of a release, from its rows: the writer stores them, ``verify`` counts again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from operator import attrgetter

from grandrounds.records.envelope import Item
from grandrounds.records.parts import UNREAD
from grandrounds.records.rejection import Rejection
from grandrounds.records.review_event import ReviewEvent
from grandrounds.records.structure import UNKNOWN
from grandrounds.records.video import PARTIAL
from grandrounds.release.evidence import (
    CaseEvidence,
    ClipEvidence,
    Evidence,
    FigureEvidence,
    VolumeEvidence,
)
from grandrounds.release.manifest import (
    AnswerCounts,
    ClipCounts,
    Counts,
    FigureCounts,
    ManifestAuthor,
    ScoreCounts,
    TextOnlyCounts,
    VolumeCounts,
)
from grandrounds.release.splits import SPLITS

UNNAMED, NO_WORDS = "unnamed", "none"
# What de-identification writes into the row of a volume that shows a face, or showed one.
_FACES = ("face can be rebuilt", "face was cut out")


def letter(index: int) -> str:
    """The letter of a 0-based option: A, B, C ..."""
    return chr(ord("A") + index) if 0 <= index < 26 else str(index + 1)


def count(
    items: Sequence[Item],
    *,
    evidence: Evidence,
    rejections: Iterable[Rejection],
    events: Sequence[ReviewEvent],
) -> Counts:
    """All counts of a release from its rows."""
    named = evidence.index_only
    tasks = sorted({item.task for item in items})
    pairs = Counter((item.task, item.split) for item in items)
    labels: dict[str, Counter[str]] = {}
    for item in items:
        for label in item.labels:
            labels.setdefault(label.scheme, Counter())["/".join(label.path)] += 1
    refused: dict[str, Counter[str]] = {}
    for rejection in rejections:
        refused.setdefault(rejection.stage, Counter())[rejection.gate] += 1
    return Counts(
        items=len(items),
        groups=len({item.group_id for item in items}),
        cases=len(evidence.cases) if isinstance(evidence, CaseEvidence) else 0,
        images=sum(
            media.kind == "image" for item in items if item.evidence_id not in named for media in item.media
        ),
        by_task={task: {split: pairs[task, split] for split in SPLITS} for task in tasks},
        by_split={split: sum(item.split == split for item in items) for split in SPLITS},
        by_licence=_sorted(Counter(item.licence for item in items)),
        by_label={scheme: _sorted(paths) for scheme, paths in sorted(labels.items())},
        by_language=_sorted(Counter(item.language for item in items)),
        by_author=_sorted(Counter(item.authorship.author for item in items)),
        answer_positions=_positions(items),
        longest_is_right=_longest(items),
        rejections={stage: _sorted(gates) for stage, gates in sorted(refused.items())},
        review_events=len(events),
        volumes=_volumes(evidence) if isinstance(evidence, VolumeEvidence) else None,
        figures=_figures(evidence, items) if isinstance(evidence, FigureEvidence) else None,
        clips=_clips(evidence, items) if isinstance(evidence, ClipEvidence) else None,
        unread=sum(item.review.status == UNREAD for item in items) or None,
        answers=_answers(items, events),
    )


def authors(items: Iterable[Item]) -> tuple[ManifestAuthor, ...]:
    """Who wrote how many items."""
    made = Counter(
        (item.authorship.author, item.authorship.author_version, item.authorship.model or "")
        for item in items
    )
    return tuple(
        ManifestAuthor(author=author, version=version, model=model or None, items=number)
        for (author, version, model), number in sorted(made.items())
    )


def _answers(items: Iterable[Item], events: Iterable[ReviewEvent]) -> AnswerCounts | None:
    """Each reader's answer to an item counts once: a decision that was taken back is not answered anew."""
    read = {(item.candidate_id, item.content_sha256): item for item in items}
    given = {
        (event.item_id, event.reviewer): (event.answer, read[event.item_id, event.content_sha256])
        for event in sorted(events, key=attrgetter("created_at", "event_id"))
        if event.answer and (event.item_id, event.content_sha256) in read
    }
    options = [(answer, item) for answer, item in given.values() if item.options]
    if not given:
        return None
    return AnswerCounts(
        answered=len(given),
        with_options=len(options),
        as_marked=sum(answer == item.answer for answer, item in options),
    )


def _volumes(evidence: VolumeEvidence) -> VolumeCounts:
    images = [row for row in evidence.volumes if not row.is_mask]
    distances = [side for row in images for side in row.spacing]
    return VolumeCounts(
        images=len(images),
        masks=len(evidence.volumes) - len(images),
        structures=len(evidence.structures),
        measurements=len(evidence.measurements),
        bytes=sum(row.bytes for row in evidence.packed),
        by_modality=_sorted(Counter(row.modality or UNKNOWN for row in images)),
        by_structure=_sorted(Counter(row.name or UNNAMED for row in evidence.structures)),
        by_origin=_sorted(Counter(row.origin for row in evidence.structures)),
        by_verdict=_sorted(Counter(row.verdict for row in evidence.measurements if row.criterion)),
        faces=sum(any(words in row.reason for words in _FACES) for row in images),
        spacing=(min(distances, default=0.0), max(distances, default=0.0)),
    )


def _figures(evidence: FigureEvidence, items: Sequence[Item]) -> FigureCounts:
    from grandrounds.figures.scores import tally
    from grandrounds.figures.text_baseline import accuracies

    rows = evidence.figures
    scored = tally(evidence.scores)
    return FigureCounts(
        figures=len(rows),
        books=len({row.source_id for row in rows}),
        panels=sum(len(row.panels) for row in rows),
        mentions=sum(len(row.mentions) for row in rows),
        read_by_ocr=sum(row.read_by_ocr for row in rows),
        by_origin=_sorted(Counter(row.origin for row in rows)),
        by_licence=_sorted(Counter(row.licence for row in rows)),
        by_alignment=_sorted(Counter(_tenth(row.alignment) for row in rows)),
        scores=ScoreCounts(
            right=scored.right, wrong=scored.wrong, unsure=scored.unsure, scorers=scored.scorers
        ),
        text_only={
            task: TextOnlyCounts(items=found.items, right=found.right, chance=found.chance)
            for task, found in accuracies(sorted(items, key=attrgetter("item_id"))).items()
        },
    )


def _clips(evidence: ClipEvidence, items: Sequence[Item]) -> ClipCounts:
    from grandrounds.videos.seen import NO_FACES, NO_TEXT, left_out_for_people

    clips, videos, named = evidence.clips, evidence.videos, evidence.index_only
    return ClipCounts(
        videos=len(videos),
        clips=len(clips),
        clips_named=len(named),
        items_named=sum(item.evidence_id in named for item in items),
        frames=sum(len(row.frames) for row in clips if not row.index_only),
        frames_named=sum(len(row.frames) for row in clips if row.index_only),
        seconds=round(sum(row.end_seconds - row.start_seconds for row in clips), 3),
        films=len(evidence.films),
        people_withheld=sum(left_out_for_people(row) for row in videos),
        partial=sum(row.status == PARTIAL for row in videos),
        cuts=sum(len(row.cuts) for row in videos),
        methods=_sorted(Counter(row.cut_method for row in videos)),
        moved=sum(row.offset_seconds != 0 for row in videos),
        posed=sum(bool(row.poses) for row in clips),
        scenes=_sorted(Counter(row.coherence for row in clips)),
        words=_sorted(Counter(row.text_origin if row.text.strip() else NO_WORDS for row in clips)),
        looked_at=_sorted(Counter(frame.verdict for row in videos for frame in row.looked_at)),
        faces_unseen=sum(NO_FACES in row.notes for row in videos),
        text_unread=sum(NO_TEXT in row.notes for row in videos),
        by_licence=_sorted(Counter(row.licence for row in videos)),
    )


def _tenth(share: float) -> str:
    """The lower end of the tenth that a share lies in; 1 lies in the last."""
    return f"0.{min(9, int(share * 10 + 1e-9))}"


def _positions(items: Iterable[Item]) -> dict[str, dict[str, int]]:
    """For each multiple-choice task, how often each letter is right, unused letters with 0."""
    found: dict[str, Counter[int]] = {}
    width: dict[str, int] = {}
    for item in items:
        if item.options and item.answer_index is not None:
            found.setdefault(item.task, Counter())[item.answer_index] += 1
            width[item.task] = max(width.get(item.task, 0), len(item.options))
    return {
        task: {letter(index): found[task][index] for index in range(width[task])} for task in sorted(found)
    }


def _longest(items: Iterable[Item]) -> dict[str, int]:
    found: dict[str, int] = {}
    for item in items:
        if item.options:
            others = [len(option) for option in item.options if option != item.answer]
            alone = bool(others) and len(item.answer) > max(others)
            found[item.task] = found.get(item.task, 0) + alone
    return dict(sorted(found.items()))


def _sorted(counter: Counter[str]) -> dict[str, int]:
    return dict(sorted(counter.items()))
