"""What gates of clips say of a row whose clip or video is not there."""

from __future__ import annotations


def missing(evidence_id: str) -> str:
    """That the clip of a row is not there."""
    return f"Clip {evidence_id} is not among the clips, so nothing can be checked."


def missing_video(video_id: str) -> str:
    """That the video of a clip is not there."""
    return f"Video {video_id} is not among the videos, so nothing can be checked."
