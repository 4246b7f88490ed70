"""What is asked of a scan: which of its structures and measurements can be asked about at all.

A structure may be *named* (as a wrong option, for orientation) when its name is its own in the scan and
its box lies inside the volume. It may be *asked about* only when nothing speaks against it, too: cut by
the field of view, in pieces or a few voxels are reasons not to. Vertebrae are named only where their
levels follow one another from head to tail and none stands alone: a mask that skips or swaps levels is
wrong somewhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from grandrounds.fingerprint import unit_interval
from grandrounds.imaging.names import BODY, is_many
from grandrounds.measure import levels
from grandrounds.needs import VolumeNeed
from grandrounds.recipe import Task
from grandrounds.records.measured import MeasuredRow
from grandrounds.records.scan import Scan
from grandrounds.records.structure import StructureRow
from grandrounds.records.volume import VolumeRecord

RELIABLE = "ok"
PATIENT = "patient"
_LONE = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """A scan, a task, and what of the scan it may speak of.

    ``rows`` are all structures with a name and a sound level, vertebral bodies beside their vertebrae,
    too: measurements rest on them. ``named`` are those that may be named as options, ``asked`` those of
    them that may be asked about. All are sorted by id, and so are ``measurements``, whatever the order
    of the scan's rows.
    """

    scan: Scan
    task: Task
    need: VolumeNeed
    rows: tuple[StructureRow, ...]
    named: tuple[StructureRow, ...]
    asked: tuple[StructureRow, ...]
    measurements: tuple[MeasuredRow, ...]

    @property
    def volume(self) -> VolumeRecord:
        """The image."""
        return self.scan.volume

    @property
    def in_patient_space(self) -> bool:
        """Whether left, front and up of the volume are the patient's."""
        return self.volume.space == PATIENT

    @property
    def wrong_options(self) -> int:
        """How many wrong options there are at most."""
        return self.task.options - 1

    def structure(self, structure_id: str) -> StructureRow | None:
        """The structure of that id, if it may be asked about."""
        return next((row for row in self.asked if row.structure_id == structure_id), None)

    def measurement(self, measurement_id: str) -> MeasuredRow | None:
        """The measurement of that id, if its criterion is asked about (or it has none)."""
        return next((row for row in self.measurements if row.measurement_id == measurement_id), None)

    def share(self, *parts: str) -> float:
        """A number in [0, 1) fixed by scan, task and ``parts``: choices by it vary and stay."""
        return unit_interval(self.scan.evidence_id, self.task.name, *parts)


def inquire(scan: Scan, task: Task, need: VolumeNeed) -> Inquiry:
    """Look through a scan's rows for one task."""
    rows = sorted(
        (row for row in scan.structures if row.origin in need.box_origins),
        key=lambda row: row.structure_id,
    )
    counts = Counter(row.name.casefold() for row in rows)
    rows = [
        row
        for row in rows
        if row.name.strip() and counts[row.name.casefold()] == 1 and box_fits(row.box, scan.volume)
    ]
    wholes = [row for row in rows if row.level and not is_body(row)]
    spine = wholes or [row for row in rows if is_body(row)]
    sound = sound_levels(spine, ordered=scan.volume.space == PATIENT)
    rows = [row for row in rows if not row.level or row.level in sound]
    # A body lies in its vertebra: of both, the vertebra alone is an option.
    named = [row for row in rows if not is_many(row.name) and not (wholes and is_body(row))]
    return Inquiry(
        scan=scan,
        task=task,
        need=need,
        rows=tuple(rows),
        named=tuple(named),
        asked=tuple(row for row in named if row.status == RELIABLE),
        measurements=tuple(
            row
            for row in sorted(scan.measurements, key=lambda row: row.measurement_id)
            if not (need.rules and row.criterion) or row.criterion in need.rules
        ),
    )


def is_body(row: StructureRow) -> bool:
    """Whether it is the body of a vertebra without its arch."""
    return bool(row.level) and BODY in row.name.split()


def box_fits(box: Sequence[int], volume: VolumeRecord) -> bool:
    """Whether a half-open box has voxels and all of them lie in the volume."""
    if len(box) != 6 or len(volume.shape) < 3:
        return False
    return all(0 <= box[axis] < box[axis + 3] <= volume.shape[axis] for axis in range(3))


def sound_levels(rows: Iterable[StructureRow], *, ordered: bool) -> frozenset[str]:
    """The levels that can be trusted: known, each once, in order, and none without its neighbour.

    ``ordered`` has them checked against their positions, where those are the patient's. A level that is the
    scan's only one has nothing to contradict it. Where positions contradict the names, none is sound.
    """
    found: dict[str, StructureRow] = {}
    twice: set[str] = set()
    for row in rows:
        if row.level not in levels.ORDER:
            continue
        if row.level in found:
            twice.add(row.level)
        found[row.level] = row
    if ordered and len(found) > _LONE:
        centres = {
            level: (row.centre_millimetres[0], row.centre_millimetres[1], row.centre_millimetres[2])
            for level, row in found.items()
        }
        if levels.level_order(centres).value != "ordered":
            return frozenset()
    kept = {level for run in _runs(found) if len(run) > _LONE or len(found) == _LONE for level in run}
    return frozenset(kept - twice)


def _runs(found: Iterable[str]) -> list[list[str]]:
    """The levels in order, parted where one is left out."""
    made: list[list[str]] = []
    for level in sorted(found, key=levels.rank):
        if made and levels.consecutive([made[-1][-1], level]):
            made[-1].append(level)
        else:
            made.append([level])
    return made
