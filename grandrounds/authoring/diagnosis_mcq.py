"""The task ``diagnosis_mcq``: the single best diagnosis among several of the same class."""

from grandrounds.authoring.wording import Wording
from grandrounds.recipe import Task

NAME = "diagnosis_mcq"
QUESTION = "Which of the following is the most likely diagnosis?"


def wording(task: Task) -> Wording:
    """The words of the task; the recipe says how many options there are."""
    return Wording(task=NAME, question=QUESTION, options=task.options)
