"""The view with one frame alone: which frame of an item is shown, and what goes with it.

An item on a video claims that it takes several frames. So a panel is asked it with one of them, every
word of stem, question and options unchanged: who still finds the answer needs no second frame. Every
model and repeat gets the same frame, so their votes can be added up, and it is the one that alone tells
most, as long as showing it does not tell which option is right:

- Where pictures are options beside the frames (what comes next: A, B or C?), they stay: without them
  nothing is asked.
- Where the question asks for one of the frames, the item's id chooses: to show the right one would say
  which it is.
- Else it is the frame that the item's evidence names most often, that is, the one that the reasoning rests
  on; among equals the latest, which shows what it came to.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from grandrounds.fingerprint import unit_interval
from grandrounds.records.envelope import Candidate
from grandrounds.records.parts import Media

_IMAGE, _TIME = "image", "time_range"
_NEXT = "clip_next_mcq"


@dataclass(frozen=True, slots=True)
class OneFrame:
    """The frame that is shown alone (its label), and all pictures that are shown."""

    label: str
    media: tuple[Media, ...]


def frames_of(candidate: Candidate) -> tuple[Media, ...]:
    """The pictures of an item that are frames of a video, if all of them are; else none."""
    pictures = tuple(media for media in candidate.media if media.kind == _IMAGE)
    framed = all(media.locator is not None and media.locator.kind == _TIME for media in pictures)
    return pictures if framed else ()


def one_frame_of(candidate: Candidate) -> OneFrame | None:
    """What is shown of an item when one frame is shown alone; ``None`` where it has no two frames."""
    frames = frames_of(candidate)
    if len(frames) < 2:
        return None
    offered = tuple(media for media in frames if media.label in candidate.options)
    if candidate.task != _NEXT:
        alone = _by_id(frames, candidate) if offered else _most_named(frames, candidate)
        return OneFrame(alone.label, (alone,))
    told = tuple(media for media in frames if media not in offered)
    if not told:
        return None
    alone = _most_named(told, candidate)
    return OneFrame(alone.label, tuple(media for media in frames if media is alone or media in offered))


def _by_id(frames: tuple[Media, ...], candidate: Candidate) -> Media:
    return min(frames, key=lambda media: unit_interval(candidate.item_id, "one frame", media.label))


def _most_named(frames: tuple[Media, ...], candidate: Candidate) -> Media:
    named = Counter(part.locator.frame for part in candidate.evidence if part.locator.kind == _TIME)
    return max(enumerate(frames), key=lambda each: (named[_number(each[1])], each[0]))[1]


def _number(media: Media) -> int | None:
    return media.locator.frame if media.locator is not None else None
