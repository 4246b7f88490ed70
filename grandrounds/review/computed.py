"""What of an item is computed from its evidence, and so not a reviewer's to change.

A release computes it again and would not pass: better told while somebody types than when all is decided.
"""

from __future__ import annotations

from grandrounds.records.envelope import Candidate

_RULE, _VOLUME, _FIGURE = "rule", "volume", "figure_"


def computed_from(candidate: Candidate) -> str:
    """What the answer is computed from, in a word; empty for one that people may word anew."""
    if candidate.boxes or any(media.kind == _VOLUME for media in candidate.media):
        return "volume"
    if _of_clip(candidate):
        return "clip"
    by_caption = candidate.authorship.author == _RULE or _by_panel(candidate)
    return "caption" if candidate.task.startswith(_FIGURE) and by_caption else ""


def options_are_computed(candidate: Candidate) -> bool:
    """Whether the other options, too, are known to be wrong only because they were computed."""
    return _of_clip(candidate) or _by_panel(candidate)


def fault_in_words(candidate: Candidate, *, question: str, rationale: str) -> str | None:
    """How other words for an item on a volume leave what was measured; ``None`` where they keep to it.

    The words it has stand for the fact: they have passed the same check against that.
    """
    if computed_from(candidate) != "volume":
        return None
    from grandrounds.imaging.fact import Fact
    from grandrounds.imaging.wording import problems
    from grandrounds.records.parts import OptionOrigin
    from grandrounds.text import sentences

    fact = Fact(
        task=candidate.task,
        subject=candidate.subject,
        question=candidate.question,
        answer=candidate.answer,
        wrong=tuple(
            OptionOrigin(option=option, origin="volume")
            for option in candidate.options
            if option != candidate.answer
        ),
        reasoning=tuple(span.of(candidate.rationale) for span in sentences(candidate.rationale)),
        slices=(),
        boxes=candidate.boxes,
        measurements=candidate.measurements,
        chain=candidate.chain,
    )
    known = problems(candidate.question, candidate.rationale, fact)
    return next((each for each in problems(question, rationale, fact) if each not in known), None)


def _of_clip(candidate: Candidate) -> bool:
    from grandrounds.videos.asking_values import COMPUTED

    return candidate.task in COMPUTED


def _by_panel(candidate: Candidate) -> bool:
    from grandrounds.figures.naming import PANEL_TASK

    return candidate.task == PANEL_TASK
