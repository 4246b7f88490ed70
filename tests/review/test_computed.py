"""What is computed is nobody's to reword away: told at the edit, long before a release would be refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from grandrounds.lake import Lake
from grandrounds.records.envelope import Candidate
from grandrounds.review.computed import computed_from
from grandrounds.review.edits import Edits, fault_in_edits
from tests.support.evidence_pages import atlas, film, torso_candidates
from tests.support.factories import make_candidate, make_case
from tests.support.volume_builds import authored, read_torso, write_torso


@pytest.fixture(scope="module")
def torso(tmp_path_factory: pytest.TempPathFactory) -> list[Candidate]:
    place = tmp_path_factory.mktemp("torso")
    lake = Lake(str(place / "lake"))
    return torso_candidates(authored(read_torso(write_torso(place / "studies"), lake)))


def other(candidate: Candidate) -> list[str]:
    wrong = next(each for each in candidate.options if each != candidate.answer)
    return ["something else" if each == wrong else each for each in candidate.options]


def test_every_item_of_a_volume_keeps_its_answer_and_its_order_of_telling(torso: list[Candidate]) -> None:
    assert {each.task for each in torso} >= {"level_mcq", "box_mcq", "relation_mcq"}
    for item in torso:
        assert computed_from(item) == "volume"
        right = next(each for each in item.options if each != item.answer)
        assert "computed from the volume" in str(fault_in_edits(item, Edits(answer=right)))
        told = fault_in_edits(item, Edits(rationale=f"The answer is {item.answer}. {item.rationale}"))
        assert "must keep to what was measured: the rationale" in str(told), item.task
        assert fault_in_edits(item, Edits(rationale=f"As was seen before: {item.rationale}")) is None


def test_a_question_on_a_volume_keeps_its_numbers_and_names(torso: list[Candidate]) -> None:
    item = next(each for each in torso if each.task == "level_mcq")
    told = fault_in_edits(item, Edits(question="Which structure is meant by the box on the slice?"))
    assert "must keep to what was measured: the question leaves out" in str(told)
    assert fault_in_edits(item, Edits(question=f"Look closely. {item.question}")) is None


def test_options_of_clips_and_panels_are_computed_too(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    _, clip = film(lake)
    panel = replace(atlas(lake).candidate, task="figure_panel_mcq")
    assert (computed_from(clip), computed_from(panel)) == ("clip", "caption")
    for item in (clip, panel):
        assert "options are computed" in str(fault_in_edits(item, Edits(options=other(item))))
    wrong = next(each for each in clip.options if each != clip.answer)
    assert "computed from the clip" in str(fault_in_edits(clip, Edits(answer=wrong)))


def test_a_caption_s_answer_stays_and_its_wrong_options_may_go(tmp_path: Path) -> None:
    item = atlas(Lake(str(tmp_path))).candidate
    assert "computed from the caption" in str(fault_in_edits(item, Edits(answer="Hand")))
    assert fault_in_edits(item, Edits(options=other(item))) is None
    by_model = replace(item, authorship=replace(item.authorship, author="model"))
    assert computed_from(by_model) == ""


def test_a_diagnosis_is_for_people_to_name() -> None:
    assert computed_from(make_candidate(make_case(0))) == ""
