"""Gate ``leak``: nothing but the picture gives the answer away, and not by words printed in it.

Stem, question and the picture's name are searched for every name of the answer. Words inside the
picture (labels of a drawing, burned-in text) that name it are a flag, ``answer_in_picture``: a reader
may well be asked to read a picture. Where they name the answer and not one of the wrong options,
nothing is left to see, and the item is refused."""

from __future__ import annotations

from grandrounds.figures.naming import names_inside, naming_faults
from grandrounds.gates.gate import Findings, Gate, Looked, found, shortened
from grandrounds.gates.saying import sentences
from grandrounds.records.parts import Flag

ANSWER_IN_PICTURE = "answer_in_picture"


def look(at: Looked) -> Findings:
    """Refuse a row that gives its answer away, saying where."""
    problems = list(sentences(naming_faults(at.revision)))
    answer, others = names_inside(at.figure, at.revision) if at.figure is not None else (False, ())
    flagged = any(flag.flag == ANSWER_IN_PICTURE for flag in at.revision.quality_flags)
    if not answer:
        return found(*problems)
    shown = shortened(at.revision.answer, 60)
    if at.revision.options and not others:
        problems.append(f"Words inside the picture name the answer {shown!r}, and no other option.")
    flag = Flag(flag=ANSWER_IN_PICTURE, detail=f"Words inside the picture name {shown!r}.")
    return found(*problems, flags=() if flagged else (flag,))


GATE = Gate(name="leak", look=look)
