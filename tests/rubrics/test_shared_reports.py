"""Rubrics from real case reports: what is known of them, and what answers of known worth earn."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from grandrounds.authoring.rubric_rule import RubricRuleAuthor
from grandrounds.gates.run import Judged, judge
from grandrounds.lake import Lake
from grandrounds.records.case import Case
from grandrounds.records.envelope import Candidate
from grandrounds.rubrics.controls import control_scores
from grandrounds.rubrics.judge import verdict
from grandrounds.rubrics.score import MET, score
from grandrounds.sources.inventory import read_folder
from tests.support.consultations import make_recipe

RECIPE = make_recipe("consultation")

# Answers of our own wording to five of the reports: one that a good clinician could give, one that is wrong.
ANSWERS = {
    "Biatrial Myxoma": (
        "This is most probably a left atrial myxoma with a second myxoma in the right atrium. She needs urgent open-heart surgery: both "
        "tumours should be resected together with the septum, which is then replaced by a patch. Send the specimens for histopathology. "
        "Afterwards repeat the echo at six months and yearly, because these can recur.",
        "The masses are most likely thrombi. I would anticoagulate and repeat the echocardiogram in three months; there is no urgent "
        "need for surgery. Myxoma is less likely.",
    ),
    "Clival Ectopic": (
        "Most likely this is an ectopic pituitary adenoma rather than a chordoma. Measure serum prolactin. If it is high, treat with "
        "cabergoline. If tissue is needed, do an endoscopic biopsy with intraoperative frozen section and immunostains; subtotal "
        "resection is enough, gross total removal is too risky.",
        "This is a clival chordoma. I advise complete resection followed by proton beam therapy.",
    ),
    "Ossification": (
        "X-rays of the leg are needed: I suspect ossification of the interosseous membrane, from repeated stress. If it limits him, "
        "surgically remove the ossification. Then check radiographs at one year for recurrence. The negative EMG speaks against an L5 "
        "radiculopathy.",
        "The leg pain comes from a recurrent disc herniation with L5 radiculopathy. I advise NSAIDs and watchful waiting.",
    ),
    "Pentobarbital": (
        "Suicidal poisoning with pentobarbital on top of clonazepam. Keep her ventilated, get a urine tox screen and a serum barbiturate "
        "level. The swollen dusky forearm suggests compartment syndrome, so call the surgeons for an emergency fasciotomy of the forearm.",
        "Give more naloxone; this is an opioid overdose. The coma may come from an intracranial bleed.",
    ),
    "Coyote Bite": (
        "The bite by a coyote, axillary adenopathy and failure of Augmentin make tularaemia most likely. Send paired sera for F. tularensis "
        "agglutination. Cat scratch disease (Bartonella henselae) is the main alternative.",
        "Cat scratch disease due to Bartonella henselae. Continue Augmentin.",
    ),
}


@pytest.fixture(scope="module")
def cases(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Case]:
    lake = Lake(str(tmp_path_factory.mktemp("lake")))
    read = read_folder(shared_data / "case_reports", lake=lake).cases
    return {case.evidence_id: case for case in read}


@pytest.fixture(scope="module")
def judged(cases: Mapping[str, Case]) -> Judged:
    author = RubricRuleAuthor(RECIPE)
    drafts = [
        (draft, cases[draft.evidence_id]) for draft in author.draft(cases.values()) if draft.status == "ok"
    ]
    return judge(author.revise(drafts), evidence=cases, recipe=RECIPE)


def titled(judged: Judged, cases: Mapping[str, Case], part: str) -> Candidate:
    return next(row for row in judged.candidates if part in cases[row.evidence_id].title)


def test_ten_reports_and_more_pass_their_gates(judged: Judged) -> None:
    assert len({row.source_id for row in judged.candidates}) >= 10


def test_answers_of_known_worth_earn_what_they_are_worth(judged: Judged) -> None:
    for scores in control_scores(judged.candidates, ids=[row.item_id for row in judged.candidates]):
        assert scores.reference is not None and scores.reference >= 0.9, scores
        for worthless in (scores.empty, scores.generic, scores.wrong, scores.echo):
            assert worthless is None or worthless < 0.2, scores


def test_a_report_that_is_no_patients_gives_nothing(judged: Judged, cases: Mapping[str, Case]) -> None:
    assert not any("genomics" in cases[row.evidence_id].title for row in judged.candidates)


@pytest.mark.parametrize("report", ANSWERS)
def test_a_good_answer_in_other_words_earns_much_and_a_wrong_one_nothing(
    judged: Judged, cases: Mapping[str, Case], report: str
) -> None:
    row = titled(judged, cases, report)

    def marked(answer: str) -> float:
        return score(row.rubric, [e.criterion_id for e in row.rubric if verdict(e, answer).verdict == MET])

    good, wrong = ANSWERS[report]
    assert marked(good) >= 0.8
    assert marked(wrong) == 0.0


@pytest.mark.parametrize(
    ("report", "text"),
    [
        ("Biatrial Myxoma", "Advises to wait or to do nothing, although operation was urgent."),
        ("Clival Ectopic", "Concludes that the patient has chordoma, which the report gave up."),
        ("Clival Ectopic", "Advises complete resection, which the report avoided."),
        ("Coyote Bite", "Relies on Augmentin, which had not helped."),
        ("Streptococcus bovis", "Speaks to the patient's refusal of colonoscopy."),
        ("Aortoenteric", "Advises colonoscopy."),
        ("Heerfordt", "Warns of heart failure."),
        (
            "Thyroglossal",
            "Concludes that the patient has congenital tongue mucocele, which the report gave up.",
        ),
    ],
)
def test_what_a_reader_of_the_report_expects_is_there(
    judged: Judged, cases: Mapping[str, Case], report: str, text: str
) -> None:
    rubrics = [row.rubric for row in judged.candidates if report in cases[row.evidence_id].title]
    assert any(each.text == text for rubric in rubrics for each in rubric)


@pytest.mark.parametrize(
    ("report", "words"),
    [
        ("Ectopic ACTH", "hypercortisolism"),
        ("Femoral Shaft", "epiphysiodesis"),
        ("Thyroglossal", "urgent"),
        ("Ipilimumab", "spine"),
    ],
)
def test_what_would_be_silly_is_not(
    judged: Judged, cases: Mapping[str, Case], report: str, words: str
) -> None:
    for row in judged.candidates:
        if report in cases[row.evidence_id].title:
            assert not any(words in each.text for each in row.rubric)
