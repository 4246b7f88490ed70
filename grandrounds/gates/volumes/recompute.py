"""Gate ``recompute``: what an item says is what its volumes give when everything is measured again.

The image and every mask are opened, structures and measurements made anew and compared with the tables;
then the fact is computed from the new rows and compared with the item: answer, options, boxes,
measurements, chain, stages, key slices, and what the solver is told of the volume.
"""

from __future__ import annotations

from collections.abc import Iterator

from grandrounds.gates.gate import Findings, Gate, Looked, found, shortened
from grandrounds.gates.volumes.facts import fact_again
from grandrounds.gates.voxels import Voxels
from grandrounds.imaging.fact import Fact
from grandrounds.records.envelope import Revision
from grandrounds.records.scan import Scan

_SHOWN = 3


def look(at: Looked) -> Findings:
    """Refuse a row whose scan is gone, can't be measured again, or gives something else."""
    scan, voxels = at.scan, at.voxels
    if scan is None:
        return found(f"Scan {at.revision.evidence_id} is not among the scans, so nothing can be checked.")
    if voxels is None:
        return found("Its volumes can't be opened here, so nothing can be computed again.")
    if voxels.again is None:
        return found(voxels.failed)
    return found(*_row_problems(voxels), *_item_problems(at, scan))


def _row_problems(voxels: Voxels) -> Iterator[str]:
    yield from voxels.differences[:_SHOWN]
    more = len(voxels.differences) - _SHOWN
    if more > 0:
        yield f"And {more} more differences to the tables."


def _item_problems(at: Looked, scan: Scan) -> Iterator[str]:
    from grandrounds.imaging.stem import stem

    revision, fact = at.revision, fact_again(at)
    if revision.source_id != scan.source_id:
        yield f"Its scan is of source {scan.source_id}."
    if revision.stem != stem(scan):
        yield "The stem is not what the volume's row gives."
    volumes = [media.sha256 for media in revision.media if media.kind == "volume"]
    if volumes != [scan.volume.sha256]:
        yield "The volume that it shows is not that of its scan."
    if fact is None:
        yield f"The scan does not give this {revision.task} any more (subject {revision.subject})."
    else:
        yield from _differences(revision, fact)


def _differences(revision: Revision, fact: Fact) -> Iterator[str]:
    from grandrounds.imaging.recompute import same

    if revision.answer != fact.answer:
        yield f"Computed again the answer is {fact.answer!r}, not {shortened(revision.answer)!r}."
    if sorted(revision.options) != sorted((fact.answer, *(wrong.option for wrong in fact.wrong))):
        yield "Computed again the options are others."
    parts = {
        "boxes": (revision.boxes, fact.boxes),
        "measurements": (revision.measurements, fact.measurements),
        "chain": (revision.chain, fact.chain),
        "stages": (revision.turns, fact.turns),
    }
    for name, (one, other) in parts.items():
        if not same(one, other):
            yield (
                f"Computed again the {name} are others."
                if name != "chain"
                else ("Computed again the chain is another.")
            )
    shown = [
        (media.locator.slice_axis, media.locator.slice_index)
        for media in revision.media
        if media.kind == "image" and media.locator
    ]
    if shown != [(slice_.axis, slice_.index) for slice_ in fact.slices]:
        yield "It shows other slices than the fact calls for."


GATE = Gate(name="recompute", look=look)
