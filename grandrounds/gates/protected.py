"""Gate ``protected``: evidence that must stay in the house is not published.

A source marked ``protected`` (patients' own records, say) goes to no model that is not local, and
what is made from it stands only in a release of profile ``private``.
"""

from __future__ import annotations

from grandrounds.gates.gate import Findings, Gate, Looked, found


def look(at: Looked) -> Findings:
    """Refuse a protected row unless the recipe's release is private, and a mark that got lost."""
    private = at.recipe.release.profile == "private"
    lost = at.evidence is not None and at.evidence.protected and not at.revision.protected
    return found(
        "The evidence is protected, but the row does not say so." if lost else None,
        f"The source is protected; a release of profile {at.recipe.release.profile!r} can't carry it."
        if at.revision.protected and not private
        else None,
    )


GATE = Gate(name="protected", look=look)
