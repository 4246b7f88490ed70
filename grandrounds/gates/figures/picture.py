"""Gate ``picture``: the picture can be seen, and looks as its modality always does.

Colour histology that is called CT fails; so does a drawing that is called MRI. What is odd, but happens (a
radiograph photographed in a bluish light), is the flag ``odd_picture``. The limits, and the pictures that
they come from, stand in ``figures.signs``.
"""

from __future__ import annotations

from grandrounds.figures.naming import SCHEME_OF
from grandrounds.figures.signs import contradiction
from grandrounds.figures.taxonomy import MODALITY, NodePath, load_taxonomy
from grandrounds.gates.gate import Findings, Gate, Looked, found
from grandrounds.records.envelope import Revision
from grandrounds.records.parts import Flag

ODD_PICTURE = "odd_picture"


def look(at: Looked) -> Findings:
    """Refuse a row whose picture is gone or surely of another modality."""
    row, pictured = at.figure, at.picture
    if row is None or pictured is None:
        return found("Its picture can't be opened here, so nothing can be checked.")
    if pictured.problem:
        return found(pictured.problem)
    least = at.recipe.figures.smallest_side
    whole = pictured.whole
    if whole is None or (whole.width, whole.height) != (row.width, row.height):
        return found("Its picture has another size than its row says.")
    if min(whole.width, whole.height) < least:
        return found(f"Its picture is smaller than {least} pixels.")
    seen = pictured.of(at.revision.subject) or whole
    odd = contradiction(modality_of(at.revision), seen, text=row.caption)
    if odd is None:
        return found()
    if odd.certain:
        return found(odd.words)
    return found(flags=(Flag(flag=ODD_PICTURE, detail=odd.words),))


def modality_of(revision: Revision) -> NodePath:
    """The modality that a row says its picture is of; empty where it says none."""
    if SCHEME_OF.get(revision.task) == MODALITY:
        node = load_taxonomy(MODALITY).titled(revision.answer)
        return node.path if node is not None else ()
    return next((label.path for label in revision.labels if label.scheme == MODALITY), ())


GATE = Gate(name="picture", look=look)
