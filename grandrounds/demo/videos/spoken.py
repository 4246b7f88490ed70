"""What is said in the films, as files of subtitles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

Cue: TypeAlias = tuple[float, float, str]
"""Seconds at which something is said, and its words."""


def srt(cues: Sequence[Cue]) -> str:
    """The cues as SubRip."""
    return "\n".join(
        f"{number}\n{_clock(start, ',')} --> {_clock(end, ',')}\n{words}\n"
        for number, (start, end, words) in enumerate(cues, start=1)
    )


def vtt(cues: Sequence[Cue]) -> str:
    """The cues as WebVTT."""
    body = "\n".join(
        f"{_clock(start, '.')} --> {_clock(end, '.')}\n{words}\n" for start, end, words in cues
    )
    return f"WEBVTT\n\n{body}"


def moved(cues: Sequence[Cue], seconds: float) -> tuple[Cue, ...]:
    """The cues so many seconds later."""
    return tuple((start + seconds, end + seconds, words) for start, end, words in cues)


def _clock(seconds: float, mark: str) -> str:
    thousandths = round(seconds * 1000)
    return (
        f"{thousandths // 3_600_000:02d}:{thousandths // 60_000 % 60:02d}:{thousandths // 1000 % 60:02d}"
        f"{mark}{thousandths % 1000:03d}"
    )
