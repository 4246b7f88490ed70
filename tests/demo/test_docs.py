"""The examples on the page for data engineers work as they stand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from grandrounds.licences import allowed
from grandrounds.paths import demo_sources
from grandrounds.sources import kinds, rules
from grandrounds.sources.markdown import read_markdown

PAGE = (demo_sources().parents[2] / "docs" / "sources.md").read_text(encoding="utf-8")


def _example(language: str) -> str:
    return re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)[1]


def test_the_markdown_example_is_recognised_and_read() -> None:
    data = _example("markdown").encode()
    assert kinds.recognise_head(data, size=len(data)) == kinds.CASE_MARKDOWN
    article = read_markdown(data)
    assert article.licence == "CC-BY-4.0"
    assert article.group == "patient-7"
    assert [figure.graphics for figure in article.figures] == [("scan.png",)]
    assert {"presentation", "discussion"} <= {section.kind for section in article.sections}


def test_the_sources_yaml_example_is_accepted_and_shows_every_key(tmp_path: Path) -> None:
    path = tmp_path / "sources.yaml"
    path.write_text(_example("yaml"), encoding="utf-8")
    (rule,) = rules.load_rules(path).entries
    assert set(rule.model_fields_set) == set(rules.Rule.model_fields)


def test_the_demo_sources_yaml_speaks_of_files_that_are_there() -> None:
    told = rules.load_rules(demo_sources() / "sources.yaml")
    names = [path.relative_to(demo_sources()).as_posix() for path in demo_sources().rglob("*")]
    assert told.entries
    assert told.idle(names) == ()


@pytest.mark.parametrize(
    ("licence", "open_", "non_commercial", "private"),
    [
        ("CC0-1.0", True, True, True),
        ("CC-BY-4.0", True, True, True),
        ("LicenseRef-CC-BY", True, True, True),
        ("CC-BY-SA-4.0", True, True, True),
        ("CC-BY-NC-4.0", False, True, True),
        ("CC-BY-NC-SA-4.0", False, True, True),
        ("CC-BY-ND-4.0", False, False, True),
        ("CC-BY-NC-ND-4.0", False, False, True),
        ("unknown", False, False, False),
    ],
)
def test_the_table_of_licences_is_what_the_code_does(
    licence: str, open_: bool, non_commercial: bool, private: bool
) -> None:
    profiles = ("open", "non_commercial", "private")
    assert [allowed(licence, profile=p) for p in profiles] == [open_, non_commercial, private]


def test_every_kind_of_file_stands_on_the_page() -> None:
    named = {value for key, value in vars(kinds).items() if key.isupper() and isinstance(value, str)}
    assert named
    assert all(f"`{kind}`" in PAGE for kind in named)
