"""The fixed words of questions on figures, and of the reasons for their answers."""

from __future__ import annotations

from collections.abc import Sequence

from grandrounds.figures.reading_values import CAPTION, Told
from grandrounds.figures.wording_rules import SITE_RULE

#: What each task asks; the rule author uses these words, a model may find its own.
QUESTIONS = {
    "figure_modality_mcq": "what kind of picture is this?",
    "figure_anatomy_mcq": "which of these parts of the body does the picture show?",
    "figure_finding_mcq": "which of these findings does the picture show?",
    "figure_diagnosis_mcq": "which of these conditions does the picture show?",
    "figure_procedure_mcq": "which of these procedures does the picture show?",
    "figure_description_open": "what does the picture show? Describe it in a few sentences.",
}
_OF_PANEL = {
    "figure_modality_mcq": "What kind of picture is panel {}?",
    "figure_anatomy_mcq": "Which of these parts of the body does panel {} show?",
    "figure_finding_mcq": "Which of these findings does panel {} show?",
    "figure_diagnosis_mcq": "Which of these conditions does panel {} show?",
    "figure_procedure_mcq": "Which of these procedures does panel {} show?",
}
_SITE = "where in the body does the finding lie that the picture shows?"


def question_of(task: str, *, subject: str = "", rule: str = "") -> str:
    """What ``task`` asks, of one panel where ``subject`` names it. ``rule`` is that of the answer's
    ``Told``."""
    if subject:
        return _OF_PANEL[task].format(subject)
    words = _SITE if task == "figure_anatomy_mcq" and rule.startswith(SITE_RULE) else QUESTIONS[task]
    return words[:1].upper() + words[1:]


def panel_question(words: str) -> str:
    """Asks for the panel that ``words`` (its part of the caption) describe."""
    return f"Which panel of the figure do these words describe? \u201c{words}\u201d"


def rationale_of(told: Told, *, options: Sequence[str] = ()) -> str:
    """Which words fired, where, why they decide, and what the other options are."""
    fired = ", ".join(dict.fromkeys(f"\u201c{each.words}\u201d" for each in told.words))
    place = "caption" if told.source == CAPTION else "text that refers to the figure"
    others = ""
    if options:
        others = f" No word beside the figure names {_listed(options)}."
    return f"The {place} says {fired}, that is, {told.title}. It was taken as {told.rule}.{others}"


def description_rationale(told: Told) -> str:
    """Why a caption is the answer to what a picture shows."""
    fired = ", ".join(dict.fromkeys(f"\u201c{each.words}\u201d" for each in told.words))
    own = "It is the figure's own caption without credits and letters of panels"
    return f"{own}; it names what is seen: {fired}."


def _listed(names: Sequence[str]) -> str:
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} or {names[-1]}"
