"""Gate ``controls``: answers whose worth is known get what they are worth.

All that decides depends on the row alone (``grandrounds.rubrics.controls``): a row that passed once passes
again, whatever comes beside it. Under the rule judge it is a gate of one row; where a recipe asks a model,
its marks are weighed afterwards. What answers to other patients of the build would earn is a remark.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from grandrounds.fingerprint import content_id
from grandrounds.gates.gate import Findings, Gate, Looked, found
from grandrounds.llm.answer import OK
from grandrounds.recipe import Recipe
from grandrounds.records.control_mark import PARTIAL, ControlMark
from grandrounds.records.envelope import Candidate
from grandrounds.records.parts import Flag
from grandrounds.rubrics.controls import (
    Control,
    ControlScores,
    control_scores,
    controls_of,
    gathered,
    marking_of,
)
from grandrounds.rubrics.judge import Judge, Judgement, Marking

NAME = "controls"
NEIGHBOUR = "neighbour_answer"


def look(at: Looked) -> Findings:
    """Refuse a rubric whose reference earns too little, or whose empty, generic or wrong answers too much.

    A recipe that asks the model alone leaves it to the marks.
    """
    if at.recipe.gates.rubric.judge == "model":
        return found()
    scores = control_scores([at.revision], ids=[at.revision.revision_id], deciding=True)[0]
    return found(*problems(scores, at.recipe))


def remarks(candidates: Sequence[Candidate], recipe: Recipe) -> dict[int, Flag]:
    """By place: the candidates to which the answer of another patient in the build earns points as if it
    were theirs, by the rule judge. It refuses nothing, since other patients come and go."""
    scores = control_scores(candidates, ids=[row.item_id for row in candidates])
    return {
        place: Flag(
            flag=NEIGHBOUR,
            detail=f"The answer to {each.neighbour_of} scores {each.neighbour:.2f} here.",
        )
        for place, each in enumerate(scores)
        if each.neighbour is not None and each.neighbour >= recipe.gates.rubric.worthless
    }


def markings(candidates: Iterable[Candidate]) -> Iterator[tuple[Candidate, Control, Marking]]:
    """What a judge is asked to mark of each candidate, as a stream."""
    for row in candidates:
        for control in controls_of(row):
            yield row, control, marking_of(row, control, item_id=row.item_id)


def mark(candidates: Sequence[Candidate], judge: Judge) -> Iterator[ControlMark]:
    """The marks of a judge for every control answer to each candidate, in order."""
    asked = [(row, control) for row, control, _ in markings(candidates)]
    judged = judge.judge(marking for _, _, marking in markings(candidates))
    for (row, control), judgement in zip(asked, judged, strict=True):
        yield _mark(row, control, judgement)


def weigh(
    candidates: Sequence[Candidate], marks: Iterable[ControlMark], recipe: Recipe
) -> Mapping[int, str]:
    """By place: what is wrong with candidates by the marks of a model. One that has no mark, or one whose
    verdicts failed, is not known to be sound: it is refused in those words, and nothing is guessed."""
    by_item: dict[str, list[ControlMark]] = {}
    for each in marks:
        by_item.setdefault(each.item_id, []).append(each)
    wrong: dict[int, str] = {}
    for place, row in enumerate(candidates):
        own = by_item.get(row.item_id, [])
        scored = [(Control(kind=each.control, response="", of=each.answer_of), each.score) for each in own]
        told = problems(gathered(row.item_id, scored, sum(each.failed for each in own)), recipe)
        if told:
            wrong[place] = "By the model judge: " + " ".join(told)
    return wrong


def problems(scores: ControlScores, recipe: Recipe) -> list[str]:
    """What is wrong with a rubric by the scores of its controls, as sentences."""
    limits = recipe.gates.rubric
    wrong = []
    if scores.reference is None or scores.reference < limits.reference:
        wrong.append(
            f"The reference answer scores {_told(scores.reference)}, less than {limits.reference}."
        )
    for name in ("empty", "generic", "wrong"):
        got: float | None = getattr(scores, name)
        if got is None:
            wrong.append(f"The {name} answer could not be judged.")
        elif got >= limits.worthless:
            whose = f" (that of {scores.wrong_of})" if name == "wrong" else ""
            wrong.append(
                f"The {name} answer{whose} scores {got:.2f}; it must score less than {limits.worthless}."
            )
    if scores.unjudged and scores.wrong is not None:
        wrong.append(f"{scores.unjudged} of the wrong answers could not be judged.")
    return wrong


def _mark(row: Candidate, control: Control, judgement: Judgement) -> ControlMark:
    status = judgement.status if judgement.status != OK or not judgement.failed else PARTIAL
    reason = next((each.reason for each in judgement.verdicts if each.reason), "")
    about = [
        row.item_id,
        control.kind,
        control.of,
        judgement.judge,
        judgement.judge_version,
        judgement.model,
    ]
    return ControlMark(
        mark_id=content_id("mark", about),
        recipe=row.recipe,
        task=row.task,
        item_id=row.item_id,
        revision_id=row.revision_id,
        control=control.kind,
        answer_of=control.of,
        status=status,
        reason=reason if status != OK else "",
        score=judgement.score(row.rubric),
        criteria=len(judgement.verdicts),
        failed=judgement.failed,
        judge=judgement.judge,
        judge_version=judgement.judge_version,
        model=judgement.model,
        prompt_sha256=judgement.prompt_sha256,
        max_tokens=judgement.max_tokens,
        rubric_sha256=judgement.rubric_sha256,
        request_id=judgement.request_id,
    )


def _told(score: float | None) -> str:
    return "nothing (it could not be judged)" if score is None else f"{score:.2f}"


GATE = Gate(name=NAME, look=look)
