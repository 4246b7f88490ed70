"""Slices of volumes drawn by the server: for browsers without WebGL, and as a first sight before the whole
volume has come. Only the slice is read from the disk."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from threading import Lock
from typing import Any

import numpy as np

from grandrounds.errors import LakeError
from grandrounds.lake import Lake
from grandrounds.lake_files import is_local, media_path
from grandrounds.records.volume import VolumeRecord, Window
from grandrounds.volumes import nifti
from grandrounds.volumes.canonical import affine_of
from grandrounds.volumes.geometry import Affine, Array, spacing
from grandrounds.volumes.nifti_file import voxels
from grandrounds.volumes.pictures import labels_on, slice_picture
from grandrounds.volumes.pictures_draw import Colour
from grandrounds.volumes.pictures_windows import PRESETS, default_window

_KEPT = 6
_HEADER = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A slice that is asked for. ``window`` is in real units; without one the volume's own is taken, where
    structures of ``names`` are looked at. ``colours`` are those of a mask's labels."""

    axis: int
    index: int
    time: int = 0
    window: Window | None = None
    opacity: float = 0.4
    names: tuple[str, ...] = ()
    colours: Mapping[int, Colour] = field(default_factory=dict)


class Lying:
    """A volume as it lies on the disk, mapped into memory: what isn't looked at isn't read. It has what
    ``pictures.Shown`` asks for, but its values are as stored; windows are brought to those."""

    def __init__(self, lake: Lake, record: VolumeRecord) -> None:
        self.record: VolumeRecord | None = record
        self._row = record
        path = media_path(lake.root, record.sha256 or "")
        local = is_local(path)
        head = _head(lake, record.sha256 or "") if local else lake.get_media(record.sha256 or "")
        header = nifti.header_of(head)
        if local and not header.dtype.names:
            mapped: Any = np.memmap(str(path.path), dtype=np.uint8, mode="r")
            self.data: Array = voxels(mapped, shape=header.shape, dtype=header.dtype)
        else:
            whole = lake.get_media(record.sha256 or "") if local else head
            self.data = voxels(whole, shape=header.shape, dtype=header.dtype)

        if record.slope < 0 and not header.dtype.names:  # brighter is darker: windows can't be brought over
            self.data = self.data * np.float64(record.slope) + record.intercept
            self._row = replace(record, slope=1.0, intercept=0.0)

    @property
    def affine(self) -> Affine:
        """From voxel centres to world mm."""
        return affine_of(self._row)

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Voxel distances in mm."""
        return spacing(self.affine)

    def window_for(self, names: Sequence[str] = ()) -> Window | None:
        """The window to show it in, in real units, where structures of ``names`` are looked at."""
        row = self._row
        if row.windows or row.intensity == "hu":
            return default_window(row, self.data, names)
        return self._bright

    @cached_property
    def _bright(self) -> Window | None:
        stored = default_window(None, self.data)
        if stored is None:
            return None
        ends = sorted(self.real(stored.center + side * stored.width / 2) for side in (-1, 1))
        return Window(center=sum(ends) / 2, width=max(ends[1] - ends[0], 1e-9), name=stored.name)

    def real(self, stored: float) -> float:
        """The real value of a stored one."""
        return stored * self._row.slope + self._row.intercept

    def stored(self, window: Window) -> Window:
        """A window in real units brought to stored values."""
        slope = self._row.slope or 1.0
        return replace(
            window, center=(window.center - self._row.intercept) / slope, width=window.width / abs(slope)
        )


class Slices:
    """Draws slices of a lake's volumes; the last few volumes stay mapped. Safe to use from threads."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self._lock = Lock()
        self._open: OrderedDict[str, Lying] = OrderedDict()

    def opened(self, record: VolumeRecord) -> Lying:
        """The volume of a row. Raises ``LakeError`` where the lake doesn't hold it."""
        with self._lock:
            known = self._open.get(record.volume_id)
            if known is not None and known.record == record:
                self._open.move_to_end(record.volume_id)
                return known
        try:
            made = Lying(self._lake, record)
        except (OSError, ValueError) as exc:
            raise LakeError(f"The volume {record.volume_id} can't be read: {exc}.") from exc
        with self._lock:
            self._open[record.volume_id] = made
            while len(self._open) > _KEPT:
                self._open.popitem(last=False)
        return made

    def picture(self, record: VolumeRecord, wanted: Wanted, *, mask: VolumeRecord | None = None) -> bytes:
        """The PNG of a slice. Raises ``PictureError`` for a slice that the volume doesn't have."""
        volume = self.opened(record)
        window = wanted.window or volume.window_for(wanted.names)
        drawn = slice_picture(
            volume,
            axis=wanted.axis,
            index=wanted.index,
            time=wanted.time,
            window=volume.stored(window) if window is not None else None,
        )
        if mask is not None:
            labels = self.opened(mask).data
            drawn = labels_on(drawn, labels, opacity=wanted.opacity, colours=wanted.colours)
        return drawn.png

    def value(
        self, record: VolumeRecord, place: Sequence[int], *, time: int = 0
    ) -> float | list[int] | None:
        """The real value at a voxel: a number, three for colour, ``None`` where it is no number."""
        volume = self.opened(record)
        if not all(0 <= one < side for one, side in zip(place, volume.data.shape[:3], strict=True)):
            return None
        index: tuple[int, ...] = tuple(place)
        if volume.data.ndim == 4:
            index = (*index, min(max(time, 0), volume.data.shape[3] - 1))
        found: Any = volume.data[index]
        if volume.data.dtype.names:
            return [int(found[name]) for name in volume.data.dtype.names]
        number = float(abs(found)) if np.iscomplexobj(found) else volume.real(float(found))
        return number if np.isfinite(number) else None


def presets_for(record: VolumeRecord, window: Window | None) -> list[Window]:
    """Windows to choose from, the volume's own first."""
    found = [*([window] if window is not None else []), *record.windows]
    if record.intensity == "hu":
        found += [preset.window for preset in PRESETS.values()]
    once = {(one.center, one.width): one for one in reversed(found)}
    return [one for one in found if once.pop((one.center, one.width), None) is not None]


def _head(lake: Lake, sha256: str) -> bytes:
    with lake.open_media(sha256) as handle:
        return handle.read(_HEADER)
