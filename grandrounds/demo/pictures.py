"""The pictures of the demo reports, drawn by code: ``python -m grandrounds.demo.pictures FOLDER``.

They are schematic but meant to be read: a clinician should see the finding. No picture holds a word.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from grandrounds.demo import radiographs, views
from grandrounds.demo.canvas import Field
from grandrounds.paths import demo_sources

_GREYS = 22  # Grey levels kept: enough for the eye, and the file stays small.
_COLOUR_STEP = 15  # Colours are kept in steps of this size, for the same reason.

#: Each picture's path inside the demo sources, and the function that draws it.
PICTURES: Mapping[str, Callable[[], Field]] = {
    "case_reports/cardiovascular/ecg-anterior-leads.png": views.electrocardiogram,
    "case_reports/cardiovascular/echo-four-chamber.png": views.four_chambers,
    "case_reports/digestive/endoscopy-rings.png": views.gullet,
    "case_reports/digestive/ultrasound-gallbladder.png": views.gallbladder,
    "case_reports/neurological/head-ct.png": radiographs.head_section,
    "case_reports/respiratory/chest-left-opacity.png": radiographs.chest_left_opacity,
    "case_reports/respiratory/chest-right-lucency.png": radiographs.chest_right_lucency,
    "case_reports/troubled/caption-gives-away.png": radiographs.chest_right_collapse,
    "case_reports/other/fundus-right-eye.png": views.fundus,
    "case_reports/other/jaw-radiograph.png": radiographs.jaw_angle,
    "other_kinds/picture-alone.png": views.gallbladder,
}


def draw(name: str) -> Image.Image:
    """The picture ``name`` (a key of ``PICTURES``): grey for films, a palette for coloured views."""
    field = PICTURES[name]()
    if field.ndim == 2:
        steps = np.rint(field * (_GREYS - 1)) / (_GREYS - 1)
        return Image.fromarray(np.rint(steps * 255).astype(np.uint8))
    coarse = np.clip(np.rint(field * 255 / _COLOUR_STEP) * _COLOUR_STEP, 0, 255).astype(np.uint8)
    return _with_palette(coarse)


def write_all(folder: Path) -> tuple[Path, ...]:
    """Draw every picture below ``folder`` and say where they are."""
    written = []
    for name in PICTURES:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        draw(name).save(path, optimize=True)
        written.append(path)
    return tuple(written)


def _with_palette(colours: NDArray[np.uint8]) -> Image.Image:
    """A picture of at most 256 colours, the commonest kept and the others moved to the nearest."""
    flat = colours.reshape(-1, 3).astype(np.int64)
    found, place, count = np.unique(flat, axis=0, return_inverse=True, return_counts=True)
    kept = np.sort(np.argsort(-count, kind="stable")[:256])
    gaps = ((found[:, None, :] - found[kept][None, :, :]) ** 2).sum(axis=2)
    nearest = gaps.argmin(axis=1).astype(np.uint8)
    picture = Image.fromarray(nearest[place.reshape(-1)].reshape(colours.shape[:2]), mode="P")
    picture.putpalette(found[kept].astype(np.uint8).tobytes())
    return picture


if __name__ == "__main__":
    write_all(Path(sys.argv[1]) if len(sys.argv) > 1 else demo_sources())
