"""Gate ``deidentify``: no direct identifier of a person in any text of the row.

Everything that a solver or a reader of a release sees is looked at. Texts made from volumes come from
de-identified rows, so the rules of ``gates.deidentify`` hardly ever find anything here.
"""

from __future__ import annotations

from collections.abc import Iterator

from grandrounds.gates.deidentify import identifiers
from grandrounds.gates.gate import Findings, Gate, Looked
from grandrounds.records.envelope import Revision


def look(at: Looked) -> Findings:
    """Refuse clear identifiers in any text of the row, flag doubtful ones."""
    return identifiers(_texts(at.revision))


def _texts(revision: Revision) -> Iterator[str]:
    yield from (revision.stem, revision.question, revision.answer, revision.rationale)
    yield from revision.options
    yield from revision.answer_aliases
    for media in revision.media:
        yield from (media.name, media.label, media.caption)
    for turn in revision.turns:
        yield from (turn.question, turn.answer, *turn.options)
    yield from (step.words for step in revision.chain)
    yield from (box.name for box in revision.boxes)


GATE = Gate(name="deidentify", look=look)
