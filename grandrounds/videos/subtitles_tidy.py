"""Cues in order of time, each saying once what is new in it.

Live and automatic captions roll: a cue repeats the lines of the one before and adds one, or grows by a word
at a time. That is only undone in files that do it throughout: people repeat themselves, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

_TOUCHING = 0.25
"""Seconds between cues that still follow one another without a pause."""

_SHARE = 0.3
"""Of the cues that follow one another, the share that must repeat lines before the file rolls."""

_FEWEST = 3


@dataclass(frozen=True, slots=True)
class Lines:
    """A cue without markup: seconds, and its lines, none of them empty."""

    start: float
    end: float
    lines: tuple[str, ...]


def tidy(cues: Sequence[Lines]) -> tuple[list[Lines], tuple[str, ...]]:
    """The cues in order of time, none twice, none rolling; and what was done, in sentences."""
    notes = []
    ordered = sorted(
        (cue for cue in cues if cue.lines), key=lambda cue: (cue.start, cue.end)
    )  # stable: cues of one time keep the file's order
    if any(after.start < before.start for before, after in pairwise(cues)):
        notes.append("The cues were not in order of time.")
    once = _once(ordered)
    if len(once) < len(ordered):
        notes.append(f"{len(ordered) - len(once)} cues were there twice.")
    for undo, what in ((_unrolled, "roll up"), (_grown, "grow word by word")):
        fewer = undo(once)
        if fewer is not None:
            notes.append(f"The captions {what}; what each adds was kept.")
            once = fewer
    return once, tuple(notes)


def _once(cues: Sequence[Lines]) -> list[Lines]:
    seen: set[tuple[float, float, tuple[str, ...]]] = set()
    kept = []
    for cue in cues:
        key = (cue.start, cue.end, cue.lines)
        if key not in seen:
            seen.add(key)
            kept.append(cue)
    return kept


def _unrolled(cues: Sequence[Lines]) -> list[Lines] | None:
    """The cues without the lines that the one before had; ``None`` where the file doesn't roll."""
    repeated = [0] * len(cues)
    follow = rolling = 0
    for place in range(1, len(cues)):
        before, after = cues[place - 1], cues[place]
        if after.start - before.end > _TOUCHING:
            continue
        follow += 1
        repeated[place] = _shared(before.lines, after.lines)
        rolling += repeated[place] > 0
    if rolling < _FEWEST or rolling < _SHARE * follow:
        return None
    kept = []
    for cue, count in zip(cues, repeated, strict=True):
        if count < len(cue.lines):
            kept.append(Lines(cue.start, cue.end, cue.lines[count:]))
    return kept


def _shared(before: Sequence[str], after: Sequence[str]) -> int:
    """How many of the first lines of ``after`` are the last ones of ``before``."""
    for count in range(min(len(before), len(after)), 0, -1):
        if tuple(before[-count:]) == tuple(after[:count]):
            return count
    return 0


def _grown(cues: Sequence[Lines]) -> list[Lines] | None:
    """Cues that grow, made one; ``None`` where they don't."""
    words = [" ".join(cue.lines).split() for cue in cues]
    grows = [False] * len(cues)
    follow = 0
    for place in range(1, len(cues)):
        if cues[place].start - cues[place - 1].end > _TOUCHING:
            continue
        follow += 1
        short, long = words[place - 1], words[place]
        grows[place] = len(short) < len(long) and long[: len(short)] == short
    if sum(grows) < _FEWEST or sum(grows) < _SHARE * follow:
        return None
    kept: list[Lines] = []
    for cue, grown in zip(cues, grows, strict=True):
        if grown:
            kept[-1] = Lines(kept[-1].start, max(kept[-1].end, cue.end), cue.lines)
        else:
            kept.append(cue)
    return kept
