"""What a release folder, and the one of the week before, can tell of a week."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from grandrounds.errors import ReleaseError
from grandrounds.records.envelope import Item
from grandrounds.records.retired import Retired
from grandrounds.records.review_event import COMMENT, WITHDRAW
from grandrounds.release.diff import compare
from grandrounds.release.manifest import Manifest, read_manifest
from grandrounds.release.published import inside, published_versions, read_items
from grandrounds.release.retirement import read_retired
from grandrounds.release.versions import parse_version
from grandrounds.weekly_report.values import AgreementFact, ReaderLoad, Readers
from grandrounds.weeks import Week

_CARRIED_OVER = "carried_over"
_EVENT = ("event_id", "reviewer", "decision", "seconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemFact:
    """What is told of an item: no word of its content. ``labels`` are the first steps of its paths by
    scheme, ``born`` the publication of its source, ``new`` whether the release before lacked it."""

    item_id: str
    source_id: str
    task: str
    split: str
    labels: tuple[tuple[str, str], ...]
    born: date | None
    new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseFacts:
    """A release of a week against the release ``before`` (its version; empty for the first).

    ``gone`` items of the one before are missing; ``retired`` says of those why. ``replaced`` of the new
    items stand where another stood. ``agreement_before`` is that of the release before.
    """

    manifest: Manifest
    before: str
    items: tuple[ItemFact, ...]
    items_before: int
    gone: int
    replaced: int
    retired: tuple[Retired, ...]
    readers: Readers | None
    agreement: AgreementFact | None
    agreement_before: AgreementFact | None


def release_before(benchmark: Path, version: str) -> str:
    """The newest release of the same kind (preview or reviewed) of an earlier week than that of
    ``version``; empty where it is the first."""
    own = parse_version(version)
    if own is None:
        return ""
    earlier = [
        each
        for each in published_versions(benchmark)
        if each.preview == own.preview and (each.major, each.minor) < (own.major, own.minor)
    ]
    return str(earlier[-1]) if earlier else ""


def facts_from_release(directory: Path, *, before: Path | None = None) -> ReleaseFacts:
    """What the release at ``directory`` tells of its week, against the one at ``before``.

    Raises ``ReleaseError`` when one of them can't be read, or the first is of no week.
    """
    manifest = read_manifest(directory)
    if manifest.week is None:
        raise ReleaseError(
            f"The release in {directory} is of no week, so there is no weekly report of it.",
            remedy="Only live recipes are reported by the week.",
        )
    items = read_items(directory)
    earlier = read_items(before) if before else []
    manifest_before = read_manifest(before) if before else None
    old = {item.item_id for item in earlier}
    there = {item.item_id for item in items}
    difference = compare(earlier, items, before_version="", after_version="")
    return ReleaseFacts(
        manifest=manifest,
        before=manifest_before.version if manifest_before else "",
        items=tuple(_fact(item, new=item.item_id not in old) for item in items),
        items_before=len(old),
        gone=len(old - there),
        replaced=sum(change.after not in old for change in difference.changed),
        retired=tuple(
            row
            for row in read_retired(directory)
            if row.week == manifest.week and (before is None or row.item_id in old)
        ),
        readers=None if manifest.preview else _readers(directory, before, manifest, manifest_before),
        agreement=agreement_in(manifest.agreement),
        agreement_before=agreement_in(manifest_before.agreement) if manifest_before else None,
    )


def agreement_in(told: Mapping[str, Any] | None) -> AgreementFact | None:
    """A manifest's ``agreement``, as far as it is understood."""
    if told is None or not isinstance(told.get("items"), int) or told["items"] < 1:
        return None

    def number(name: str) -> float | None:
        value = told.get(name)
        return float(value) if isinstance(value, int | float) and -1 <= value <= 1 else None

    return AgreementFact(
        items=told["items"],
        percent=number("percent_agreement"),
        ac1=number("gwet_ac1"),
        low=number("gwet_ac1_low"),
        high=number("gwet_ac1_high"),
    )


def week_of(manifest: Manifest) -> Week:
    """The week of a release that has one."""
    return Week.parse(manifest.week or "")


def _fact(item: Item, *, new: bool) -> ItemFact:
    return ItemFact(
        item_id=item.item_id,
        source_id=item.source_id,
        task=item.task,
        split=item.split,
        labels=tuple(dict.fromkeys((label.scheme, label.path[0]) for label in item.labels if label.path)),
        born=item.source_published,
        new=new,
    )


def _readers(
    directory: Path, before: Path | None, manifest: Manifest, manifest_before: Manifest | None
) -> Readers:
    known: set[str] = set()
    waited: set[str] = set()
    if before is not None and manifest_before is not None:
        known = {cells[0] for cells in _cells(before, manifest_before, kind="reviews", columns=_EVENT)}
        waited = _waiting(before, manifest_before)
    waiting = _waiting(directory, manifest)
    seconds: defaultdict[str, list[float]] = defaultdict(list)
    for event_id, reader, decision, spent in _cells(directory, manifest, kind="reviews", columns=_EVENT):
        if event_id not in known and decision not in (COMMENT, WITHDRAW):
            seconds[reader].append(spent or 0.0)
    return Readers(
        loads=tuple(
            ReaderLoad(reader=reader, decisions=len(spent), minutes=round(math.fsum(spent) / 60, 2))
            for reader, spent in sorted(seconds.items())
        ),
        waiting=len(waiting),
        waiting_before=len(waiting & waited),
    )


def _waiting(directory: Path, manifest: Manifest) -> set[str]:
    """The candidates that a release passed over because they still wait for readers."""
    columns = ("subject_id", "stage", "gate")
    return {
        subject
        for subject, stage, gate in _cells(directory, manifest, kind="rejections", columns=columns)
        if (stage, gate) == ("review", _CARRIED_OVER)
    }


def _cells(
    directory: Path, manifest: Manifest, *, kind: str, columns: Sequence[str]
) -> Iterator[tuple[Any, ...]]:
    """Some columns of a release's table, row by row."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    for file in manifest.files_of(kind):
        path = inside(directory, file)
        try:
            table = pq.read_table(path, columns=list(columns), partitioning=None)
            told = [table.column(name).to_pylist() for name in columns]
        except (OSError, KeyError, pa.ArrowException) as exc:
            raise ReleaseError(
                f"{path} can't be read: {exc}.",
                remedy=f"`grandrounds verify {directory}` lists everything that is wrong with it.",
            ) from exc
        yield from zip(*told, strict=True)
