"""The second look at a draft on a figure, against written criteria; the same for every author.

- ``true_to_text``: the figure's text, read again, gives this draft (rule drafts only).
- ``caption_not_needed``: the question speaks of the picture, not of words the solver does not see.
- ``answer_unsaid``: neither stem nor question says the answer or another name of it.
- ``one_best``: the options differ, hold the answer, and none is a relative of it.
- ``picture_needed``: there is a picture, and it is the only thing to look at.

That the options are parallel is a flag (``answer_stands_out``), as they are drawn and not written.
"""

from __future__ import annotations

import re

from grandrounds.clinical.terminology import Terminology
from grandrounds.figures.taxonomy import ANATOMY, FINDING, MODALITY, PROCEDURE, load_taxonomy
from grandrounds.records.envelope import Envelope
from grandrounds.text import contains_phrase, normalise

#: The taxonomy whose nodes are a task's options.
SCHEME_OF = {
    "figure_modality_mcq": MODALITY,
    "figure_anatomy_mcq": ANATOMY,
    "figure_finding_mcq": FINDING,
    "figure_procedure_mcq": PROCEDURE,
}
PANEL_TASK, DIAGNOSIS_TASK = "figure_panel_mcq", "figure_diagnosis_mcq"
_SPEAKS_OF_WORDS = re.compile(
    r"\b(?:captions?|legends?|according\s+to|the\s+(?:text|paragraph|article|passage|author)s?|as\s+described|mentioned)\b",
    re.IGNORECASE,
)


def strays(draft: Envelope, again: Envelope) -> str:
    """How ``draft`` differs from what the figure's text gives when it is read again; empty where it
    doesn't."""
    wrong = [
        name
        for name in (
            "subject",
            "stem",
            "question",
            "answer",
            "answer_aliases",
            "options",
            "option_origins",
            "labels",
            "evidence",
            "media",
        )
        if getattr(draft, name) != getattr(again, name)
    ]
    return f"true_to_text: read again, other {', '.join(wrong)}" if wrong else ""


def problems(row: Envelope) -> tuple[str, ...]:
    """The criteria that ``row`` fails, each with the reason; the words are those of the module."""
    return tuple(
        f"{name}: {reason}"
        for name, reason in (
            ("caption_not_needed", _speaks_of_caption(row)),
            ("answer_unsaid", _says_answer(row)),
            ("one_best", _several_right(row)),
            ("picture_needed", _pictures(row)),
        )
        if reason
    )


def related_options(task: str, answer: str, option: str) -> bool:
    """Whether ``option`` may be right where ``answer`` is, as far as taxonomy and terminology know."""
    if normalise(answer) == normalise(option):
        return True
    if task == DIAGNOSIS_TASK:
        return Terminology.load().related(answer, option)
    scheme = SCHEME_OF.get(task)
    if scheme is None:
        return False
    taxonomy = load_taxonomy(scheme)
    one, other = taxonomy.titled(answer), taxonomy.titled(option)
    return one is not None and other is not None and taxonomy.related(one.path, other.path)


def _speaks_of_caption(row: Envelope) -> str:
    found = _SPEAKS_OF_WORDS.search(row.question)
    return (
        f"the question speaks of {found.group()!r}, which the solver does not see"
        if found and row.task != PANEL_TASK
        else ""
    )


def _says_answer(row: Envelope) -> str:
    if row.task == PANEL_TASK:
        return ""
    shown = f"{row.stem}\n{row.question}"
    said = [name for name in _names(row) if contains_phrase(shown, name)]
    return f"the question says {said[0]!r}" if said else ""


def _names(row: Envelope) -> tuple[str, ...]:
    """The answer, its aliases and all that the taxonomy calls it."""
    scheme = SCHEME_OF.get(row.task)
    node = load_taxonomy(scheme).titled(row.answer) if scheme else None
    return (row.answer, *row.answer_aliases, *(node.names if node else ()))


def _several_right(row: Envelope) -> str:
    if not row.options:
        return ""
    if len({normalise(option) for option in row.options}) < len(row.options):
        return "two options are the same"
    if row.answer not in row.options:
        return "the answer is not among the options"
    close = [o for o in row.options if o != row.answer and related_options(row.task, row.answer, o)]
    return f"{close[0]!r} may be right as well" if close else ""


def _pictures(row: Envelope) -> str:
    return (
        "" if len(row.media) == 1 and row.media[0].kind == "image" else "there is not exactly one picture"
    )
