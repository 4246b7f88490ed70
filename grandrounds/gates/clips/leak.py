"""Gate ``leak``: nothing but the frames gives the answer away, and not by words printed on them.

Stem, question and the frames' names are searched for the answer. Words on the frames (a title, a caption
burned in) that name it are a flag, ``answer_in_picture``. Where they name the answer and none of the wrong
options, nothing is left to see, and the item is refused.
"""

from __future__ import annotations

from grandrounds.gates.clips.saying import missing, missing_video
from grandrounds.gates.gate import Findings, Gate, Looked, found, shortened
from grandrounds.gates.saying import sentences
from grandrounds.records.parts import Flag
from grandrounds.videos.leaks import names_on_screen, naming_faults, words_on

ANSWER_IN_PICTURE = "answer_in_picture"


def look(at: Looked) -> Findings:
    """Refuse a row that gives its answer away, saying where."""
    revision, clip = at.revision, at.clip
    if clip is None:
        return found(missing(revision.evidence_id))
    if at.video is None:
        return found(missing_video(clip.video_id))
    problems = list(sentences(naming_faults(revision)))
    answer, others = names_on_screen(revision, words_on(clip, revision, at.video))
    if not answer:
        return found(*problems)
    shown = shortened(revision.answer, 60)
    if not others:
        problems.append(f"Words on the frames name the answer {shown!r}, and no other option.")
    flagged = any(flag.flag == ANSWER_IN_PICTURE for flag in revision.quality_flags)
    flag = Flag(flag=ANSWER_IN_PICTURE, detail=f"Words on the frames name {shown!r}.")
    return found(*problems, flags=() if flagged else (flag,))


GATE = Gate(name="leak", look=look)
