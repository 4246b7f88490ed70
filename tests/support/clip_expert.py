"""Responders for the stub server that write items on clips: a careful model, and some that are not.

``python tests/support/stub_openai.py --responder tests/support/clip_expert.py:answer`` serves one alone.
"""

from __future__ import annotations

import re
from typing import Any

from tests.support.figure_expert import is_revision
from tests.support.stub_answers import text_of
from tests.support.volume_expert import between, field

ANSWER = "The joint fluid is infected"
WRONG = ["The cartilage is worn down", "The ligament is torn apart", "The bone is broken through",
         "The tendon is overstretched"]  # fmt: skip


def answer(body: dict[str, Any]) -> dict[str, Any]:
    """The object that the request's schema asks for, as a careful model would write it."""
    text = text_of(body["messages"][-1])
    if "BEGIN FACT" in text:
        made = _worded(between(text, "BEGIN FACT", "END FACT"), frames_in(text))
    elif is_revision(body) and "What is asked and what is right are computed" in text:
        draft = between(text, "BEGIN DRAFT", "END DRAFT")
        made = _steps(field(draft, "question"), field(draft, "answer"), frames_in(text))
    elif is_revision(body):
        draft = between(text, "BEGIN DRAFT", "END DRAFT")
        made = _reasoned(field(draft, "question"), re.findall(r"^- (.*)$", draft, re.MULTILINE), text)
    else:
        said = between(text, "BEGIN WORDS", "END WORDS").splitlines()
        quotes = [line.partition("] ")[2] for line in said if "aspirate" in line][:1]
        made = _reasoned("What do the frames together show of this knee?", quotes, text)
    if not is_revision(body):
        return made | {"nothing_to_ask": ""}
    return made | {
        "changes": [{"criterion": "plain", "change": "said it twice"}],
        "verdict": "keep",
        "verdict_reason": "",
    }


def frames_in(text: str) -> list[str]:
    """The labels of the attached pictures, in order."""
    told = text.split("in which they are attached:\n", 1)[1].split("\n\n", 1)[0]
    return re.findall(r"^(.*?), at \d", told, re.MULTILINE)


def misquoting(body: dict[str, Any]) -> dict[str, Any]:
    """A model that tidies what it quotes."""
    return answer(body) | {"quotes": ["This was never said."]}


def joining(body: dict[str, Any]) -> dict[str, Any]:
    """A model that quotes over the end of a passage."""
    return answer(body) | {"quotes": ["into the joint space. Next, we aspirate"]}


def short_sighted(body: dict[str, Any]) -> dict[str, Any]:
    """A model whose reasoning rests on one frame, and on one that nobody sees."""
    made = answer(body)
    steps = [{"frames": ["Frame 3", "Frame 9"], "words": f"Cloudy fluid comes: {made['answer']}."}]
    return made | {"steps": steps}


def careless(body: dict[str, Any]) -> dict[str, Any]:
    """A model with wrong options that are said in the clip or hold the answer, and labels that no taxonomy
    has."""
    made = answer(body)
    if is_revision(body) or not made["distractors"]:
        return made
    odd = ["cloudy fluid", f"{ANSWER} and warm", WRONG[0], WRONG[0].upper()]
    return made | {"distractors": [*odd, *WRONG[1:]], "modality": "radiology/telepathy"}


def inventing(body: dict[str, Any]) -> dict[str, Any]:
    """A model that adds numbers and hints of its own to what was worked out."""
    made = answer(body)
    if made["distractors"]:
        return made
    return made | {"question": f"In frame 777, is it {made['answer']}? {made['question']}"}


def overhearing(body: dict[str, Any]) -> dict[str, Any]:
    """A model that asks for what is said."""
    made = answer(body)
    return made | {"question": f"According to the narrator, what is this? {ANSWER} or not?"}


def dropping(body: dict[str, Any]) -> dict[str, Any]:
    """A model that drops what it drafted."""
    made = answer(body)
    return (
        made | {"verdict": "drop", "verdict_reason": "one frame is enough"} if "verdict" in made else made
    )


def skipping(body: dict[str, Any]) -> dict[str, Any]:
    """A model that finds nothing to ask."""
    return answer(body) | {"answer": "", "question": "", "nothing_to_ask": "the frames do not show it"}


def _worded(fact: str, frames: list[str]) -> dict[str, Any]:
    question = field(fact, "question")
    return _steps(f"Look at all of them. {question}", field(fact, "right answer"), frames)


def _steps(question: str, right: str, frames: list[str]) -> dict[str, Any]:
    return _whole(
        question=question,
        answer=right,
        steps=[
            {"frames": frames[:2], "words": "Compare these with one another."},
            {"frames": frames, "words": f"With the others beside them it is {right}."},
        ],
    )


def _reasoned(question: str, quotes: list[str], text: str) -> dict[str, Any]:
    frames = frames_in(text)
    return _whole(
        question=question,
        answer=ANSWER,
        distractors=list(WRONG),
        steps=[
            {"frames": [frames[1]], "words": "The needle lies in the joint."},
            {"frames": [frames[2], frames[1]], "words": f"What comes out is cloudy: {ANSWER}."},
        ],
        quotes=quotes,
    )


def _whole(**more: Any) -> dict[str, Any]:
    empty: dict[str, Any] = {
        "question": "",
        "answer": "",
        "aliases": [],
        "distractors": [],
        "steps": [],
        "quotes": [],
        "modality": "",
        "anatomy": "",
    }
    return {**empty, **more}
