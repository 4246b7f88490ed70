"""Gate ``people``: no frame shows a face or a person's name, as far as the reader looked.

The reader looks at frames before it makes clips of them; what it saw stands in the row of the video. A
frame that isn't among those it looked at was never looked at for people, so it is refused too. Where the
recipe says ``people: flag``, such items go on with the flag ``person_in_frame``.
"""

from __future__ import annotations

from grandrounds.gates.clips.saying import missing_video
from grandrounds.gates.gate import Findings, Gate, Looked, found
from grandrounds.gates.saying import sentences
from grandrounds.records.parts import Flag
from grandrounds.videos.seen import people_faults

PERSON = "person_in_frame"


def look(at: Looked) -> Findings:
    """Refuse a row whose frames show a person, or flag it where the recipe says so."""
    if at.clip is None:
        return found()
    if at.video is None:
        return found(missing_video(at.clip.video_id))
    faults = sentences(people_faults(at.clip, at.video))
    if not faults or at.recipe.clips.people == "refuse":
        return found(*faults)
    return found(flags=(Flag(flag=PERSON, detail=" ".join(faults)),))


GATE = Gate(name="people", look=look)
