"""Gate ``cue_window``: what is quoted is really said while the frames are on screen, give or take the
recipe's ``window_seconds``.

The times of all cues are held against those of the frames; then each quote must lie within one cue, carry
that cue's times, and that cue must have a frame in its window.
"""

from __future__ import annotations

from grandrounds.gates.clips.saying import missing
from grandrounds.gates.gate import Findings, Gate, Looked, found
from grandrounds.gates.saying import sentences
from grandrounds.videos.coherence import cue_faults, said_faults


def look(at: Looked) -> Findings:
    """Refuse quotes that nobody says while the frames are shown."""
    clip = at.clip
    if clip is None:
        return found(missing(at.revision.evidence_id))
    return found(
        *sentences(cue_faults(clip, window=at.recipe.clips.window_seconds)),
        *sentences(said_faults(clip, at.revision)),
    )


GATE = Gate(name="cue_window", look=look)
