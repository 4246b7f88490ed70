"""What a clip allows to ask, worked out from its row alone. Authors, gates and ``verify`` ask here.

A question is asked only where the frames determine its answer: see the modules ``asking_...`` for when.
Same row, task and number of options, same question. With as many options as an item came to have, the same
options come out, so an item can be held against its clip without its recipe.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise

from grandrounds.records.clip import ClipRow
from grandrounds.records.envelope import Envelope
from grandrounds.videos.asking_change import change_of
from grandrounds.videos.asking_count import count_of
from grandrounds.videos.asking_frame import frame_of
from grandrounds.videos.asking_next import next_of
from grandrounds.videos.asking_order import order_of
from grandrounds.videos.asking_values import (
    CHANGE,
    COMPUTED,
    COUNT,
    FRAME,
    NEXT,
    ORDER,
    REASONING,
    Asked,
    NotAsked,
)

__all__ = ["COMPUTED", "REASONING", "Asked", "NotAsked", "ask", "frames_needed", "frames_named", "unusable"]

_TIME = "time_range"
_FEWEST, _MOST = 2, 5
_ASKING: dict[str, Callable[[ClipRow, int], Asked | NotAsked]] = {
    ORDER: order_of,
    CHANGE: change_of,
    FRAME: frame_of,
    NEXT: next_of,
    COUNT: count_of,
}


@lru_cache(maxsize=256)
def ask(row: ClipRow, task: str, *, options: int) -> Asked | NotAsked:
    """What is asked of a clip for a computed task, or why nothing is; at most ``options`` options."""
    if task not in _ASKING:
        return NotAsked("only a model finds such a question: rules know no answer to it")
    reason = unusable(row)
    return NotAsked(reason) if reason else _ASKING[task](row, options)


def frames_needed(item: Envelope, row: ClipRow) -> tuple[int, ...]:
    """The frames (places in the clip, from 0) that must be looked at to answer an item; none where its clip
    does not give it.

    Of tasks that are worked out, it is worked out again; else it is what the item itself names as what its
    reasoning rests on.
    """
    if item.task in COMPUTED:
        asked = ask(row, item.task, options=len(item.options))
        return asked.needed if isinstance(asked, Asked) else ()
    return frames_named(item, row)


def frames_named(item: Envelope, row: ClipRow) -> tuple[int, ...]:
    """The frames (places in the clip, from 0) that the evidence of an item names."""
    places = {frame.frame: place for place, frame in enumerate(row.frames)}
    named = {part.locator.frame for part in item.evidence if part.locator.kind == _TIME}
    return tuple(sorted(places[number] for number in named if number is not None and number in places))


def unusable(row: ClipRow) -> str:
    """Why nothing can be asked of a clip whatever it shows; empty where something may be."""
    if not _FEWEST <= len(row.frames) <= _MOST:
        return f"the clip has {len(row.frames)} frames, not {_FEWEST} to {_MOST}"
    if any(one.seconds >= other.seconds or one.frame >= other.frame for one, other in pairwise(row.frames)):
        return "its frames are not in order of time"
    if len({frame.sha256 for frame in row.frames}) < len(row.frames):
        return "two of its frames are the same picture"
    places = {place for cue in row.cues for place in (*cue.frames, cue.stressed) if place is not None}
    if not places <= set(range(len(row.frames))):
        return "what is said in it belongs to a frame that it does not have"
    return ""
