"""The task ``diagnosis_open``: name the diagnosis freely, as specifically as the case allows."""

from grandrounds.authoring.wording import Wording
from grandrounds.recipe import Task

NAME = "diagnosis_open"
QUESTION = "What is the most likely diagnosis? Name it as specifically as the case allows."


def wording(task: Task) -> Wording:
    """The words of the task; an open question has no options."""
    assert task.name == NAME
    return Wording(task=NAME, question=QUESTION, options=0)
