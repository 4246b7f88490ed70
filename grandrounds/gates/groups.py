"""Gate ``groups``: what belongs together has one group id, so that no split cuts it.

Two cases belong together when their readers say so, when they are of one source, when their
articles share a DOI or another public identifier, when their texts are the same, or when items
made of them are near duplicates. Two scans belong together when their readers say so, when they are of
one study, when image or a mask have the very same voxels, or when items made of them ask the same. Two
figures belong together when they are of one book or article, of one family (the same figure printed twice,
in another edition or by another author), when their pictures look the same, or when items made of them ask
the same. Two clips belong together when they are of one video, of one file, when most of their frames look
the same (one video under two names, or coded anew), or when items made of them ask the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from grandrounds.gates.gate import Evidence, Findings, Gate, Looked, found
from grandrounds.records.case import Case
from grandrounds.records.clip import ClipRow
from grandrounds.records.figure import FigureRow
from grandrounds.records.parts import Identifier
from grandrounds.records.scan import Scan

_SHARED = frozenset({"doi", "pmcid", "pmid", "isbn"})


def look(at: Looked) -> Findings:
    """Refuse a row without a group, or with another than its evidence's."""
    revision, evidence = at.revision, at.evidence
    other = evidence is not None and revision.group_id != evidence.group_id
    return found(
        None if revision.group_id else "It has no group id, so splits could cut a patient in two.",
        f"Its group is {revision.group_id}, but its evidence's is {evidence.group_id}."
        if other and evidence
        else None,
    )


GATE = Gate(name="groups", look=look)


def merged_groups(
    evidence: Mapping[str, Evidence],
    alike: Iterable[tuple[str, str]] = (),
    *,
    near_picture: int = 0,
) -> dict[str, str]:
    """For each group id of ``evidence``, the id of the group it belongs to.

    ``alike`` are pairs of evidence ids whose items are near duplicates; ``near_picture`` is by how many
    bits the perceptual hashes of pictures that look the same may differ. A merged group takes the id of its
    earliest published member (then the smallest id), so that later evidence does not rename an older
    group.
    """
    union = _Union()
    for evidence_id in sorted(evidence):
        one = evidence[evidence_id]
        for key in _keys(one):
            union.join(f"group {one.group_id}", key)
    for first, second in (*alike, *_look_alike(evidence, near_picture)):
        if first in evidence and second in evidence:
            union.join(f"group {evidence[first].group_id}", f"group {evidence[second].group_id}")
    oldest: dict[str, tuple[date, str]] = {}
    for one in evidence.values():
        root = union.root(f"group {one.group_id}")
        mine = (one.published or date.max, one.group_id)
        oldest[root] = min(oldest.get(root, mine), mine)
    return {one.group_id: oldest[union.root(f"group {one.group_id}")][1] for one in evidence.values()}


def _keys(one: Evidence) -> Iterable[str]:
    if isinstance(one, Case):
        return _case_keys(one)
    if isinstance(one, ClipRow):
        return (f"source {one.source_id}", f"video {one.video_id}", f"bytes {one.source_sha256}")
    return _figure_keys(one) if isinstance(one, FigureRow) else _scan_keys(one)


def _look_alike(evidence: Mapping[str, Evidence], bits: int) -> list[tuple[str, str]]:
    """Pairs of figures whose pictures look the same, and of clips most of whose frames do; pictures of one
    colour throughout look like nothing."""
    from grandrounds.figures.hashes import near_pairs
    from grandrounds.videos.alike import alike_clips

    clips = [row for _, row in sorted(evidence.items()) if isinstance(row, ClipRow)]
    if clips:
        return [
            (clips[one].evidence_id, clips[other].evidence_id)
            for one, other in alike_clips(clips, bits=bits)
        ]
    figures = [row for _, row in sorted(evidence.items()) if isinstance(row, FigureRow)]
    told = [(row.evidence_id, row.perceptual_hash) for row in figures if row.perceptual_hash.strip("0")]
    pairs = near_pairs([shown for _, shown in told], bits=bits, linked=True)
    return [(told[one][0], told[other][0]) for one, other in pairs]


def _figure_keys(figure: FigureRow) -> Iterable[str]:
    yield f"source {figure.source_id}"
    if figure.family:
        yield f"family {figure.family}"
    yield from _shared(figure.identifiers)


def _scan_keys(scan: Scan) -> Iterable[str]:
    for volume in (scan.volume, *scan.masks):
        if volume.sha256:
            yield f"voxels {volume.sha256}"
        if volume.study_uid:
            yield f"study {volume.study_uid}"


def _case_keys(case: Case) -> Iterable[str]:
    yield f"source {case.source_id}"
    yield f"text {case.text_sha256}"
    yield from _shared(case.identifiers)


def _shared(identifiers: Iterable[Identifier]) -> Iterable[str]:
    for identifier in identifiers:
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
