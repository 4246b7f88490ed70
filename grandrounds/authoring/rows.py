"""Rows of drafts and revisions with their ids, and the spans that a row's evidence points to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from grandrounds.fingerprint import content_id
from grandrounds.records.envelope import Draft, Envelope, Revision
from grandrounds.records.parts import Span


def draft_of(fields: Mapping[str, Any], *, status: str, reason: str) -> Draft:
    """The draft with these fields of the envelope."""
    return Draft(draft_id=row_id("draft", fields, status=status), status=status, reason=reason, **fields)


def revision_of(
    fields: Mapping[str, Any], *, draft_id: str, status: str, reason: str, changes: tuple[str, ...]
) -> Revision:
    """The revision of a draft with these fields of the envelope."""
    return Revision(
        revision_id=row_id("revision", fields, status=status, parent=draft_id),
        draft_id=draft_id,
        status=status,
        reason=reason,
        changes=changes,
        **fields,
    )


def row_id(prefix: str, fields: Mapping[str, Any], *, status: str, parent: str = "") -> str:
    """A content id over what the author wrote, what it is about and who wrote it."""
    authorship = fields["authorship"]
    return content_id(
        prefix,
        [
            parent,
            status,
            [
                fields[name]
                for name in ("recipe", "task", "evidence_id", "stem", "question", "answer", "rationale")
            ],
            list(fields["options"]),
            [[e.role, e.quote, e.locator.start, e.locator.end] for e in fields["evidence"]],
            [
                authorship.author,
                authorship.model,
                authorship.draft_request_id,
                authorship.revise_request_id,
            ],
            *_subject(fields),
            *_marked(fields),
        ],
    )


def spans(row: Envelope, role: str) -> list[Span]:
    """Where the row's quotes of one role stand."""
    return [e.locator.span for e in row.evidence if e.role == role and e.locator.span is not None]


def _subject(fields: Mapping[str, Any]) -> list[Any]:
    """What tells several items of one task and piece of evidence apart; nothing where there is but one."""
    subject = fields.get("subject", "")
    return [[subject, [media.sha256 for media in fields["media"]]]] if subject else []


def _marked(fields: Mapping[str, Any]) -> list[Any]:
    """What a consultation is marked by and what it holds back; nothing for other rows."""
    rubric, disclosures = fields.get("rubric", ()), fields.get("disclosures", ())
    if not rubric and not disclosures:
        return []
    return [[[each.criterion_id for each in rubric], [[told.topic, told.text] for told in disclosures]]]
