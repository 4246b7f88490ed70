"""What changed between two releases: added, removed, changed, moved between splits.

Two items are the same when their ids are: an id is a hash of what is asked and what is right. An
item whose id is gone is *changed*, not removed, when the other release holds one of the same lineage
(candidate, revision, draft) or, one for one, of the same case or group and task.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from grandrounds.records.envelope import Item

# What differs from release to release without any change to the item itself.
_PASSING = frozenset(
    {"available_from", "split", "review", "reviewed", "votes", "retired_at", "retired_reason"}
)
_IDS = frozenset({"item_id", "candidate_id", "revision_id", "draft_id", "content_sha256"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """An item that is asked differently now. ``fields`` are the columns that differ."""

    before: str
    after: str
    task: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """An item that went from one split to another."""

    item_id: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """All that differs between ``before`` and ``after`` (versions). Ids are sorted."""

    before: str
    after: str
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[Change, ...] = ()
    moved: tuple[Move, ...] = ()
    unchanged: int = 0

    @property
    def empty(self) -> bool:
        """Whether the items are the same."""
        return not (self.added or self.removed or self.changed or self.moved)


def diff(before: Path, after: Path) -> Difference:
    """The difference between two release folders. Raises ``ReleaseError`` when one can't be read."""
    from grandrounds.release.manifest import read_manifest
    from grandrounds.release.published import read_items

    return compare(
        read_items(before),
        read_items(after),
        before_version=read_manifest(before).version,
        after_version=read_manifest(after).version,
    )


def compare(
    before: Sequence[Item], after: Sequence[Item], *, before_version: str, after_version: str
) -> Difference:
    """The difference between two sets of items, each with distinct ids."""
    old = {item.item_id: item for item in before}
    new = {item.item_id: item for item in after}
    pairs = [(old[item_id], new[item_id]) for item_id in sorted(old.keys() & new.keys())]
    renamed = _pair([old[i] for i in sorted(old.keys() - new)], [new[i] for i in sorted(new.keys() - old)])
    pairs += renamed
    changed = [(one, other) for one, other in pairs if _asked(one) != _asked(other)]
    return Difference(
        before=before_version,
        after=after_version,
        added=tuple(sorted(new.keys() - old.keys() - {other.item_id for _, other in renamed})),
        removed=tuple(sorted(old.keys() - new.keys() - {one.item_id for one, _ in renamed})),
        changed=tuple(
            sorted((_change(one, other) for one, other in changed), key=lambda change: change.before)
        ),
        moved=tuple(
            Move(item_id=other.item_id, before=one.split, after=other.split)
            for one, other in sorted(pairs, key=lambda pair: pair[1].item_id)
            if one.split != other.split
        ),
        unchanged=len(pairs) - len(changed),
    )


def _pair(gone: list[Item], come: list[Item]) -> list[tuple[Item, Item]]:
    """Pairs of the same lineage among items whose ids are in one release only."""
    ways: tuple[Callable[[Item], tuple[str, ...]], ...] = (
        lambda item: (item.candidate_id,),
        lambda item: (item.revision_id,),
        lambda item: (item.draft_id,),
        lambda item: (item.evidence_id, item.task, item.subject),
        lambda item: (item.group_id, item.task),
    )
    pairs: list[tuple[Item, Item]] = []
    for way in ways:
        left, right = _by(gone, way), _by(come, way)
        # Only one for one: among several there is no telling which became which.
        found = [
            (left[key][0], right[key][0])
            for key in sorted(left.keys() & right.keys())
            if len(left[key]) == len(right[key]) == 1
        ]
        pairs += found
        done = {item.item_id for pair in found for item in pair}
        gone = [item for item in gone if item.item_id not in done]
        come = [item for item in come if item.item_id not in done]
    return pairs


def _asked(item: Item) -> tuple[str, tuple[str, ...]]:
    """What makes two items the same to a solver: the judged content, and the options in their order."""
    return item.content_sha256, item.options


def _by(items: Iterable[Item], way: Callable[[Item], tuple[str, ...]]) -> dict[tuple[str, ...], list[Item]]:
    grouped: dict[tuple[str, ...], list[Item]] = defaultdict(list)
    for item in items:
        grouped[way(item)].append(item)
    return grouped


def _change(before: Item, after: Item) -> Change:
    names = [field.name for field in fields(Item) if field.name not in _PASSING | _IDS]
    return Change(
        before=before.item_id,
        after=after.item_id,
        task=after.task,
        fields=tuple(name for name in names if getattr(before, name) != getattr(after, name)),
    )
