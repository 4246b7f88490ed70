"""Gate ``reasoning``: question and rationale keep to the fact, and the grade stands at the end alone.

Reasoning that names the grade before it is reached gives the answer to whoever reads along; one fixed
text a grade is the grade. The rules are those of ``imaging.wording``.
"""

from __future__ import annotations

from grandrounds.gates.gate import Findings, Gate, Looked, found
from grandrounds.gates.volumes.facts import fact_again


def look(at: Looked) -> Findings:
    """Refuse words that bring numbers or names along, or say the answer too early."""
    from grandrounds.imaging.wording import problems

    fact = fact_again(at)
    if fact is None:
        return found()  # ``recompute`` says so
    said = problems(at.revision.question, at.revision.rationale, fact)
    return found(*(f"{problem[:1].upper()}{problem[1:]}." for problem in said))


GATE = Gate(name="reasoning", look=look)
