"""The rule author of consultations: what it finds in reports, what it leaves alone, what it vetoes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from grandrounds.authoring.rubric_control import control
from grandrounds.authoring.rubric_rule import RubricRuleAuthor
from grandrounds.records.envelope import content_sha256, item_id
from grandrounds.records.parts import Criterion
from grandrounds.rubrics.kinds import with_id
from tests.support.cases import case_of
from tests.support.consultations import LATER, STORY, drafted, make_case, make_recipe, revised

CASE = make_case()
(ROW,) = revised(CASE)
BY_RULE = {each.rule: each for each in ROW.rubric}


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("diagnosis", "Names tularemia of the neck as the most likely diagnosis."),
        ("finding", "Takes this finding into account: painless swelling of the right neck."),
        ("investigation", "Advises serology."),
        ("follow_up", "Plans follow-up with an ultrasound."),
        ("expectation", "Tells the patient that the swelling can be expected to improve."),
        ("hurried", "Advises to wait or to do nothing, although drainage was urgent."),
        ("given_up", "Concludes that the patient has lymphoma, which the report gave up."),
        ("failed", "Relies on amoxicillin, which had not helped."),
        ("excluded", "Concludes that the patient has tuberculosis, which was looked for and not found."),
    ],
)
def test_each_rule_says_what_it_found(rule: str, text: str) -> None:
    assert BY_RULE[rule].text == text


def test_treatments_are_found_as_procedures_and_as_drugs() -> None:
    texts = [each.text for each in ROW.rubric if each.rule == "treatment"]
    assert texts == ["Advises drainage of the abscess.", "Advises treatment with gentamicin."]


def test_every_criterion_stands_on_a_quote_of_the_case() -> None:
    for each in ROW.rubric:
        assert each.evidence and each.points
        for part in each.evidence:
            assert part.locator.span is not None
            assert part.locator.span.of(CASE.text) == part.quote


def test_the_stem_ends_before_the_diagnosis_and_the_answer_speaks_for_and_against() -> None:
    assert "tularemia" not in ROW.stem.casefold()
    assert ROW.answer.startswith("The most likely diagnosis is tularemia")
    assert "speak against lymphoma" in ROW.answer
    assert ROW.options == () and ROW.answer_index is None


def test_held_back_findings_are_told_by_topic_and_not_in_the_stem() -> None:
    (row,) = revised(CASE, make_recipe("consultation_turns"))
    assert [told.topic for told in row.disclosures][:4] == [
        "examination",
        "examination",
        "imaging",
        "laboratory",
    ]
    for told in row.disclosures:
        assert told.text not in row.stem
        assert told.span.of(CASE.text).split() == told.text.split()
    assert len(row.stem) < len(ROW.stem)
    assert "Advises an ultrasound of the neck." in [each.text for each in row.rubric]


@pytest.mark.parametrize(
    ("case", "status"),
    [
        (
            case_of(("presentation", "A farmer came to town. He was well."), title="A day out"),
            "no_diagnosis",
        ),
        (case_of(("presentation", "Tularemia was diagnosed."), title="Tularemia in a farmer"), "no_stem"),
        (
            case_of(
                ("presentation", STORY),
                ("abstract", "Tularemia was diagnosed."),
                title="Tularemia in a farmer",
            ),
            "no_outcome",
        ),
        (
            case_of(("presentation", STORY + "Tularemia was diagnosed."), title="Tularemia in a farmer"),
            "no_rubric",
        ),
    ],
)
def test_a_case_that_lacks_a_part_becomes_a_draft_that_says_so(case: object, status: str) -> None:
    (draft,) = drafted(case)  # type: ignore[arg-type]
    assert draft.status == status
    assert draft.reason


def test_the_same_case_gives_the_same_rows() -> None:
    assert drafted(CASE) == drafted(make_case())
    assert revised(CASE) == revised(make_case())


def test_what_the_report_says_the_patient_has_is_never_held_against_an_answer() -> None:
    sick = LATER.replace(
        "She had been given", "Sputum culture confirmed tuberculosis as well. She had been given"
    )
    case = case_of(("presentation", STORY + sick), title="Tularemia of the neck in a farmer")
    (row,) = revised(case)
    assert not any("tuberculosis" in each.text for each in row.rubric)


@pytest.mark.parametrize(
    ("sentence", "rule"),
    [
        ("The patient refused drainage of the abscess.", "treatment"),
        ("She had undergone appendectomy ten years ago.", "treatment"),
        ("No culture was attempted and bronchoscopy was not performed.", "investigation"),
        ("Excision was considered.", "treatment"),
    ],
)
def test_what_was_not_done_is_not_asked_for(sentence: str, rule: str) -> None:
    case = case_of(
        ("presentation", f"{STORY}Tularemia was diagnosed. {sentence}"),
        title="Tularemia of the neck in a farmer",
    )
    (draft,) = drafted(case)
    assert rule not in {each.rule for each in draft.rubric}


def test_the_controller_vetoes_what_contradicts_the_reference() -> None:
    wrong = with_id(
        replace(BY_RULE["excluded"], terms=("tularemia",), evidence=BY_RULE["diagnosis"].evidence)
    )
    kept = control((*ROW.rubric, wrong), case=CASE, reference=ROW.answer)
    assert wrong not in kept.kept
    assert any("contradiction" in change for change in kept.changes)


def test_the_controller_drops_what_its_quote_does_not_say_and_what_is_said_twice() -> None:
    strange: Criterion = with_id(replace(BY_RULE["failed"], terms=("penicillin",)))
    twice = with_id(replace(BY_RULE["investigation"], text="Asks for serology."))
    kept = control((*ROW.rubric, strange, twice), case=CASE, reference=ROW.answer)
    assert kept.kept == ROW.rubric
    assert [change.partition(":")[0] for change in kept.changes] == ["grounded", "overlap"]


def test_the_rubric_is_part_of_what_an_item_is() -> None:
    less = replace(ROW, rubric=ROW.rubric[:-1])
    assert item_id(less) != item_id(ROW)
    assert content_sha256(less) != content_sha256(ROW)
    bare = replace(ROW, rubric=())
    assert item_id(bare) not in (item_id(ROW), item_id(less))


def test_rows_made_before_there_were_rubrics_keep_their_ids() -> None:
    from tests.support.revisions import make_revision

    row, _ = make_revision()
    assert item_id(row) == item_id(replace(row, rubric=(), disclosures=()))


def test_it_reports_how_far_it_is() -> None:
    seen: list[tuple[int, int | None]] = []
    author = RubricRuleAuthor(make_recipe(), on_progress=lambda done, total: seen.append((done, total)))
    list(author.draft([CASE, CASE]))
    assert seen == [(1, 2), (2, 2)]
