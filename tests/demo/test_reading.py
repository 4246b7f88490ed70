"""The reader makes of every demo file what the list of the demo says."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from grandrounds.demo.pictures import PICTURES
from grandrounds.lake import Lake
from grandrounds.paths import demo_sources
from grandrounds.records.case import Case
from grandrounds.records.source import Source
from grandrounds.sources.inventory import Inventory, read_folder
from grandrounds.text import contains_phrase

EXPECTED: list[dict[str, Any]] = yaml.safe_load(
    (demo_sources().parent / "expected.yaml").read_text(encoding="utf-8")
)
READ = [entry for entry in EXPECTED if entry["status"] == "read"]
UNREAD = [entry for entry in EXPECTED if entry["status"] != "read"]
# The answer to a question about the patient must lie behind one of these.
STORY = {"presentation", "history", "examination", "investigations"}


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return Lake(str(tmp_path_factory.mktemp("lake")))


@pytest.fixture(scope="module")
def inventory(lake: Lake) -> Inventory:
    return read_folder(demo_sources(), lake=lake, workers=1)


@pytest.fixture(scope="module")
def sources(inventory: Inventory) -> dict[str, Source]:
    return {source.path: source for source in inventory.sources}


@pytest.fixture(scope="module")
def cases(inventory: Inventory, sources: dict[str, Source]) -> dict[str, list[Case]]:
    paths = {source.source_id: source.path for source in sources.values()}
    found: dict[str, list[Case]] = {}
    for case in inventory.cases:
        found.setdefault(paths[case.source_id], []).append(case)
    return found


def test_every_file_has_a_row(sources: dict[str, Source]) -> None:
    in_reports = {name for name in PICTURES if name.startswith("case_reports/")}
    assert set(sources) - in_reports - set(_studies(sources)) == {entry["file"] for entry in EXPECTED}


def _studies(sources: dict[str, Source]) -> dict[str, Source]:
    """What has a list of its own: studies, books and films."""
    own = ("studies/", "textbooks/", "videos/")
    return {name: source for name, source in sources.items() if name.startswith(own)}


def test_imaging_studies_are_passed_by(sources: dict[str, Source]) -> None:
    studies = _studies(sources)
    assert {"nifti"} <= {source.kind for source in studies.values()}
    assert {source.status for source in studies.values()} <= {"passed_by", "duplicate"}


@pytest.mark.parametrize("entry", EXPECTED, ids=lambda entry: entry["file"])
def test_kind_and_status_are_as_listed(entry: dict[str, Any], sources: dict[str, Source]) -> None:
    source = sources[entry["file"]]
    assert (source.kind, source.status) == (entry["kind"], entry["status"]), source.reason


@pytest.mark.parametrize("entry", READ, ids=lambda entry: entry["file"])
def test_what_a_report_says_of_itself_is_right(entry: dict[str, Any], sources: dict[str, Source]) -> None:
    source = sources[entry["file"]]
    assert source.licence == entry["licence"]
    assert source.language == entry["language"]
    assert source.published == entry["published"]
    assert source.protected is entry.get("protected", False)
    assert source.title
    assert source.group_id


@pytest.mark.parametrize("entry", READ, ids=lambda entry: entry["file"])
def test_parts_of_a_report_are_found(entry: dict[str, Any], cases: dict[str, list[Case]]) -> None:
    read = cases[entry["file"]]
    assert [case.case_number for case in read] == list(range(1, entry["cases"] + 1))
    case = read[0]
    assert len(case.figures) == entry["figures"]
    assert sum(len(figure.media_sha256) for figure in case.figures) == entry["media"]
    assert len(case.tables) == entry["tables"]
    assert {section.kind for section in case.sections} == set(entry["sections"])


@pytest.mark.parametrize(
    "entry", [entry for entry in READ if "diagnosis" in entry], ids=lambda entry: entry["file"]
)
def test_a_report_tells_of_a_patient_in_plain_words(
    entry: dict[str, Any], cases: dict[str, list[Case]]
) -> None:
    for case in cases[entry["file"]]:
        story = " ".join(s.span.of(case.text) for s in case.own_sections() if s.kind in STORY)
        assert len(story) > 400
        assert not set("<>&").intersection(story.replace("< ", "").replace("> ", "")), "markup in the text"
        assert "(cid:" not in story
        assert any(
            contains_phrase(case.text, name) for name in (entry["diagnosis"], *entry.get("also", []))
        )


def test_letters_and_numbers_survive_all_encodings(cases: dict[str, list[Case]]) -> None:
    def story(name: str) -> str:
        return cases[f"case_reports/{name}"][0].text

    assert "naïve" in story("digestive/regurgitation-at-night.xml")  # ISO-8859-1
    assert "γ-glutamyltransferase" in story("digestive/itching-for-two-years.xml")  # entity of the DTD
    assert "118 µmol/L" in story("cardiovascular/tearing-pain-and-a-weak-pulse.xml").replace("μ", "µ")
    assert "Guillain-Barré" in story("neurological/legs-then-arms.md")
    assert "pCO₂" in story("respiratory/fainting-after-a-long-flight.md")  # Windows line ends


def test_a_table_of_the_oasis_form_has_its_cells(cases: dict[str, list[Case]]) -> None:
    (case,) = cases["case_reports/endocrine/tanned-in-winter.xml"]
    (table,) = case.tables
    assert table.rows[0] == ("Test", "Result", "Reference")
    assert table.rows[1] == ("Sodium (mmol/L)", "121*", "135–145")
    assert table.mentions


def test_two_patients_of_one_article_share_a_group_and_not_their_story(
    cases: dict[str, list[Case]],
) -> None:
    first, second = cases["case_reports/troubled/two-patients.xml"]
    assert first.group_id == second.group_id
    assert first.text == second.text
    told = ["".join(s.span.of(c.text) for s in c.own_sections()) for c in (first, second)]
    assert "gas cartridges" in told[0]
    assert "gas cartridges" not in told[1]
    assert "hip operation" not in told[0]


def test_each_failure_says_what_to_do(sources: dict[str, Source]) -> None:
    reasons = {name.rpartition("/")[2]: s.reason for name, s in sources.items() if s.status == "failed"}
    assert set(reasons) == {"truncated.xml", "entity-bomb.xml", "external-entity.xml", "wrong-head-key.md"}
    assert "line 48" in reasons["truncated.xml"]
    assert "licenze" in reasons["wrong-head-key.md"]
    assert "bomb" in reasons["entity-bomb.xml"]
    assert "secret" in reasons["external-entity.xml"]
    assert "root:" not in reasons["external-entity.xml"]


def test_the_copy_names_its_original(sources: dict[str, Source]) -> None:
    copy = sources["case_reports/troubled/exact-copy.xml"]
    assert "case_reports/cardiovascular/postpartum-chest-pain.xml" in copy.reason


def test_what_the_head_of_the_folder_says_wins(sources: dict[str, Source]) -> None:
    plain = sources["case_reports/other/ulcer-that-grew.txt"]
    assert plain.licence_origin == "sources.yaml"
    assert sources["case_reports/other/canoe-trip.xml"].licence_origin == "document"


def test_what_is_passed_by_is_counted(inventory: Inventory, sources: dict[str, Source]) -> None:
    wanted = Counter(entry["kind"] for entry in UNREAD if entry["status"] == "passed_by")
    wanted.update(s.kind for s in _studies(sources).values() if s.status == "passed_by")
    assert dict(inventory.passed_by) == dict(wanted)


def test_a_second_reading_reads_nothing(lake: Lake, inventory: Inventory) -> None:
    again = read_folder(demo_sources(), lake=lake, workers=1)
    assert again.read_now == 0
    assert again.cases == inventory.cases


def test_a_copied_folder_gives_the_same_cases(tmp_path: Path, inventory: Inventory) -> None:
    import shutil

    elsewhere = tmp_path / "somewhere" / "else"
    shutil.copytree(demo_sources(), elsewhere)
    again = read_folder(elsewhere, lake=Lake(str(tmp_path / "lake")), workers=1)
    assert again.cases == inventory.cases
