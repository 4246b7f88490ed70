"""Responders for the stub server that write items on figures: a careful model, and some that are not."""

from __future__ import annotations

import re
from typing import Any

from tests.support.stub_answers import text_of
from tests.support.volume_expert import between, field

WRONG = {
    "figure_modality_mcq": ["MRI scan", "Ultrasound scan", "Radiograph"],
    "figure_anatomy_mcq": ["Brain", "Femur", "Thyroid gland"],
    "figure_finding_mcq": ["Fracture", "Pneumothorax", "Scoliosis"],
}
RIGHT = {"figure_modality_mcq": "CT scan", "figure_anatomy_mcq": "Kidney", "figure_finding_mcq": "Mass"}


def answer(body: dict[str, Any]) -> dict[str, Any]:
    """The object that the request's schema asks for, made of the caption as a careful model would."""
    text = text_of(body["messages"][-1])
    caption = between(text, "BEGIN CAPTION", "END CAPTION")
    if is_revision(body):
        draft = between(text, "BEGIN DRAFT", "END DRAFT")
        return {
            "question": field(draft, "question"),
            "subject": field(draft, "subject"),
            "answer": field(draft, "answer"),
            "aliases": [],
            "distractors": [each for each in field(draft, "distractors").split("; ") if each],
            "rationale": f"Looked at twice. {field(draft, 'rationale')}",
            "quotes": re.findall(r"^- (.*)$", draft, re.MULTILINE),
            "modality": "radiology/ct",
            "anatomy": "",
            "changes": [{"criterion": "plain", "change": "said it twice"}],
            "verdict": "keep",
            "verdict_reason": "",
        }
    task = task_of(text)
    made: dict[str, Any] = {
        "question": "What do you see here?",
        "subject": "",
        "answer": RIGHT.get(task, "A picture with a round mass at its left side."),
        "aliases": [],
        "distractors": WRONG.get(task, []),
        "rationale": "It is seen at once.",
        "quotes": [caption],
        "modality": "radiology/ct",
        "anatomy": "",
        "nothing_to_ask": "",
    }
    if task == "figure_panel_mcq":
        made |= {"question": "Which panel shows a mass?", "answer": "B"}
    return made


def misquoting(body: dict[str, Any]) -> dict[str, Any]:
    """A model that tidies what it quotes."""
    return answer(body) | {"quotes": ["This was never written."]}


def careless(body: dict[str, Any]) -> dict[str, Any]:
    """A model whose wrong options are right as well, and whose labels no taxonomy has."""
    made = answer(body)
    if task_of(text_of(body["messages"][-1])) == "figure_modality_mcq" and not is_revision(body):
        made |= {"distractors": ["Computed tomography", "MRI scan", "MRI scan", "ct scan", "Radiograph", "Ultrasound scan"],
                 "modality": "radiology/telepathy"}  # fmt: skip
    return made


def blurting(body: dict[str, Any]) -> dict[str, Any]:
    """A model that says the answer in its question, and does so again when it revises."""
    made = answer(body)
    return made | {"question": f"As the caption says, this is a {made['answer']}; what is it?"}


def dropping(body: dict[str, Any]) -> dict[str, Any]:
    """A model that drops what it drafted."""
    made = answer(body)
    return (
        made | {"verdict": "drop", "verdict_reason": "two options are right"} if "verdict" in made else made
    )


def skipping(body: dict[str, Any]) -> dict[str, Any]:
    """A model that finds nothing to ask."""
    return answer(body) | {"answer": "", "question": "", "nothing_to_ask": "the picture does not show it"}


def task_of(text: str) -> str:
    """The task that a prompt names."""
    found = re.search(r"(?:of this kind|of the kind):? (figure_\w+)", text)
    return found.group(1) if found else ""


def is_revision(body: dict[str, Any]) -> bool:
    """Whether the request asks for a revision."""
    return "verdict" in body["response_format"]["json_schema"]["schema"]["properties"]
