"""Gate ``deidentify``: nobody is named in what the solver reads, nor in what is said in the clip.

What is said stands in the evidence of a release, so it is searched as well: surgeons and narrators name
people. The patterns are those of ``gates.deidentify``; words on the frames are for the gate ``people``.
"""

from __future__ import annotations

from collections.abc import Iterator

from grandrounds.gates.deidentify import identifiers
from grandrounds.gates.gate import Findings, Gate, Looked


def look(at: Looked) -> Findings:
    """Refuse clear identifiers, flag doubtful ones."""
    seen = identifiers(_texts(at))
    said = identifiers([at.clip.text] if at.clip else [], where="What is said in the clip")
    return Findings(
        problems=(*seen.problems, *said.problems), flags=tuple(dict.fromkeys((*seen.flags, *said.flags)))
    )


def _texts(at: Looked) -> Iterator[str]:
    revision = at.revision
    yield from (revision.stem, revision.question, *revision.options, revision.answer, revision.rationale)
    yield from (media.caption for media in revision.media)


GATE = Gate(name="deidentify", look=look)
