"""Do the frames of a clip lie in their video as the row says? Gates and ``verify`` ask.

Every function yields sentences, in words that follow the clip ("its frames ...").
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from itertools import pairwise

from grandrounds.records.clip import COHERENCES, SCENE, ClipCue, ClipRow
from grandrounds.records.envelope import Envelope
from grandrounds.records.video import VideoRow

_SLACK = 1e-6
"""Seconds: times are stored as they were computed, so they agree to far less than a frame."""


def time_faults(clip: ClipRow) -> Iterator[str]:
    """Times and numbers of frames that don't rise, or lie outside the clip."""
    if not clip.start_seconds < clip.end_seconds:
        yield "it ends before it begins"
    for frame in clip.frames:
        if not frame.seconds < frame.end_seconds:
            yield f"its frame at {frame.seconds:.3f} s ends before it begins"
        if not clip.start_seconds - _SLACK <= frame.seconds <= clip.end_seconds + _SLACK:
            yield f"its frame at {frame.seconds:.3f} s lies outside it"
    for one, other in pairwise(clip.frames):
        in_time = one.seconds < other.seconds and one.end_seconds <= other.seconds + _SLACK
        if not (in_time and one.frame < other.frame):
            yield f"its frames at {one.seconds:.3f} s and {other.seconds:.3f} s are out of order"


def coherence_faults(clip: ClipRow, video: VideoRow) -> Iterator[str]:
    """Frames that lie outside their video, in other scenes than said, or that nothing joins."""
    yield from time_faults(clip)
    if clip.source_sha256 != video.source_sha256:
        yield "its video is another file than it says"
    for frame in clip.frames:
        if not 0 <= frame.frame < video.frames:
            yield f"its frame {frame.frame} is none of the {video.frames} of its video"
        if not video.start_seconds - _SLACK <= frame.seconds < video.end_seconds:
            yield f"its frame at {frame.seconds:.3f} s lies outside its video"
        box = frame.crop
        if not (
            len(box) == 4 and 0 <= box[0] < box[2] <= video.width and 0 <= box[1] < box[3] <= video.height
        ):
            yield f"the crop of its frame at {frame.seconds:.3f} s lies outside the picture"
        elif (box[2] - box[0], box[3] - box[1]) != (frame.width, frame.height):
            yield f"its frame at {frame.seconds:.3f} s has another size than its crop"
    yield from _scene_faults(clip, video)


def cue_faults(clip: ClipRow, *, window: float) -> Iterator[str]:
    """Cues outside the text, or far from the frames that they are said to belong to: more than ``window``
    seconds."""
    for number, cue in enumerate(clip.cues, start=1):
        fault = _cue_fault(clip, cue, window)
        if fault:
            yield f"its cue {number} {fault}"


def said_faults(clip: ClipRow, item: Envelope) -> Iterator[str]:
    """Quotes of an item that are said while none of its clip's frames is shown."""
    for part in item.evidence:
        span = part.locator.span if part.quote else None
        if span is not None and not any(cue.frames and cue.span.contains(span) for cue in clip.cues):
            shown = " ".join(part.quote.split())[:60]
            yield f"its quote {shown!r} is said while none of the frames is shown"


def distance_to(cue: ClipCue, seconds: float) -> float:
    """How many seconds a time lies before or behind a cue; 0 within."""
    return max(cue.start_seconds - seconds, seconds - cue.end_seconds, 0.0)


def _cue_fault(clip: ClipRow, cue: ClipCue, window: float) -> str:
    if cue.span.end > len(clip.text) or not cue.span.of(clip.text).strip():
        return "has no words in its text"
    if not cue.start_seconds <= cue.end_seconds:
        return "ends before it begins"
    if any(not 0 <= place < len(clip.frames) for place in cue.frames):
        return "names a frame that the clip does not have"
    if cue.stressed is not None and cue.stressed not in cue.frames:
        return "stresses a frame that is not in its window"
    far = [place for place in cue.frames if distance_to(cue, clip.frames[place].seconds) > window + _SLACK]
    if far:
        return f"is more than {window:g} s from frame {far[0] + 1}, which it is said to belong to"
    return ""


def _scene_faults(clip: ClipRow, video: VideoRow) -> Iterator[str]:
    if clip.coherence not in COHERENCES:
        yield f"it is held together by {clip.coherence!r}, which nobody knows"
        return
    starts = sorted(cut.frame for cut in video.cuts)
    told = [frame.scene for frame in clip.frames]
    counted = [bisect_right(starts, frame.frame) for frame in clip.frames]
    if told != counted:
        yield f"its frames are said to be of the scenes {told}, but the cuts put them in {counted}"
    if clip.coherence == SCENE and len(set(counted)) > 1:
        yield f"its frames are of {len(set(counted))} scenes, and nothing joins them"
    if clip.coherence != SCENE and not clip.sequence.strip():
        yield "its frames are of several scenes, and their sequence has no name"
