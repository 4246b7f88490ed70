"""Gate ``needs_two_frames``: no question that one frame answers.

Which frames an item needs follows from its task and its clip (``videos.asking``). Where a panel of models
is asked with a single frame, their votes decide as well (gate ``single_frame``).
"""

from __future__ import annotations

from grandrounds.gates.clips.saying import missing
from grandrounds.gates.gate import Findings, Gate, Looked, found
from grandrounds.videos.asking import frames_needed

FEWEST = 2


def look(at: Looked) -> Findings:
    """Refuse a row whose answer rests on fewer than two frames."""
    clip, revision = at.clip, at.revision
    if clip is None:
        return found(missing(revision.evidence_id))
    needed = frames_needed(revision, clip)
    strange = [place for place in needed if not 0 <= place < len(clip.frames)]
    return found(
        f"Its answer rests on {len(set(needed))} of its frames; it must need {FEWEST}."
        if len(set(needed)) < FEWEST
        else None,
        f"Its answer rests on frame {strange[0] + 1}, which its clip does not have." if strange else None,
    )


GATE = Gate(name="needs_two_frames", look=look)
