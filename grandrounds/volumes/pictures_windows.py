"""Display windows: what of a volume's values becomes black, grey and white."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from grandrounds.records.volume import VolumeRecord, Window
from grandrounds.volumes.geometry import Array

_CUSTOMARY = "customary, as listed in Radiopaedia, 'Windowing (CT)'"
_SAMPLE = 400_000
_DARKEST, _BRIGHTEST = 1.0, 99.5  # percentiles: the bright end keeps room for vessels and fluid


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A window for CT in Hounsfield units, and where its numbers are from."""

    window: Window
    source: str


PRESETS: dict[str, Preset] = {
    "bone": Preset(window=Window(center=400.0, width=1800.0, name="bone"), source=_CUSTOMARY),
    "lung": Preset(window=Window(center=-600.0, width=1500.0, name="lung"), source=_CUSTOMARY),
    "soft tissue": Preset(window=Window(center=50.0, width=400.0, name="soft tissue"), source=_CUSTOMARY),
    "brain": Preset(window=Window(center=40.0, width=80.0, name="brain"), source=_CUSTOMARY),
}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_BONES = _words(
    "vertebra vertebrae vertebral spine endplate rib ribs costal sternum sacrum coccyx hip hips pelvis "
    "femur patella tibia fibula tarsal humerus radius ulna carpal scapula clavicle clavicula skull "
    "mandible bone bones"
)
_AIRY = _words("lung lungs lobe bronchus bronchi bronchia trachea airway airways")
_BRAIN = _words("brain ventricle ventricles cerebrum cerebellum brainstem thalamus caudate putamen")
_SOFT = _words(
    "muscle muscles artery vein cord canal heart atrium marrow nerve disc discs disk disks vena iliac"
)
_LEVEL = re.compile(r"(?:c[1-7]|t(?:[1-9]|1[0-3])|l[1-6]|s[1-5]?|co)\Z")


def preset_for(name: str) -> Preset:
    """The CT preset in which a structure of that name is looked at; soft tissue where no word tells."""
    words = re.sub(r"[^a-z0-9]+", " ", name.casefold()).split()
    found = set(words)
    if found & _SOFT:
        return PRESETS["soft tissue"]
    if found & _BONES or any(_LEVEL.match(word) for word in words):
        return PRESETS["bone"]
    if found & _AIRY:
        return PRESETS["lung"]
    return PRESETS["brain" if found & _BRAIN else "soft tissue"]


def default_window(record: VolumeRecord | None, data: Array, names: Iterable[str] = ()) -> Window | None:
    """The window to show ``data`` (real units) in; ``None`` for colour.

    The row's first usable window where it has one. Else for CT (row: Hounsfield units) the preset of the
    structures ``names`` (soft tissue where there are none or they differ), for everything else the 1st and
    99.5th percentiles of the finite values.
    """
    if data.dtype.names:
        return None
    for window in record.windows if record else ():
        if np.isfinite([window.center, window.width]).all() and window.width > 0:
            return window
    if record is not None and record.intensity == "hu":
        fitting = {preset_for(name).window for name in names}
        return fitting.pop() if len(fitting) == 1 else PRESETS["soft tissue"].window
    return _percentiles(data)


def finite(values: npt.NDArray[np.float64], window: Window) -> npt.NDArray[np.float64]:
    """The values with what is no number as black, infinities as the window's ends: means need numbers."""
    low, high = window.center - window.width / 2, window.center + window.width / 2
    return np.asarray(np.nan_to_num(values, nan=low, posinf=high, neginf=low))


def apply(values: npt.NDArray[np.float64], window: Window) -> npt.NDArray[np.uint8]:
    """Finite real values as grey from 0 to 255: linear between the window's ends, cut outside (the exact
    linear function of DICOM PS3.3 C.11.2.1.3.2)."""
    share = (values - (window.center - window.width / 2)) / window.width
    return np.asarray(np.floor(np.clip(share, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8))


def _percentiles(data: Array) -> Window:
    step = max(1, int(np.ceil((data.size / _SAMPLE) ** (1 / max(1, data.ndim)))))
    sample = np.asarray(data[(slice(None, None, step),) * data.ndim])
    sample = (np.abs(sample) if np.iscomplexobj(sample) else sample).astype(np.float64)
    sample = sample[np.isfinite(sample)]
    low, high = np.percentile(sample, [_DARKEST, _BRIGHTEST]) if sample.size else (0.0, 1.0)
    if high <= low:  # nearly all of one value: what differs from it must still be seen
        low, high = (float(sample.min()), float(sample.max())) if sample.size else (0.0, 1.0)
    low, high = float(low), float(high)
    return Window(center=(low + high) / 2, width=max(high - low, 1e-6), name="percentiles")
