"""Which group goes to which split: never cut, never moved, stratified, and the same on every machine.

A *group* (patient, article, book, video) is the unit. A group that was assigned before keeps its
split whatever is added later; a new one goes, in the order of a hash of its id, to the split that
lacks most, seen in its stratum and overall. The order of the input plays no part.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from grandrounds.errors import ReleaseError
from grandrounds.fingerprint import unit_interval
from grandrounds.recipe import Splits
from grandrounds.records.envelope import Envelope

SPLITS = ("train", "dev", "test")

# On equal need a benchmark's test split comes first: it is what people measure with.
_PREFERENCE = {"test": 0, "dev": 1, "train": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What may not be cut, and the stratum it counts in."""

    group_id: str
    stratum: str


def groups_of(rows: Iterable[Envelope], *, stratify_by: Sequence[str]) -> tuple[Group, ...]:
    """The groups of ``rows`` with their strata, by group id.

    A stratum is the commonest label path of the group for each scheme in ``stratify_by`` (the
    first by name on equality, ``-`` where there is none) and the set of its tasks.
    """
    members: dict[str, list[Envelope]] = defaultdict(list)
    for row in rows:
        members[row.group_id].append(row)
    return tuple(
        Group(group_id=group_id, stratum=_stratum(members[group_id], stratify_by))
        for group_id in sorted(members)
    )


def assign_splits(
    groups: Iterable[Group], *, shares: Splits, previous: Mapping[str, str]
) -> dict[str, str]:
    """The split of each group: ``previous`` where it has one, else where most is lacking.

    Every split with a share gets a group as soon as there are as many groups as such splits.
    Raises ``ReleaseError`` when a group is given twice with different strata, or when
    ``previous`` names a split that does not exist.
    """
    strata = _once(groups)
    wanted = {split: getattr(shares, split) for split in SPLITS if getattr(shares, split) > 0}
    assigned = {group: _known(previous[group], group) for group in sorted(strata) if group in previous}
    overall = Counter(assigned.values())
    inside = Counter((strata[group], split) for group, split in assigned.items())
    sizes = Counter(strata[group] for group in assigned)
    new = sorted(
        (group for group in strata if group not in assigned),
        key=lambda group: (unit_interval("split", group), group),
    )
    for position, group in enumerate(new):
        stratum = strata[group]
        sizes[stratum] += 1
        total = len(assigned) + 1
        empty = [split for split in wanted if not overall[split]]
        open_splits = empty if len(empty) >= len(new) - position else list(wanted)

        def need(split: str, stratum: str = stratum, total: int = total) -> tuple[float, float, int]:
            # Both needs count: the stratum's alone would send every single-group stratum to train.
            here = wanted[split] * sizes[stratum] - inside[stratum, split]
            everywhere = wanted[split] * total - overall[split]
            # Rounded, so that the same sums in another order of adding compare equal.
            return (round(here + everywhere, 9), round(here, 9), -_PREFERENCE[split])

        split = max(open_splits, key=need)
        assigned[group] = split
        overall[split] += 1
        inside[stratum, split] += 1
    return dict(sorted(assigned.items()))


def _once(groups: Iterable[Group]) -> dict[str, str]:
    strata: dict[str, str] = {}
    for group in groups:
        if strata.setdefault(group.group_id, group.stratum) != group.stratum:
            raise ReleaseError(
                f"Group {group.group_id!r} was given twice, in strata {strata[group.group_id]!r} "
                f"and {group.stratum!r}.",
                remedy="Make the groups with groups_of(), which gives each once.",
            )
    return strata


def _known(split: str, group: str) -> str:
    if split not in SPLITS:
        raise ReleaseError(
            f"Group {group!r} was assigned to {split!r} before, which is no split.",
            remedy=f"The split register is damaged; splits are {', '.join(SPLITS)}.",
        )
    return split


def _stratum(rows: Sequence[Envelope], stratify_by: Sequence[str]) -> str:
    parts = []
    for scheme in stratify_by:
        paths = Counter(
            "/".join(label.path) for row in rows for label in row.labels if label.scheme == scheme
        )
        parts.append(min(paths, key=lambda path: (-paths[path], path)) if paths else "-")
    parts.append("+".join(sorted({row.task for row in rows})))
    return "|".join(parts)
