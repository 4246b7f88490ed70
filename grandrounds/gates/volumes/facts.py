"""The fact that a row rests on, computed again: what several gates compare the row with."""

from __future__ import annotations

from grandrounds.gates.gate import Looked
from grandrounds.imaging.fact import Fact


def fact_again(at: Looked) -> Fact | None:
    """The row's fact from the scan measured again; from the stored rows where it could not be measured.

    ``None`` where the scan does not give it, or the recipe has no such task.
    """
    from grandrounds.imaging.facts import fact_of

    scan = at.again or at.scan
    task = next((task for task in at.recipe.tasks if task.name == at.revision.task), None)
    if scan is None or task is None:
        return None
    return fact_of(scan, task, at.recipe.volumes, at.revision.subject)
