"""By how much the times of cues and the pictures differ: measured where something tells, else left alone.

Subtitles made for another cut of a film, or before it was trimmed, come too early or too late throughout.
What tells best is the sound: the cues are laid over the times at which somebody speaks (loud in the band of
speech) at every shift, and the shift at which they fit best counts when it fits clearly better than all
others. Without sound, starts of cues that fall on cuts tell, where far more do so than by chance.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from grandrounds.errors import SourceError
from grandrounds.videos.sound import Levels, levels
from grandrounds.videos.values import CutsFound, FrameIndex, Words

FARTHEST = 180.0
"""Seconds by which cues are shifted at most."""

SURE = 0.5
"""Confidence from which an offset is believed."""

_STEP = 0.05
_FEWEST_CUES = 3
_LOUDER = 8.0
"""Decibels by which speech must stand out of the rest before the sound tells anything."""

_BY_CHANCE = 1.6
"""The best fit of cues and speech that have nothing to do with one another is hardly above this by the root
of the number of runs that meet (of 600 random pairs: 1.2 in the middle, 9 of 10 below 1.55)."""

_ALIKE = 1.5
"""Seconds around the best shift in which fits are as good for the same reason."""

_SMALL = 0.25
"""Seconds below which an offset is none: cues are set to come a little before the words."""

_AS_GOOD = 0.04
_INSIDE = 0.5
_ONSET_REACH = 0.6
_SILENT_STEPS = 6

_CUT_NEAR = 0.08
_CHANCE = 1e-4


def measure_offset(
    words: Words, index: FrameIndex, cuts: CutsFound, *, path: Path | None = None
) -> tuple[float, float | None]:
    """Seconds to add to the cues' times so that they meet the pictures, and how sure that is (0 to 1).

    ``path`` is the video, for its sound; without it only cuts can tell. 0 and ``None`` where nothing tells:
    no cues, too few, words that were recognised from the sound itself, no sound that stands out, or no
    shift that fits clearly better than others. 0 with a confidence says that the times are right.
    """
    if len(words.cues) < _FEWEST_CUES or words.origin in ("none", "speech"):
        return 0.0, None
    first = float(index.seconds[0])
    length = index.end_seconds - first
    heard = _heard(path)
    if heard is not None:
        told = by_sound(words.cues, heard, first=first, length=length)
        if told is not None:
            return told
    times = [cut.seconds - first for cut in cuts.cuts]
    return by_cuts([start for start, _, _ in words.cues], times, length=length) or (0.0, None)


def by_sound(
    cues: Sequence[tuple[float, float, str]], heard: Levels, *, first: float, length: float
) -> tuple[float, float] | None:
    """The offset by what is heard; ``None`` where that doesn't tell. ``first`` is the time of the film's
    first frame, from which cues count, ``length`` its seconds."""
    speech = _speech(heard, first=first, length=length)
    if speech is None:
        return None
    reach = round(min(FARTHEST, max(10.0, length / 2)) / _STEP)
    fits = _fits(_mask(cues, len(speech), reach), speech, reach)
    if not np.isfinite(fits).any():
        return None
    fits = np.where(np.isfinite(fits), fits, -1.0)
    best = int(np.argmax(fits))
    if fits[reach] >= fits[best] - _AS_GOOD:  # unmoved they fit as well
        best = reach
    around = round(_ALIKE / _STEP)
    far = np.concatenate([fits[: max(best - around, 0)], fits[best + around + 1 :]])
    second = float(far.max()) if len(far) else 0.0
    peak = float(fits[best])
    met = min(_runs(cues, (best - reach) * _STEP, length), int((np.diff(speech) > 0).sum()) + 1)
    by_chance = _BY_CHANCE / math.sqrt(max(met, 1))
    sure = _between(peak, by_chance, by_chance + 0.2) * _between(peak - second, 0.02, 0.1)
    sure = min(sure, 1.0 - math.exp(-met / 4))
    if sure < SURE:
        return None
    shift = (best - reach) * _STEP
    shift += _by_onsets(cues, speech, shift)
    if abs(shift) < _SMALL:
        return 0.0, round(sure, 3)
    return round(shift, 2), round(sure, 3)


def by_cuts(starts: Sequence[float], cuts: Sequence[float], *, length: float) -> tuple[float, float] | None:
    """The offset at which starts of cues fall on cuts, where that is no chance; else ``None``."""
    if len(cuts) < 4 or len(starts) < 6 or length <= 0:
        return None
    begun, changed = np.asarray(starts[:5000]), np.asarray(cuts[:5000])
    differences = np.sort((changed[None, :] - begun[:, None]).ravel())
    differences = differences[np.abs(differences) <= FARTHEST]
    if not len(differences):
        return None
    last = np.searchsorted(differences, differences + 2 * _CUT_NEAR, side="right")
    counts = last - np.arange(len(differences))
    best = int(np.argmax(counts))
    met = int(counts[best])
    shift = float(np.median(differences[best : last[best]]))
    still = int((np.abs(differences) <= _CUT_NEAR).sum())
    if still >= met - 1:
        met, shift = still, 0.0
    by_chance = len(begun) * len(changed) * 2 * _CUT_NEAR / length
    tried = 2 * FARTHEST / _CUT_NEAR
    unlikely = _poisson_tail(met, by_chance) * tried
    if met < 6 or met < 0.4 * min(len(begun), len(changed)) or unlikely > _CHANCE:
        return None
    sure = min(0.9, 0.5 + 0.4 * met / min(len(begun), len(changed)))
    return (0.0 if abs(shift) < _SMALL else round(shift, 2)), round(sure, 3)


def _heard(path: Path | None) -> Levels | None:
    if path is None:
        return None
    try:
        return levels(path, step=_STEP)
    except SourceError:
        return None


def _speech(heard: Levels, *, first: float, length: float) -> NDArray[np.float64] | None:
    """1 where it is loud and 0 where not, a value a step from the film's first frame to its end; ``None``
    where nothing stands out."""
    size = max(1, round(length / heard.step))
    loud = np.full(size, heard.decibels.min() if len(heard.decibels) else -100.0)
    begin = round((heard.first - first) / heard.step)
    low, high = max(0, begin), min(size, begin + len(heard.decibels))
    if high <= low:
        return None
    loud[low:high] = heard.decibels[low - begin : high - begin]
    loud = np.maximum(loud, np.percentile(loud, 99) - 60.0)
    threshold = _parting(loud)
    above = loud > threshold
    if not 0.02 < above.mean() < 0.98 or loud[above].mean() - loud[~above].mean() < _LOUDER:
        return None
    return _filled(above).astype(np.float64)


def _parting(values: NDArray[np.float64]) -> float:
    """The value that parts two heaps best: N. Otsu, "A Threshold Selection Method from Gray-Level
    Histograms", IEEE Trans. SMC 9 (1979), 62-66."""
    counts, edges = np.histogram(values, bins=128)
    middles = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts).astype(np.float64)
    total, mass = below[-1], np.cumsum(counts * middles)
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = (mass[-1] * below / total - mass) ** 2 / (below * (total - below))
    spread[~np.isfinite(spread)] = 0.0
    top = np.flatnonzero(spread >= spread.max() * (1 - 1e-9))
    return float(edges[1:][top].mean())


def _filled(above: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Without pauses between words: gaps up to 0.3 s are speech, too."""
    filled = above.copy()
    places = np.flatnonzero(above)
    for before, after in zip(places[:-1].tolist(), places[1:].tolist(), strict=True):
        if 1 < after - before <= _SILENT_STEPS:
            filled[before:after] = True
    return filled


def _mask(cues: Sequence[tuple[float, float, str]], size: int, reach: int) -> NDArray[np.float64]:
    """1 where a cue is, from ``reach`` steps before the film to as many behind it."""
    mask = np.zeros(size + 2 * reach)
    for start, end, _ in cues:
        low = min(max(round(start / _STEP) + reach, 0), len(mask))
        high = min(max(round(end / _STEP) + reach, 0), len(mask))
        mask[low:high] = 1.0
    return mask


def _fits(mask: NDArray[np.float64], speech: NDArray[np.float64], reach: int) -> NDArray[np.float64]:
    """Pearson's correlation of cues and speech for shifts of -``reach`` to ``reach`` steps; not a number
    where less than half of the cues' time is left within the film."""
    size = len(speech)
    width = 1 << (len(mask) + size).bit_length()
    # sum over t of mask[t + k] * speech[t], for k = 0 .. 2 * reach; a shift by s reads mask at reach - s.
    product = np.fft.irfft(np.fft.rfft(mask, width) * np.conj(np.fft.rfft(speech, width)), width)
    product = product[: 2 * reach + 1][::-1]
    sums = np.concatenate([[0.0], np.cumsum(mask)])
    inside = (sums[size : size + 2 * reach + 1] - sums[: 2 * reach + 1])[::-1]
    share, loud = inside / size, speech.mean()
    deviation = np.sqrt(np.clip(share * (1 - share), 0, None) * loud * (1 - loud))
    with np.errstate(invalid="ignore", divide="ignore"):
        fits = (product / size - share * loud) / deviation
    fits[(deviation < 1e-6) | (inside < _INSIDE * mask.sum())] = np.nan
    return np.asarray(fits, dtype=np.float64)


def _by_onsets(
    cues: Sequence[tuple[float, float, str]], speech: NDArray[np.float64], shift: float
) -> float:
    """What is left of the offset by the moments at which speech begins after a silence; 0 with few."""
    quiet = np.convolve(speech, np.ones(_SILENT_STEPS), mode="full")[: len(speech)]
    begins = np.flatnonzero((speech[1:] > 0) & (quiet[:-1] == 0)) + 1
    if not len(begins):
        return 0.0
    times = begins * _STEP
    left = []
    for start, _, _ in cues:
        gap = float(times[np.argmin(np.abs(times - (start + shift)))]) - (start + shift)
        if abs(gap) <= _ONSET_REACH:
            left.append(gap)
    return float(np.median(left)) if len(left) >= _FEWEST_CUES else 0.0


def _runs(cues: Sequence[tuple[float, float, str]], shift: float, length: float) -> int:
    """How many runs of cues, with silence between, lie within the film at a shift."""
    inside = [(start, end) for start, end, _ in cues if end + shift > 0 and start + shift < length]
    if not inside:
        return 0
    ends = np.maximum.accumulate([end for _, end in inside])
    starts = np.array([start for start, _ in inside])
    return 1 + int((starts[1:] - ends[:-1] > 0.2).sum())


def _between(value: float, low: float, high: float) -> float:
    return min(max((value - low) / (high - low), 0.0), 1.0)


def _poisson_tail(count: int, mean: float) -> float:
    """The chance of at least ``count`` where ``mean`` are expected, from above (Chernoff's bound)."""
    if mean <= 0:
        return 0.0
    if count <= mean:
        return 1.0
    return math.exp(count - mean + count * math.log(mean / count))
