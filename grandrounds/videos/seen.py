"""What the reader saw of people on the frames of a video. Gates and ``verify`` ask; no sentence quotes a
name."""

from __future__ import annotations

from collections.abc import Iterator

from grandrounds.records.clip import ClipRow
from grandrounds.records.video import KEPT, VideoFrame, VideoRow

FACE, NAME = "face", "name"
PEOPLE_VERDICTS = (FACE, NAME)
"""What the reader says of frames that it left out because they show a person."""

NO_FACES = "Faces were not looked for."
NO_TEXT = "Text on frames was not read."
"""What is told of a video where nobody could look, in place of the reader's own note."""


def not_looked_for(video: VideoRow) -> tuple[str, ...]:
    """What nobody could look for on the frames of a video: ``NO_FACES``, ``NO_TEXT``, or neither."""
    faces = any(note.startswith(NO_FACES.rstrip(".")) for note in video.notes)
    text = any(note.startswith("Text on") and "not read" in note for note in video.notes)
    return ((NO_FACES,) if faces else ()) + ((NO_TEXT,) if text else ())


def left_out_for_people(video: VideoRow) -> bool:
    """Whether a frame of the video was left out that shows a face or a name, and people are not kept."""
    kept = any(frame.faces for frame in video.looked_at if frame.verdict == KEPT)
    return not kept and any(frame.faces or frame.verdict in PEOPLE_VERDICTS for frame in video.looked_at)


def people_faults(clip: ClipRow, video: VideoRow) -> Iterator[str]:
    """Which frames of a clip show a person, or were never looked at."""
    seen = {frame.frame: frame for frame in video.looked_at}
    for place, frame in enumerate(clip.frames, start=1):
        fault = _fault(seen.get(frame.frame))
        if fault:
            yield f"its frame {place} {fault}"


def _fault(seen: VideoFrame | None) -> str:
    if seen is None:
        return "was never looked at, so nobody knows whether it shows a person"
    if seen.faces or seen.verdict == FACE:
        return "shows a face"
    if seen.verdict == NAME:
        return "shows a person's name"
    # The reader gives a reason for a frame that it kept only where the recipe lets people pass.
    return f"is kept, but {seen.reason}" if seen.verdict == KEPT and seen.reason else ""
