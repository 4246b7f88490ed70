"""The second look at a draft on a volume, against written criteria; the same for every author.

- ``true_to_fact``: answer, options, boxes, measurements, chain and turns are those that the scan's rows
  give when the fact is computed again.
- ``words_of_fact``: question and rationale keep to the fact (``imaging.wording``); where they don't, the
  fact's own words take their place, and where even those don't, the item is dropped.
- ``once``: nothing is asked twice of a scan: neither a subject nor the same question with the same options.
- ``not_in_stem``: what the solver is told before the question does not say the answer.
- ``fair_options``: the answer does not stand out by its length. Options are computed, not chosen, so a
  lopsided set can't be mended here without asking what the rows don't say; it is flagged.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from grandrounds.authoring.volume_compose import ANSWER_ORIGIN
from grandrounds.imaging.fact import Fact
from grandrounds.records.envelope import Envelope
from grandrounds.records.parts import Flag

_FAR_LONGER = 1.5
_FEW = 4  # characters
_CRITERION = "criterion"


@dataclass(slots=True)
class Asked:
    """What was already asked of the scan that is being looked at; it forgets when the next one comes."""

    _evidence_id: str = ""
    _subjects: set[tuple[str, str]] = field(default_factory=set)
    _questions: set[tuple[object, ...]] = field(default_factory=set)

    def repeats(self, row: Envelope) -> str:
        """Why ``row`` asks what was asked before; empty, and noted, where not."""
        if row.evidence_id != self._evidence_id:
            self._evidence_id = row.evidence_id
            self._subjects, self._questions = set(), set()
        subject = (row.task, row.subject)
        words = (row.question.casefold(), row.answer.casefold(), *sorted(map(str.casefold, row.options)))
        if subject in self._subjects:
            return "once: this subject of the scan was asked before"
        if words in self._questions:
            return "once: the same question with the same options was asked of this scan before"
        self._subjects.add(subject)
        self._questions.add(words)
        return ""


def strays(row: Envelope, fact: Fact | None) -> str:
    """How ``row`` differs from the fact computed again; empty where it is true to it."""
    if fact is None:
        return "true_to_fact: the scan's rows don't give this fact"
    pairs = {
        "answer": (row.answer, fact.answer),
        "options": (
            sorted(o.option for o in row.option_origins if o.origin != ANSWER_ORIGIN),
            sorted(o.option for o in fact.wrong),
        ),
        "boxes": (row.boxes, fact.boxes),
        "measurements": (row.measurements, fact.measurements),
        "chain": (row.chain, fact.chain),
        "turns": (row.turns, fact.turns),
    }
    wrong = [name for name, (stored, again) in pairs.items() if stored != again]
    return f"true_to_fact: computed again, other {', '.join(wrong)}" if wrong else ""


def told_by_stem(row: Envelope) -> str:
    """Why the stem alone answers the question; empty where it doesn't. Numbers stand in stems for something
    else: spacings, sizes, windows."""
    from grandrounds.imaging.wording import says
    from grandrounds.imaging.wording_terms import amount

    if amount(row.answer) is not None or not says(row.stem, row.answer):
        return ""
    return f"not_in_stem: the stem says {row.answer!r}"


def lopsided(row: Envelope) -> tuple[Flag, ...]:
    """A flag where the answer is far longer than every other option.

    Not where the options are a criterion's findings: who knows these, knows their lengths.
    """
    if any(origin.origin == _CRITERION for origin in row.option_origins):
        return ()
    others = [len(option) for option in row.options if option != row.answer]
    if not others or len(row.answer) <= max(_FAR_LONGER * max(others), max(others) + _FEW):
        return ()
    detail = f"{len(row.answer)} characters; the longest wrong option has {max(others)}"
    return (Flag(flag="answer_stands_out", detail=detail),)
