"""When two publications are the same: the hash of all that is published, whoever asks and whenever.

The day of release and the version number are left out: publishing the same content on another day
makes no new release. The code is left out too: what counts is what it made.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import replace
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from grandrounds.fingerprint import canonical, sha256_value
from grandrounds.licences import allowed
from grandrounds.records.rejection import Rejection
from grandrounds.records.source import Source
from grandrounds.release.evidence import Evidence

if TYPE_CHECKING:
    from grandrounds.release.writer import ReleaseRequest

_VERSION = 1
_WITHHELD = (
    '{"withheld":"the licence of the source, or what the gate found, does not allow to show this row"}'
)


def content_sha256(request: ReleaseRequest) -> str:
    """The hash that two requests share when they would publish the same."""
    parts: list[Any] = [
        _VERSION,
        request.recipe.written(),
        [
            [step.step, step.unit, step.entered, step.left, step.expected,
             [[part.reason, part.count] for part in step.refused]]
            for step in sorted(request.funnel, key=attrgetter("position"))
        ],
        request.bias,
        request.agreement,
        _digest((replace(item, available_from=None) for item in request.items), "item_id"),
        *(_digest(rows, table.key) for table, rows in cited_evidence(request).rows()),
        _digest(cited_sources(request), "source_id"),
        _digest(shown_rejections(request), "rejection_id"),
        _digest(request.reviews, "event_id"),
    ]  # fmt: skip
    if request.recipe.panel is not None:
        parts.append(_digest(request.votes, "vote_id"))
    if request.marks:
        parts.append(_digest(request.marks, "mark_id"))
    return sha256_value(parts)


def cited_evidence(request: ReleaseRequest) -> Evidence:
    """The evidence that items rest on, by id."""
    return request.evidence.cited(request.items)


def cited_sources(request: ReleaseRequest) -> list[Source]:
    """The sources of the evidence that items rest on, by id; a source that was found twice counts once."""
    wanted = cited_evidence(request).source_ids
    rows = _by(("source_id", "path"), (row for row in request.sources if row.source_id in wanted))
    firsts = {row.source_id: row for row in reversed(rows) if row.status == "read"}
    return [firsts[source_id] for source_id in sorted(firsts)]


def shown_rejections(request: ReleaseRequest) -> list[Rejection]:
    """The rejections by id, rows withheld where their licence or content forbids to show them."""
    profile = request.recipe.release.profile
    shown = (
        rejection if row_may_be_shown(rejection, profile=profile) else replace(rejection, row=_WITHHELD)
        for rejection in request.rejections
    )
    return _by(("rejection_id",), shown)


def row_may_be_shown(rejection: Rejection, *, profile: str) -> bool:
    """Whether the refused row itself may stand in a release.

    A row without an allowed licence may not, nor one of protected evidence (outside a private
    release), nor one refused because it may name a patient. A withheld row may.
    """
    if rejection.row == _WITHHELD:
        return True
    try:
        row = json.loads(rejection.row)
    except (ValueError, RecursionError):
        return False
    if not isinstance(row, dict) or "deident" in rejection.gate:
        return False
    if row.get("protected") and profile != "private":
        return False
    licence = row.get("licence")
    return not row or (isinstance(licence, str) and allowed(licence, profile=profile))


def _digest(rows: Iterable[Any], key: str) -> str:
    """Hash of rows, whatever their order."""
    ordered = _by((key,), rows)
    digest = hashlib.sha256()
    if ordered:
        adapter: TypeAdapter[Any] = TypeAdapter(type(ordered[0]))
        for row in ordered:
            digest.update(canonical(adapter.dump_python(row, mode="json")))
    return digest.hexdigest()


def _by(keys: tuple[str, ...], rows: Iterable[Any]) -> list[Any]:
    return sorted(rows, key=attrgetter(*keys))
