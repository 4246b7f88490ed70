"""The pictures of the demo books as files: JPEG for films and photographs, PNG for lines."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from functools import cache

import numpy as np
from PIL import Image

from grandrounds.demo.books import colours, echoes, films, microscopy, sections
from grandrounds.demo.canvas import Field

_QUALITY = 62  # Grain survives, and a picture has about 12 KB.

#: Each picture by its name, and the function that draws it.
PLATES: Mapping[str, Callable[[], Field]] = {
    "chest-clear": films.chest_clear,
    "chest-right-fluid": films.chest_right_fluid,
    "chest-large-heart": films.chest_large_heart,
    "chest-large-hila": films.chest_large_hila,
    "belly-levels": films.belly_levels,
    "wrist-broken": films.wrist_broken,
    "knee": films.knee,
    "chest-nodule": sections.chest_nodule,
    "chest-small-nodules": sections.chest_small_nodules,
    "belly-left-kidney-mass": sections.belly_left_kidney_mass,
    "belly-wide-aorta": sections.belly_wide_aorta,
    "belly-liver-cyst": sections.belly_liver_cyst,
    "head-lens": sections.head_lens,
    "head-opened": sections.head_opened,
    "brain-ring": sections.brain_ring,
    "chest-fluid": echoes.chest_fluid,
    "kidney-wide-pelvis": echoes.kidney_wide_pelvis,
    "bladder-stone": echoes.bladder_stone,
    "lung-glands": microscopy.lung_glands,
    "node-granuloma": microscopy.node_granuloma,
    "liver-bands": microscopy.liver_bands,
    "glomerulus": microscopy.glomerulus,
    "thyroid-follicles": microscopy.thyroid_follicles,
    "foot-processes": microscopy.foot_processes,
    "polyp": colours.polyp,
    "bladder-growth": colours.bladder_growth,
    "ringworm": colours.ringworm,
    "fundus-drusen": colours.fundus_drusen,
    "uneven-beats": colours.uneven_beats,
    "spikes-and-waves": colours.spikes_and_waves,
    "tract-drawing": colours.tract_drawing,
}
_LINES = frozenset({"uneven-beats", "spikes-and-waves", "tract-drawing"})
_COLOURS = 64  # of a picture of lines


@cache
def plate(name: str) -> Image.Image:
    """The picture ``name`` (a key of ``PLATES``) as drawn, grey or in colours."""
    return Image.fromarray(np.rint(PLATES[name]() * 255).astype(np.uint8))


@cache
def encoded(name: str) -> bytes:
    """The picture as a file."""
    made = io.BytesIO()
    if name in _LINES:
        few = plate(name).quantize(_COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        few.save(made, format="PNG", optimize=True)
    else:
        plate(name).save(made, format="JPEG", quality=_QUALITY, optimize=True)
    return made.getvalue()


def file_name(name: str) -> str:
    """What the picture is called where it is a file of its own."""
    return f"{name}.{'png' if name in _LINES else 'jpg'}"


@cache
def logo() -> bytes:
    """The mark of a publisher that never was: an open book on a disc, as a small PNG."""
    rows, columns = np.mgrid[0:48, 0:48].astype(np.float64)
    disc = np.hypot(columns - 23.5, rows - 23.5) < 23.0
    fold = 0.35 * np.abs(columns - 23.5)
    leaf = (
        (np.abs(rows - 25.0 + fold) < 9.0)
        & (np.abs(columns - 23.5) < 15.0)
        & (np.abs(columns - 23.5) > 1.0)
    )
    picture = np.full((48, 48, 3), 255, dtype=np.uint8)
    picture[disc] = (28, 84, 120)
    picture[leaf & disc] = (255, 255, 255)
    made = io.BytesIO()
    Image.fromarray(picture).quantize(4).save(made, format="PNG", optimize=True)
    return made.getvalue()
