"""Gate ``groups``: what belongs together has one group id, so that no split cuts it.

Two cases belong together when their readers say so, when they are of one source, when their
articles share a DOI or another public identifier, when their texts are the same, or when items
made of them are near duplicates.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from grandrounds.gates.gate import Findings, Gate, Looked, found
from grandrounds.records.case import Case

_SHARED = frozenset({"doi", "pmcid", "pmid"})


def look(at: Looked) -> Findings:
    """Refuse a row without a group, or with another than its case's."""
    revision, case = at.revision, at.case
    other = case is not None and revision.group_id != case.group_id
    return found(
        None if revision.group_id else "It has no group id, so splits could cut a patient in two.",
        f"Its group is {revision.group_id}, but its case's is {case.group_id}." if other and case else None,
    )


GATE = Gate(name="groups", look=look)


def merged_groups(cases: Mapping[str, Case], alike: Iterable[tuple[str, str]] = ()) -> dict[str, str]:
    """For each group id of ``cases``, the id of the group it belongs to.

    ``alike`` are pairs of case ids whose items are near duplicates. A merged group takes the id
    of its earliest published case (then the smallest id), so that a later article does not rename
    an older group.
    """
    union = _Union()
    for evidence_id in sorted(cases):
        case = cases[evidence_id]
        for key in _keys(case):
            union.join(f"group {case.group_id}", key)
    for one, other in alike:
        if one in cases and other in cases:
            union.join(f"group {cases[one].group_id}", f"group {cases[other].group_id}")
    oldest: dict[str, tuple[date, str]] = {}
    for case in cases.values():
        root = union.root(f"group {case.group_id}")
        mine = (case.published or date.max, case.group_id)
        oldest[root] = min(oldest.get(root, mine), mine)
    return {case.group_id: oldest[union.root(f"group {case.group_id}")][1] for case in cases.values()}


def _keys(case: Case) -> Iterable[str]:
    yield f"source {case.source_id}"
    yield f"text {case.text_sha256}"
    for identifier in case.identifiers:
        scheme, value = identifier.scheme.strip().lower(), identifier.value.strip().lower()
        if scheme in _SHARED and value:
            yield f"{scheme} {value.removeprefix('https://doi.org/').removeprefix('pmc')}"


class _Union:
    """Union-find over names, with halved paths; the smaller root wins, so order never counts."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}

    def root(self, name: str) -> str:
        parent = self._parent
        parent.setdefault(name, name)
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    def join(self, one: str, other: str) -> None:
        low, high = sorted((self.root(one), self.root(other)))
        self._parent[high] = low
