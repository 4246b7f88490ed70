"""Choosing frames: sharp ones, far enough apart in time and looks, one for each of several places.

Each place has a few candidates; of all ways to take one for each, in order of time, the one with the best
score is taken. Frames that change step by step (the farther in time, the less alike) score higher: their
order can be seen. Frames that swing back and forth don't.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

from grandrounds.figures.hashes import distance
from grandrounds.records.video import VideoFrame

SHORTEST_GAP = 0.2
"""Seconds between frames of a clip at least."""

_EACH = 3
_UNRELATED = 26  # bits: unrelated pictures differ by 32 in the middle
_MOVES = 2.0  # grey values: less is noise


@dataclass(frozen=True, slots=True)
class Chosen:
    """Frames in order of time, and how good a choice they are (more is better)."""

    frames: tuple[VideoFrame, ...]
    score: float


def spread(
    frames: Sequence[VideoFrame], *, fewest: int, most: int, near: int, sharp: dict[int, float]
) -> Chosen | None:
    """As many of ``frames`` (in order of time) as fit, up to ``most``, evenly spread; ``None`` where fewer
    than ``fewest`` do. ``near``: bits by which frames differ that count as the same."""
    for count in range(min(most, len(frames)), fewest - 1, -1):
        chosen = one_each(_bins(frames, count, sharp), near=near, sharp=sharp)
        if chosen is not None:
            return chosen
    return None


def one_each(
    places: Sequence[Sequence[VideoFrame]], *, near: int, sharp: dict[int, float], apart: bool = True
) -> Chosen | None:
    """One frame for each of ``places`` (each with its candidates, best first), in order of time.

    ``apart``: no two may look the same. ``sharp`` tells for each frame how sharp it is among its scene's,
    0 to 1.
    """
    best: Chosen | None = None
    for frames in _ways(places, near if apart else -1):
        score = _score(frames, sharp)
        if best is None or score > best.score:
            best = Chosen(frames, score)
    return best


def progress(frames: Sequence[VideoFrame]) -> float:
    """0 to 1: of each three frames, how often the outer two differ most."""
    triples = list(combinations(frames, 3))
    if not triples:
        return 0.0
    grows = 0
    for one, middle, other in triples:
        outer = distance(one.perceptual_hash, other.perceptual_hash)
        grows += outer > max(
            distance(one.perceptual_hash, middle.perceptual_hash),
            distance(middle.perceptual_hash, other.perceptual_hash),
        )
    return grows / len(triples)


def sharpness_ranks(frames: Sequence[VideoFrame]) -> dict[int, float]:
    """For each frame how sharp it is among those of its scene: 0 the least, 1 the most."""
    scenes: dict[int, list[VideoFrame]] = {}
    for frame in frames:
        scenes.setdefault(frame.scene, []).append(frame)
    ranks = {}
    for own in scenes.values():
        order = sorted(own, key=lambda frame: (frame.sharpness, frame.frame))
        for place, frame in enumerate(order):
            ranks[frame.frame] = place / max(len(order) - 1, 1)
    return ranks


def _bins(frames: Sequence[VideoFrame], count: int, sharp: dict[int, float]) -> list[list[VideoFrame]]:
    """The time from the first frame to the last in ``count`` equal parts, each with its best frames."""
    first, last = frames[0].seconds, frames[-1].seconds
    width = max((last - first) / count, 1e-9)
    parts: list[list[VideoFrame]] = [[] for _ in range(count)]
    for frame in frames:
        parts[min(int((frame.seconds - first) / width), count - 1)].append(frame)
    found = []
    for place, part in enumerate(parts):
        middle = first + (place + 0.5) * width
        # The ends of the span are worth as much as the middles between.
        aim = first if place == 0 else last if place == count - 1 else middle
        part.sort(key=lambda one: (abs(one.seconds - aim) / width - 0.5 * sharp[one.frame], one.frame))
        found.append(part[:_EACH])
    return found


def _ways(places: Sequence[Sequence[VideoFrame]], near: int) -> Iterator[tuple[VideoFrame, ...]]:
    """Every way to take one frame for each place, none too near to another in time or looks."""
    if not places:
        yield ()
        return
    for way in _ways(places[:-1], near):
        for frame in places[-1]:
            if all(_fits(before, frame, near) for before in way):
                yield (*way, frame)


def _fits(before: VideoFrame, after: VideoFrame, near: int) -> bool:
    return (
        after.frame > before.frame
        and after.seconds - before.seconds >= SHORTEST_GAP - 1e-9
        and distance(before.perceptual_hash, after.perceptual_hash) > near
    )


def _score(frames: Sequence[VideoFrame], sharp: dict[int, float]) -> float:
    gaps = [after.seconds - before.seconds for before, after in pairwise(frames)]
    even = min(gaps) / (sum(gaps) / len(gaps)) if gaps else 0.0
    score = 0.6 * sum(sharp[frame.frame] for frame in frames) / len(frames) + 0.4 * even
    if max((frame.motion for frame in frames[1:]), default=0.0) >= _MOVES:
        score += 0.8 * progress(frames)
    same_scene = frames[0].scene == frames[-1].scene
    torn = sum(distance(a.perceptual_hash, b.perceptual_hash) > _UNRELATED for a, b in pairwise(frames))
    return score - (0.3 * torn / max(len(gaps), 1) if same_scene else 0.0)
