"""What of a video and its clips stands in a release, and what stays at home.

A release tells what an auditor needs: times, cuts, hashes, what became of every frame that was looked at,
and what is said in the clips that items rest on. It leaves out

- the title of the file, the name of the table beside it and the reader's notes, which may name a patient
(as of imaging); but for notes that say that faces or text could not be looked for;
- the rest of the transcript: items rest on the words of their clips alone;
- small pictures and the contact sheet, words read on frames that were left out, and the reason where a
frame
  was left out for a person's name, because it may quote that name;
- the film of a clip where any frame of its video was left out for a face or a name: the frames between
those
  that were looked at may show the same person;
- of clips that are ``index_only`` every pixel.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from grandrounds.records.clip import ClipRow
from grandrounds.records.video import KEPT, VideoFrame, VideoRow
from grandrounds.videos.seen import NAME, left_out_for_people, not_looked_for

_EMPTY = ("title", "text", "pose", "sheet_sha256")


def shown_video(video: VideoRow) -> VideoRow:
    """The row of a video as a release tells it."""
    return replace(
        video,
        title="",
        text="",
        pose="",
        sheet_sha256="",
        cues=(),
        notes=not_looked_for(video),
        looked_at=tuple(_shown_frame(frame) for frame in video.looked_at),
    )


def shown_clip(clip: ClipRow, video: VideoRow | None) -> ClipRow:
    """The row of a clip as a release tells it: without a film that may show a person."""
    if clip.clip_sha256 and (clip.index_only or video is None or left_out_for_people(video)):
        return replace(clip, clip_sha256="", clip_mime="")
    return clip


def video_leaks(video: VideoRow) -> Iterator[str]:
    """What the row of a video tells that should stay at home, as sentences that follow the video."""
    for name in _EMPTY:
        if getattr(video, name):
            yield f"tells its {name}, which a release leaves out"
    if video.cues:
        yield "tells its cues, which a release leaves out"
    if video.notes != not_looked_for(video):
        yield "tells its notes, which a release leaves out"
    for frame in video.looked_at:
        if frame != _shown_frame(frame):
            yield f"tells what was seen on frame {frame.frame}, which a release leaves out"
            return


def _shown_frame(frame: VideoFrame) -> VideoFrame:
    return replace(
        frame,
        thumbnail="",
        words=frame.words if frame.verdict == KEPT else (),
        reason="" if frame.verdict == NAME else frame.reason,
    )
