"""Finds where the shot changes.

    found = find_cuts(path, index)
    found.cuts[0].frame, found.cuts[0].kind         the first frame of a new shot; hard or gradual

Every frame of a short film is looked at. Of a long one keyframes and the sizes of packets tell where
something happened, and only there is looked closer: a small part of the frames is decoded, and hard cuts
are found to the frame whether or not the encoder put keyframes at them. What that can't see: a dissolve
whose packets are no larger than their neighbours' (one that lasts many seconds, or one amid violent
motion), and a shot within a group of frames that begins and ends by dissolves.

The scoring is our own and not PySceneDetect's: its detectors must be fed every frame in its turn, and its
package needs a build of OpenCV that can't be installed beside ours. ``benchmarks/videos.py`` compares them.
"""

from __future__ import annotations

from pathlib import Path

from grandrounds.errors import SourceError
from grandrounds.records.video import VideoCut
from grandrounds.videos.cuts_judge import Found, Judge
from grandrounds.videos.cuts_looks import looking
from grandrounds.videos.cuts_sparse import UnsuitedError, find_sparsely
from grandrounds.videos.values import CutsFound, FrameIndex

WHOLE_BELOW = 60.0
"""Seconds; every frame of a shorter film is looked at."""

EVERY_FRAME = "every frame"
KEYFRAMES = "keyframes and packets, closer where they change"


def find_cuts(path: Path, index: FrameIndex, *, whole_below: float = WHOLE_BELOW) -> CutsFound:
    """The changes of shot of a film.

    Shots of up to three frames (flashes, faults) count as none. Raises ``SourceError`` where the film can't
    be opened.
    """
    length = index.end_seconds - float(index.seconds[0])
    rate = len(index) / length if length > 0 else 25.0
    decoded = 0
    if length >= whole_below:
        with looking(path, index) as looks:
            try:
                found = find_sparsely(looks, frames=len(index), rate=rate)
                return _told(found, index, KEYFRAMES, looks.decoded)
            except (UnsuitedError, OSError, SourceError):
                decoded = looks.decoded
    with looking(path, index) as looks:
        judge = Judge(rate)
        found = [one for place, glimpse in looks.all() for one in judge.add(place, glimpse)]
        found += judge.finish()
        return _told(found, index, EVERY_FRAME, decoded + looks.decoded)


def _told(found: list[Found], index: FrameIndex, method: str, decoded: int) -> CutsFound:
    cuts = tuple(
        VideoCut(
            frame=one.frame,
            seconds=float(index.seconds[one.frame]),
            kind=one.kind,
            start_seconds=float(index.seconds[one.start]),
            score=one.score,
        )
        for one in found
    )
    return CutsFound(cuts=cuts, method=method, decoded=decoded)
