"""Rejections: how a row that does not go on is kept. And those that authoring itself gave up."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from grandrounds.fingerprint import content_id
from grandrounds.records.case import Case
from grandrounds.records.clip import ClipRow
from grandrounds.records.envelope import OK, Draft, Envelope, Revision
from grandrounds.records.figure import FigureRow
from grandrounds.records.rejection import Rejection
from grandrounds.records.volume import VolumeRecord

EVIDENCE = "evidence"
"""The stage of what was never asked about."""

_NO_REASON = "The author gave no reason."


def reject_drafts(drafts: Iterable[Draft]) -> list[Rejection]:
    """One rejection of stage ``draft`` for each draft that is not ok; the status is the gate."""
    return [
        reject(row, stage="draft", gate=row.status, reasons=[row.reason], subject_id=row.draft_id)
        for row in drafts
        if row.status != OK
    ]


def reject_revisions(revisions: Iterable[Revision]) -> list[Rejection]:
    """One rejection of stage ``revise`` for each revision that is not ok; the status is the gate."""
    return [
        reject(row, stage="revise", gate=row.status, reasons=[row.reason], subject_id=row.revision_id)
        for row in revisions
        if row.status != OK
    ]


def reject(
    row: Envelope, *, stage: str, gate: str, reasons: Sequence[str], subject_id: str, again: int = 0
) -> Rejection:
    """The rejection of an authored row, with the whole row inside as JSON.

    ``again`` tells rows with the same id apart (0 for the first), so that none is lost.
    """
    return Rejection(
        rejection_id=content_id(
            "rejection", [row.recipe, stage, gate, subject_id, *([again] if again else [])]
        ),
        recipe=row.recipe,
        stage=stage,
        gate=gate,
        reason=_sentence(reasons),
        subject_id=subject_id,
        source_id=row.source_id,
        evidence_id=row.evidence_id,
        task=row.task,
        row=row_json(row),
    )


def reject_case(case: Case, *, recipe: str, gate: str, reasons: Sequence[str]) -> Rejection:
    """The rejection of a case. Its text stays in the ``cases`` table; the row keeps what names it."""
    return Rejection(
        rejection_id=content_id("rejection", [recipe, EVIDENCE, gate, case.evidence_id]),
        recipe=recipe,
        stage=EVIDENCE,
        gate=gate,
        reason=_sentence(reasons),
        subject_id=case.evidence_id,
        source_id=case.source_id,
        evidence_id=case.evidence_id,
        row=json.dumps(
            {
                "title": case.title,
                "licence": case.licence,
                "language": case.language,
                "citation": case.citation,
                "article_type": case.article_type,
                "text_sha256": case.text_sha256,
            },
            ensure_ascii=False,
        ),
    )


def reject_volume(volume: VolumeRecord, *, recipe: str, gate: str, reasons: Sequence[str]) -> Rejection:
    """The rejection of an image or mask. Its geometry stays in ``volumes``; the row keeps what names it."""
    return Rejection(
        rejection_id=content_id("rejection", [recipe, EVIDENCE, gate, volume.volume_id]),
        recipe=recipe,
        stage=EVIDENCE,
        gate=gate,
        reason=_sentence(reasons),
        subject_id=volume.volume_id,
        source_id=volume.source_ids[0] if volume.source_ids else "",
        evidence_id=volume.mask_of or volume.volume_id,
        row=json.dumps(
            {
                "name": volume.name,
                "licence": volume.licence,
                "citation": volume.citation,
                "format": volume.format,
                "modality": volume.modality,
                "is_mask": volume.is_mask,
                "status": volume.status,
                "sha256": volume.sha256,
            },
            ensure_ascii=False,
        ),
    )


def reject_figure(figure: FigureRow, *, recipe: str, gate: str, reasons: Sequence[str]) -> Rejection:
    """The rejection of a figure. Caption and text stay in ``figures``; the row keeps what names it."""
    return Rejection(
        rejection_id=content_id("rejection", [recipe, EVIDENCE, gate, figure.evidence_id]),
        recipe=recipe,
        stage=EVIDENCE,
        gate=gate,
        reason=_sentence(reasons),
        subject_id=figure.evidence_id,
        source_id=figure.source_id,
        evidence_id=figure.evidence_id,
        row=json.dumps(
            {
                "book": figure.book,
                "label": figure.label,
                "page": figure.page if figure.page is not None else figure.caption_page,
                "status": figure.status,
                "origin": figure.origin,
                "alignment": figure.alignment,
                "licence": figure.licence,
                "language": figure.language,
                "citation": figure.citation,
                "protected": figure.protected,
                "sha256": figure.sha256,
                "text_sha256": figure.text_sha256,
            },
            ensure_ascii=False,
        ),
    )


def reject_clip(clip: ClipRow, *, recipe: str, gate: str, reasons: Sequence[str]) -> Rejection:
    """The rejection of a clip. Its words stay in ``clips``; the row keeps what names it."""
    return Rejection(
        rejection_id=content_id("rejection", [recipe, EVIDENCE, gate, clip.evidence_id]),
        recipe=recipe,
        stage=EVIDENCE,
        gate=gate,
        reason=_sentence(reasons),
        subject_id=clip.evidence_id,
        source_id=clip.source_id,
        evidence_id=clip.evidence_id,
        row=json.dumps(
            {
                "video_id": clip.video_id,
                "source_sha256": clip.source_sha256,
                "start_seconds": clip.start_seconds,
                "end_seconds": clip.end_seconds,
                "coherence": clip.coherence,
                "frames": [
                    {"frame": frame.frame, "seconds": frame.seconds, "sha256": frame.sha256}
                    for frame in clip.frames
                ],
                "index_only": clip.index_only,
                "licence": clip.licence,
                "language": clip.language,
                "citation": clip.citation,
                "protected": clip.protected,
                "text_origin": clip.text_origin,
                "text_sha256": clip.text_sha256,
            },
            ensure_ascii=False,
        ),
    )


def row_json(row: Any) -> str:
    """A record as one line of JSON, keys sorted, dates as ISO 8601."""
    return json.dumps(asdict(row), sort_keys=True, ensure_ascii=False, default=_date)


def _date(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _sentence(reasons: Sequence[str]) -> str:
    said = " ".join(reason.strip() for reason in reasons if reason.strip())
    return said or _NO_REASON
