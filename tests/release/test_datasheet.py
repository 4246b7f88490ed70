"""The datasheet tells the truth, to people and to the Hub, whatever stands in the sources."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import yaml

from grandrounds.release.writer import write_release
from tests.support.factories import world
from tests.support.releases import make_recipe, make_request, publish


def head_and_body(path: Path) -> tuple[dict, str]:
    _, head, body = (path / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    return yaml.safe_load(head), body


def test_the_head_is_that_of_a_dataset_card(tmp_path):
    head, _ = head_and_body(publish(tmp_path).path)
    assert [config["config_name"] for config in head["configs"]] == ["diagnosis_mcq", "diagnosis_open"]
    assert head["configs"][0]["data_files"][0] == {
        "split": "train",
        "path": "data/diagnosis_mcq/train-*.parquet",
    }
    assert head["license"] == ["cc-by-3.0", "cc-by-4.0", "cc0-1.0"]
    assert head["language"] == ["en"]
    assert head["size_categories"] == ["n<1K"]
    assert {"preview", "not-clinician-reviewed"} <= set(head["tags"])


def test_a_preview_says_so_first_and_a_reviewed_release_does_not(tmp_path):
    _, preview = head_and_body(publish(tmp_path).path)
    assert preview.split("\n\n")[1].startswith("> **Preview: not clinician-reviewed.**")
    agreement = {"percent_agreement": 0.9512, "interval": {"low": 0.9, "high": 0.99}}
    result = publish(tmp_path / "reviewed", reviewed=True, agreement=agreement)
    head, reviewed = head_and_body(result.path)
    assert "not clinician-reviewed" not in reviewed
    assert "clinician-reviewed" in head["tags"]
    assert "percent agreement 0.951; interval low 0.900; interval high 0.990" in reviewed
    assert "released 2025-06-01" in reviewed


def test_numbers_are_those_of_the_rows(tmp_path):
    _, body = head_and_body(publish(tmp_path, 12).path)
    assert "24 items from 12 cases in 12 sources, with 12 pictures" in body
    assert re.search(r"\| \*\*all\*\* \| \d+ \| \d+ \| \d+ \| 24 \|", body)
    assert "| gates | 26 revisions | 24 | leakage 2 |" in body
    assert "| gates | leakage | 2 |" in body


def test_every_plot_and_file_it_shows_is_there(tmp_path, real_plots):
    path = publish(tmp_path).path
    _, body = head_and_body(path)
    shown = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", body)
    assert len(shown) == 4
    assert all((path / name).is_file() for name in shown)


def test_markup_in_sources_and_recipes_can_not_act(tmp_path):
    evil = "<script>alert(1)</script> [click](javascript:alert(1)) | `code` |\n\n# Heading"
    made = world(6)
    cases = tuple(replace(case, citation=evil) for case in made.cases)
    made = replace(
        made,
        cases=cases,
        sources=tuple(replace(source, citation=evil, title=evil) for source in made.sources),
        candidates=tuple(replace(candidate, citation=evil) for candidate in made.candidates),
    )
    recipe = make_recipe(title=evil, description=evil)
    result = write_release(make_request(made=made, recipe=recipe), root=tmp_path)
    head, body = head_and_body(result.path)
    assert head["pretty_name"] == " ".join(evil.split())
    assert "<script>" not in body
    assert re.search(r"(?<!\\)\]\(javascript", body) is None
    assert "\n# Heading" not in body


def test_a_long_list_of_sources_is_cut_with_a_word(tmp_path, monkeypatch):
    monkeypatch.setattr("grandrounds.release.datasheet._SOURCES_SHOWN", 4)
    _, body = head_and_body(publish(tmp_path, 6).path)
    assert body.count("Journal of Invented Cases.") == 4
    assert "and 2 more, all listed in `manifest.json`" in body


def test_a_release_without_pictures_or_choices_has_a_datasheet_too(tmp_path, real_plots):
    made = world(6, pictures=False, tasks=("diagnosis_open",))
    result = publish(tmp_path, made=made)
    head, body = head_and_body(result.path)
    assert head["task_categories"] == ["question-answering"]
    assert "answers.png" not in body
    assert not (result.path / "plots" / "answers.png").exists()
    assert "pictures." not in body.split("## ")[0]
