"""The rule author: two stages, every case and task accounted for, nothing claimed that is not quoted."""

from __future__ import annotations

import pytest

from grandrounds.authoring.author import make_author
from grandrounds.authoring.rule_author import RuleAuthor
from grandrounds.clinical.leaks import find_leaks, names_answer
from grandrounds.recipe import Recipe
from grandrounds.records.case import Case, Figure, Mark
from grandrounds.records.envelope import OK
from grandrounds.records.parts import Span
from grandrounds.stem import render
from tests.support.cases import case_of
from tests.support.factories import make_case

RECIPE = Recipe.model_validate(
    {
        "name": "tried",
        "title": "Tried",
        "tasks": [{"name": "diagnosis_mcq", "options": 5}, {"name": "diagnosis_open"}],
        "evidence": {"minimum_characters": 100},
    }
)


def subdural(**more: object) -> Case:
    return case_of(
        (
            "presentation",
            "A 77-year-old man fell at home and struck his head. Towards evening he vomited twice and became "
            "drowsy (Figure 1). Computed tomography showed a crescent-shaped collection over the right hemisphere. "
            "Acute subdural haematoma was diagnosed. He underwent craniotomy and went home after nine days.",
        ),
        title="Drowsiness six hours after a fall",
        **more,
    )


def test_auto_means_rules_where_no_model_is_configured() -> None:
    assert isinstance(make_author(RECIPE, client=None), RuleAuthor)


def test_every_case_and_task_has_one_draft_whatever_became_of_it() -> None:
    cases = [
        subdural(),
        case_of(("presentation", "A man came and went."), title="Nothing to see"),
        make_case(1),
    ]
    rows = list(RuleAuthor(RECIPE).draft(cases))
    assert [(row.evidence_id, row.task) for row in rows] == [
        (case.evidence_id, task.name) for case in cases for task in RECIPE.tasks
    ]
    assert len({row.draft_id for row in rows}) == len(rows)
    by_case = {row.evidence_id: row for row in rows}
    assert by_case[cases[1].evidence_id].status == "no_diagnosis"
    assert by_case[cases[1].evidence_id].reason
    assert all(row.authorship.author == "rule" and row.authorship.model is None for row in rows)


def test_a_drafts_stem_ends_before_the_diagnosis_and_its_quotes_stand_where_they_say() -> None:
    case = subdural()
    row = next(row for row in RuleAuthor(RECIPE).draft([case]) if row.task == "diagnosis_mcq")
    assert row.status == OK
    assert row.answer == "Acute subdural haematoma"
    assert row.stem == render(case.text, row.visible_spans)
    assert row.stem.endswith("over the right hemisphere.")
    assert "Figure" not in row.stem
    assert not names_answer(find_leaks(row.stem, answer=row.answer, aliases=row.answer_aliases))
    roles = {quote.role for quote in row.evidence}
    assert roles == {"stem", "support", "answer"}
    for quote in row.evidence:
        assert quote.locator.span is not None
        assert quote.locator.span.of(case.text) == quote.quote
        if quote.role == "support":
            assert quote.quote in row.stem
    assert len(row.options) == 5
    assert row.options[0] == row.answer
    assert row.option_origins[0].origin == "answer"


def with_figure(caption: str) -> Case:
    bare = subdural()
    start = bare.text.index("(Figure 1)") + 1
    figure = Figure(
        figure_id="f1",
        label="Figure 1",
        caption=caption,
        graphics=("head.png",),
        media_sha256=("a" * 64,),
        media_mime=("image/png",),
        mentions=(Span(start=start, end=start + 8),),
    )
    mark = Mark(kind="figure", span=Span(start=start, end=start + 8), target="f1")
    return subdural(figures=(figure,), marks=(mark,))


def test_a_picture_that_the_solver_is_pointed_to_rides_along() -> None:
    row = next(RuleAuthor(RECIPE).draft([with_figure("Computed tomography of the head.")]))
    assert [(media.sha256, media.caption) for media in row.media] == [
        ("a" * 64, "Computed tomography of the head.")
    ]


def test_a_caption_that_gives_the_answer_away_stays_behind() -> None:
    row = next(RuleAuthor(RECIPE).draft([with_figure("Acute subdural haematoma on the right.")]))
    assert [media.caption for media in row.media] == [""]


def test_a_revision_says_what_it_changed_and_keeps_its_draft() -> None:
    cases = {case.evidence_id: case for case in (make_case(number) for number in range(12))}
    author = RuleAuthor(RECIPE)
    drafts = [row for row in author.draft(list(cases.values())) if row.status == OK]
    revised = list(author.revise([(row, cases[row.evidence_id]) for row in drafts]))
    assert [row.draft_id for row in revised] == [row.draft_id for row in drafts]
    for before, after in zip(drafts, revised, strict=True):
        assert after.answer == before.answer
        assert (set(before.options) != set(after.options)) == any(
            c.startswith("distractors") for c in after.changes
        )
        assert after.stem == render(cases[after.evidence_id].text, after.visible_spans)


def test_the_same_cases_give_the_same_rows_in_any_order() -> None:
    cases = [make_case(number) for number in range(8)]
    forward = {row.draft_id: row for row in RuleAuthor(RECIPE).draft(cases)}
    backward = {row.draft_id: row for row in RuleAuthor(RECIPE).draft(cases[::-1])}
    assert forward == backward


def test_a_protected_case_names_no_option_of_another() -> None:
    open_case = subdural()
    secret = case_of(
        (
            "presentation",
            "A woman had a headache for a week and her sight failed. " * 3
            + "Cerebral venous sinus thrombosis was diagnosed.",
        ),
        title="Headache",
        protected=True,
    )
    rows = list(RuleAuthor(RECIPE).draft([open_case, secret]))
    options = next(
        row.option_origins for row in rows if row.evidence_id == open_case.evidence_id and row.options
    )
    assert secret.evidence_id not in {origin.reference for origin in options}


@pytest.mark.parametrize("text", ["", "\n\n\n", "a" * 5000, "é" * 300 + " was diagnosed.", "(((" * 200])
def test_odd_cases_end_in_rows(text: str) -> None:
    rows = list(RuleAuthor(RECIPE).draft([case_of(("presentation", text))]))
    assert len(rows) == 2
    assert all(row.reason for row in rows if row.status != OK)
