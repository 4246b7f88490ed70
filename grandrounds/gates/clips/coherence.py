"""Gate ``coherence``: the frames belong together: one shot, or shots that a named sequence joins.

The cuts of the video are asked again: frames of one scene have none between them.
"""

from __future__ import annotations

from grandrounds.gates.clips.saying import missing, missing_video
from grandrounds.gates.gate import Findings, Gate, Looked, found
from grandrounds.gates.saying import sentences
from grandrounds.videos.coherence import coherence_faults


def look(at: Looked) -> Findings:
    """Refuse frames that nothing joins."""
    if at.clip is None:
        return found(missing(at.revision.evidence_id))
    if at.video is None:
        return found(missing_video(at.clip.video_id))
    return found(*sentences(coherence_faults(at.clip, at.video)))


GATE = Gate(name="coherence", look=look)
