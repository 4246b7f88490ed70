"""Opens what gates look into: the voxels of one scan, the picture of one figure, or those of one clip."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from grandrounds.errors import GrandRoundsError
from grandrounds.gates.frames import Framed, look_at_frames
from grandrounds.gates.gate import Evidence
from grandrounds.gates.pictures import GetPicture, Pictured, look_at
from grandrounds.gates.voxels import OUTSIDE, Grid, OpenVolume, Voxels
from grandrounds.records.clip import ClipRow
from grandrounds.records.figure import FigureRow
from grandrounds.records.scan import Scan
from grandrounds.records.volume import VolumeRecord

if TYPE_CHECKING:
    from grandrounds.figures.swaps import Swap
    from grandrounds.measure.structure import Counts

_EXPECTED = (GrandRoundsError, ValueError, ArithmeticError, OSError)


class Looking:
    """Looks at the voxels of a scan, or at the pictures of a figure or clip, when its first row comes, and
    forgets them when another's comes."""

    def __init__(
        self,
        open_volume: OpenVolume | None,
        *,
        get_picture: GetPicture | None = None,
        swaps: Mapping[str, Swap] | None = None,
    ) -> None:
        self._open = open_volume
        self._get_picture = get_picture
        self._swaps = swaps or {}
        self._last: tuple[str, Voxels] | None = None
        self._last_picture: tuple[str, Pictured] | None = None
        self._last_framed: tuple[str, Framed] | None = None

    def voxels_of(self, evidence: Evidence | None) -> Voxels | None:
        """What the files of a scan hold; ``None`` for other evidence, and where nothing opens volumes."""
        if self._open is None or not isinstance(evidence, Scan):
            return None
        if self._last is None or self._last[0] != evidence.evidence_id:
            self._last = None
            self._last = (evidence.evidence_id, look_into(evidence, self._open))
        return self._last[1]

    def picture_of(self, evidence: Evidence | None) -> Pictured | None:
        """What the picture of a figure holds; ``None`` for other evidence, and where nothing gives it."""
        if self._get_picture is None or not isinstance(evidence, FigureRow):
            return None
        key = evidence.evidence_id
        if self._last_picture is None or self._last_picture[0] != key:
            self._last_picture = (key, look_at(evidence, self._get_picture, swap=self._swaps.get(key)))
        return self._last_picture[1]

    def framed_of(self, evidence: Evidence | None) -> Framed | None:
        """What the pictures of a clip hold; ``None`` for other evidence, and where nothing gives them."""
        if self._get_picture is None or not isinstance(evidence, ClipRow):
            return None
        key = evidence.evidence_id
        if self._last_framed is None or self._last_framed[0] != key:
            self._last_framed = (key, look_at_frames(evidence, self._get_picture))
        return self._last_framed[1]


def look_into(scan: Scan, open_volume: OpenVolume) -> Voxels:
    """Open the image and every mask of ``scan`` once, and measure the scan again. Never raises for what the
    files hold: problems are told in the result."""
    from grandrounds.imaging.recompute import differences, recomputed

    seen = _Seen(open_volume)
    again, failed = None, ""
    try:
        again = recomputed(scan, open_volume=seen.open)
    except _EXPECTED as exc:
        failed = str(exc)
    for record in (scan.volume, *scan.masks):  # measuring stops at the first file that it can't read
        seen.make_sure(record)
    return Voxels(
        grids=seen.grids,
        counts=seen.counts,
        at_landmarks=seen.at_landmarks,
        problems=seen.problems,
        again=again,
        differences=differences(scan, again) if again else (),
        failed=failed,
    )


class _Seen:
    """Opens volumes for whoever measures, and notes what gates need while their voxels are at hand."""

    def __init__(self, open_volume: OpenVolume) -> None:
        self._open = open_volume
        self.grids: dict[str, Grid] = {}
        self.counts: dict[str, dict[int, tuple[Counts, Counts, Counts]]] = {}
        self.at_landmarks: dict[str, dict[int, int]] = {}
        self.problems: dict[str, str] = {}

    def open(self, record: VolumeRecord) -> Any:
        volume = self._open(record)
        if record.volume_id not in self.grids:
            self._note(record, volume)
        return volume

    def make_sure(self, record: VolumeRecord) -> None:
        if record.volume_id not in self.grids:
            try:
                self.open(record)
            except _EXPECTED as exc:
                self.problems[record.volume_id] = str(exc)

    def _note(self, record: VolumeRecord, volume: Any) -> None:
        affine = getattr(volume, "header_affine", volume.affine)
        self.grids[record.volume_id] = Grid(
            shape=tuple(int(side) for side in volume.data.shape),
            affine=tuple(float(value) for value in affine.ravel()),
        )
        if record.is_mask:
            try:
                self._count(record, volume.data)
            except _EXPECTED as exc:
                self.problems[record.volume_id] = str(exc)

    def _count(self, record: VolumeRecord, data: Any) -> None:
        import numpy as np

        from grandrounds.measure.structure import LabelMap

        # Counting needs no place in the world, and must not fail where the affine is what is wrong.
        found = LabelMap(data, np.eye(4))
        self.counts[record.volume_id] = {label: found[label].counts for label in found.labels}
        self.at_landmarks[record.volume_id] = {
            mark.label: _label_at(data, mark.voxel) for mark in record.landmarks
        }


def _label_at(data: Any, voxel: tuple[float, ...]) -> int:
    index = tuple(round(at) for at in voxel)
    if len(index) != data.ndim or not all(
        0 <= at < side for at, side in zip(index, data.shape, strict=True)
    ):
        return OUTSIDE
    return int(data[index])
